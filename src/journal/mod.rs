//! What survives a crash: two durable queues of bytes, the Inbox and the Outbox.
//!
//! The journal knows bytes and keys, never a message type. Its five verbs are append, lease, finish,
//! postpone and bury; the rest is for operators.

mod books;
mod entry;
mod filter;
mod fingerprint;
mod interrupted;
mod location;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod recent;
mod schedule;
mod sqlite;
mod time;

use std::{fmt, future::ready, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use serde::Serialize;
use tokio::sync::watch;

pub use self::{
    entry::{Appended, Entry, EntryId, Lease, NewEntry, Queue, Record, SignatureBinding, State},
    filter::{Filter, KeyPattern, Order},
};
use self::{location::Location, time::JournalTime};
use crate::{
    clock::{Clock, UnixMillis},
    failpoint::Injected,
};

/// How much is in one queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct QueueStats {
    /// Entries that are neither done nor dead.
    pub pending: u64,
    /// Of these, how many are being worked on; what another process works on is not counted.
    pub leased: u64,
    /// Finished entries that are still kept.
    pub done: u64,
    /// Dead letters.
    pub dead: u64,
    /// When the oldest pending entry was made durable.
    pub oldest_pending: Option<UnixMillis>,
}

/// How much is in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Stats {
    /// The Inbox.
    pub inbox: QueueStats,
    /// The Outbox.
    pub outbox: QueueStats,
}

/// Why the journal did not do something.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The backlog has reached its bound: try again when some of it is done.
    #[error("the journal's backlog is full ({0} pending entries)")]
    Full(u64),
    /// The store cannot do it now: try again later. Nothing was changed, or nothing is known of it.
    #[error("the journal's store is unavailable: {0}")]
    Unavailable(Arc<str>),
    /// The signature was bound to another body before.
    #[error("the signature came with another body before")]
    SignatureReused,
    /// The lease ran out and the entry is somebody else's; what was done with it does not count.
    #[error("the lease of entry {0} was lost")]
    LeaseLost(EntryId),
    /// There is no such entry, or it is not in a state in which this can be done.
    #[error("{0}")]
    NotFound(String),
    /// The journal cannot be opened as it stands: change what the message names.
    #[error("{0}")]
    Open(String),
}

/// The bounds and times of a journal.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a finished entry, and with it its duplicate key, is kept: time during which no server runs is added.
    pub keep: Duration,
    /// How long a dead letter is kept, likewise.
    pub keep_dead: Duration,
    /// The most pending entries a queue may hold: beyond it the Inbox refuses new ones, and a full
    /// Outbox stops leases of the Inbox.
    pub max_pending: u64,
    /// How many recent duplicate keys are answered from memory.
    pub recent_keys: usize,
    /// Where the time comes from.
    pub clock: Clock,
    /// Who is opening it.
    pub access: Access,
}

/// Who is opening a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The server: takes entries in and works on them. One process at a time for an embedded store.
    Server,
    /// An operator's command, beside a running server.
    Operator,
    /// An operator who copies it, while no server runs.
    Source,
    /// An operator who copies another one into it, while no server runs; made if it is not there.
    Target,
}

/// A result of the journal, later.
pub type Pending<'a, T> = BoxFuture<'a, Result<T, JournalError>>;

