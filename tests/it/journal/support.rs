//! A journal on a clock that stands still, and short ways to put something in it.

use std::{fs, path::Path, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    journal::{
        self, Appended, Entry, EntryKey, JournalError, NewEntry, Options, Outcome, Queue, Queues,
        Record, SignatureBinding, Stats,
    },
};
use tempfile::TempDir;

use crate::support::postgres::Cluster;

pub(super) const START: UnixMillis = UnixMillis(1_700_000_000_000);
pub(super) const KEEP: Duration = Duration::from_hours(1);
pub(super) const KEEP_DEAD: Duration = Duration::from_hours(2);
pub(super) const MAX_PENDING: usize = 1000;
pub(super) const LEASE: Duration = Duration::from_secs(30);
/// The name of the server that has a journal open.
pub(super) const REPLICA: &str = "here";
/// How many appends wait at once where a test makes many: fewer than a driver has places for.
const AT_ONCE: usize = 1000;
/// Bound on waiting for what should happen soon.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// One driver's journal, opened as a server does.
pub(super) struct Bench {
    pub(super) journal: Arc<dyn Queues>,
    /// The clock of the process that has the journal open: the next one has its own.
    pub(super) clock: Clock,
    /// The URL by which another process would open the journal; none where nothing outlives a process.
    url: Option<String>,
    /// The folder of a journal in a file; none for a database server, which does not go back in time.
    folder: Option<TempDir>,
    /// Processes that ended without telling their database server. They stand still, as their clocks do.
    gone: Vec<Arc<dyn Queues>>,
}

/// The party that opens a journal.
#[derive(Debug, Clone, Copy)]
pub(super) enum Opener {
    Server,
    Operator,
    Source,
    Target,
}

impl Opener {
    /// The error with which this party is kept away from a journal.
    pub(super) async fn refusal(self, url: &str) -> JournalError {
        let options = options(&Clock::system());
        let error = match self {
            Self::Server => journal::open_server(url, options).await.err(),
            Self::Operator => journal::open_operator(url, options).await.err(),
            Self::Source => journal::open_source(url, options).await.err(),
            Self::Target => journal::open_target(url, options).await.err(),
        };
        error.unwrap_or_else(|| panic!("{self:?} has opened {url}"))
    }

    /// The message by which this party is told to change something.
    pub(super) async fn instruction(self, url: &str) -> String {
        match self.refusal(url).await {
            JournalError::Open(message) => message,
            other => panic!("{self:?}, {url}: {other:?}"),
        }
    }
}

/// How a journal's process ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ending {
    /// The process closes its journal.
    Orderly,
    /// The process is gone from one moment to the next.
    Crash,
}

impl Bench {
    pub(super) async fn memory() -> Option<Self> {
        Some(Self { url: None, ..Self::at("memory:".to_owned(), None).await })
    }

