//! A transaction is answered when it is committed, is whole or not there at all, and keeps the order of the locks.

use std::sync::Arc;

use rongcloud_callback::{
    clock::Clock,
    journal::{Appended, Entry, Filter, JournalError, Outcome, Queue, Queues},
};

use super::{
    shared::{open, replicas, spawn},
    support::{KeyText as _, LEASE, START, append_all, keys, message, reply},
};
use crate::support::{
    postgres::{Cluster, ON_A_LOCK, client, cut_off_others, waiting},
    until,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_committed_was_never_answered_with_success() {
    let Some((journal, _, url)) = replicas().await else { return };
    journal.append(message("a", "1"), None).await.unwrap();
    let held = journal.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().remove(0);
    let (id, lease) = (held.id, held.lease.clone());
    let client = client(&url).await;
    client.batch_execute("begin; lock table entry in exclusive mode").await.unwrap();
    let finish = {
        let journal = Arc::clone(&journal);
        spawn(async move { journal.finish(held.lease, vec![reply("a", "r")].into()).await })
    };
    let stuck = waiting(&client, ON_A_LOCK, 1).await;
    assert!(!finish.is_finished(), "answered before it was committed");
    let append = {
        let journal = Arc::clone(&journal);
        spawn(async move { journal.append(message("a", "2"), None).await })
    };
    client.execute("select pg_terminate_backend($1)", &[&stuck[0]]).await.unwrap();
    let refused = finish.await.unwrap();
    assert!(matches!(refused, Err(JournalError::Unavailable(_))), "{refused:?}");
    client.batch_execute("rollback").await.unwrap();

    let appended = append.await.unwrap();
    let all = Filter { limit: 9, ..Filter::default() };
    let records = journal.list(all).await.unwrap();
    let found = |key: &str| records.iter().any(|record| record.key_text() == key);
    assert_eq!(appended.is_ok(), found("2"), "{appended:?}");
    assert!(!found("r"), "its reply exists");
    assert_eq!(journal.show(id).await.unwrap().unwrap().settled_at, None);
    // What came of the attempt is known, and so it can be settled: its lease has not ended with the connection.
    let again = async || journal.lease(Queue::Outbox, 9, START.plus(LEASE)).await.ok();
    until("a connection", again).await;
    let again = journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap();
    assert!(again.iter().all(|entry| entry.id != id), "{again:?}");
    journal.finish(lease, vec![reply("a", "r")].into()).await.unwrap();
    let stats = journal.stats().await.unwrap();
    assert_eq!((stats.inbox.done, stats.outbox.pending), (1, 1));
    assert_eq!(journal.show(id).await.unwrap().unwrap().attempts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_settled_while_the_database_was_restarted_is_settled_afterwards_once() {
    let Some(cluster) = Cluster::start().await else { return };
    let url = cluster.database().await;
    let clock = Clock::manual(START);
    let (journal, other) = (open(&url, &clock).await, open(&url, &clock).await);
    append_all(&*journal, ["a", "b", "c"].map(|name| message(name, name))).await;
    let leased = journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap();
    let [a, b, c] = <[Entry; 3]>::try_from(leased).unwrap();
    cluster.stop();
    let settle = async || {
        [
            journal.finish(a.lease.clone(), vec![reply("a", "r")].into()).await,
            journal.bury(b.lease.clone(), "no".into()).await,
            journal.postpone(c.lease.clone(), START, "later".into()).await,
        ]
    };
    for refused in settle().await {
        assert!(matches!(refused, Err(JournalError::Unavailable(_))), "{refused:?}");
    }
    cluster.run().await;
    for journal in [&journal, &other] {
        let nothing = async || journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await.ok();
        let leased = until("a connection", nothing).await;
        assert!(leased.is_empty(), "another attempt at what is known: {leased:?}");
    }
    for settled in settle().await {
        settled.unwrap();
    }
    for again in settle().await {
        assert!(matches!(again, Err(JournalError::LeaseLost(_))), "{again:?}");
    }
    let stats = other.stats().await.unwrap();
    let inbox = (stats.inbox.done, stats.inbox.dead, stats.inbox.pending);
    assert_eq!((inbox, stats.outbox.pending), ((1, 1, 1), 1));
    let again = other.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap();
    assert_eq!(
        (keys(&again), again[0].attempt),
        (vec!["c"], 2),
        "one attempt for each time that it was tried"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_was_committed_without_an_answer_ends_with_the_next_connection() {
    let Some((journal, _, url)) = replicas().await else { return };
    append_all(&*journal, [message("a", "1"), message("b", "2")]).await;
    let known = journal.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().remove(0);
    let client = client(&url).await;
    let unheard_of =
        "update conversation set leased_entry = head, leased_by = 1, fence = nextval('fence'),
        lease_until = 9e15::bigint where leased_entry is null";
    assert_eq!(client.execute(unheard_of, &[]).await.unwrap(), 1);
    assert!(journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap().is_empty());
    cut_off_others(&client).await;
    let freed = async || journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await.ok()?.pop();
    assert_ne!(until("the other entry", freed).await.id, known.id);
    journal.finish(known.lease, Outcome::default()).await.expect("its own lease goes on");
}

#[tokio::test]
async fn an_entry_whose_reply_cannot_be_kept_is_not_done() {
    let Some((journal, _, url)) = replicas().await else { return };
    journal.append(message("a", "1"), None).await.unwrap();
    let held = journal.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().remove(0);
    let client = client(&url).await;
    client.batch_execute("alter table entry add constraint no_replies check (queue = 0)").await.unwrap();
    let refused = journal.finish(held.lease, vec![reply("a", "r")].into()).await;
    assert!(matches!(refused, Err(JournalError::Unavailable(_))), "{refused:?}");
    assert_eq!(journal.show(held.id).await.unwrap().unwrap().settled_at, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_later_comes_later_in_its_conversation() {
    let Some((first, second, url)) = replicas().await else { return };
    let client = client(&url).await;
    append_all(&*first, [message("c", "c0"), reply("a", "a0"), reply("b", "b0")]).await;
    let held = first.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().remove(0);
    // Locks are taken in this order.
    let order = "select convert_from(conversation, 'UTF8') from entry where queue = 1 order by conversation_hash";
    let order = client.query(order, &[]);
    let [early, late] =
        <[String; 2]>::try_from(order.await.unwrap().iter().map(|row| row.get(0)).collect::<Vec<_>>())
            .unwrap();
    let lock = "select from conversation c where exists (
            select from entry e where e.conversation_hash = c.conversation_hash and e.conversation = convert_to($1, 'UTF8'))
        for update";
    client.batch_execute("begin").await.unwrap();
    client.execute(lock, &[&early]).await.unwrap();
    let slow = {
        // In the other order than that of their locks.
        let (first, replies) = (Arc::clone(&first), vec![reply(&late, "slow"), reply(&early, "x")]);
        spawn(async move { first.finish(held.lease, replies.into()).await })
    };
    waiting(&client, ON_A_LOCK, 1).await;
    second.append(reply(&late, "quick"), None).await.unwrap();
    client.batch_execute("rollback").await.unwrap();
    slow.await.unwrap().unwrap();
    let listed = first.list(Filter { limit: 9, ..Filter::default() }).await.unwrap();
    let number = |key: &str| listed.iter().find(|record| record.key_text() == key).unwrap().id;
    assert!(number("quick") < number("slow"), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_waits_for_the_log_on_disk_whatever_the_servers_default_is() {
    let Some(cluster) = Cluster::start().await else { return };
    let url = cluster.database().await;
    cluster.set("synchronous_commit = off\n");
    let client = client(&url).await;
    let set = async || {
        let row = client.query_one("show synchronous_commit", &[]).await.unwrap();
        (row.get::<_, &str>(0) == "off").then_some(())
    };
    until("the setting", set).await;
    let journal = open(&url, &Clock::manual(START)).await;
    let mut on_disk = 0;
    for number in 0..20 {
        journal.append(message("a", &number.to_string()), None).await.unwrap();
        let all = "select pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn()";
        on_disk += i32::from(client.query_one(all, &[]).await.unwrap().get::<_, bool>(0));
    }
    // Others write there, too: what has not been asked for by anybody may be under way.
    assert!(on_disk > 10, "{on_disk} of 20");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_database_takes_back_for_the_sake_of_others_is_tried_again() {
    let Some(cluster) = Cluster::shared().await else { return };
    let url = cluster.database().await;
    let client = client(&url).await;
    // The first two of each kind fail, as where two transactions wait for each other.
    let rule = "create sequence failures;
        create function fail() returns boolean language plpgsql as $$ begin
            if nextval('public.failures') % 3 = 0 then return true; end if;
            raise exception 'taken back' using errcode = '40001';
        end $$;
        create function fail_a_row() returns trigger language plpgsql as
            $$ begin perform public.fail(); return coalesce(new, old); end $$;
        create function fail_a_command() returns event_trigger language plpgsql as
            $$ begin perform public.fail(); end $$;
        create event trigger failing on ddl_command_end when tag in ('CREATE SCHEMA') execute function fail_a_command()";
    client.batch_execute(&format!("set search_path = public; {rule}")).await.unwrap();
    let journal = open(&url, &Clock::manual(START)).await;
    client
        .batch_execute("drop event trigger failing; set search_path = rongcloud_callback")
        .await
        .unwrap();
    let tries = async || {
        let tries = client.query_one("select last_value from public.failures", &[]).await.unwrap();
        tries.get::<_, i64>(0)
    };
    assert_eq!(tries().await, 3, "tries of the migration");

    append_all(&*journal, [message("a", "a"), message("b", "b")]).await;
    let held = journal.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().remove(0);
    journal.bury(held.lease, "no".into()).await.unwrap();
    let failing = "create trigger failing before update or delete on entry for each statement
        execute function public.fail_a_row()";
    client.batch_execute(failing).await.unwrap();
    journal.revive(held.id).await.unwrap();
    assert_eq!(tries().await, 6, "tries of an operator");
    journal.discard(held.id).await.unwrap();
    let other = journal.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().remove(0);
    journal.finish(other.lease, vec![reply("b", "r")].into()).await.unwrap();
    journal.purge().await.unwrap();
    assert!(tries().await >= 18, "tries of the writer, and of a purge");
    let stats = journal.stats().await.unwrap();
    assert_eq!((stats.inbox.done, stats.inbox.pending, stats.outbox.pending), (2, 0, 1));
}

#[tokio::test]
async fn a_conversation_that_somebody_is_changing_is_passed_over() {
    let Some((journal, _, url)) = replicas().await else { return };
    let client = client(&url).await;
    journal.append(message("a", "1"), None).await.unwrap();
    client.batch_execute("begin; select from conversation for update").await.unwrap();
    journal.append(message("b", "2"), None).await.unwrap();
    let leased = journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap();
    assert_eq!(keys(&leased), ["2"]);
    client.batch_execute("rollback").await.unwrap();
    assert_eq!(keys(&journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap()), ["1"]);
}

#[tokio::test]
async fn nobody_takes_over_from_a_replica_that_shows_that_it_is_alive() {
    let Some((first, second, url)) = replicas().await else { return };
    first.append(message("a", "1"), None).await.unwrap();
    let held = first.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().remove(0);
    let client = client(&url).await;
    let signs = async || {
        let rows = client.query("select heartbeats from replica order by id", &[]).await.unwrap();
        rows.iter().map(|row| row.get::<_, i64>(0)).collect::<Vec<_>>()
    };
    let before = until("both", async || Some(signs().await).filter(|signs| signs.len() == 2)).await;
    let again = async || {
        let now = signs().await;
        now.iter().zip(&before).all(|(now, before)| now > before).then_some(())
    };
    until("another sign of each", again).await;
    assert!(second.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().is_empty());
    first.finish(held.lease, Outcome::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_on_its_way_through_another_replica_is_a_duplicate() {
    let Some(cluster) = Cluster::shared().await else { return };
    let (url, clock) = (cluster.database().await, Clock::manual(START));
    let replicas: [Arc<dyn Queues>; 2] = [open(&url, &clock).await, open(&url, &clock).await];
    let client = client(&url).await;
    // Each waits for the other's conversation only, so both look for the key before either has it.
    client.batch_execute("begin; lock table tally in exclusive mode").await.unwrap();
    let appends = [0, 1].map(|number: usize| {
        let journal = Arc::clone(&replicas[number]);
        spawn(async move { journal.append(message(&number.to_string(), "same"), None).await })
    });
    waiting(&client, ON_A_LOCK, 2).await;
    client.batch_execute("rollback").await.unwrap();
    let mut answers = Vec::new();
    for append in appends {
        answers.push(append.await.unwrap().unwrap());
    }
    answers.sort_unstable_by_key(|answer| *answer == Appended::Duplicate);
    assert_eq!(answers, [Appended::New, Appended::Duplicate]);
}
