//! The leases of a replica that ends, or is taken for dead, go to other replicas.

use std::{collections::BTreeSet, time::Duration};

use rongcloud_callback::{
    clock::Clock,
    journal::{self, Entry, Filter, JournalError, Outcome, Queue, Queues},
};
use tokio_postgres::Client;

use super::{
    shared::{open, replicas, replicas_on},
    support::{KeyText as _, LEASE, START, append_all, keys, message, options, reply},
};
use crate::support::{
    postgres::{Cluster, PASSWORD, client, cut_off_others, silence},
    until,
};

#[tokio::test]
async fn what_a_replica_that_ends_had_leased_is_free_at_once() {
    let Some((first, second, url)) = replicas().await else { return };
    append_all(&*first, [message("a", "1"), message("b", "2")]).await;
    let held = first.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap();
    assert!(second.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap().is_empty());
    first.close().await.unwrap();
    let taken = second.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap();
    assert_eq!((taken.len(), taken[0].attempt), (held.len(), 2));
    let client = client(&url).await;
    // The other one may not have shown itself yet.
    let alone = async || {
        let rows = client.query("select id from replica", &[]).await.unwrap();
        (rows.len() == 1 && rows[0].get::<_, i64>(0) == 2).then_some(())
    };
    until("the other one alone", alone).await;
    assert_eq!(second.stats().await.unwrap().inbox.pending, 2, "what it counted still counts");
}

