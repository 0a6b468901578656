//! Leases: order, one lease a conversation, fences, and what settling does.

use std::time::Duration;

use rongcloud_callback::{
    clock::UnixMillis,
    journal::{Appended, EntryId, JournalError, Outcome, Queue, State},
};

use super::support::{Bench, KeyText as _, LEASE, START, keys, message, reply};

pub(super) async fn a_conversation_is_leased_one_entry_at_a_time_and_in_order(bench: &Bench) {
    for key in ["1", "2", "3"] {
        bench.append(message("a", key)).await;
    }
    for key in ["1", "2", "3"] {
        let entry = bench.lease_one().await;
        assert_eq!(entry.key_text(), key);
        assert!(bench.lease(9).await.is_empty());
        bench.finish(entry).await;
    }
}

pub(super) async fn conversations_are_leased_side_by_side_oldest_first(bench: &Bench) {
    for (conversation, key) in [("b", "1"), ("a", "2"), ("b", "3"), ("c", "4")] {
        bench.append(message(conversation, key)).await;
    }
    assert_eq!(keys(&bench.lease(2).await), ["1", "2"]);
    assert_eq!(keys(&bench.lease(2).await), ["4"]);
}

pub(super) async fn the_queues_do_not_wait_for_each_other(bench: &Bench) {
    bench.append_all([message("a", "1"), reply("a", "2")]).await;
    assert_eq!(keys(&bench.lease_from(Queue::Outbox, 9).await), ["2"]);
    assert_eq!(keys(&bench.lease_from(Queue::Inbox, 9).await), ["1"]);
}

pub(super) async fn a_postponed_entry_holds_up_its_conversation_and_no_other(bench: &Bench) {
    for (conversation, key) in [("a", "1"), ("a", "2"), ("b", "3")] {
        bench.append(message(conversation, key)).await;
    }
    let mut entries = bench.lease(9).await;
    let wait = Duration::from_secs(10);
    let later = bench.clock.now().plus(wait);
    bench.journal.postpone(entries.remove(0).lease, later, "busy".into()).await.unwrap();
    bench.finish(entries.remove(0)).await;

    assert!(bench.lease(9).await.is_empty());
    bench.clock.advance(wait);
    let again = bench.lease_one().await;
    assert_eq!((again.key_text(), again.attempt), ("1", 2));
    bench.finish(again).await;
    assert_eq!(keys(&bench.lease(9).await), ["2"]);
}

pub(super) async fn what_is_released_is_due_again_and_its_attempt_is_not_counted(bench: &Bench) {
    for key in ["1", "2"] {
        bench.append(message("a", key)).await;
    }
    let wait = Duration::from_secs(5);
    for _ in 0..2 {
        let entry = bench.lease_one().await;
        assert_eq!((entry.key_text(), entry.attempt), ("1", 1));
        let later = bench.clock.now().plus(wait);
        bench.journal.release(entry.lease, later, "too fast".to_owned()).await.unwrap();
        assert!(bench.lease(9).await.is_empty());
        bench.clock.advance(wait);
    }
}

pub(super) async fn what_was_postponed_keeps_its_reason_and_due_time(bench: &Bench) {
    bench.append(message("a", "1")).await;
    let entry = bench.lease_one().await;
    let (id, later) = (entry.id, START.plus(Duration::from_secs(10)));
    bench.journal.postpone(entry.lease, later, "busy".into()).await.unwrap();
    let record = bench.journal.show(id).await.unwrap().unwrap();
    assert_eq!((record.state, record.attempts, record.due_at), (State::Pending, 1, later));
    assert_eq!((record.reason.as_deref(), record.settled_at), (Some("busy"), None));
}

pub(super) async fn an_expired_lease_goes_to_somebody_else_and_the_late_one_changes_nothing(
    bench: &Bench,
) {
    for key in ["1", "2", "3"] {
        bench.append(message(key, key)).await;
    }
    let late = bench.lease(9).await;
    bench.clock.advance(LEASE);
    let current = bench.lease(9).await;
    assert_eq!(keys(&current), ["1", "2", "3"]);
    assert!(current.iter().all(|entry| entry.attempt == 2));

    let mut late = late.into_iter().map(|entry| entry.lease);
    let verdicts = [
        bench.journal.finish(late.next().unwrap(), vec![reply("1", "late")].into()).await,
        bench.journal.postpone(late.next().unwrap(), START, "late".into()).await,
        bench.journal.bury(late.next().unwrap(), "late".into()).await,
    ];
    assert!(verdicts.iter().all(|it| matches!(it, Err(JournalError::LeaseLost(_)))), "{verdicts:?}");

    let stats = bench.stats().await;
    assert_eq!((stats.inbox.pending, stats.inbox.leased, stats.outbox.pending), (3, 3, 0));
    for entry in current {
        let record = bench.journal.show(entry.id).await.unwrap().unwrap();
        assert_eq!((record.state, record.reason), (State::Pending, None));
        bench.finish(entry).await;
    }
}

pub(super) async fn a_lease_that_is_over_counts_until_somebody_else_has_one(bench: &Bench) {
    bench.append(message("a", "1")).await;
    let entry = bench.lease_one().await;
    bench.clock.advance(LEASE * 2);
    bench.finish(entry).await;
    assert_eq!(bench.stats().await.inbox.done, 1);
}