/// Durable queues. All drivers pass one conformance suite, `tests/it/journal`.
pub trait Journal: Send + Sync + fmt::Debug + 'static {
    /// Makes `entry` durable: it is when this returns.
    ///
    /// The `binding` is for a journal that several servers share: a signature that one of them has bound to a body comes
    /// with no other body to any of them. A journal that one server has to itself ignores it, since that server's own
    /// memory is enough.
    ///
    /// # Errors
    ///
    /// [`JournalError::Full`], [`JournalError::Unavailable`], and [`JournalError::SignatureReused`] if the signature is
    /// bound to another body than this entry's: nothing was appended.
    fn append(&self, entry: NewEntry, binding: Option<SignatureBinding>) -> Pending<'_, Appended>;

    /// Binds a signature to `body` as [`append`](Self::append) does, and appends nothing.
    ///
    /// # Errors
    ///
    /// [`JournalError::SignatureReused`]: it is bound to another body.
    fn bind_signature(&self, _binding: SignatureBinding, _body: &[u8]) -> Pending<'_, ()> {
        Box::pin(ready(Ok(())))
    }

    /// Hands out due entries, oldest first, at most one per conversation, and counts an attempt for each.
    ///
    /// An entry is handed out only when every earlier one of its conversation in its queue is done or dead.
    /// After `until` the lease may go to somebody else.
    fn lease(&self, queue: Queue, limit: usize, until: UnixMillis) -> Pending<'_, Vec<Entry>>;

    /// The entry is done, and `follow_ups` exist: in one transaction.
    ///
    /// A follow-up whose key is known already is left out.
    ///
    /// # Errors
    ///
    /// [`JournalError::LeaseLost`]: nothing was changed.
    fn finish(&self, lease: Lease, follow_ups: Vec<NewEntry>) -> Pending<'_, ()>;

    /// The entry is due again at `until`; its conversation waits for it.
    fn postpone(&self, lease: Lease, until: UnixMillis, reason: String) -> Pending<'_, ()>;

    /// Like [`postpone`](Self::postpone) of an entry with which nothing was tried: the attempt is not counted.
    fn release(&self, lease: Lease, until: UnixMillis, reason: String) -> Pending<'_, ()>;

    /// The entry is given up: a dead letter. Its conversation goes on.
    fn bury(&self, lease: Lease, reason: String) -> Pending<'_, ()>;

    /// Moves when there may be something new to lease; may move for nothing, and need not move again before a lease
    /// has been asked for.
    ///
    /// Read it, then lease, then wait for it. Time alone does not move it: what was postponed, or leased and
    /// never settled, is found by leasing again, so look every second or so as well.
    fn changes(&self, queue: Queue) -> watch::Receiver<u64>;

    /// How much is in it.
    fn stats(&self) -> Pending<'_, Stats>;

    /// The entries that a filter admits.
    fn list(&self, filter: Filter) -> Pending<'_, Vec<Record>>;

    /// One entry.
    fn show(&self, id: EntryId) -> Pending<'_, Option<Record>>;

    /// The entries of a queue that have one of these keys, in order of acceptance.
    fn find(&self, queue: Queue, keys: Vec<String>) -> Pending<'_, Vec<Record>>;

    /// Makes a dead letter pending again, due now, its attempts counted anew.
    ///
    /// # Errors
    ///
    /// [`JournalError::NotFound`] if there is no such dead letter.
    fn revive(&self, id: EntryId) -> Pending<'_, ()>;

    /// Marks a dead or pending entry as done without handling it.
    ///
    /// One that is in work is so, too: what its holder makes of it changes nothing, and the next of its conversation
    /// waits until the holder has ended or its lease is over.
    ///
    /// # Errors
    ///
    /// [`JournalError::NotFound`] if there is no such entry, or it is done already.
    fn discard(&self, id: EntryId) -> Pending<'_, ()>;

    /// Entries after a number, oldest first: how they are read out.
    ///
    /// Only of a journal that was opened to be copied.
    fn page(&self, _after: EntryId, _limit: usize) -> Pending<'_, Vec<Record>> {
        Box::pin(ready(Err(JournalError::not_copied())))
    }

    /// Puts in what was read out of another journal, as it was: all of it or nothing.
    ///
    /// Only into a journal that was opened to be copied to; a number that is there already is an error.
    fn restore(&self, _records: Vec<Record>) -> Pending<'_, ()> {
        Box::pin(ready(Err(JournalError::not_copied())))
    }

    /// Marks the journal as being copied to: no server takes it until [`end_copy`](Self::end_copy).
    fn begin_copy(&self) -> Pending<'_, ()> {
        Box::pin(ready(Err(JournalError::not_copied())))
    }

    /// Takes the mark of [`begin_copy`](Self::begin_copy) off: the copy is complete.
    fn end_copy(&self) -> Pending<'_, ()> {
        Box::pin(ready(Err(JournalError::not_copied())))
    }

    /// Marks the journal as moved to `target`, an address without a password: no server takes it any more.
    fn move_to(&self, _target: String) -> Pending<'_, ()> {
        Box::pin(ready(Err(JournalError::not_copied())))
    }

    /// Removes what has been kept long enough, in small steps; returns how many entries went.
    fn purge(&self) -> Pending<'_, u64>;

    /// Ends it: what was accepted is on disk, and the store is closed. Later calls are `Unavailable`.
    fn close(&self) -> Pending<'_, ()>;
}

/// Opens the journal that `url` names: `memory:`, `sqlite:PATH`, or `postgres://…` with the feature `postgres`.
///
/// # Errors
///
/// [`JournalError::Open`], with what to change, if there is no such journal or it cannot be used;
/// [`JournalError::Unavailable`] if its store fails.
pub async fn open(url: &str, options: Options) -> Result<Arc<dyn Journal>, JournalError> {
    match Location::of(url)? {
        Location::Memory => Ok(Arc::new(memory::Memory::new(options))),
        Location::Sqlite(path) => sqlite::open(path, options).await,
        #[cfg(feature = "postgres")]
        Location::Postgres(address) => postgres::open(*address, options).await,
    }
}

/// Whether a server could open the journal that `url` names, as far as that can be seen without opening or making
/// anything: another server may have it, and no database is asked.
///
/// # Errors
///
/// As for [`open()`], for a server.
pub fn check(url: &str) -> Result<(), JournalError> {
    match Location::of(url)? {
        Location::Memory => Ok(()),
        Location::Sqlite(path) => sqlite::check(&path),
        #[cfg(feature = "postgres")]
        Location::Postgres(_) => Ok(()),
    }
}

impl Options {
    /// Whether what was settled then, and came to `state`, has been kept long enough.
    fn is_over(&self, state: State, settled_at: JournalTime, now: JournalTime) -> bool {
        match state {
            State::Pending => false,
            State::Done => settled_at <= now.minus(self.keep),
            State::Dead => settled_at <= now.minus(self.keep_dead),
        }
    }
}

impl From<Injected> for JournalError {
    fn from(injected: Injected) -> Self {
        Self::Unavailable(injected.to_string().into())
    }
}

impl JournalError {
    fn closed() -> Self {
        Self::Unavailable("it is closed".into())
    }

    fn not_copied() -> Self {
        Self::Unavailable("it was not opened to be copied".into())
    }

    fn no_dead_letter(id: EntryId) -> Self {
        Self::NotFound(format!("there is no dead letter {id}"))
    }

    fn nothing_to_discard(id: EntryId) -> Self {
        Self::NotFound(format!("there is no pending or dead entry {id}"))
    }
}
