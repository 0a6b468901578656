//! Several replicas on one PostgreSQL: one order, one dedup, one schema, and what happens when it is away.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use rongcloud_callback::{
    clock::Clock,
    journal::{
        self, Appended, EntryId, Filter, JournalError, NewEntry, Outcome, Queue, Queues,
        SignatureBinding, State,
    },
};
use tokio::{
    sync::Mutex,
    task::{JoinHandle, JoinSet},
};

use super::support::{
    KeyText as _, LEASE, MAX_PENDING, Opener, START, append_all, keys, message, options, reply,
};
use crate::support::{
    postgres::{Cluster, PASSWORD, client},
    until,
};

const BINDING: SignatureBinding = SignatureBinding { signature: [7; 20], span: Duration::from_mins(10) };

pub(super) async fn open(url: &str, clock: &Clock) -> Arc<dyn Queues> {
    journal::open_server(url, options(clock)).await.unwrap()
}

/// An empty database and two replicas on it.
pub(super) async fn replicas() -> Option<(Arc<dyn Queues>, Arc<dyn Queues>, String)> {
    replicas_on(&Clock::manual(START)).await
}

/// An empty database and two replicas on it that are told the time by this clock.
pub(super) async fn replicas_on(clock: &Clock) -> Option<(Arc<dyn Queues>, Arc<dyn Queues>, String)> {
    let url = Cluster::shared().await?.database().await;
    Some((open(&url, clock).await, open(&url, clock).await, url))
}

/// Does it in the background.
pub(super) fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    #[expect(clippy::disallowed_methods, reason = "it is waited for")]
    tokio::spawn(work)
}