    pub(super) async fn sqlite() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        Some(Self::at(url(&folder), Some(folder)).await)
    }

    pub(super) async fn postgres() -> Option<Self> {
        let url = Cluster::shared().await?.database().await;
        Some(Self::at(url, None).await)
    }

    /// A journal in a database where transactions are serializable by default.
    pub(super) async fn serializable() -> Option<Self> {
        let url = Cluster::shared().await?.serializable_database().await;
        Some(Self::at(url, None).await)
    }

    async fn at(url: String, folder: Option<TempDir>) -> Self {
        let clock = Clock::manual(START);
        let journal = journal::open_server(&url, options(&clock)).await.unwrap();
        Self { journal, clock, url: Some(url), folder, gone: Vec::new() }
    }

    /// Whether a lease goes on when its holder's process has ended like that.
    pub(super) fn leases_outlive(&self, ending: Ending) -> bool {
        // A process that ends in order gives its leases back.
        self.is_shared() && matches!(ending, Ending::Crash)
    }

    /// The URL by which another process opens the journal; none where nothing outlives a process.
    pub(super) fn url(&self) -> Option<String> {
        self.url.clone()
    }

    /// The folder of the journal's file.
    pub(super) fn folder(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// Whether several servers can have the journal open, who share a clock that is not theirs to set.
    pub(super) fn is_shared(&self) -> bool {
        self.url.is_some() && self.folder.is_none()
    }

    /// Ends the journal's process and opens the journal in another one; `false` where nothing outlives a process.
    ///
    /// Nobody has it open while `meanwhile` happens to the clock.
    pub(super) async fn reopen(&mut self, ending: Ending, meanwhile: impl FnOnce(&Clock)) -> bool {
        if self.url.is_none() {
            return false;
        }
        // In its place, for a file can only be opened once this one is gone.
        let nothing = journal::open_server("memory:", options(&self.clock)).await.unwrap();
        let before = std::mem::replace(&mut self.journal, nothing);
        match (ending, &self.folder) {
            (Ending::Orderly, None) => before.close().await.unwrap(),
            (Ending::Crash, None) => self.gone.push(before),
            (Ending::Orderly, Some(_)) => drop(before),
            (Ending::Crash, Some(folder)) => {
                let next = tempfile::tempdir().unwrap();
                snapshot(folder.path(), next.path());
                drop(before);
                self.url = Some(url(&next));
                self.folder = Some(next);
            }
        }
        // The next process's clock shows the same time, and counts the time that passes from a moment of its own.
        self.clock = Clock::manual(self.clock.now());
        meanwhile(&self.clock);
        let url = self.url.as_deref().unwrap_or("memory:");
        self.journal = journal::open_server(url, options(&self.clock)).await.unwrap();
        true
    }

    /// Appends an entry under a signature of its own, as a server does.
    pub(super) async fn append(&self, entry: NewEntry) -> Appended {
        self.try_append(entry).await.unwrap()
    }

    /// Like [`append`](Self::append) where the journal may refuse.
    pub(super) async fn try_append(&self, entry: NewEntry) -> Result<Appended, JournalError> {
        let binding = SignatureBinding { signature: rand::random(), span: Duration::from_mins(10) };
        self.journal.append(entry, Some(binding)).await
    }

    /// Appends entries in this order, many at once.
    pub(super) async fn append_all(&self, entries: impl IntoIterator<Item = NewEntry>) -> Vec<Appended> {
        stream::iter(entries)
            .map(|entry| self.try_append(entry))
            .buffered(AT_ONCE)
            .try_collect()
            .await
            .unwrap()
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
        self.journal.finish(entry.lease, Outcome::default()).await.unwrap();
    }

    pub(super) async fn stats(&self) -> Stats {
        self.journal.stats().await.unwrap()
    }

    pub(super) async fn close(&self) {
        self.journal.close().await.unwrap();
        let refused = self.try_append(message("a", "late")).await;
        assert!(matches!(refused, Err(JournalError::Unavailable(_))), "{refused:?}");
    }
}

/// Copies the files as they were at one moment, though the writer's thread may be moving pages between them.
pub(super) fn snapshot(from: &Path, to: &Path) {
    const NAMES: [&str; 2] = ["journal.db", "journal.db-wal"];
    let read = || NAMES.map(|name| fs::read(from.join(name)).unwrap());
    let mut seen = read();
    // Files that have not changed from one reading to the next were so between the two.
    loop {
        let again = read();
        if again == seen {
            break;
        }
        seen = again;
    }
    for (name, bytes) in NAMES.into_iter().zip(seen) {
        fs::write(to.join(name), bytes).unwrap();
    }
}

pub(super) fn options(clock: &Clock) -> Options {
    Options {
        keep: KEEP,
        keep_dead: KEEP_DEAD,
        max_pending: MAX_PENDING as u64,
        recent_keys: 64,
        clock: clock.clone(),
        replica: REPLICA.to_owned(),
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
        key: EntryKey::of(key),
        conversation: conversation.to_owned(),
        body: key.to_owned().into(),
        dead: None,
    }
}

/// Appends entries in this order, many at once.
pub(super) async fn append_all(
    journal: &dyn Queues,
    entries: impl IntoIterator<Item = NewEntry>,
) -> Vec<Appended> {
    let appends = stream::iter(entries).map(|entry| journal.append(entry, None));
    appends.buffered(AT_ONCE).try_collect().await.unwrap()
}

/// An entry's body, which is the text of its key.
pub(super) trait KeyText {
    fn key_text(&self) -> &str;
}

impl KeyText for Entry {
    fn key_text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl KeyText for Record {
    fn key_text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// The texts of the entries' keys, in order.
pub(super) fn keys(entries: &[impl KeyText]) -> Vec<&str> {
    entries.iter().map(KeyText::key_text).collect()
}
