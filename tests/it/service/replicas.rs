//! Several replicas on one PostgreSQL behind a real nginx: whichever of them is killed, nothing is lost.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use rongcloud_callback::{
    Content, Message,
    journal::{self, Administration, Filter, Options, Queue, Record, Records, State},
    protocol::parse,
    sandbox::Faults,
};
use rustix::process::Signal;
use tokio::task::JoinSet;

use super::nginx::{Nginx, deliver_until_acked};
use crate::support::{
    messages::text,
    platform::Platform,
    postgres::{Cluster, client},
    process::{Home, Process},
    until,
};

const REPLICAS: usize = 3;
const SENDERS: usize = 12;
const USERS: u64 = 8;
const ROUNDS: usize = 8;

/// A replica that echoes. An attempt that a kill ends counts; with the default some would be given up.
fn home(journal: &str, api_url: &str) -> Home {
    Home::of_example("echo", api_url)
        .with_journal(journal.to_owned())
        .with("[dispatch]\nattempts = 1000\n[deliver]\nattempts = 1000\n")
}

async fn operator(url: &str) -> Arc<dyn Administration> {
    journal::open_operator(url, Options::default()).await.unwrap()
}

/// All entries of a queue, oldest first.
async fn records(journal: &dyn Records, queue: Queue) -> Vec<Record> {
    let mut records = journal
        .list(Filter { queue: Some(queue), limit: 1_000_000, ..Filter::default() })
        .await
        .unwrap();
    records.reverse();
    records
}

/// The platform's side: the messages that it has sent and seen acknowledged.
#[derive(Default)]
struct Sender {
    next: AtomicU64,
    over: AtomicBool,
    acked: Mutex<BTreeSet<u64>>,
}

impl Sender {
    /// Sends each message until it is acknowledged, and every fourth message once more.
    async fn load(self: Arc<Self>, address: SocketAddr) {
        while !self.over.load(Ordering::SeqCst) {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            let body =
                text(&format!("user{}", number % USERS), &format!("m{number}"), &number.to_string());
            deliver_until_acked(address, &body).await;
            self.acked.lock().unwrap().insert(number);
            if number.is_multiple_of(4) {
                deliver_until_acked(address, &body).await;
            }
        }
    }

    fn count(&self) -> usize {
        self.acked.lock().unwrap().len()
    }
}

fn number(record: &Record) -> u64 {
    match parse(&record.body).unwrap().content {
        Content::Message(Message::Text(text)) => text.content.parse().unwrap(),
        other => panic!("not a text: {other:?}"),
    }
}

