//! The requests to the writer, each with its waiter.

use std::time::Duration;

use super::key_hash::KeyHash;
use crate::{
    clock::UnixMillis,
    journal::{
        Appended, Entry, Lease, NewEntry, Outcome, Queue, SignatureBinding, State,
        driver::request::Request,
    },
};

/// A request of one kind or another.
#[derive(Debug)]
pub(super) enum Command {
    Append(Request<Append, Option<Appended>>),
    Settle(Request<Settle, ()>),
    Lease(Request<LeaseOptions, Vec<Entry>>),
}

/// A request to add an entry, to bind a signature, or to add an entry only if its signature can be bound to its body.
#[derive(Debug)]
pub(super) struct Append {
    pub(super) row: Option<NewRow>,
    pub(super) binding: Option<BoundBody>,
}

/// A signature and the body that it is to be bound to.
#[derive(Debug)]
pub(super) struct BoundBody {
    pub(super) signature: [u8; 20],
    /// How long the binding is kept.
    pub(super) span: Duration,
    pub(super) body: KeyHash,
}

/// A request to settle a leased entry.
#[derive(Debug)]
pub(super) struct Settle {
    pub(super) lease: Lease,
    /// The state that the entry comes to; pending if it is postponed.
    pub(super) state: State,
    /// How many milliseconds later a postponed entry is due.
    pub(super) span: i64,
    /// How many of the entry's attempts do not count.
    pub(super) uncounted: i32,
    pub(super) reason: Option<String>,
    pub(super) follow_ups: Vec<NewRow>,
}

/// The leases that are wanted of a queue.
#[derive(Debug)]
pub(super) struct LeaseOptions {
    pub(super) queue: Queue,
    /// The most entries that are wanted.
    pub(super) limit: usize,
    /// How many milliseconds the leases last.
    pub(super) span: i64,
}

/// A new entry, with the hash of its conversation.
#[derive(Debug)]
pub(super) struct NewRow {
    pub(super) conversation: KeyHash,
    pub(super) entry: NewEntry,
}

impl NewRow {
    fn new(entry: NewEntry) -> Self {
        Self { conversation: KeyHash::of(entry.conversation.as_bytes()), entry }
    }
}

impl BoundBody {
    pub(super) fn new(binding: SignatureBinding, body: &[u8]) -> Self {
        Self { signature: binding.signature, span: binding.span, body: KeyHash::of(body) }
    }
}

impl Append {
    pub(super) fn new(entry: Option<NewEntry>, binding: Option<BoundBody>) -> Self {
        Self { row: entry.map(NewRow::new), binding }
    }

    /// The row, if it may add to the Inbox's backlog.
    pub(super) fn row_of_inbox(&self) -> Option<&NewRow> {
        self.row.as_ref().filter(|row| row.entry.adds_to_inbox())
    }
}

impl Settle {
    pub(super) fn finish(lease: Lease, outcome: Outcome) -> Self {
        let follow_ups = outcome.follow_ups.into_iter().map(NewRow::new).collect();
        Self { lease, state: State::Done, span: 0, uncounted: 0, reason: None, follow_ups }
    }

    pub(super) fn bury(lease: Lease, reason: String) -> Self {
        Self { state: State::Dead, ..Self::postpone(lease, 0, reason) }
    }

    pub(super) fn postpone(lease: Lease, span: i64, reason: String) -> Self {
        let (reason, follow_ups) = (Some(reason), Vec::new());
        Self { lease, state: State::Pending, span, uncounted: 0, reason, follow_ups }
    }
}

impl Command {
    /// Whether the request can be left out: no caller waits for the answer, and nobody was promised anything.
    pub(super) fn is_abandoned(&self) -> bool {
        match self {
            Self::Append(request) => request.is_abandoned(),
            Self::Lease(request) => request.is_abandoned(),
            Self::Settle(_) => false,
        }
    }
}

/// The milliseconds from `now` to `until`, which may lie before it.
pub(super) fn span(now: UnixMillis, until: UnixMillis) -> i64 {
    until.0.saturating_sub(now.0)
}
