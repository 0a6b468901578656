//! Many callers at once.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rongcloud_callback::{
    clock::Clock,
    journal::{Appended, Entry, EntryId, Queue, Queues},
};
use tokio::{sync::Mutex, task::JoinSet, time::timeout};

use super::support::{Bench, KeyText as _, LEASE, PATIENCE, message, reply};

const CONVERSATIONS: usize = 20;
const ENTRIES: usize = 400;

pub(super) async fn of_64_identical_appends_at_once_exactly_one_is_new(bench: &Bench) {
    for round in 0..20 {
        let key = round.to_string();
        let appends = (0..64).map(|_| {
            let journal = Arc::clone(&bench.journal);
            let entry = message("a", &key);
            async move { journal.append(entry, None).await.unwrap() }
        });
        let mut tasks: JoinSet<_> = appends.collect();
        let mut new = 0;
        while let Some(answer) = tasks.join_next().await {
            new += usize::from(answer.unwrap() == Appended::New);
        }
        assert_eq!(new, 1);
    }
    assert_eq!(bench.stats().await.inbox.pending, 20);
}

/// Appends, workers that finish, postpone and bury, and a checker of order, all at once.
pub(super) async fn under_a_random_load_nothing_is_lost_doubled_or_reordered(bench: &Bench) {
    let seen = Seen::default();
    let mut workers = JoinSet::new();
    for seed in 0..4 {
        let (journal, clock) = (Arc::clone(&bench.journal), bench.clock.clone());
        workers.spawn(work(journal, clock, Arc::clone(&seen), seed));
    }
    let appended = join_all((0..ENTRIES).map(|number| {
        let conversation = (number % CONVERSATIONS).to_string();
        async move { bench.append(message(&conversation, &format!("{number:05}"))).await }
    }));
    let appended = appended.await;
    assert!(appended.iter().all(|answer| *answer == Appended::New));

    let all_settled = async { while workers.join_next().await.transpose().unwrap().is_some() {} };
    timeout(PATIENCE, all_settled).await.expect("the load is worked off");

    let stats = bench.stats().await;
    assert_eq!(stats.inbox.pending, 0);
    assert_eq!(stats.inbox.done + stats.inbox.dead, ENTRIES as u64);
    assert_eq!(stats.outbox.pending, stats.inbox.done);
    for (conversation, ids) in seen.lock().await.iter() {
        assert_eq!(ids.len(), ENTRIES / CONVERSATIONS, "of conversation {conversation}");
        assert!(ids.is_sorted(), "of conversation {conversation}: {ids:?}");
    }
}

/// The entries that were settled, by conversation.
type Seen = Arc<Mutex<BTreeMap<String, Vec<EntryId>>>>;

async fn work(journal: Arc<dyn Queues>, clock: Clock, seen: Seen, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut changes = journal.changes(Queue::Inbox);
    loop {
        changes.mark_unchanged();
        let limit = random.random_range(1..6);
        let entries = journal.lease(Queue::Inbox, limit, clock.now().plus(LEASE)).await.unwrap();
        let idle = entries.is_empty();
        for entry in entries {
            settle(&*journal, &clock, &seen, entry, random.random_range(0..10)).await;
        }
        if !idle {
            continue;
        }
        if seen.lock().await.values().map(Vec::len).sum::<usize>() == ENTRIES {
            return;
        }
        let _ = timeout(Duration::from_millis(20), changes.changed()).await;
    }
}

async fn settle(journal: &dyn Queues, clock: &Clock, seen: &Seen, entry: Entry, dice: u32) {
    if dice < 3 {
        return journal.postpone(entry.lease, clock.now(), "dice".into()).await.unwrap();
    }
    // Noted before it is settled: afterwards the next of the conversation may be faster.
    seen.lock().await.entry(entry.conversation.clone()).or_default().push(entry.id);
    if dice == 9 {
        journal.bury(entry.lease, "dice".into()).await.unwrap();
    } else {
        let follow_up = reply(&entry.conversation, entry.key_text());
        journal.finish(entry.lease, vec![follow_up].into()).await.unwrap();
    }
}
