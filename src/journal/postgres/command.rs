//! What the writer is asked to do, each with its waiter.

use tokio::sync::oneshot;

use super::key_hash::KeyHash;
use crate::{
    clock::UnixMillis,
    journal::{Appended, Bond, Entry, JournalError, Lease, NewEntry, Queue, State},
};

/// One command.
#[derive(Debug)]
pub(super) enum Command {
    Append(Call<Append, Vec<Appended>>),
    Settle(Call<Settle, ()>),
    Lease(Call<Ask, Vec<Entry>>),
}

/// What a command is about, and who waits for its result.
#[derive(Debug)]
pub(super) struct Call<I, T> {
    pub(super) input: I,
    waiter: oneshot::Sender<Result<T, JournalError>>,
}

/// Entries to be added together.
#[derive(Debug)]
pub(super) struct Append {
    pub(super) rows: Vec<Row>,
    pub(super) bond: Option<Bond>,
    /// What the bond binds to.
    pub(super) sealed: KeyHash,
}

/// What became of a leased entry.
#[derive(Debug)]
pub(super) struct Settle {
    pub(super) lease: Lease,
    /// Pending if it was postponed.
    pub(super) state: State,
    /// Until it is due again, in milliseconds.
    pub(super) span: i64,
    /// How many of its attempts do not count.
    pub(super) uncounted: i32,
    pub(super) reason: Option<String>,
    pub(super) follow_ups: Vec<Row>,
}

/// How many entries of a queue are wanted, and for how many milliseconds.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) queue: Queue,
    pub(super) limit: usize,
    pub(super) span: i64,
}

/// A new entry with its digests.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) key: KeyHash,
    pub(super) line: KeyHash,
    pub(super) entry: NewEntry,
}

impl Row {
    pub(super) fn new(entry: NewEntry) -> Self {
        let digest = |text: &str| KeyHash::of(text.as_bytes());
        Self { key: digest(&entry.key), line: digest(&entry.conversation), entry }
    }
}

impl Append {
    pub(super) fn new(entries: Vec<NewEntry>) -> Self {
        let rows = entries.into_iter().map(Row::new).collect();
        Self { rows, bond: None, sealed: KeyHash::default() }
    }

    /// Only if the bond's signature is not bound to another body than `sealed` is of.
    pub(super) fn under(self, bond: Bond, sealed: KeyHash) -> Self {
        Self { bond: Some(bond), sealed, ..self }
    }

    /// How many entries it may add to the Inbox's backlog.
    pub(super) fn most_new(&self) -> u64 {
        self.rows.iter().filter(|row| row.entry.adds_to_inbox()).count() as u64
    }
}

impl Settle {
    pub(super) fn done(lease: Lease, follow_ups: Vec<NewEntry>) -> Self {
        let follow_ups = follow_ups.into_iter().map(Row::new).collect();
        Self { lease, state: State::Done, span: 0, uncounted: 0, reason: None, follow_ups }
    }

    pub(super) fn dead(lease: Lease, reason: String) -> Self {
        Self { state: State::Dead, ..Self::later(lease, 0, reason) }
    }

    pub(super) fn later(lease: Lease, span: i64, reason: String) -> Self {
        let (reason, follow_ups) = (Some(reason), Vec::new());
        Self { lease, state: State::Pending, span, uncounted: 0, reason, follow_ups }
    }
}

impl<I, T> Call<I, T> {
    pub(super) fn new(input: I) -> (Self, oneshot::Receiver<Result<T, JournalError>>) {
        let (waiter, answer) = oneshot::channel();
        (Self { input, waiter }, answer)
    }

    pub(super) fn answer(self, result: Result<T, JournalError>) {
        // Whoever waited may have given up; what was done is done.
        let _ = self.waiter.send(result);
    }
}

impl Command {
    /// Whether it can be left out: nobody waits for the answer any more, and nobody was promised anything.
    pub(super) fn is_abandoned(&self) -> bool {
        match self {
            Self::Append(call) => call.waiter.is_closed(),
            Self::Lease(call) => call.waiter.is_closed(),
            Self::Settle(_) => false,
        }
    }

    /// Tells its waiter that it was not done, or that nothing is known of it.
    pub(super) fn fail(self, error: &JournalError) {
        match self {
            Self::Append(call) => call.answer(Err(error.clone())),
            Self::Settle(call) => call.answer(Err(error.clone())),
            Self::Lease(call) => call.answer(Err(error.clone())),
        }
    }
}

/// Milliseconds from `now` to `until`, which may lie before it.
pub(super) fn span(now: UnixMillis, until: UnixMillis) -> i64 {
    until.0.saturating_sub(now.0)
}
