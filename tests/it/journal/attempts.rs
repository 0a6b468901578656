//! Failed attempts, endings and steps of states are kept with their entries.

use std::time::Duration;

use rongcloud_callback::{
    clock::UnixMillis,
    journal::{
        AttemptFailure, EntryId, FailedAttempt, JournalError, NewState, Outcome, PastState, Record,
        Revision, StateChange, StateStep,
    },
};

use super::support::{Bench, KEEP, KEEP_DEAD, LEASE, REPLICA, START, dead, message};

const TOOK: Duration = Duration::from_millis(312);

fn failure(reason: &str) -> AttemptFailure {
    AttemptFailure { reason: reason.to_owned(), took: TOOK }
}

fn attempt(number: u32, ended_at: UnixMillis, reason: &str) -> FailedAttempt {
    let (reason, replica) = (reason.to_owned(), REPLICA.to_owned());
    FailedAttempt { number, ended_at, took: TOOK, reason, replica }
}

/// Leases the one entry that is due, and has its attempt fail.
async fn fail(bench: &Bench, reason: &str) -> EntryId {
    let entry = bench.lease_one().await;
    bench.journal.postpone(entry.lease, bench.clock.now(), failure(reason)).await.unwrap();
    entry.id
}

async fn bury(bench: &Bench, reason: &str) -> EntryId {
    let entry = bench.lease_one().await;
    bench.journal.bury(entry.lease, failure(reason)).await.unwrap();
    entry.id
}

async fn attempts(bench: &Bench, id: EntryId) -> Vec<FailedAttempt> {
    bench.journal.attempts(id).await.unwrap()
}

async fn numbers(bench: &Bench, id: EntryId) -> Vec<u32> {
    attempts(bench, id).await.iter().map(|attempt| attempt.number).collect()
}

async fn show(bench: &Bench, id: EntryId) -> Record {
    bench.journal.show(id).await.unwrap().unwrap()
}

pub(super) async fn a_failed_attempt_is_kept_with_its_time_reason_and_replica(bench: &Bench) {
    bench.append(message("a", "1")).await;
    let id = fail(bench, "busy \"a\0b\" 100%").await;
    bench.clock.advance(Duration::from_secs(5));
    bury(bench, "broken").await;
    let later = START.plus(Duration::from_secs(5));
    let expected = [attempt(1, START, "busy \"a\0b\" 100%"), attempt(2, later, "broken")];
    assert_eq!(attempts(bench, id).await, expected);
    assert!(attempts(bench, EntryId(404)).await.is_empty());
}

pub(super) async fn what_is_released_finished_or_lost_keeps_no_attempt(bench: &Bench) {
    bench.append(message("a", "1")).await;
    let entry = bench.lease_one().await;
    bench.journal.release(entry.lease, START, "full".to_owned()).await.unwrap();
    let late = bench.lease_one().await;
    bench.clock.advance(LEASE);
    let entry = bench.lease_one().await;
    let lost = bench.journal.postpone(late.lease, START, failure("late")).await;
    assert!(matches!(lost, Err(JournalError::LeaseLost(_))), "{lost:?}");
    let id = entry.id;
    bench.finish(entry).await;
    assert!(attempts(bench, id).await.is_empty());
}

pub(super) async fn the_newest_ten_attempts_are_kept(bench: &Bench) {
    bench.append(message("a", "1")).await;
    let mut id = EntryId(0);
    for number in 1..=12 {
        id = fail(bench, &number.to_string()).await;
    }
    assert_eq!(numbers(bench, id).await, (3..=12).collect::<Vec<_>>());
    assert_eq!(attempts(bench, id).await[0].reason, "3");
}

pub(super) async fn attempts_outlive_a_revive_and_a_discard(bench: &Bench) {
    bench.append(message("a", "1")).await;
    fail(bench, "first").await;
    let id = bury(bench, "second").await;
    bench.journal.revive(id).await.unwrap();
    fail(bench, "third").await;
    bench.journal.discard(id).await.unwrap();
    assert_eq!(numbers(bench, id).await, [1, 2, 1]);
}

