//! The file is away for a while: an entry that was leased before is settled once the file is back.

use std::{fs, path::Path};

use rongcloud_callback::journal::{JournalError, NewEntry, Outcome};

use super::support::{Bench, KeyText as _, keys, message, reply, snapshot};
use crate::support::until;

const NAMES: [&str; 3] = ["journal.db", "journal.db-wal", "journal.db-shm"];

/// Appends until the journal takes it, or does not any more.
async fn append_until(bench: &Bench, entry: &NewEntry, taken: bool) {
    until("the file to be noticed", async || {
        let appended = bench.journal.append(entry.clone(), None).await;
        (appended.is_ok() == taken).then_some(())
    })
    .await;
}

fn rename(folder: &Path, from: &str, to: &str) {
    fs::rename(folder.join(from), folder.join(to)).unwrap();
}

#[tokio::test]
async fn an_attempt_that_ended_meanwhile_is_noted_afterwards_and_was_one() {
    let bench = Bench::sqlite().await.unwrap();
    bench.append(message("a", "1")).await;
    bench.append(message("b", "2")).await;
    bench.append(message("c", "3")).await;
    let mut held = bench.lease(9).await.into_iter();
    rename(bench.folder(), NAMES[0], "away");
    append_until(&bench, &message("x", "refused"), false).await;
    let first = held.next().unwrap();
    let away = bench.journal.finish(first.lease.clone(), vec![reply("a", "r")].into()).await;
    assert!(matches!(away, Err(JournalError::Unavailable(_))), "{away:?}");

    rename(bench.folder(), "away", NAMES[0]);
    append_until(&bench, &message("x", "refused"), true).await;
    assert_eq!(keys(&bench.lease(9).await), ["refused"], "what is in work is still in work");
    bench.journal.finish(first.lease, vec![reply("a", "r")].into()).await.unwrap();
    bench.journal.bury(held.next().unwrap().lease, "no".into()).await.unwrap();
    let third = held.next().unwrap();
    bench.journal.postpone(third.lease, bench.clock.now(), "busy".into()).await.unwrap();
    let again = bench.lease_one().await;
    assert_eq!((again.key_text(), again.attempt), ("3", 2));
    for id in [first.id, again.id] {
        let record = bench.journal.show(id).await.unwrap().unwrap();
        assert_eq!(record.attempts, 1, "one has ended, and a second one counts when it ends");
    }
    let stats = bench.stats().await;
    assert_eq!((stats.inbox.done, stats.inbox.dead, stats.outbox.pending), (1, 1, 1));
}

#[tokio::test]
async fn an_older_copy_in_its_place_keeps_the_leases_of_what_it_holds_and_no_others() {
    let bench = Bench::sqlite().await.unwrap();
    bench.append(message("a", "1")).await;
    let copy = tempfile::tempdir().unwrap();
    snapshot(bench.folder(), copy.path());
    bench.append(message("b", "2")).await;
    let mut held = bench.lease(9).await.into_iter();
    for name in NAMES {
        fs::remove_file(bench.folder().join(name)).unwrap();
    }
    append_until(&bench, &message("x", "refused"), false).await;
    for name in &NAMES[..2] {
        fs::copy(copy.path().join(name), bench.folder().join(name)).unwrap();
    }
    append_until(&bench, &message("x", "refused"), true).await;

    bench.finish(held.next().unwrap()).await;
    let second = held.next().unwrap();
    let lost = bench.journal.finish(second.lease, Outcome::default()).await;
    assert!(matches!(lost, Err(JournalError::LeaseLost(_))), "{lost:?}");
    let stats = bench.stats().await.inbox;
    assert_eq!((stats.done, stats.pending, stats.leased), (1, 1, 0));
}
