//! The SQLite file: what survives, who may open it, and what a second process does to the file.

use std::{path::Path, sync::Arc, time::Duration};

use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    journal::{
        self, Administration, Appended, EntryId, Filter, JournalError, Options, Outcome, Queue, Queues,
        State,
    },
};
use rusqlite::Connection;
use tempfile::{TempDir, tempdir};
use tokio::time::timeout;

use super::support::{
    KeyText as _, LEASE, Opener, PATIENCE, START, append_all, dead, keys, message, options, reply, url,
};

async fn open(folder: &TempDir, clock: &Clock) -> Arc<dyn Queues> {
    journal::open_server(&url(folder), options(clock)).await.unwrap()
}

async fn open_as_operator(folder: &TempDir, clock: &Clock) -> Arc<dyn Administration> {
    journal::open_operator(&url(folder), options(clock)).await.unwrap()
}

async fn refusal(url: &str, opener: Opener) -> String {
    opener.instruction(url).await
}

#[tokio::test]
async fn after_a_restart_everything_is_there_and_what_is_unfinished_is_due() {
    let (folder, clock) = (tempdir().unwrap(), Clock::manual(START));
    let journal = open(&folder, &clock).await;
    for key in ["done", "leased", "postponed", "buried", "waiting"] {
        journal.append(message(key, key), None).await.unwrap();
    }
    let mut entries = journal.lease(Queue::Inbox, 4, START.plus(LEASE)).await.unwrap().into_iter();
    let done = entries.next().unwrap().lease;
    journal.finish(done, vec![reply("done", "reply")].into()).await.unwrap();
    let _abandoned = entries.next().unwrap().lease;
    let soon = START.plus(Duration::from_secs(5));
    journal.postpone(entries.next().unwrap().lease, soon, "busy".into()).await.unwrap();
    journal.bury(entries.next().unwrap().lease, "no".into()).await.unwrap();
    let before = journal.stats().await.unwrap();
    drop(journal);

    let journal = open(&folder, &clock).await;
    let mut stats = journal.stats().await.unwrap();
    assert_eq!(stats.inbox.leased, 0);
    stats.inbox.leased = before.inbox.leased;
    assert_eq!(stats, before);
    let due = journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap();
    assert_eq!(keys(&due), ["leased", "waiting"]);
    assert_eq!((due[0].attempt, due[1].attempt), (2, 1));
    clock.advance(Duration::from_secs(5));
    let due = journal.lease(Queue::Inbox, 9, soon.plus(LEASE)).await.unwrap();
    assert_eq!((keys(&due), due[0].attempt), (vec!["postponed"], 2));
    assert_eq!(journal.append(message("done", "done"), None).await.unwrap(), Appended::Duplicate);
    assert_eq!(journal.append(reply("done", "reply"), None).await.unwrap(), Appended::Duplicate);
}

#[tokio::test]
async fn a_clock_set_back_while_nothing_runs_delays_nothing_that_was_accepted() {
    let (folder, clock) = (tempdir().unwrap(), Clock::manual(START));
    let journal = open(&folder, &clock).await;
    journal.append(message("postponed", "postponed"), None).await.unwrap();
    let entry = journal.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().remove(0);
    let soon = START.plus(Duration::from_secs(10));
    journal.postpone(entry.lease, soon, "busy".into()).await.unwrap();
    journal.append(message("a", "1"), None).await.unwrap();
    journal.close().await.unwrap();
    drop(journal);

    clock.set(START.minus(Duration::from_hours(24)));
    let journal = open(&folder, &clock).await;
    let due = async |wait| {
        clock.advance(Duration::from_secs(wait));
        journal.lease(Queue::Inbox, 9, clock.now().plus(LEASE)).await.unwrap()
    };
    assert_eq!(keys(&due(0).await), ["1"]);
    assert!(due(9).await.is_empty());
    assert_eq!(keys(&due(2).await), ["postponed"]);
}