pub(super) async fn attempts_go_with_their_entries(bench: &Bench) {
    for key in ["1", "2", "3"] {
        bench.append(message(key, key)).await;
    }
    for entry in bench.lease(3).await {
        bench.journal.postpone(entry.lease, START, failure("busy")).await.unwrap();
    }
    let [done, dead, pending] = bench.lease(3).await.try_into().unwrap();
    let ids = [done.id, dead.id, pending.id];
    bench.finish(done).await;
    bench.journal.bury(dead.lease, failure("broken")).await.unwrap();
    let later = START.plus(KEEP_DEAD).plus(KEEP_DEAD);
    bench.journal.postpone(pending.lease, later, failure("busy")).await.unwrap();
    let kept = async || {
        let mut kept = Vec::new();
        for id in ids {
            kept.push(attempts(bench, id).await.len());
        }
        kept
    };
    assert_eq!(kept().await, [1, 2, 2]);
    for (wait, expected) in [(KEEP, [0, 2, 2]), (KEEP_DEAD.saturating_sub(KEEP), [0, 0, 2])] {
        bench.clock.advance(wait);
        bench.journal.purge().await.unwrap();
        assert_eq!(kept().await, expected);
    }
}

pub(super) async fn no_step_of_the_clock_changes_an_attempt(bench: &Bench) {
    bench.append(message("a", "1")).await;
    let id = fail(bench, "busy").await;
    let mut expected = vec![attempt(1, START, "busy")];
    // Servers that share a clock notice a step back a little later.
    let first = if bench.is_shared() { 40 } else { -40 };
    for (number, days) in [(2, first), (3, 71)] {
        bench.clock.set(UnixMillis(START.0 + days * 86_400_000));
        fail(bench, "again").await;
        expected.push(attempt(number, bench.clock.now(), "again"));
        assert_eq!(attempts(bench, id).await, expected, "{days} days");
    }
}

pub(super) async fn an_ending_is_kept_with_its_entry(bench: &Bench) {
    bench.append(message("a", "1")).await;
    bench.append(dead("b", "2")).await;
    let entry = bench.lease_one().await;
    let id = entry.id;
    let ending = Some("handled “greeting”\0".to_owned());
    let outcome = Outcome { ending: ending.clone(), ..Outcome::default() };
    bench.journal.finish(entry.lease, outcome).await.unwrap();
    let Record { ending: kept, state_step, .. } = show(bench, id).await;
    assert_eq!((kept, state_step), (ending, None));
    assert_eq!(show(bench, EntryId(2)).await.ending, None);
}

pub(super) async fn the_step_of_a_state_is_kept_with_the_entry_that_made_it(bench: &Bench) {
    let put = |body: &'static [u8]| {
        let (dialogue, body) = ("order".to_owned(), body.into());
        StateChange::Put(NewState { dialogue, version: 7, body, expires_in: KEEP })
    };
    let past = |body: &'static [u8]| {
        Some(PastState { dialogue: "order".to_owned(), version: 7, body: body.into() })
    };
    let step = |before: Option<i64>, after| Some(StateStep { before: before.map(Revision), after });
    for (number, (change, expected)) in [
        (StateChange::Clear, None),
        (put(b"one"), step(None, past(b"one"))),
        (StateChange::Keep, None),
        (put(b"\xff\0'"), step(Some(2), past(b"\xff\0'"))),
        (put(b""), step(Some(4), past(b""))),
        (StateChange::Clear, step(Some(5), None)),
    ]
    .into_iter()
    .enumerate()
    {
        bench.append(message("a", &number.to_string())).await;
        let entry = bench.lease_one().await;
        let id = entry.id;
        let outcome = Outcome { state: change, ..Outcome::default() };
        bench.journal.finish(entry.lease, outcome).await.unwrap();
        assert_eq!(show(bench, id).await.state_step, expected, "{number}");
    }
}