pub(super) async fn refusal(url: &str, opener: Opener) -> String {
    match opener.refusal(url).await {
        error @ (JournalError::Open(_) | JournalError::Unavailable(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_find_an_empty_database_at_once_migrate_it_once() {
    let Some(cluster) = Cluster::shared().await else { return };
    let url = cluster.database().await;
    let mut replicas = JoinSet::new();
    for number in 0..6 {
        let url = url.clone();
        replicas.spawn(async move {
            let journal = open(&url, &Clock::manual(START)).await;
            journal.append(message("a", &number.to_string()), None).await.unwrap();
            journal
        });
    }
    let replicas = replicas.join_all().await;
    assert_eq!(replicas[0].stats().await.unwrap().inbox.pending, 6);
}

#[tokio::test]
async fn a_newer_programs_tables_are_refused_also_by_a_replica_that_comes_back() {
    let Some((first, _second, url)) = replicas().await else { return };
    let client = client(&url).await;
    let ours: i32 = client.query_one("select version from version", &[]).await.unwrap().get(0);
    client.batch_execute("update version set version = 99").await.unwrap();
    for opener in [Opener::Server, Opener::Operator] {
        let message = refusal(&url, opener).await;
        assert!(message.contains("of version 99") && message.contains("newer program"), "{message}");
    }
    client.execute("update version set version = $1", &[&ours]).await.unwrap();
    first.append(message("a", "1"), None).await.unwrap();
}

#[tokio::test]
async fn what_is_not_there_or_not_ours_is_refused_and_left_as_it_is() {
    let Some(cluster) = Cluster::shared().await else { return };
    let url = cluster.database().await;
    for opener in [Opener::Operator, Opener::Source] {
        let message = refusal(&url, opener).await;
        assert!(message.contains("start the server once"), "{message}");
    }
    let client = client(&url).await;
    client
        .batch_execute("create schema rongcloud_callback; create table rongcloud_callback.theirs ()")
        .await
        .unwrap();
    let message = refusal(&url, Opener::Server).await;
    assert!(message.contains("another program's"), "{message}");
    let tables = "select count(*) from pg_tables where schemaname = 'rongcloud_callback'";
    assert_eq!(client.query_one(tables, &[]).await.unwrap().get::<_, i64>(0), 1);

    let wrong = url.replace(PASSWORD, "wr0ng-s3cret");
    let message = refusal(&wrong, Opener::Server).await;
    assert!(
        message.contains("password authentication failed") && !message.contains("s3cret"),
        "{message}"
    );
    let message = refusal(&cluster.url("nowhere"), Opener::Server).await;
    assert!(message.contains("does not exist") && !message.contains(PASSWORD), "{message}");
}

#[tokio::test]
async fn an_empty_schema_that_was_made_for_us_is_used_and_anybody_elses_is_not() {
    let Some(cluster) = Cluster::shared().await else { return };
    let url = cluster.database().await;
    let name = url.rsplit_once('/').unwrap().1.split('?').next().unwrap();
    let (client, role) = (client(&url).await, format!("least_{name}"));
    let entry = message("a", "1");
    let make =
        format!("create role {role} login password '{PASSWORD}'; create schema rongcloud_callback");
    client.batch_execute(&make).await.unwrap();
    let url = url.replace("//tests:", &format!("//{role}:"));
    let message = refusal(&url, Opener::Server).await;
    let hint = format!("alter schema rongcloud_callback owner to {role}");
    assert!(message.contains("belongs to tests") && message.contains(&hint), "{message}");
    client.batch_execute(&hint).await.unwrap();
    let message = refusal(&url, Opener::Operator).await;
    assert!(message.contains("start the server once"), "{message}");
    let journal = open(&url, &Clock::manual(START)).await;
    journal.append(entry, None).await.unwrap();
    drop(journal);
    open(&url, &Clock::manual(START)).await;
}

#[tokio::test]
async fn what_one_replica_took_in_the_other_knows_and_works_on() {
    let Some((first, second, _)) = replicas().await else { return };
    append_all(&*first, [message("a", "1"), message("a", "2"), message("b", "3")]).await;
    assert_eq!(second.append(message("a", "1"), None).await.unwrap(), Appended::Duplicate);

    let until = START.plus(LEASE);
    let mine = second.lease(Queue::Inbox, 1, until).await.unwrap();
    assert_eq!(keys(&mine), ["1"]);
    assert_eq!(keys(&first.lease(Queue::Inbox, 9, until).await.unwrap()), ["3"]);
    for entry in mine {
        second.finish(entry.lease, vec![reply("a", "r")].into()).await.unwrap();
    }
    assert_eq!(keys(&first.lease(Queue::Inbox, 9, until).await.unwrap()), ["2"]);
    assert_eq!(keys(&first.lease(Queue::Outbox, 9, until).await.unwrap()), ["r"]);
    let (ours, theirs) = (first.stats().await.unwrap(), second.stats().await.unwrap());
    assert_eq!((ours.inbox.leased, theirs.inbox.leased), (2, 0), "each counts its own");
    assert_eq!((ours.inbox.pending, ours.inbox.done), (theirs.inbox.pending, theirs.inbox.done));
}

#[tokio::test]
async fn what_all_replicas_have_taken_in_counts_for_the_bound_of_each() {
    let Some((first, second, _)) = replicas().await else { return };
    let messages = |from: usize, count: usize| {
        (from..from + count).map(|number| message("a", &number.to_string())).collect::<Vec<_>>()
    };
    append_all(&*first, messages(0, MAX_PENDING - 2)).await;
    append_all(&*second, messages(MAX_PENDING, 1)).await;
    append_all(&*second, messages(MAX_PENDING + 1, 1)).await;
    let refused = second.append(message("a", "beyond the bound"), None).await;
    assert!(matches!(refused, Err(JournalError::Full(_))), "{refused:?}");
    for journal in [first, second] {
        assert_eq!(journal.stats().await.unwrap().inbox.pending, MAX_PENDING as u64);
    }
}

#[tokio::test]
async fn a_replica_hears_of_what_another_one_or_an_operator_has_made_ready() {
    let Some((first, second, url)) = replicas().await else { return };
    let mut inbox = second.changes(Queue::Inbox);
    let mut number = 0;
    // The first time it may be only because it has begun to listen.
    for _ in 0..2 {
        inbox.mark_unchanged();
        until("news", async || {
            number += 1;
            first.append(message(&number.to_string(), &number.to_string()), None).await.unwrap();
            inbox.has_changed().unwrap().then_some(())
        })
        .await;
    }
    let mut outbox = second.changes(Queue::Outbox);
    let dead = NewEntry { dead: Some("refused".to_owned()), ..reply("a", "r") };
    first.append(dead, None).await.unwrap();
    let letters = Filter { state: Some(State::Dead), limit: 1, ..Filter::default() };
    let letter = first.list(letters).await.unwrap().remove(0);
    let operator = journal::open_operator(&url, options(&Clock::manual(START))).await.unwrap();
    operator.revive(letter.id).await.unwrap();
    until("an operator's news", async || outbox.has_changed().unwrap().then_some(())).await;
    outbox.mark_unchanged();
}

#[tokio::test]
async fn a_signature_that_one_replica_has_seen_comes_with_no_other_body_to_another() {
    let Some((first, second, _)) = replicas().await else { return };
    assert_eq!(first.append(message("a", "1"), Some(BINDING)).await.unwrap(), Appended::New);
    assert_eq!(second.append(message("a", "1"), Some(BINDING)).await.unwrap(), Appended::Duplicate);
    let forged = second.append(message("a", "2"), Some(BINDING)).await;
    assert!(matches!(forged, Err(JournalError::SignatureReused)), "{forged:?}");
    // A retry comes under a signature of its own, which is bound as well though nothing is appended.
    let retry = SignatureBinding { signature: [8; 20], ..BINDING };
    assert_eq!(first.append(message("a", "1"), Some(retry)).await.unwrap(), Appended::Duplicate);
    let forged = second.append(message("a", "3"), Some(retry)).await;
    assert!(matches!(forged, Err(JournalError::SignatureReused)), "{forged:?}");
    // So does a probe.
    let probe = SignatureBinding { signature: [9; 20], ..BINDING };
    first.bind_signature(probe, b"are you there?").await.unwrap();
    second.bind_signature(probe, b"are you there?").await.unwrap();
    let forged = second.append(message("a", "4"), Some(probe)).await;
    assert!(matches!(forged, Err(JournalError::SignatureReused)), "{forged:?}");
    let other = second.bind_signature(retry, b"are you there?").await;
    assert!(matches!(other, Err(JournalError::SignatureReused)), "{other:?}");
    assert_eq!(first.stats().await.unwrap().inbox.pending, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_bodies_under_one_signature_at_once_one_is_taken() {
    let Some((first, second, _)) = replicas().await else { return };
    let mut senders = JoinSet::new();
    for number in 0..40 {
        let journal = Arc::clone(if number % 2 == 0 { &first } else { &second });
        senders.spawn(
            async move { journal.append(message("a", &number.to_string()), Some(BINDING)).await },
        );
    }
    let answers = senders.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    assert_eq!(first.stats().await.unwrap().inbox.pending, 1);
}

const CONVERSATIONS: usize = 12;
const ENTRIES: usize = 600;

/// The entries that the workers of all replicas have seen.
#[derive(Default)]
struct Seen {
    active: HashSet<String>,
    settled: BTreeMap<String, Vec<EntryId>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_replicas_under_load_keep_one_order_and_no_conversation_is_worked_on_twice_at_once() {
    let Some(cluster) = Cluster::shared().await else { return };
    keep_one_order(&cluster.database().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_replicas_keep_one_order_also_where_transactions_are_serializable_by_default() {
    let Some(cluster) = Cluster::shared().await else { return };
    keep_one_order(&cluster.serializable_database().await).await;
}

async fn keep_one_order(url: &str) {
    let clock = Clock::manual(START);
    let seen = Arc::new(Mutex::new(Seen::default()));
    let (mut senders, mut workers, mut journals) = (JoinSet::new(), JoinSet::new(), Vec::new());
    for replica in 0..3 {
        let journal = open(url, &clock).await;
        for half in 0..2 {
            let journal = Arc::clone(&journal);
            senders.spawn(async move {
                // Every message reaches two replicas at once.
                for number in (0..ENTRIES).filter(|number| number % 3 != (replica + half) % 3) {
                    let conversation = (number % CONVERSATIONS).to_string();
                    journal.append(message(&conversation, &number.to_string()), None).await.unwrap();
                }
            });
        }
        workers.spawn(work(Arc::clone(&journal), clock.clone(), Arc::clone(&seen)));
        journals.push(journal);
    }
    senders.join_all().await;
    workers.join_all().await;
    let stats = journals[0].stats().await.unwrap();
    assert_eq!((stats.inbox.pending, stats.inbox.done), (0, ENTRIES as u64));
    assert_eq!(stats.outbox.pending, ENTRIES as u64);
    for (conversation, ids) in &seen.lock().await.settled {
        assert_eq!(ids.len(), ENTRIES / CONVERSATIONS, "of conversation {conversation}");
        assert!(ids.is_sorted(), "of conversation {conversation}: {ids:?}");
    }
}

async fn work(journal: Arc<dyn Queues>, clock: Clock, seen: Arc<Mutex<Seen>>) {
    while seen.lock().await.settled.values().map(Vec::len).sum::<usize>() < ENTRIES {
        let entries = journal.lease(Queue::Inbox, 5, clock.now().plus(LEASE)).await.unwrap();
        for entry in &entries {
            assert!(seen.lock().await.active.insert(entry.conversation.clone()), "two at once");
        }
        for entry in entries {
            let mut seen = seen.lock().await;
            seen.active.remove(&entry.conversation);
            if entry.attempt == 1 && entry.id.0 % 5 == 0 {
                drop(seen);
                journal.postpone(entry.lease, clock.now(), "again".into()).await.unwrap();
                continue;
            }
            seen.settled.entry(entry.conversation.clone()).or_default().push(entry.id);
            drop(seen);
            let reply = reply(&entry.conversation, entry.key_text());
            journal.finish(entry.lease, vec![reply].into()).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_nothing_is_accepted_and_then_all_goes_on() {
    let Some(cluster) = Cluster::start().await else { return };
    let url = cluster.database().await;
    let journal = open(&url, &Clock::manual(START)).await;
    journal.append(message("a", "1"), None).await.unwrap();
    let held = journal.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().remove(0);
    cluster.kill();
    let away = async || journal.append(message("a", "2"), None).await.err();
    let error = until("a refusal", away).await;
    assert!(matches!(error, JournalError::Unavailable(_)), "{error:?}");
    assert!(!error.to_string().contains(PASSWORD), "{error}");
    assert!(journal.stats().await.is_err(), "not ready either");

    cluster.run().await;
    until("an append", async || journal.append(message("a", "3"), None).await.ok()).await;
    let listed = journal.list(Filter { state: Some(State::Pending), limit: 9, ..Filter::default() });
    assert!(listed.await.unwrap().iter().any(|record| record.key_text() == "1"), "what was durable is");
    journal.finish(held.lease, Outcome::default()).await.expect("its lease went on");
}
