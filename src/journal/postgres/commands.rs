//! The requests to the writer, each with its waiter.

use std::time::Duration;

use super::key_hash::KeyHash;
use crate::{
    clock::UnixMillis,
    journal::{
        Appended, AttemptFailure, Entry, Lease, NewEntry, NewScheduled, Outcome, Queue, ReasonGroup,
        SignatureBinding, State, StateChange, driver::request::Request,
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
    /// The group of a dead letter's reason.
    pub(super) reason_group: Option<ReasonGroup>,
    /// How long the failed attempt took that is kept with the entry.
    pub(super) failed_after: Option<Duration>,
    /// How a finished entry ended.
    pub(super) ending: Option<String>,
    pub(super) follow_ups: Vec<NewRow>,
    /// The change of the conversation's state.
    pub(super) change: StateChange,
    /// The entries that follow later.
    pub(super) scheduled: Vec<NewScheduled>,
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
        let Outcome { follow_ups, state: change, scheduled, ending } = outcome;
        let follow_ups = follow_ups.into_iter().map(NewRow::new).collect();
        Self {
            lease,
            state: State::Done,
            span: 0,
            uncounted: 0,
            reason: None,
            reason_group: None,
            failed_after: None,
            ending,
            follow_ups,
            change,
            scheduled,
        }
    }

    pub(super) fn bury(lease: Lease, failure: AttemptFailure) -> Self {
        let reason_group = Some(ReasonGroup::new(lease.queue, &failure.reason));
        Self { state: State::Dead, reason_group, ..Self::postpone(lease, 0, failure) }
    }

    pub(super) fn postpone(lease: Lease, span: i64, failure: AttemptFailure) -> Self {
        let AttemptFailure { reason, took } = failure;
        Self { failed_after: Some(took), ..Self::make_due(lease, span, reason) }
    }

    pub(super) fn release(lease: Lease, span: i64, reason: String) -> Self {
        Self { uncounted: 1, ..Self::make_due(lease, span, reason) }
    }

    fn make_due(lease: Lease, span: i64, reason: String) -> Self {
        let reason = Some(reason);
        Self { state: State::Pending, span, reason, ..Self::finish(lease, Outcome::default()) }
    }

    /// The time until what the request schedules is due, or the state that it puts expires, whichever is first.
    pub(super) fn due_in(&self) -> Option<Duration> {
        let expires_in = match &self.change {
            StateChange::Put(state) => Some(state.expires_in),
            StateChange::Keep | StateChange::Clear => None,
        };
        self.scheduled.iter().map(|entry| entry.after).chain(expires_in).min()
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

/// The milliseconds of a span, which can be added to any time.
pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX).min(i64::MAX / 2)
}

/// The milliseconds from `now` to `until`, which may lie before it.
pub(super) fn span(now: UnixMillis, until: UnixMillis) -> i64 {
    until.0.saturating_sub(now.0)
}
