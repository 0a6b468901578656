//! The entries that are in a journal on SQLite before it is measured.

use std::time::Duration;

use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    journal::{self, EntryKey, NewEntry, Options, Outcome, Queue, Queues},
};

use crate::message::TextMessage;

/// How many entries are put in at once.
const BATCH: usize = 1000;
/// The number of conversations that a history is spread over; the load's users are among them.
const CONVERSATIONS: u64 = 100_000;

/// Entries that are in a journal before it is measured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stock {
    /// How many entries are pending.
    pub(crate) backlog: u64,
    /// How many entries are done.
    pub(crate) history: u64,
}

impl Stock {
    /// Puts the entries into the new journal at `url`.
    pub(crate) async fn fill(self, url: &str) {
        let Self { backlog, history } = self;
        let options = Options { max_pending: u64::MAX, ..Options::default() };
        let journal = journal::open_server(url, options).await.expect("a new journal");
        let now = Clock::system().now();
        // All of the history is earlier than the backlog.
        let began = now.minus(Duration::from_millis(backlog));
        for first in (0..history).step_by(BATCH) {
            append_all(&*journal, entries(first, history, true, began)).await;
            let until = Clock::system().now().plus(Duration::from_mins(1));
            let leased = journal.lease(Queue::Inbox, BATCH, until).await.expect("leases");
            let finished =
                leased.into_iter().map(|entry| journal.finish(entry.lease, Outcome::default()));
            futures_util::future::try_join_all(finished).await.expect("finished");
        }
        let end = history + backlog;
        for first in (history..end).step_by(BATCH) {
            append_all(&*journal, entries(first, end, false, now)).await;
        }
        journal.close().await.expect("closed");
    }
}

async fn append_all(journal: &dyn Queues, entries: Vec<NewEntry>) {
    let appends = entries.into_iter().map(|entry| journal.append(entry, None));
    futures_util::future::try_join_all(appends).await.expect("room");
}

/// The next entries from number `first`: messages of the time before `now`, one of each millisecond.
///
/// The finished ones are in as many conversations as a server may have, the pending ones each in one of its own.
fn entries(first: u64, end: u64, is_history: bool, now: UnixMillis) -> Vec<NewEntry> {
    let entry = |number: u64| {
        let user = if is_history { number % CONVERSATIONS } else { CONVERSATIONS + number };
        let sent_at = now.minus(Duration::from_millis(end - number));
        let message = TextMessage { number, user, sent_at };
        NewEntry {
            queue: Queue::Inbox,
            key: EntryKey::of(&message.key()),
            conversation: message.conversation(),
            body: message.body().into(),
            dead: None,
        }
    };
    (first..end).take(BATCH).map(entry).collect()
}
