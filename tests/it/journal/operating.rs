//! An operator's verbs: look, revive, discard, purge; and the numbers add up.

use std::time::Duration;

use rongcloud_callback::{
    clock::UnixMillis,
    journal::{Appended, EntryId, Filter, JournalError, Queue, QueueStats, Record, State},
};

use super::support::{Bench, KEEP, KEEP_DEAD, KeyText as _, LEASE, START, dead, message, reply};

pub(super) async fn a_dead_letter_from_the_start_is_kept_with_its_reason(bench: &Bench) {
    assert_eq!(bench.append(dead("a", "odd")).await, Appended::New);
    assert_eq!(bench.append(dead("a", "odd")).await, Appended::Duplicate);
    assert!(bench.lease(9).await.is_empty());
    let record = bench.journal.list(all()).await.unwrap().remove(0);
    assert_eq!((record.state, record.attempts, record.settled_at), (State::Dead, 0, Some(START)));
    assert_eq!((record.reason.as_deref(), &record.body[..]), (Some("not understood"), &b"odd"[..]));
}

pub(super) async fn a_revived_entry_is_due_again_before_the_later_ones(bench: &Bench) {
    for key in ["1", "2"] {
        bench.append(message("a", key)).await;
    }
    let entry = bench.lease_one().await;
    let id = entry.id;
    bench.journal.bury(entry.lease, "broken".into()).await.unwrap();
    bench.clock.advance(Duration::from_secs(5));
    bench.journal.revive(id).await.unwrap();

    let record = bench.journal.show(id).await.unwrap().unwrap();
    assert_eq!((record.state, record.attempts, record.settled_at), (State::Pending, 0, None));
    assert_eq!((record.due_at, record.reason.as_deref()), (bench.clock.now(), Some("broken")));
    for (key, attempt) in [("1", 1), ("2", 1)] {
        let entry = bench.lease_one().await;
        assert_eq!((entry.key_text(), entry.attempt), (key, attempt));
        bench.finish(entry).await;
    }
}

pub(super) async fn a_revived_entry_waits_for_the_lease_of_a_later_one(bench: &Bench) {
    bench.append(dead("a", "1")).await;
    bench.append(message("a", "2")).await;
    let later = bench.lease_one().await;
    bench.journal.revive(EntryId(1)).await.unwrap();
    assert!(bench.lease(9).await.is_empty());
    bench.finish(later).await;
    assert_eq!(bench.lease_one().await.key_text(), "1");
}

pub(super) async fn only_a_dead_letter_can_be_revived(bench: &Bench) {
    bench.append(message("a", "1")).await;
    for id in [EntryId(1), EntryId(404)] {
        let refused = bench.journal.revive(id).await;
        assert!(matches!(refused, Err(JournalError::NotFound(_))), "{refused:?}");
    }
}

pub(super) async fn a_discarded_entry_is_done_and_its_holder_has_lost_it(bench: &Bench) {
    for key in ["1", "2"] {
        bench.append(message("a", key)).await;
    }
    bench.append(dead("a", "3")).await;
    let held = bench.lease_one().await;
    bench.journal.discard(held.id).await.unwrap();
    bench.journal.discard(EntryId(3)).await.unwrap();

    assert!(bench.lease(9).await.is_empty(), "its holder is at it still");
    let id = held.id;
    let late = bench.journal.finish(held.lease, vec![reply("a", "late")].into()).await;
    assert!(matches!(late, Err(JournalError::LeaseLost(lost)) if lost == id), "{late:?}");
    let record = bench.journal.show(id).await.unwrap().unwrap();
    assert_eq!((record.state, record.reason.as_deref()), (State::Done, Some("discarded")));
    let stats = bench.stats().await;
    assert_eq!((stats.inbox.done, stats.inbox.dead, stats.inbox.pending), (2, 0, 1));
    assert_eq!(stats.outbox, QueueStats::default());
    assert_eq!(bench.lease_one().await.key_text(), "2");
    for id in [EntryId(1), EntryId(404)] {
        let refused = bench.journal.discard(id).await;
        assert!(matches!(refused, Err(JournalError::NotFound(_))), "{refused:?}");
    }
}

pub(super) async fn the_next_one_of_a_discarded_entry_in_work_waits_until_its_lease_is_over(
    bench: &Bench,
) {
    for key in ["1", "2"] {
        bench.append(message("a", key)).await;
    }
    let held = bench.lease_one().await;
    bench.journal.discard(held.id).await.unwrap();
    bench.clock.advance(LEASE.saturating_sub(Duration::from_secs(1)));
    assert!(bench.lease(9).await.is_empty());
    bench.clock.advance(Duration::from_secs(1));
    let next = bench.lease_one().await;
    assert_eq!(next.key_text(), "2");
    let late = bench.journal.postpone(held.lease, START, "late".into()).await;
    assert!(matches!(late, Err(JournalError::LeaseLost(_))), "{late:?}");
    assert!(bench.lease(9).await.is_empty(), "the late one frees nobody else's lease");
    bench.finish(next).await;
}

pub(super) async fn the_next_one_of_a_discarded_entry_that_waited_is_due_at_once(bench: &Bench) {
    for key in ["1", "2"] {
        bench.append(message("a", key)).await;
    }
    let entry = bench.lease_one().await;
    let id = entry.id;
    let later = bench.clock.now().plus(Duration::from_hours(1));
    bench.journal.postpone(entry.lease, later, "busy".into()).await.unwrap();
    bench.journal.discard(id).await.unwrap();
    assert_eq!(bench.lease_one().await.key_text(), "2");
}