pub(super) async fn finishing_and_its_follow_ups_are_one_step(bench: &Bench) {
    bench.append(message("a", "1")).await;
    bench.append(reply("a", "known")).await;
    let entry = bench.lease_one().await;
    let id = entry.id;
    let follow_ups = vec![reply("a", "r1"), reply("a", "known"), reply("a", "r2"), reply("a", "r1")];
    bench.journal.finish(entry.lease, follow_ups.into()).await.unwrap();

    let stats = bench.stats().await;
    assert_eq!((stats.inbox.done, stats.inbox.pending, stats.outbox.pending), (1, 0, 3));
    let record = bench.journal.show(id).await.unwrap().unwrap();
    assert_eq!((record.state, record.settled_at), (State::Done, Some(START)));
    for key in ["known", "r1", "r2"] {
        let mut sent = bench.lease_from(Queue::Outbox, 9).await;
        assert_eq!(keys(&sent), [key]);
        bench.finish(sent.remove(0)).await;
    }
}

pub(super) async fn a_buried_entry_frees_its_conversation(bench: &Bench) {
    for key in ["1", "2"] {
        bench.append(message("a", key)).await;
    }
    let entry = bench.lease_one().await;
    let id = entry.id;
    bench.journal.bury(entry.lease, "too often".into()).await.unwrap();
    assert_eq!(bench.lease_one().await.key_text(), "2");

    let record = bench.journal.show(id).await.unwrap().unwrap();
    assert_eq!((record.state, record.reason.as_deref()), (State::Dead, Some("too often")));
    assert_eq!(record.settled_at, Some(START));
    assert_eq!(bench.append(message("a", "1")).await, Appended::Duplicate);
}

pub(super) async fn changes_move_when_there_is_something_to_lease(bench: &Bench) {
    let mut inbox = bench.journal.changes(Queue::Inbox);
    let mut outbox = bench.journal.changes(Queue::Outbox);
    let mut moved = || {
        let moved = (inbox.has_changed().unwrap(), outbox.has_changed().unwrap());
        inbox.mark_unchanged();
        outbox.mark_unchanged();
        moved
    };
    bench.append_all([message("a", "1"), message("a", "2")]).await;
    assert!(moved().0, "after an append");
    let entry = bench.lease_one().await;
    moved();
    bench.journal.finish(entry.lease, vec![reply("a", "r")].into()).await.unwrap();
    assert_eq!(moved(), (true, true), "after the first of two was finished with a reply");
    let entry = bench.lease_one().await;
    moved();
    bench.journal.postpone(entry.lease, bench.clock.now(), "again".into()).await.unwrap();
    assert!(moved().0, "after it was postponed to now");
    let entry = bench.lease_one().await;
    bench.journal.bury(entry.lease, "enough".into()).await.unwrap();
    moved();
    bench.journal.revive(EntryId(2)).await.unwrap();
    assert!(moved().0, "after it was revived");
}

pub(super) async fn no_step_of_the_clock_delays_or_hurries_what_is_pending(bench: &Bench) {
    // Servers that share a clock do not go by their own.
    if bench.is_shared() {
        return;
    }
    for days in [-400, -1, 1, 400] {
        let key = |name: &str| format!("{name} {days}");
        let [held, later, one, two] = ["held", "later", "one", "two"].map(key);
        bench.append(message(&held, &held)).await;
        bench.append(message(&later, &later)).await;
        let accepted_at = bench.clock.now();
        let mut entries = bench.lease(2).await.into_iter();
        let running = entries.next().unwrap();
        let soon = accepted_at.plus(Duration::from_secs(10));
        let postponed = entries.next().unwrap().lease;
        bench.journal.postpone(postponed, soon, "later".into()).await.unwrap();
        bench.append(message(&one, &one)).await;

        bench.clock.set(UnixMillis(accepted_at.0 + days * 86_400_000));
        bench.append(message(&two, &two)).await;
        assert_eq!(keys(&bench.lease(9).await), [&*one, &*two]);
        bench.clock.advance(Duration::from_secs(9));
        assert!(bench.lease(9).await.is_empty(), "not before its time");
        bench.clock.advance(Duration::from_secs(1));
        let again = bench.lease_one().await;
        assert_eq!((again.key_text(), again.accepted_at), (&*later, accepted_at));
        bench.clock.advance(LEASE.saturating_sub(Duration::from_secs(11)));
        assert!(bench.lease(9).await.is_empty(), "its lease goes on");
        bench.clock.advance(Duration::from_secs(1));
        let mut due = bench.lease(9).await;
        assert_eq!((due.len(), due[0].key_text(), due[0].accepted_at), (3, &*held, accepted_at));
        assert!(
            bench.journal.finish(running.lease, Outcome::default()).await.is_err(),
            "it is somebody else's"
        );
        due.push(again);
        for entry in due {
            bench.finish(entry).await;
        }
    }
    assert_eq!(bench.stats().await.inbox.pending, 0);
}

pub(super) async fn a_day_later_no_entry_and_no_fence_is_lost(bench: &Bench) {
    bench.append(message("held", "held")).await;
    let held = bench.lease_one().await;
    bench.append(message("later", "later")).await;
    let later = bench.lease_one().await;
    let soon = bench.clock.now().plus(LEASE);
    bench.journal.postpone(later.lease, soon, "later".into()).await.unwrap();

    bench.clock.advance(Duration::from_hours(24));
    let mut due = bench.lease(9).await;
    due.sort_by_key(|entry| entry.id);
    assert_eq!(keys(&due), ["held", "later"]);
    let late = bench.journal.finish(held.lease, Outcome::default()).await;
    assert!(matches!(late, Err(JournalError::LeaseLost(_))), "{late:?}");
    for entry in due {
        bench.finish(entry).await;
    }
    assert_eq!(bench.stats().await.inbox.done, 2);
}
