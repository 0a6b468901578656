//! Transactions that begin while an earlier one is being committed wait for their own commits, and are counted once.

use std::{ops::Range, sync::Arc, time::Duration};

use futures_util::future::try_join_all;
use rongcloud_callback::{
    clock::Clock,
    journal::{Appended, EntryId, Filter, JournalError, NewEntry, Outcome, Queue, Queues},
};
use tokio::{sync::oneshot, task::JoinHandle, time::sleep};
use tokio_postgres::Client;

use super::{
    shared::{open, spawn},
    support::{KeyText as _, LEASE, MAX_PENDING, START, append_all, message, reply},
};
use crate::support::{
    postgres::{Cluster, ON_A_COMMIT, ON_A_LOCK, client, waiting},
    until,
};

/// A journal that has connected, on a server of its own.
async fn journal() -> Option<(Cluster, Client, Arc<dyn Queues>)> {
    let cluster = Cluster::start().await?;
    let url = cluster.database().await;
    let journal = open(&url, &Clock::manual(START)).await;
    Some((cluster, client(&url).await, journal))
}

type Appending = JoinHandle<Result<Vec<Appended>, JournalError>>;

/// Appends entries in this order; they are queued when this returns.
async fn append(journal: &Arc<dyn Queues>, entries: Vec<NewEntry>) -> Appending {
    let journal = Arc::clone(journal);
    let (sender, queued) = oneshot::channel();
    let appending = spawn(async move {
        let appends = entries.into_iter().map(|entry| journal.append(entry, None)).collect::<Vec<_>>();
        sender.send(()).unwrap();
        try_join_all(appends).await
    });
    queued.await.unwrap();
    appending
}

fn entries(conversation: &str, numbers: Range<usize>) -> Vec<NewEntry> {
    numbers.map(|number| message(conversation, &format!("{conversation}{number}"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_commit_holds_up_nobody_but_its_own_conversations() {
    let Some((cluster, client, journal)) = journal().await else { return };
    cluster.stall().await;
    let first = append(&journal, entries("a", 0..1)).await;
    waiting(&client, ON_A_COMMIT, 1).await;
    let other = append(&journal, entries("b", 0..1)).await;
    waiting(&client, ON_A_COMMIT, 2).await;
    let next = append(&journal, entries("a", 1..2)).await;
    waiting(&client, ON_A_LOCK, 1).await;
    for appending in [&first, &other, &next] {
        assert!(!appending.is_finished(), "answered before it was committed");
    }
    cluster.release();
    for appending in [first, other, next] {
        assert_eq!(appending.await.unwrap().unwrap(), [Appended::New]);
    }
    let listed = journal.list(Filter { limit: 9, ..Filter::default() }).await.unwrap();
    let number = |key: &str| listed.iter().find(|record| record.key_text() == key).unwrap().id;
    assert!(number("a0") < number("a1"), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_fails_takes_nothing_from_what_is_under_way_beside_it() {
    let Some((cluster, client, journal)) = journal().await else { return };
    append_all(&*journal, [message("a", "a0"), reply("z", "z0")]).await;
    cluster.stall().await;
    let fails = append(&journal, entries("b", 0..1)).await;
    let connection = waiting(&client, ON_A_COMMIT, 1).await[0];
    let leasing = {
        let journal = Arc::clone(&journal);
        spawn(async move { journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await })
    };
    waiting(&client, ON_A_COMMIT, 2).await;
    client.execute("select pg_terminate_backend($1)", &[&connection]).await.unwrap();
    assert!(matches!(fails.await.unwrap(), Err(JournalError::Unavailable(_))));
    // A lease that nobody has heard of yet may still be heard of: only when nothing is under way is it nobody's.
    let unheard_of = "set synchronous_commit = local; update conversation
        set leased_entry = head, leased_by = 1, fence = nextval('fence'), lease_until = 9e15::bigint where queue = 1";
    client.batch_execute(unheard_of).await.unwrap();
    let again = until("who waits for another connection", async || {
        let again = append(&journal, entries("b", 0..1)).await;
        sleep(Duration::from_millis(300)).await;
        (!again.is_finished()).then_some(again)
    })
    .await;
    // What has been changed waits, too, and is not to be seen.
    let freeing =
        "select from pg_stat_activity where wait_event = 'SyncRep' and query like '%fence <> all%'";
    assert_eq!(client.execute(freeing, &[]).await.unwrap(), 0, "it is freed");
    cluster.release();
    let leased = leasing.await.unwrap().unwrap();
    // Nobody was told, but it was committed.
    let answer = until("a connection", async || journal.append(message("b", "b0"), None).await.ok());
    assert_eq!(answer.await, Appended::Duplicate);
    drop(again.await.unwrap());
    let mine = leased.into_iter().find(|entry| entry.id == EntryId(1)).unwrap();
    journal.finish(mine.lease, Outcome::default()).await.expect("its lease goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bound_on_the_backlog_counts_what_is_under_way() {
    let Some((cluster, client, journal)) = journal().await else { return };
    cluster.stall().await;
    let most = append(&journal, entries("a", 1..MAX_PENDING)).await;
    waiting(&client, ON_A_COMMIT, 1).await;
    let two = [append(&journal, entries("b", 0..1)).await, append(&journal, entries("c", 0..1)).await];
    cluster.release();
    most.await.unwrap().unwrap();
    let [last, beyond] = two;
    last.await.unwrap().unwrap();
    for refused in [beyond.await.unwrap(), append(&journal, entries("d", 0..1)).await.await.unwrap()] {
        assert!(matches!(refused, Err(JournalError::Full(_))), "{refused:?}");
    }
}
