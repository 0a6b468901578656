//! `kill -9` at random instants under load: what was acknowledged survives, once, and is handled.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rongcloud_callback::{
    Content, Message,
    journal::{Queue, Record, State},
    protocol::parse,
};
use tokio::task::JoinSet;

use crate::support::{
    http::Connection,
    messages::{delivery, text},
    platform::Platform,
    process::Home,
    until,
};

const ROUNDS: usize = 20;
const CONNECTIONS: usize = 16;
const USERS: u64 = 10;

/// What the platform's side knows: which messages it has sent, and which were acknowledged.
#[derive(Debug, Default)]
struct Ledger {
    next: AtomicU64,
    acked: Mutex<BTreeSet<u64>>,
    /// Sent, but the answer never came: to be sent again.
    unanswered: Mutex<BTreeSet<u64>>,
}

fn message(number: u64) -> String {
    text(&format!("user{}", number % USERS), &format!("m{number}"), &number.to_string())
}

impl Ledger {
    /// Sends messages one after the other until the server is gone.
    async fn load(self: Arc<Self>, server: SocketAddr) {
        let Ok(mut connection) = Connection::try_open(server).await else { return };
        loop {
            let again = self.unanswered.lock().unwrap().pop_first();
            let number = again.unwrap_or_else(|| self.next.fetch_add(1, Ordering::SeqCst));
            if let Ok(answer) = connection.try_ask(delivery(&message(number))).await {
                answer.assert_ack();
                self.acked.lock().unwrap().insert(number);
            } else {
                self.unanswered.lock().unwrap().insert(number);
                return;
            }
        }
    }

    fn acked(&self) -> BTreeSet<u64> {
        self.acked.lock().unwrap().clone()
    }
}

/// Kills the server twenty times while it is under load.
async fn batter(home: &Home, ledger: &Arc<Ledger>) {
    for round in 0..ROUNDS {
        let server = home.start().await;
        let mut load = JoinSet::new();
        for _ in 0..CONNECTIONS {
            load.spawn(Arc::clone(ledger).load(server.callbacks));
        }
        let before = ledger.acked().len();
        until("progress", async || (ledger.acked().len() > before).then_some(())).await;
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..80))).await;
        server.kill();
        load.join_all().await;
        assert!(ledger.acked().len() > before, "round {round}");
    }
}

/// Sends what was never answered, and some of what was, once more: as the platform does.
async fn retry(ledger: &Ledger, server: SocketAddr) {
    let mut connection = Connection::open(server).await;
    let unanswered = std::mem::take(&mut *ledger.unanswered.lock().unwrap());
    let acked: Vec<u64> = ledger.acked().into_iter().rev().take(100).collect();
    for number in unanswered.into_iter().chain(acked) {
        connection.ask(delivery(&message(number))).await.assert_ack();
        ledger.acked.lock().unwrap().insert(number);
    }
}

/// The numbers of the messages in the Inbox, oldest first.
fn accepted(records: &[Record]) -> Vec<u64> {
    records
        .iter()
        .filter(|record| record.queue == Queue::Inbox)
        .map(|record| number(&record.body))
        .collect()
}

fn number(body: &[u8]) -> u64 {
    match parse(body).unwrap().content {
        Content::Message(Message::Text(text)) => text.content.parse().unwrap(),
        other => panic!("not a text: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_message_survives_kill_9_exactly_once() {
    let home = Home::new();
    let ledger = Arc::new(Ledger::default());
    batter(&home, &ledger).await;
    let server = home.start().await;
    retry(&ledger, server.callbacks).await;
    server.terminate();
    assert!(server.ended().0.success());

    let accepted = accepted(&home.records().await);
    let once: BTreeSet<u64> = accepted.iter().copied().collect();
    assert_eq!(accepted.len(), once.len(), "a message was accepted twice");
    assert_eq!(
        once,
        ledger.acked(),
        "an acknowledged message was lost, or one was accepted that nobody sent"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_every_accepted_message_is_handled_and_answered_in_order() {
    let platform = Platform::start().await;
    // An attempt that a kill ends counts; with the default of 8 some messages would be given up.
    let home = Home::of_example("echo", &platform.url())
        .with("[dispatch]\nattempts = 1000\n[deliver]\nattempts = 1000\n");
    let ledger = Arc::new(Ledger::default());
    batter(&home, &ledger).await;
    let server = home.start().await;
    retry(&ledger, server.callbacks).await;
    let journal = home.journal().await;
    let idle = async || {
        let stats = journal.stats().await.unwrap();
        (stats.inbox.pending + stats.outbox.pending == 0).then_some(())
    };
    until("an idle journal", idle).await;
    server.terminate();
    assert!(server.ended().0.success());

    let records = home.records().await;
    assert!(records.iter().all(|record| record.state == State::Done));
    let accepted = accepted(&records);
    assert_eq!(accepted.iter().copied().collect::<BTreeSet<_>>(), ledger.acked());
    let replies = records.iter().filter(|record| record.queue == Queue::Outbox).count();
    assert_eq!(
        replies,
        accepted.len(),
        "each message has one reply in the Outbox, however often its handler ran"
    );

    // A reply may be sent twice (the platform has no idempotency key), but never out of order.
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