/// Waits until nobody knows of this replica any more.
async fn gone(client: &Client, replica: i64) {
    let listed = "select count(*) from replica where id = $1";
    until("the end of a replica", async || {
        (client.query_one(listed, &[&replica]).await.unwrap().get::<_, i64>(0) == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_taken_for_dead_has_lost_its_leases_and_is_counted_all_the_same() {
    let clock = Clock::manual(START);
    let Some((first, second, url)) = replicas_on(&clock).await else { return };
    append_all(&*first, [message("a", "1"), message("b", "2")]).await;
    let late = first.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().remove(0);
    let client = client(&url).await;
    silence(&client, 1).await;
    gone(&client, 1).await;
    let others = second.lease(Queue::Inbox, 9, clock.now().plus(LEASE)).await.unwrap();
    assert_eq!(keys(&others), ["2"], "it may be what the other one died of, so it comes later");
    clock.advance(Duration::from_secs(1));
    let taken = second.lease(Queue::Inbox, 9, clock.now().plus(LEASE)).await.unwrap().remove(0);
    assert_eq!((taken.key_text(), taken.attempt), ("1", 2));
    let lost = first.finish(late.lease, vec![reply("a", "late")].into()).await;
    assert!(matches!(lost, Err(JournalError::LeaseLost(id)) if id == taken.id), "{lost:?}");
    let stats = second.stats().await.unwrap();
    assert_eq!((stats.inbox.pending, stats.inbox.done, stats.outbox.pending), (2, 0, 0));

    // What it had counted is everybody's now.
    let folded = async || {
        let own = "select count(*) from tally where shard / 8 = 1 and pending > 0";
        (client.query_one(own, &[]).await.unwrap().get::<_, i64>(0) == 0).then_some(())
    };
    until("its counts", folded).await;

    second.finish(taken.lease, vec![reply("a", "r")].into()).await.unwrap();
    let stats = first.stats().await.unwrap();
    assert_eq!((stats.inbox.pending, stats.inbox.done, stats.outbox.pending), (1, 1, 1));
    let listed =
        first.list(Filter { queue: Some(Queue::Outbox), limit: 9, ..Filter::default() }).await.unwrap();
    assert_eq!(keys(&listed), ["r"]);
}

/// Leases one entry after another as time passes; when each comes, in milliseconds from now.
async fn arrivals(journal: &dyn Queues, clock: &Clock, count: usize) -> Vec<(String, u64)> {
    const PACE: u64 = 250;
    let mut arrivals = Vec::new();
    for step in 0..200 {
        for entry in journal.lease(Queue::Inbox, 9, clock.now().plus(LEASE)).await.unwrap() {
            arrivals.push((entry.key_text().to_owned(), step * PACE));
            journal.finish(entry.lease, Outcome::default()).await.unwrap();
        }
        if arrivals.len() == count {
            break;
        }
        clock.advance(Duration::from_millis(PACE));
    }
    arrivals
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_replica_was_working_on_comes_back_one_by_one_and_what_was_there_more_often_later() {
    let clock = Clock::manual(START);
    let Some((first, second, url)) = replicas_on(&clock).await else { return };
    let entries = ["1", "2", "3", "4"].map(|key| message(key, key));
    append_all(&*first, entries).await;
    // The oldest has been tried twice already.
    for _ in 0..2 {
        let tried = first.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().remove(0);
        assert_eq!(tried.key_text(), "1");
        first.postpone(tried.lease, START, "again".into()).await.unwrap();
    }
    assert_eq!(first.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap().len(), 4);
    let client = client(&url).await;
    silence(&client, 1).await;
    gone(&client, 1).await;
    let came = arrivals(&*second, &clock, 4).await;
    let expected = [("2", 1000), ("3", 1500), ("4", 2000), ("1", 9000 + 1500)];
    assert_eq!(came, expected.map(|(key, after)| (key.to_owned(), after)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_in_work_when_all_replicas_died_comes_back_one_by_one_however_long_ago_that_was() {
    let clock = Clock::manual(START);
    let Some((first, second, url)) = replicas_on(&clock).await else { return };
    append_all(&*first, ["1", "2", "3"].map(|key| message(key, key))).await;
    assert_eq!(first.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap().len(), 3);
    second.close().await.unwrap();
    silence(&client(&url).await, 1).await;
    // Their leases have ended before anybody could have noticed that their holder is dead.
    clock.advance(LEASE * 2);
    let third = open(&url, &clock).await;
    third.append(message("4", "4"), None).await.unwrap();
    let came = arrivals(&*third, &clock, 4).await;
    let expected = [("4", 0), ("1", 1000), ("2", 1500), ("3", 2000)];
    assert_eq!(came, expected.map(|(key, after)| (key.to_owned(), after)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_a_discarded_entry_waits_for_whoever_is_at_work_on_that() {
    let clock = Clock::manual(START);
    let Some((first, second, url)) = replicas_on(&clock).await else { return };
    let operator = journal::open_operator(&url, options(&clock));
    let operator = operator.await.unwrap();
    let lease = async || second.lease(Queue::Inbox, 9, clock.now().plus(LEASE)).await.unwrap();
    append_all(&*first, ["a", "b", "c"].map(|name| message(name, name))).await;
    let [a, b, c] = <[Entry; 3]>::try_from(lease().await).unwrap();
    // One has another one behind it already, the others only later.
    first.append(message("a", "a2"), None).await.unwrap();
    for entry in [&a, &b, &c] {
        operator.discard(entry.id).await.unwrap();
    }
    append_all(&*first, [message("b", "b2"), message("c", "c2")]).await;
    assert!(lease().await.is_empty(), "two of a conversation at once");

    for entry in [a, b] {
        let late = second.finish(entry.lease, vec![reply("a", "late")].into()).await;
        assert!(matches!(late, Err(JournalError::LeaseLost(_))), "{late:?}");
    }
    let next = lease().await;
    assert_eq!(keys(&next), ["a2", "b2"]);
    clock.advance(LEASE);
    assert!(keys(&lease().await).contains(&"c2"), "the lease has run out");
    assert_eq!(first.stats().await.unwrap().outbox.pending, 0, "what it replied is not sent");

    // Its row has nothing else to hold.
    let (d, client) = (message("d", "d"), client(&url).await);
    first.append(d, None).await.unwrap();
    let d = lease().await.pop().unwrap();
    operator.discard(d.id).await.unwrap();
    clock.advance(LEASE);
    first.purge().await.unwrap();
    let left = "select count(*) from conversation where head is null";
    assert_eq!(client.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dies_before_the_first_sign_of_life_is_missed_all_the_same() {
    let Some(cluster) = Cluster::shared().await else { return };
    let (url, clock) = (cluster.database().await, Clock::manual(START));
    let second = open(&url, &clock).await;
    // With two connections the first can read and write, and never gets to show itself.
    let name = url.rsplit_once('/').unwrap().1.split('?').next().unwrap();
    let role = format!("few_{name}");
    let admin = client(&url).await;
    admin
        .batch_execute(&format!(
            "create role {role} login password '{PASSWORD}' connection limit 2;
             grant all on schema rongcloud_callback to {role};
             grant all on all tables in schema rongcloud_callback to {role};
             grant all on all sequences in schema rongcloud_callback to {role}"
        ))
        .await
        .unwrap();
    let first = open(&url.replace("//tests:", &format!("//{role}:")), &clock).await;
    first.append(message("a", "1"), None).await.unwrap();
    assert_eq!(first.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().len(), 1);
    gone(&admin, 2).await;
    clock.advance(Duration::from_secs(1));
    let taken = second.lease(Queue::Inbox, 1, clock.now().plus(LEASE)).await.unwrap().remove(0);
    assert_eq!(taken.attempt, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_nobody_is_taken_for_dead_who_only_comes_back_a_little_later() {
    let Some((first, second, url)) = replicas().await else { return };
    first.append(message("a", "1"), None).await.unwrap();
    let held = first.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().remove(0);
    let client = client(&url).await;
    let alive = async || {
        let alive = "select count(*) from replica where heartbeats > 0";
        (client.query_one(alive, &[]).await.unwrap().get::<_, i64>(0) == 2).then_some(())
    };
    until("both", alive).await;
    // The first of them comes back later: its sign has to wait.
    client.batch_execute("begin; select from replica where id = 1 for update").await.unwrap();
    cut_off_others(&client).await;
    let mut signs = BTreeSet::new();
    until("signs of the other one", async || {
        let sign = "select heartbeats from replica where id = 2";
        signs.insert(client.query_one(sign, &[]).await.unwrap().get::<_, i64>(0));
        (signs.len() > 3).then_some(())
    })
    .await;
    client.batch_execute("commit").await.unwrap();
    until("both", alive).await;
    for (journal, key) in [(&first, "2"), (&second, "3")] {
        until("a connection", async || journal.append(message("b", key), None).await.ok()).await;
    }
    let others = second.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap();
    assert!(others.iter().all(|entry| entry.key_text() != "1"), "{others:?}");
    first.finish(held.lease, Outcome::default()).await.expect("its lease went on");
}
