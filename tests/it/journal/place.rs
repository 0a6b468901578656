//! The place of the SQLite file: names, locks and modes, readers, and another file in its place.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rongcloud_callback::{
    clock::Clock,
    journal::{self, Appended, Entry, JournalError, Outcome, Queue, Queues},
};
use rusqlite::Connection;
use tempfile::{TempDir, tempdir};
use tokio::task::JoinSet;

use super::support::{KEEP_DEAD, LEASE, Opener, START, append_all, dead, keys, message, options, url};
use crate::support::until;

async fn open(folder: &TempDir) -> Arc<dyn Queues> {
    open_at(&url(folder)).await
}

async fn open_at(url: &str) -> Arc<dyn Queues> {
    journal::open_server(url, options(&Clock::manual(START))).await.unwrap()
}

async fn refusal(url: &str) -> String {
    Opener::Server.instruction(url).await
}

/// The database and the files beside it.
fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect()
}

async fn append(journal: &dyn Queues, key: &str) -> Result<Appended, JournalError> {
    journal.append(message(key, key), None).await
}

async fn leased(journal: &dyn Queues) -> Vec<Entry> {
    journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap()
}

#[tokio::test]
async fn a_duplicate_is_not_answered_from_memory_while_the_file_is_away() {
    let folder = tempdir().unwrap();
    let journal = open(&folder).await;
    append(&*journal, "1").await.unwrap();
    assert_eq!(append(&*journal, "1").await.unwrap(), Appended::Duplicate);

    let away = tempdir().unwrap();
    let moved: Vec<_> = files(folder.path());
    for file in &moved {
        fs::rename(file, away.path().join(file.file_name().unwrap())).unwrap();
    }
    let refused = append(&*journal, "1").await;
    assert!(matches!(refused, Err(JournalError::Unavailable(_))), "{refused:?}");
    until("it is noticed", async || journal.stats().await.err()).await;
    let refused = append(&*journal, "1").await;
    assert!(matches!(refused, Err(JournalError::Unavailable(_))), "{refused:?}");

    for file in &moved {
        fs::rename(away.path().join(file.file_name().unwrap()), file).unwrap();
    }
    let back = until("it goes on", async || append(&*journal, "1").await.ok()).await;
    assert_eq!(back, Appended::Duplicate, "the file has it");
    assert_eq!(append(&*journal, "2").await.unwrap(), Appended::New);
}

#[tokio::test]
async fn what_an_older_copy_put_in_its_place_does_not_have_is_new() {
    let folder = tempdir().unwrap();
    let journal = open(&folder).await;
    append(&*journal, "1").await.unwrap();
    let (path, older) = (folder.path().join("journal.db"), folder.path().join("older.db"));
    let backup = Connection::open(&path).unwrap();
    backup.execute("vacuum into ?1", [older.to_str().unwrap()]).unwrap();
    drop(backup);
    append(&*journal, "2").await.unwrap();
    assert_eq!(append(&*journal, "2").await.unwrap(), Appended::Duplicate);

    fs::rename(folder.path().join("journal.db-wal"), folder.path().join("old-wal")).unwrap();
    fs::remove_file(folder.path().join("journal.db-shm")).unwrap();
    fs::rename(&older, &path).unwrap();
    let answer = until("it goes on", async || append(&*journal, "2").await.ok()).await;
    assert_eq!(answer, Appended::New, "nobody else has it");
    assert_eq!(append(&*journal, "1").await.unwrap(), Appended::Duplicate);
}

#[tokio::test]
async fn what_an_older_state_written_over_the_file_does_not_have_is_new() {
    let folder = tempdir().unwrap();
    let journal = open(&folder).await;
    append(&*journal, "1").await.unwrap();
    append(&*journal, "2").await.unwrap();
    let restored = Connection::open(folder.path().join("journal.db")).unwrap();
    restored.execute("delete from entry where id = 2", []).unwrap();
    let new = async || (append(&*journal, "2").await.unwrap() == Appended::New).then_some(());
    until("it is noticed", new).await;
}