pub(super) async fn a_list_is_newest_first_and_filtered(bench: &Bench) {
    bench.append_all([message("a", "1"), dead("a", "2"), reply("a", "3")]).await;
    bench.append_all([message("b", "4"), dead("b", "5")]).await;
    let entry = bench.lease(1).await.remove(0);
    bench.finish(entry).await;

    let list = async |filter| -> Vec<String> {
        bench
            .journal
            .list(filter)
            .await
            .unwrap()
            .iter()
            .map(|record| record.key_text().to_owned())
            .collect()
    };
    assert_eq!(list(all()).await, ["5", "4", "3", "2", "1"]);
    assert_eq!(list(Filter { limit: 2, ..all() }).await, ["5", "4"]);
    assert_eq!(list(Filter { state: Some(State::Dead), ..all() }).await, ["5", "2"]);
    assert_eq!(list(Filter { state: Some(State::Pending), ..all() }).await, ["4", "3"]);
    assert_eq!(list(Filter { queue: Some(Queue::Inbox), ..all() }).await, ["5", "4", "2", "1"]);
    let done =
        Filter { queue: Some(Queue::Inbox), state: Some(State::Done), limit: 9, ..Filter::default() };
    assert_eq!(list(done).await, ["1"]);
    assert!(bench.journal.show(EntryId(404)).await.unwrap().is_none());
}

pub(super) async fn a_purge_removes_what_was_kept_long_enough_and_nothing_else(bench: &Bench) {
    let many = (0..600).map(|number| message(&format!("c{number}"), &number.to_string()));
    bench.append_all(many).await;
    bench.append(dead("a", "dead")).await;
    for entry in bench.lease(500).await {
        bench.finish(entry).await;
    }
    assert_eq!(bench.journal.purge().await.unwrap(), 0);

    bench.clock.advance(KEEP);
    assert_eq!(bench.journal.purge().await.unwrap(), 500);
    let inbox = bench.stats().await.inbox;
    assert_eq!((inbox.pending, inbox.done, inbox.dead), (100, 0, 1));

    bench.clock.advance(KEEP_DEAD.saturating_sub(KEEP));
    assert_eq!(bench.journal.purge().await.unwrap(), 1);
    assert_eq!(bench.journal.list(all()).await.unwrap().len(), 100);
    bench.append(message("new", "after the purge")).await;
    assert_eq!(bench.journal.list(all()).await.unwrap()[0].id, EntryId(602), "no number is used twice");
}

pub(super) async fn no_step_of_the_clock_removes_or_dates_anew_what_is_settled(bench: &Bench) {
    bench.append(dead("a", "dead")).await;
    bench.append(message("b", "done")).await;
    let entry = bench.lease_one().await;
    bench.finish(entry).await;
    let before = bench.journal.list(all()).await.unwrap();
    for days in [-40, 31, -20_000, 20_000] {
        let right = bench.clock.now();
        // Wrong for a moment, and right again; those who lease look at the clock each time.
        for wrong in [days, 0] {
            bench.clock.set(UnixMillis(right.0 + wrong * 86_400_000));
            assert!(bench.lease(1).await.is_empty());
            assert_eq!(bench.journal.purge().await.unwrap(), 0, "{days} days");
        }
        let after = bench.journal.list(all()).await.unwrap();
        for (before, after) in before.iter().zip(&after) {
            let dates =
                |record: &Record| (record.key_text().to_owned(), record.accepted_at, record.settled_at);
            assert_eq!(dates(before), dates(after));
        }
        assert_eq!(bench.append(message("b", "done")).await, Appended::Duplicate);
    }
    // With a clock that stays wrong, all is kept for as long as with a right one.
    bench.clock.set(START.minus(Duration::from_hours(1_000_000)));
    for (wait, gone) in [
        (KEEP.saturating_sub(Duration::from_millis(1)), 0),
        (Duration::from_millis(1), 1),
        (KEEP_DEAD.saturating_sub(KEEP), 1),
    ] {
        bench.clock.advance(wait);
        assert_eq!(bench.journal.purge().await.unwrap(), gone);
    }
    assert_eq!(bench.append(message("b", "done")).await, Appended::New);
}

pub(super) async fn accepted_is_done_and_dead_and_pending(bench: &Bench) {
    for number in 0..10 {
        bench.clock.advance(Duration::from_secs(1));
        bench.append(message(&number.to_string(), &number.to_string())).await;
    }
    let mut entries = bench.lease(5).await.into_iter();
    let journal = &bench.journal;
    journal.finish(entries.next().unwrap().lease, vec![reply("0", "r")].into()).await.unwrap();
    journal.bury(entries.next().unwrap().lease, "no".into()).await.unwrap();
    journal.bury(entries.next().unwrap().lease, "no".into()).await.unwrap();
    journal.postpone(entries.next().unwrap().lease, START, "later".into()).await.unwrap();

    let oldest_pending = Some(START.plus(Duration::from_secs(4)));
    let inbox = QueueStats { pending: 7, leased: 1, done: 1, dead: 2, oldest_pending };
    let stats = bench.stats().await;
    assert_eq!(stats.inbox, inbox);
    let oldest_pending = Some(START.plus(Duration::from_secs(10)));
    assert_eq!(stats.outbox, QueueStats { pending: 1, oldest_pending, ..QueueStats::default() });
}

fn all() -> Filter {
    Filter { limit: 1000, ..Filter::default() }
}
