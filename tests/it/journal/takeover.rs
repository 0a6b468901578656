//! What becomes of the leases of a replica that ends, or is taken for dead.

use std::collections::BTreeSet;

use rongcloud_callback::{
    clock::Clock,
    journal::{Filter, JournalError, Queue},
};

use super::{
    shared::{open, replicas},
    support::{LEASE, START, message, reply},
};
use crate::support::{
    postgres::{Cluster, PASSWORD, client, cut_off_others},
    until,
};

#[tokio::test]
async fn what_a_replica_that_ends_had_leased_is_free_at_once() {
    let Some((first, second, url)) = replicas().await else { return };
    first.append(vec![message("a", "1"), message("b", "2")]).await.unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn who_was_taken_for_dead_has_lost_its_leases_and_is_counted_all_the_same() {
    let Some((first, second, url)) = replicas().await else { return };
    first.append(vec![message("a", "1"), message("b", "2")]).await.unwrap();
    let late = first.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().remove(0);
    let client = client(&url).await;
    // Its sign of life is overlooked each time that it gives one.
    let silence = "update replica set alive_until = '-infinity' where id = 1";
    let taken = async || {
        client.batch_execute(silence).await.unwrap();
        let entries = second.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap();
        entries.into_iter().find(|entry| entry.key == "1")
    };
    let taken = until("a takeover", taken).await;
    assert_eq!(taken.attempt, 2);
    let lost = first.finish(late.lease, vec![reply("a", "late")]).await;
    assert!(matches!(lost, Err(JournalError::LeaseLost(id)) if id == taken.id), "{lost:?}");
    let stats = second.stats().await.unwrap();
    assert_eq!((stats.inbox.pending, stats.inbox.done, stats.outbox.pending), (2, 0, 0));

    // What it had counted is everybody's now.
    let folded = async || {
        let own = "select count(*) from tally where shard / 8 = 1";
        (client.query_one(own, &[]).await.unwrap().get::<_, i64>(0) == 0).then_some(())
    };
    until("its counts", folded).await;

    second.finish(taken.lease, vec![reply("a", "r")]).await.unwrap();
    let stats = first.stats().await.unwrap();
    assert_eq!((stats.inbox.pending, stats.inbox.done, stats.outbox.pending), (1, 1, 1));
    let listed = first.list(Filter { queue: Some(Queue::Outbox), state: None, limit: 9 }).await.unwrap();
    assert_eq!(listed.iter().map(|record| record.key.as_str()).collect::<Vec<_>>(), ["r"]);
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
    first.append(vec![message("a", "1")]).await.unwrap();
    assert_eq!(first.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().len(), 1);
    let taken =
        async || second.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().into_iter().next();
    assert_eq!(until("a takeover", taken).await.attempt, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_nobody_is_taken_for_dead_who_only_comes_back_a_little_later() {
    let Some((first, second, url)) = replicas().await else { return };
    first.append(vec![message("a", "1")]).await.unwrap();
    let held = first.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().remove(0);
    let client = client(&url).await;
    let alive = async || {
        let alive = "select count(*) from replica where alive_until > clock_timestamp()";
        (client.query_one(alive, &[]).await.unwrap().get::<_, i64>(0) == 2).then_some(())
    };
    until("both", alive).await;
    // Their signs are as old as after a long outage, and the first of them comes back later: its sign has to wait.
    client.batch_execute("update replica set alive_until = '-infinity'").await.unwrap();
    client.batch_execute("begin; select from replica where id = 1 for update").await.unwrap();
    cut_off_others(&client).await;
    let mut signs = BTreeSet::new();
    until("signs of the other one", async || {
        let sign = "select alive_until::text from replica where id = 2";
        signs.insert(client.query_one(sign, &[]).await.unwrap().get::<_, String>(0));
        (signs.len() > 3).then_some(())
    })
    .await;
    client.batch_execute("commit").await.unwrap();
    until("both", alive).await;
    for (journal, key) in [(&first, "2"), (&second, "3")] {
        until("a connection", async || journal.append(vec![message("b", key)]).await.ok()).await;
    }
    let others = second.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap();
    assert!(others.iter().all(|entry| entry.key != "1"), "{others:?}");
    first.finish(held.lease, Vec::new()).await.expect("its lease went on");
}
