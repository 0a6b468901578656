//! Appending: an entry is durable once, within bounds, and known as a duplicate for a while.

use std::time::Duration;

use rongcloud_callback::journal::{Appended, JournalError, Queue};

use super::support::{Bench, KEEP, MAX_PENDING, START, dead, message, reply};

pub(super) async fn an_entry_is_new_once_and_a_duplicate_ever_after(bench: &Bench) {
    assert_eq!(bench.append(message("a", "1")).await, Appended::New);
    assert_eq!(bench.append(message("a", "1")).await, Appended::Duplicate);

    let entry = bench.lease_one().await;
    assert_eq!(bench.append(message("a", "1")).await, Appended::Duplicate);
    bench.finish(entry).await;
    assert_eq!(bench.append(message("a", "1")).await, Appended::Duplicate);
    assert!(bench.lease(9).await.is_empty());
}

pub(super) async fn the_same_key_in_the_other_queue_is_another_entry(bench: &Bench) {
    assert_eq!(bench.append(message("a", "1")).await, Appended::New);
    assert_eq!(bench.append(reply("a", "1")).await, Appended::New);
    assert_eq!(bench.append(reply("a", "1")).await, Appended::Duplicate);
}

pub(super) async fn what_is_leased_is_what_was_appended(bench: &Bench) {
    let mut new = message("小明", "键");
    new.body = vec![0, 159, 146, 150].into();
    bench.append(new.clone()).await;
    bench.clock.advance(Duration::from_secs(5));

    let entry = bench.lease_one().await;
    assert_eq!((&entry.conversation, &entry.body), (&new.conversation, &new.body));
    assert_eq!(bench.journal.show(entry.id).await.unwrap().unwrap().key, new.key);
    assert_eq!((entry.attempt, entry.accepted_at), (1, START));
}

pub(super) async fn answers_come_in_the_order_of_the_entries(bench: &Bench) {
    bench.append(message("a", "2")).await;
    let together = [message("a", "1"), message("a", "2"), message("a", "3"), message("a", "1")];
    let answers = bench.append_all(together).await;
    assert_eq!(answers, [Appended::New, Appended::Duplicate, Appended::New, Appended::Duplicate]);
    assert_eq!(bench.stats().await.inbox.pending, 3);
}

pub(super) async fn a_finished_entry_is_known_for_the_window_and_no_longer(bench: &Bench) {
    bench.append(message("a", "1")).await;
    bench.clock.advance(Duration::from_mins(10));
    let entry = bench.lease_one().await;
    bench.finish(entry).await;

    bench.clock.advance(KEEP.saturating_sub(Duration::from_millis(1)));
    bench.journal.purge().await.unwrap();
    assert_eq!(bench.append(message("a", "1")).await, Appended::Duplicate);

    bench.clock.advance(Duration::from_millis(1));
    bench.journal.purge().await.unwrap();
    assert_eq!(bench.append(message("a", "1")).await, Appended::New);
}

pub(super) async fn a_full_inbox_refuses_and_changes_nothing(bench: &Bench) {
    fill(bench, Queue::Inbox, MAX_PENDING - 1).await;
    // A known entry, or one that comes twice, or a dead one, takes no room.
    let one = [message("x", "one"), message("x", "one"), message("a", "0"), dead("x", "dead")];
    let answers = bench.append_all(one).await;
    assert_eq!(answers, [Appended::New, Appended::Duplicate, Appended::Duplicate, Appended::New]);

    let refused = bench.try_append(message("x", "two")).await;
    assert!(
        matches!(refused, Err(JournalError::Full(full)) if full == MAX_PENDING as u64),
        "{refused:?}"
    );
    assert_eq!(bench.stats().await.inbox.pending, MAX_PENDING as u64);
    assert_eq!(bench.append(message("a", "1")).await, Appended::Duplicate);
    assert_eq!(bench.append(dead("x", "dead too")).await, Appended::New);
}

pub(super) async fn a_full_inbox_takes_entries_again_once_one_is_done(bench: &Bench) {
    fill(bench, Queue::Inbox, MAX_PENDING).await;
    assert!(bench.try_append(message("x", "late")).await.is_err());
    let entry = bench.lease_one().await;
    bench.finish(entry).await;
    assert_eq!(bench.append(message("x", "late")).await, Appended::New);
    assert!(bench.try_append(message("x", "later")).await.is_err());
}

pub(super) async fn a_full_outbox_stops_leases_of_the_inbox_until_it_has_room(bench: &Bench) {
    bench.append(message("a", "1")).await;
    fill(bench, Queue::Outbox, MAX_PENDING).await;
    assert!(bench.lease(9).await.is_empty());
    assert_eq!(bench.append(reply("b", "beyond the bound")).await, Appended::New);

    let mut changes = bench.journal.changes(Queue::Inbox);
    for _ in 0..2 {
        let reply = bench.lease_from(Queue::Outbox, 1).await.remove(0);
        assert!(bench.lease(9).await.is_empty());
        bench.finish(reply).await;
    }
    assert!(changes.has_changed().unwrap(), "nobody would look at the Inbox again");
    changes.mark_unchanged();
    bench.lease_one().await;
}

async fn fill(bench: &Bench, queue: Queue, count: usize) {
    let entries = (0..count).map(|number| match queue {
        Queue::Inbox => message("a", &number.to_string()),
        Queue::Outbox => reply("a", &number.to_string()),
    });
    bench.append_all(entries).await;
}