#[tokio::test]
async fn a_reader_of_an_older_state_prevents_no_start_and_nothing_is_missing() {
    let folder = tempdir().unwrap();
    let journal = open(&folder).await;
    append(&*journal, "1").await.unwrap();
    let reader = Connection::open(folder.path().join("journal.db")).unwrap();
    let count = "select count(*) from entry";
    reader.execute_batch("begin").unwrap();
    let seen: i64 = reader.query_row(count, [], |row| row.get(0)).unwrap();
    append(&*journal, "2").await.unwrap();
    drop(journal);
    assert!(fs::metadata(folder.path().join("journal.db-wal")).unwrap().len() > 0);

    let journal = open(&folder).await;
    append(&*journal, "3").await.unwrap();
    assert_eq!(keys(&leased(&*journal).await), ["1", "2", "3"]);
    let still: i64 = reader.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!((seen, still), (1, 1), "the reader's own state stays");
    drop(reader);
    journal.close().await.unwrap();
    let left = Connection::open(folder.path().join("journal.db")).unwrap();
    assert_eq!(left.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), 3);
}

#[tokio::test]
async fn a_symbolic_link_and_what_it_leads_to_are_one_journal() {
    let (folder, volume) = (tempdir().unwrap(), tempdir().unwrap());
    let (real, link) = (volume.path().join("real.db"), folder.path().join("journal.db"));
    symlink(&real, &link).unwrap();
    let linked_folder = folder.path().join("linked");
    symlink(volume.path(), &linked_folder).unwrap();
    let names = [real.clone(), link.clone(), linked_folder.join("real.db")];
    let names = names.map(|name| format!("sqlite:{}", name.display()));
    // The first one makes it, through the link.
    for first in [&names[1], &names[0], &names[2]] {
        let journal = open_at(first).await;
        append(&*journal, first).await.unwrap();
        for second in &names {
            let message = refusal(second).await;
            assert!(message.contains("in use by another server"), "{first}, {second}: {message}");
        }
        assert_eq!(append(&*journal, first).await.unwrap(), Appended::Duplicate);
        journal.stats().await.expect("its files are in place");
        journal.close().await.unwrap();
    }
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    let journal = open_at(&names[0]).await;
    assert_eq!(leased(&*journal).await.len(), 3);
}

#[tokio::test]
async fn a_symbolic_link_that_leads_nowhere_is_refused() {
    let folder = tempdir().unwrap();
    symlink("journal.db", folder.path().join("journal.db")).unwrap();
    let message = refusal(&url(&folder)).await;
    assert!(message.contains("leads back to itself"), "{message}");
}

#[tokio::test]
async fn a_second_server_is_refused_though_the_lock_s_file_was_removed() {
    let folder = tempdir().unwrap();
    let journal = open(&folder).await;
    append(&*journal, "1").await.unwrap();
    let lock = folder.path().join("journal.db.lock");
    for opener in [Opener::Server, Opener::Source, Opener::Target] {
        fs::remove_file(&lock).unwrap();
        let message = opener.instruction(&url(&folder)).await;
        assert!(message.contains("in use by another server"), "{opener:?}: {message}");
    }
    append(&*journal, "2").await.expect("the first one goes on");
    journal.close().await.unwrap();
    open(&folder).await;
}

#[tokio::test]
async fn the_forms_of_other_programs_urls_are_refused_by_name() {
    let folder = tempdir().unwrap();
    let path = folder.path().display();
    for (url, expected) in [
        (format!("sqlite:{path}/j.db?mode=rwc"), "has a query (\"mode=rwc\")"),
        (format!("sqlite://{path}/j.db?cache=shared&mode=rwc"), "has a query"),
        (format!("sqlite:file:{path}/j.db"), "\"file:\""),
        ("sqlite:~/j.db".to_owned(), "\"~\""),
        (format!("sqlite:{path}/data/"), "names a folder"),
        (format!("sqlite:{path}"), "is a folder"),
        ("sqlite://".to_owned(), "names no file"),
        ("sqlite::memory:".to_owned(), "\"memory:\""),
    ] {
        let message = refusal(&url).await;
        assert!(message.contains(expected), "{url}: {message}");
    }
    assert!(files(folder.path()).is_empty(), "nothing was made");
}

#[tokio::test]
async fn a_path_with_spaces_and_signs_is_taken_as_it_is() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("有 空格#%20/j&=.db");
    open_at(&format!("sqlite://{}", path.display())).await;
    assert!(path.is_file());
}

