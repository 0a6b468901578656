//! Dead letters by reason.

use std::time::Duration;

use rongcloud_callback::journal::{DeadGroup, EntryId, NewEntry, Queue, ReasonGroup};

use super::support::{Bench, KEEP_DEAD, KeyText as _, START, message, reply};

async fn groups(bench: &Bench) -> Vec<DeadGroup> {
    bench.journal.dead_groups(9).await.unwrap()
}

async fn counts(bench: &Bench) -> Vec<u64> {
    groups(bench).await.iter().map(|group| group.count).collect()
}

/// Three dead letters of the Inbox and two replies with reasons that differ in a number, one of another kind, a second
/// apart.
async fn filled(bench: &Bench) {
    for (key, reason) in [("1", "code 1"), ("2", "code 22"), ("3", "not 'XML'\0"), ("4", "code 3")] {
        bench.append(NewEntry { dead: Some(reason.to_owned()), ..message("a", key) }).await;
        bench.clock.advance(Duration::from_secs(1));
    }
    for key in ["5", "6"] {
        bench.append(reply(key, key)).await;
    }
    for entry in bench.lease_from(Queue::Outbox, 9).await {
        bench.journal.bury(entry.lease, "code 4".into()).await.unwrap();
    }
}

pub(super) async fn dead_letters_are_grouped_by_queue_and_pattern_of_the_reason(bench: &Bench) {
    assert!(groups(bench).await.is_empty());
    filled(bench).await;
    let groups = groups(bench).await;
    let facts: Vec<_> = groups
        .iter()
        .map(|group| (group.queue, group.count, group.oldest.0, group.newest.key_text()))
        .collect();
    let (inbox, outbox) = (Queue::Inbox, Queue::Outbox);
    assert_eq!(facts, [(inbox, 3, 1, "4"), (outbox, 2, 5, "6"), (inbox, 1, 3, "3")]);
    assert_eq!(groups[0].group, ReasonGroup::new(Queue::Inbox, "code 9"));
    assert_eq!(groups[0].newest.reason.as_deref(), Some("code 3"));
    let four = START.plus(Duration::from_secs(4));
    assert_eq!((groups[0].oldest_at, groups[1].oldest_at), (START, four));
    let largest = bench.journal.dead_groups(1).await.unwrap();
    assert_eq!(largest.iter().map(|group| group.count).collect::<Vec<_>>(), [3]);
}

pub(super) async fn an_entry_leaves_its_group_when_it_is_dead_no_more(bench: &Bench) {
    filled(bench).await;
    bench.journal.revive(EntryId(1)).await.unwrap();
    bench.journal.discard(EntryId(3)).await.unwrap();
    assert_eq!(counts(bench).await, [2, 2]);
    let entry = bench.lease_one().await;
    bench.journal.bury(entry.lease, "another reason".into()).await.unwrap();
    assert_eq!(counts(bench).await, [2, 2, 1], "it belongs to the group of its last reason");
    bench.clock.advance(KEEP_DEAD);
    bench.journal.purge().await.unwrap();
    assert!(groups(bench).await.is_empty());
}
