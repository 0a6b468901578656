//! A journal on a clock that stands still, and short ways to put something in it.

use std::{sync::Arc, time::Duration};

use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    journal::{self, Access, Appended, Entry, Journal, JournalError, NewEntry, Options, Queue, Stats},
};
use tempfile::TempDir;

use crate::support::postgres::Cluster;

pub(super) const START: UnixMillis = UnixMillis(1_700_000_000_000);
pub(super) const KEEP: Duration = Duration::from_hours(1);
pub(super) const KEEP_DEAD: Duration = Duration::from_hours(2);
pub(super) const MAX_PENDING: usize = 1000;
pub(super) const LEASE: Duration = Duration::from_secs(30);
/// Bound on waiting for what should happen soon.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// One driver's journal, opened as a server does.
pub(super) struct Bench {
    pub(super) journal: Arc<dyn Journal>,
    pub(super) clock: Clock,
    _folder: Option<TempDir>,
}

impl Bench {
    pub(super) async fn memory() -> Option<Self> {
        let clock = Clock::manual(START);
        let journal = journal::open("memory:", options(&clock)).await.unwrap();
        Some(Self { journal, clock, _folder: None })
    }

    pub(super) async fn sqlite() -> Option<Self> {
        let clock = Clock::manual(START);
        let folder = tempfile::tempdir().unwrap();
        let journal = journal::open(&url(&folder), options(&clock)).await.unwrap();
        Some(Self { journal, clock, _folder: Some(folder) })
    }

    pub(super) async fn postgres() -> Option<Self> {
        let clock = Clock::manual(START);
        let url = Cluster::shared().await?.database().await;
        let journal = journal::open(&url, options(&clock)).await.unwrap();
        Some(Self { journal, clock, _folder: None })
    }

    pub(super) async fn append(&self, entry: NewEntry) -> Appended {
        self.journal.append(vec![entry]).await.unwrap()[0]
    }

    pub(super) async fn lease(&self, limit: usize) -> Vec<Entry> {
        self.lease_from(Queue::Inbox, limit).await
    }

    pub(super) async fn lease_from(&self, queue: Queue, limit: usize) -> Vec<Entry> {
        self.journal.lease(queue, limit, self.clock.now().plus(LEASE)).await.unwrap()
    }

    /// Leases the one entry of the Inbox that is due.
    pub(super) async fn lease_one(&self) -> Entry {
        let mut entries = self.lease(2).await;
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries.remove(0)
    }

    pub(super) async fn finish(&self, entry: Entry) {
        self.journal.finish(entry.lease, Vec::new()).await.unwrap();
    }

    pub(super) async fn stats(&self) -> Stats {
        self.journal.stats().await.unwrap()
    }

    pub(super) async fn close(&self) {
        self.journal.close().await.unwrap();
        let refused = self.journal.append(vec![message("a", "late")]).await;
        assert!(matches!(refused, Err(JournalError::Unavailable(_))), "{refused:?}");
    }
}

pub(super) fn options(clock: &Clock) -> Options {
    Options {
        keep: KEEP,
        keep_dead: KEEP_DEAD,
        max_pending: MAX_PENDING as u64,
        recent_keys: 64,
        clock: clock.clone(),
        access: Access::Server,
    }
}

pub(super) fn url(folder: &TempDir) -> String {
    format!("sqlite:{}", folder.path().join("journal.db").display())
}

/// A new entry of the Inbox; its body is its key.
pub(super) fn message(conversation: &str, key: &str) -> NewEntry {
    new_entry(Queue::Inbox, conversation, key)
}

/// A new entry of the Outbox; its body is its key.
pub(super) fn reply(conversation: &str, key: &str) -> NewEntry {
    new_entry(Queue::Outbox, conversation, key)
}

/// A dead letter from the start.
pub(super) fn dead(conversation: &str, key: &str) -> NewEntry {
    NewEntry { dead: Some("not understood".to_owned()), ..message(conversation, key) }
}

fn new_entry(queue: Queue, conversation: &str, key: &str) -> NewEntry {
    NewEntry {
        queue,
        key: key.to_owned(),
        conversation: conversation.to_owned(),
        body: key.to_owned().into(),
        dead: None,
    }
}

/// The keys of entries, in order.
pub(super) fn keys(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.key.as_str()).collect()
}