/// Asserts that the folder and the `count` files in it are for nobody but their owner.
fn assert_private(folder: &Path, count: usize) {
    let files = files(folder);
    assert_eq!(files.len(), count, "{files:?}");
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn what_is_made_is_for_its_owner_only_and_modes_that_were_set_stay() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("a/data");
    let url = format!("sqlite:{}/journal.db", data.display());
    let journal = open_at(&url).await;
    append(&*journal, "1").await.unwrap();
    // The database, its WAL and index, and the lock.
    assert_private(&data, 4);
    journal.close().await.unwrap();
    drop(journal);

    let file = data.join("journal.db");
    for (path, mode) in [(&file, 0o640), (&data, 0o750)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let journal = open_at(&url).await;
    append(&*journal, "2").await.unwrap();
    let kept = [&file, &data].map(|path| fs::metadata(path).unwrap().mode() & 0o777);
    assert_eq!(kept, [0o640, 0o750]);

    let copy = folder.path().join("b/copy");
    let target = format!("sqlite:{}/copy.db", copy.display());
    journal::open_target(&target, options(&Clock::system())).await.unwrap();
    assert_private(&copy, 2);
}

#[tokio::test]
async fn what_was_purged_is_in_no_file_any_more() {
    const MARK: &[u8] = b"my-id-card-number";
    let folder = tempdir().unwrap();
    let clock = Clock::manual(START);
    let journal = journal::open_server(&url(&folder), options(&clock)).await.unwrap();
    let letters = (0..200).map(|number| {
        let mut letter = dead("a", &number.to_string());
        letter.body = [MARK, &vec![b'x'; number * 37]].concat().into();
        letter
    });
    append_all(&*journal, letters).await;
    append(&*journal, "stays").await.unwrap();
    clock.advance(KEEP_DEAD);
    assert_eq!(journal.purge().await.unwrap(), 200);
    journal.close().await.unwrap();
    drop(journal);
    for file in files(folder.path()) {
        let bytes = fs::read(&file).unwrap();
        let found = bytes.windows(MARK.len()).filter(|window| *window == MARK).count();
        assert_eq!(found, 0, "{}", file.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stats_of_an_operator_are_of_one_moment() {
    // Counting letters takes a while, in which others are finished.
    const LETTERS: u64 = 20_000;
    const ENTRIES: u64 = 900;
    let folder = tempdir().unwrap();
    let journal = open(&folder).await;
    let letters = (0..LETTERS).map(|number| dead("a", &format!("letter {number}")));
    append_all(&*journal, letters).await;
    let entries = (0..ENTRIES).map(|number| number.to_string());
    append_all(&*journal, entries.map(|key| message(&key, &key))).await;
    let operator = journal::open_operator(&url(&folder), options(&Clock::system())).await.unwrap();
    let server = Arc::clone(&journal);
    let mut finishing = JoinSet::new();
    finishing.spawn(async move {
        for _ in 0..ENTRIES / 9 {
            for entry in leased(&*server).await {
                server.finish(entry.lease, Outcome::default()).await.unwrap();
            }
        }
    });
    loop {
        let stats = operator.stats().await.unwrap().inbox;
        assert_eq!(stats.pending + stats.done, ENTRIES, "{stats:?}");
        if let Some(finished) = finishing.try_join_next() {
            break finished.unwrap();
        }
    }
    assert_eq!(operator.stats().await.unwrap().inbox.done, ENTRIES);
}

#[tokio::test]
async fn a_moved_file_is_found_again_within_moments_beside_a_reader() {
    let folder = tempdir().unwrap();
    let journal = open(&folder).await;
    append(&*journal, "1").await.unwrap();
    let (path, away) = (folder.path().join("journal.db"), folder.path().join("away"));
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("begin; select count(*) from entry").unwrap();
    append(&*journal, "2").await.unwrap();
    fs::rename(&path, &away).unwrap();
    until("it is noticed", async || journal.stats().await.err()).await;
    fs::rename(&away, &path).unwrap();
    let back = tokio::time::timeout(
        Duration::from_secs(30),
        until("it goes on", async || journal.stats().await.ok()),
    );
    assert_eq!(back.await.expect("though it is read").inbox.pending, 2);
}