/// Kills a replica or the database's postmaster, and starts it again, in turns and under load.
async fn kill_in_turns(homes: &[Home], servers: &mut Vec<Process>, cluster: &Cluster, sender: &Sender) {
    for round in 0..ROUNDS {
        let before = sender.count();
        until("progress", async || (sender.count() > before + 10).then_some(())).await;
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..80))).await;
        if round % 4 == 3 {
            cluster.kill();
            cluster.run().await;
        } else {
            let victim = round % REPLICAS;
            servers.remove(victim).kill();
            servers.insert(victim, homes[victim].start().await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_every_200_is_handled_and_answered_once_and_in_order() {
    let Some(cluster) = Cluster::start().await else { return };
    let (url, platform) = (cluster.database().await, Platform::start().await);
    let homes: Vec<_> = (0..REPLICAS).map(|_| home(&url, &platform.url())).collect();
    let mut servers = Vec::new();
    for home in &homes {
        servers.push(home.start().await);
    }
    let addresses: Vec<_> = servers.iter().map(|server| server.callbacks).collect();
    let Some(nginx) = Nginx::start(&addresses).await else { return };
    let sender = Arc::new(Sender::default());
    let mut load: JoinSet<_> = (0..SENDERS).map(|_| Arc::clone(&sender).load(nginx.address)).collect();
    kill_in_turns(&homes, &mut servers, &cluster, &sender).await;
    sender.over.store(true, Ordering::SeqCst);
    while let Some(sender) = load.join_next().await {
        sender.unwrap();
    }

    let journal = operator(&url).await;
    let mut left = u64::MAX;
    // The other replicas first take over the leases of the killed one. Then there is some progress all the time.
    while left > 0 {
        let progress = async || {
            let stats = journal.stats().await.ok()?;
            let pending = stats.inbox.pending + stats.outbox.pending;
            (pending < left).then_some(pending)
        };
        left = until("progress", progress).await;
    }
    let stats = journal.stats().await.unwrap();
    for server in servers {
        server.terminate();
        assert!(server.ended().0.success());
    }
    let (inbox, outbox) =
        (records(&*journal, Queue::Inbox).await, records(&*journal, Queue::Outbox).await);
    assert!(inbox.iter().chain(&outbox).all(|record| record.state == State::Done));
    assert_eq!((stats.inbox.done, stats.outbox.done), (inbox.len() as u64, outbox.len() as u64));
    let accepted: Vec<u64> = inbox.iter().map(number).collect();
    let once: BTreeSet<u64> = accepted.iter().copied().collect();
    assert_eq!(accepted.len(), once.len(), "a message was accepted twice");
    assert_eq!(once, *sender.acked.lock().unwrap(), "lost, or never acknowledged");
    assert_eq!(outbox.len(), inbox.len(), "each message has one reply, however often its handler ran");
    assert_in_order(&accepted, &platform);
}

/// A reply may be sent twice, for the platform has no idempotency key, but never out of order.
fn assert_in_order(accepted: &[u64], platform: &Platform) {
    let mut sent: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (user, text) in platform.sent() {
        let number = text.strip_prefix("You said: ").unwrap().parse().unwrap();
        let numbers = sent.entry(user).or_default();
        if numbers.last() != Some(&number) {
            numbers.push(number);
        }
    }
    for user in 0..USERS {
        let expected: Vec<u64> =
            accepted.iter().copied().filter(|number| number % USERS == user).collect();
        assert_eq!(sent.get(&format!("user{user}")).unwrap_or(&Vec::new()), &expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_was_stopped_for_too_long_changes_nothing_when_it_goes_on() {
    let Some(cluster) = Cluster::shared().await else { return };
    let (url, platform) = (cluster.database().await, Platform::start().await);
    let journal = {
        // The operating system accepts connections to the address, and nobody answers them.
        let silence = TcpListener::bind("127.0.0.1:0").unwrap();
        let stopped = home(&url, &format!("http://{}", silence.local_addr().unwrap()))
            .with_server("")
            .start()
            .await;
        stopped.deliver(&text("user", "m1", "hello")).await.assert_ack();
        let journal = operator(&url).await;
        let sending =
            async || records(&*journal, Queue::Outbox).await.pop().filter(|reply| reply.attempts == 1);
        until("a reply on its way", sending).await;
        stopped.signal(Signal::STOP);

        let other = home(&url, &platform.url()).start().await;
        let sent = async || (platform.sent().len() == 1).then_some(());
        until("a takeover", sent).await;
        let done = async || (journal.stats().await.unwrap().outbox.done == 1).then_some(());
        until("its end", done).await;
        drop(silence);
        stopped.signal(Signal::CONT);
        let lost = r#"rongcloud_callback_attempts_total{queue="outbox",outcome="lease_lost"} 1"#;
        let told = async || stopped.metrics().await.lines().any(|metric| metric == lost).then_some(());
        until("a lease that was lost", told).await;
        stopped.terminate();
        assert!(stopped.ended().0.success());
        other.terminate();
        assert!(other.ended().0.success());
        journal
    };
    let reply = records(&*journal, Queue::Outbox).await.remove(0);
    assert_eq!((reply.state, reply.attempts, reply.reason), (State::Done, 2, None));
    assert_eq!(platform.sent().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_restarted_what_is_under_way_is_sent_once_and_noted_once() {
    let Some(cluster) = Cluster::start().await else { return };
    let (url, platform) = (cluster.database().await, Platform::start().await);
    let server = home(&url, &platform.url()).with_server("").start().await;
    platform.faults(Faults { slow_ms: 4000, ..Faults::default() });
    for user in 0..USERS {
        let body = text(&format!("user{user}"), &format!("m{user}"), &user.to_string());
        server.deliver(&body).await.assert_ack();
    }
    let journal = operator(&url).await;
    let under_way = async || {
        let replies = records(&*journal, Queue::Outbox).await;
        let tried = replies.iter().filter(|reply| reply.attempts == 1).count();
        (tried as u64 == USERS).then_some(())
    };
    until("replies under way", under_way).await;
    drop(journal);
    cluster.stop();
    let sent = async || (platform.sent().len() as u64 == USERS).then_some(());
    until("replies", sent).await;
    cluster.run().await;
    let journal = operator(&url).await;
    let noted = async || {
        let stats = journal.stats().await.ok()?;
        (stats.outbox.done == USERS && stats.outbox.pending == 0).then_some(())
    };
    until("notes of them", noted).await;
    assert_eq!(platform.sent().len() as u64, USERS, "sent again");
    for queue in [Queue::Inbox, Queue::Outbox] {
        for record in records(&*journal, queue).await {
            assert_eq!((record.state, record.attempts), (State::Done, 1), "{record:?}");
        }
    }
    server.terminate();
    assert!(server.ended().0.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_not_ready_while_the_database_is_away_and_comes_back_by_itself() {
    let Some(cluster) = Cluster::start().await else { return };
    let home = home(&cluster.database().await, "http://127.0.0.1:9").with_server("");
    let server = home.start().await;
    let ready = async |wanted: u16| {
        until("readiness", async || (server.readiness().await.0 == wanted).then_some(())).await;
    };
    ready(200).await;
    cluster.kill();
    ready(503).await;
    server.deliver(&text("user", "m1", "hello")).await.assert_error(503, 1000);
    cluster.run().await;
    ready(200).await;
    let body = text("user", "m2", "hello");
    until("an ack", async || (server.deliver(&body).await.status == 200).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_too_slow_callbacks_are_answered_503_before_the_platform_hangs_up() {
    let Some(cluster) = Cluster::shared().await else { return };
    let url = cluster.database().await;
    let home = home(&url, "http://127.0.0.1:9");
    let server = home.start().await;
    let client = client(&url).await;
    client.batch_execute("begin; lock table entry").await.unwrap();
    let refused = server.deliver(&text("user", "m1", "hello")).await;
    refused.assert_error(503, 1000);
    client.batch_execute("rollback").await.unwrap();
    let body = text("user", "m1", "hello");
    until("an ack", async || (server.deliver(&body).await.status == 200).then_some(())).await;
    let accepted = records(&*operator(&url).await, Queue::Inbox).await;
    assert_eq!(accepted.len(), 1);
}