#[tokio::test]
async fn no_number_is_used_again_after_a_purge_and_a_restart() {
    let (folder, clock) = (tempdir().unwrap(), Clock::manual(START));
    let journal = open(&folder, &clock).await;
    append_all(&*journal, [message("a", "1"), dead("a", "2")]).await;
    journal.discard(EntryId(1)).await.unwrap();
    clock.advance(Duration::from_hours(24));
    assert_eq!(journal.purge().await.unwrap(), 2);
    journal.close().await.unwrap();
    drop(journal);

    let journal = open(&folder, &clock).await;
    journal.append(message("a", "1"), None).await.unwrap();
    assert!(journal.show(EntryId(3)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_server_purges_by_itself() {
    let folder = tempdir().unwrap();
    let keep = Duration::from_millis(50);
    let options = Options { keep, keep_dead: keep, ..options(&Clock::system()) };
    let journal = journal::open_server(&url(&folder), options).await.unwrap();
    let many = (0..600).map(|number| dead("a", &number.to_string()));
    append_all(&*journal, many).await;
    let empty = async {
        while journal.stats().await.unwrap().inbox.dead > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, empty).await.expect("old dead letters go away");
}

#[tokio::test]
async fn a_second_server_is_refused_until_the_first_one_has_closed() {
    let (folder, clock) = (tempdir().unwrap(), Clock::manual(START));
    let first = open(&folder, &clock).await;
    let message = refusal(&url(&folder), Opener::Server).await;
    assert!(message.contains("in use by another server"), "{message}");
    first.close().await.unwrap();
    open(&folder, &clock).await;
}

#[tokio::test]
async fn a_missing_folder_is_made_and_a_missing_journal_is_not_an_operators_to_make() {
    let (folder, clock) = (tempdir().unwrap(), Clock::manual(START));
    let url = format!("sqlite:{}", folder.path().join("a/b/journal.db").display());
    let message = refusal(&url, Opener::Operator).await;
    assert!(message.contains("start the server once"), "{message}");
    assert!(!folder.path().join("a").exists());
    journal::open_server(&url, options(&clock)).await.unwrap();
    assert!(folder.path().join("a/b/journal.db").exists());
}

#[tokio::test]
async fn a_url_without_a_driver_is_refused_with_those_that_there_are() {
    for url in ["mysql://db/callbacks", "journal.db", "memory:x", ""] {
        let message = refusal(url, Opener::Server).await;
        assert!(message.contains("sqlite:PATH") && message.contains("memory:"), "{message}");
    }
    for url in ["sqlite:", "sqlite::memory:"] {
        refusal(url, Opener::Server).await;
    }
}

#[tokio::test]
async fn what_is_not_our_file_is_refused_and_left_as_it_is() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("journal.db");
    std::fs::write(&path, "not a database, but long enough to be looked at".repeat(20)).unwrap();
    let message = refusal(&url(&folder), Opener::Server).await;
    assert!(message.contains("cannot use"), "{message}");
    std::fs::remove_file(&path).unwrap();

    Connection::open(&path).unwrap().execute_batch("create table theirs (a)").unwrap();
    let before = std::fs::read(&path).unwrap();
    let message = refusal(&url(&folder), Opener::Server).await;
    assert!(message.contains("another program's"), "{message}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_newer_programs_file_is_refused() {
    let (folder, clock) = (tempdir().unwrap(), Clock::manual(START));
    open(&folder, &clock).await.close().await.unwrap();
    edit(&folder.path().join("journal.db"), "pragma user_version = 99");
    for opener in [Opener::Server, Opener::Operator] {
        let message = refusal(&url(&folder), opener).await;
        assert!(message.contains("of version 99") && message.contains("newer program"), "{message}");
    }
}

fn edit(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[tokio::test]
async fn the_server_notices_what_an_operator_revives_and_discards() {
    let (folder, clock) = (tempdir().unwrap(), Clock::manual(START));
    let server = open(&folder, &clock).await;
    let entries = vec![dead("a", "1"), message("b", "2"), message("b", "3"), message("c", "4")];
    append_all(&*server, entries).await;
    let mut held = server.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap().into_iter();
    assert_eq!(keys(held.as_slice()), ["2", "4"]);

    let operator = open_as_operator(&folder, &clock).await;
    let mut changes = server.changes(Queue::Inbox);
    operator.revive(EntryId(1)).await.unwrap();
    operator.discard(EntryId(2)).await.unwrap();
    let mut leased = Vec::new();
    while leased.is_empty() {
        timeout(PATIENCE, changes.changed()).await.expect("it is noticed").unwrap();
        leased.extend(server.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap());
    }
    assert_eq!(keys(&leased), ["1"], "the next one of what is in work waits for its holder");

    let lost = server.finish(held.next().unwrap().lease, vec![reply("b", "late")].into()).await;
    assert!(matches!(lost, Err(JournalError::LeaseLost(EntryId(2)))), "{lost:?}");
    leased.extend(server.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap());
    assert_eq!(keys(&leased), ["1", "3"]);
    server.finish(held.next().unwrap().lease, Outcome::default()).await.expect("its lease went on");
    let stats = server.stats().await.unwrap();
    assert_eq!((stats.inbox.pending, stats.inbox.leased), (2, 2));
    assert_eq!((stats.inbox.done, stats.inbox.dead, stats.outbox.pending), (2, 0, 0));
    assert_eq!(operator.stats().await.unwrap().inbox.done, 2);
}

#[tokio::test]
async fn a_lease_of_what_an_operator_has_just_discarded_is_not_given() {
    let (folder, clock) = (tempdir().unwrap(), Clock::manual(START));
    let server = open(&folder, &clock).await;
    append_all(&*server, [message("a", "1"), message("a", "2")]).await;
    let operator = open_as_operator(&folder, &clock).await;
    operator.discard(EntryId(1)).await.unwrap();
    // Noticed or not, the store's word counts.
    let leased = server.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap();
    assert_eq!(keys(&leased), ["2"]);
    operator.discard(EntryId(2)).await.unwrap();
    for entry in leased {
        let lost = server.bury(entry.lease, "late".into()).await;
        assert!(matches!(lost, Err(JournalError::LeaseLost(EntryId(2)))), "{lost:?}");
    }
}

#[tokio::test]
async fn an_operator_sees_and_purges_but_takes_nothing_in() {
    let (folder, clock) = (tempdir().unwrap(), Clock::manual(START));
    let server = open(&folder, &clock).await;
    let many = (0..300).map(|number| dead("a", &number.to_string()));
    append_all(&*server, many.chain([message("a", "alive"), reply("a", "r")])).await;
    server.discard(EntryId(1)).await.unwrap();

    let operator = open_as_operator(&folder, &clock).await;
    assert_eq!(operator.stats().await.unwrap(), server.stats().await.unwrap());
    let filter =
        Filter { queue: Some(Queue::Inbox), state: Some(State::Pending), limit: 5, ..Filter::default() };
    let pending = operator.list(filter).await.unwrap();
    assert_eq!((pending.len(), pending[0].key_text()), (1, "alive"));
    clock.advance(Duration::from_hours(24));
    // The server tells how long it has run, once a minute.
    server.lease(Queue::Inbox, 0, UnixMillis(i64::MAX)).await.unwrap();
    assert_eq!(operator.purge().await.unwrap(), 300);
    let left = operator.stats().await.unwrap();
    assert_eq!((left.inbox.pending, left.inbox.dead, left.inbox.done), (1, 0, 0));
    assert_eq!(left.outbox.pending, 1);
}

#[test]
fn an_append_is_answered_on_a_runtime_that_runs_nothing_else() {
    let folder = tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let journal = runtime.block_on(open(&folder, &Clock::manual(START)));
    // Only this future is run: a task that the writer left on the runtime would never be.
    let (sender, answer) = std::sync::mpsc::channel();
    let (handle, here) = (runtime.handle().clone(), Arc::clone(&journal));
    std::thread::spawn(move || {
        let append = async { here.append(message("a", "1"), None).await };
        sender.send(handle.block_on(append)).unwrap();
    });
    assert_eq!(answer.recv_timeout(PATIENCE).expect("an answer").unwrap(), Appended::New);
}
