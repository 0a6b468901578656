//! A disk that is full or refuses to be written: nothing is acknowledged, and it goes on afterwards.
//!
//! Each test runs itself once more as a child, in surroundings that it could not make for itself.

use std::{
    ffi::OsStr,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use rongcloud_callback::{
    clock::Clock,
    journal::{self, Appended, JournalError, Outcome, Queue, Queues},
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::time::timeout;

use super::support::{LEASE, PATIENCE, START, message, options};
use crate::support::skip;

/// The variable that tells a test that it is the child, and where its disk is.
const DISK: &str = "JOURNAL_TEST_DISK";

#[test]
fn a_full_disk_is_unavailable_until_it_has_room() {
    if let Some(disk) = std::env::var_os(DISK) {
        return in_child(|| async {
            let ballast = PathBuf::from(&disk).join("ballast");
            std::fs::write(&ballast, vec![1; 4 << 20]).unwrap();
            survives(&disk, Store::GoesOn, || std::fs::remove_file(&ballast).unwrap()).await;
        });
    }
    let private_mounts = ["-rm", "sh", "-c", "true"];
    let possible = Command::new("unshare").args(private_mounts).stderr(Stdio::null()).status();
    if !possible.is_ok_and(|status| status.success()) {
        return skip("no private mounts here (unshare -rm): the full disk is not tested");
    }
    // The mount ends with its namespace.
    run("unshare", &["-rm", "sh", "-c", r#"mount -t tmpfs -o size=6m none "$0" && exec "$@""#]);
}

#[test]
fn a_disk_that_fails_to_write_is_unavailable_until_it_works_again() {
    if let Some(disk) = std::env::var_os(DISK) {
        return in_child(|| async {
            survives(&disk, Store::IsOpenedAgain, || {
                let limit = Rlimit { current: None, ..getrlimit(Resource::Fsize) };
                setrlimit(Resource::Fsize, limit).unwrap();
            })
            .await;
        });
    }
    // Without the trap the limit would end the process instead of failing the write.
    run("sh", &["-c", r#"trap "" XFSZ; ulimit -S -f 1500; exec "$@""#]);
}

/// Runs the calling test again, with `program` around it and its disk at `$0`.
fn run(program: &str, args: &[&str]) {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let disk = tempfile::tempdir().unwrap();
    let test = std::env::current_exe().unwrap();
    let output = Command::new(program)
        .args(args)
        .args([disk.path().as_os_str(), test.as_os_str(), OsStr::new("--exact"), OsStr::new(&name)])
        .env(DISK, disk.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{output:?}");
}

fn in_child<F: Future<Output = ()>>(test: impl FnOnce() -> F) {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(test());
}

/// The effect of a failure on the store: after a failure that may have lost a write, the store is opened again before it
/// is asked anything.
enum Store {
    GoesOn,
    IsOpenedAgain,
}

/// Fills the disk, sees that nothing is acknowledged, makes room, and sees that all goes on.
async fn survives(disk: &OsStr, store: Store, make_room: impl FnOnce()) {
    let url = format!("sqlite:{}/journal.db", disk.to_str().unwrap());
    let journal = journal::open_server(&url, options(&Clock::manual(START))).await.unwrap();
    journal.append(message("held", "held"), None).await.unwrap();
    let held = journal.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().remove(0);
    let mut accepted = Vec::new();
    let refused = loop {
        let key = format!("k{}", accepted.len());
        let mut entry = message(&key, &key);
        entry.body = vec![7; 100_000].into();
        match journal.append(entry, None).await {
            Ok(_) => accepted.push(key),
            Err(error) => break error,
        }
        assert!(accepted.len() < 500, "the disk is never full");
    };
    assert!(matches!(refused, JournalError::Unavailable(_)), "{refused:?}");
    assert!(!accepted.is_empty());
    let stats = journal.stats().await;
    assert!(matches!(stats, Err(JournalError::Unavailable(_))), "no more is sent here: {stats:?}");
    let known = journal.append(message("k0", "k0"), None).await;
    match store {
        Store::GoesOn => assert_eq!(known.unwrap(), Appended::Duplicate, "it needs no room"),
        Store::IsOpenedAgain => assert!(matches!(known, Err(JournalError::Unavailable(_))), "{known:?}"),
    }

    make_room();
    let refused_key = format!("k{}", accepted.len());
    timeout(PATIENCE, again(&*journal, &refused_key)).await.expect("it works again");
    accepted.push(refused_key);
    let pending = journal.stats().await.unwrap().inbox.pending;
    assert_eq!(pending, accepted.len() as u64 + 1, "what was refused is not counted");
    journal.finish(held.lease, Outcome::default()).await.expect("what was done meanwhile is noted");
    drop(journal);

    let journal = journal::open_server(&url, options(&Clock::manual(START))).await.unwrap();
    let kept = journal.lease(Queue::Inbox, 999, START.plus(Duration::from_secs(9))).await.unwrap();
    let kept: Vec<_> =
        kept.iter().map(|entry| &*entry.conversation).filter(|key| *key != "held").collect();
    assert_eq!(kept, accepted);
    journal.close().await.unwrap();
}

async fn again(journal: &dyn Queues, key: &str) {
    while let Err(error) = journal.append(message(key, key), None).await {
        assert!(matches!(error, JournalError::Unavailable(_)), "{error:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
