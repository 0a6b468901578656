//! The platform's side of a server that is killed under load: what was sent, and what was acknowledged.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rongcloud_callback::{
    Content, Message,
    journal::{Queue, Record},
    protocol::parse,
};
use tokio::task::JoinSet;

use super::{
    http::Connection,
    messages::{delivery, text},
    process::Home,
    until,
};

const CONNECTIONS: usize = 16;
pub(crate) const USERS: u64 = 10;

/// The platform's side of the books: the messages that it has sent, and those that were acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
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

    pub(crate) fn acked(&self) -> BTreeSet<u64> {
        self.acked.lock().unwrap().clone()
    }

    /// Kills the server so often while it is under load, and calls `after` each time.
    pub(crate) async fn batter(self: &Arc<Self>, home: &Home, rounds: usize, after: impl Fn()) {
        for round in 0..rounds {
            let server = home.start().await;
            let mut load = JoinSet::new();
            for _ in 0..CONNECTIONS {
                load.spawn(Arc::clone(self).load(server.callbacks));
            }
            let before = self.acked().len();
            until("progress", async || (self.acked().len() > before).then_some(())).await;
            tokio::time::sleep(Duration::from_millis(rand::random_range(0..80))).await;
            server.kill();
            load.join_all().await;
            assert!(self.acked().len() > before, "round {round}");
            after();
        }
    }

    /// Sends what was never answered, and some of what was, once more: as the platform does.
    pub(crate) async fn retry(&self, server: SocketAddr) {
        let mut connection = Connection::open(server).await;
        let unanswered = std::mem::take(&mut *self.unanswered.lock().unwrap());
        let acked: Vec<u64> = self.acked().into_iter().rev().take(100).collect();
        for number in unanswered.into_iter().chain(acked) {
            connection.ask(delivery(&message(number))).await.assert_ack();
            self.acked.lock().unwrap().insert(number);
        }
    }
}

/// The numbers of the messages in the Inbox, oldest first.
pub(crate) fn accepted(records: &[Record]) -> Vec<u64> {
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
