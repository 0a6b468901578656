//! What the journal holds: entries, as they come in, as they are leased, and as an operator sees them.

use std::{fmt, time::Duration};

use bytes::Bytes;
use serde::Serialize;

use super::{fingerprint::Fingerprint, queue::Queue};
use crate::clock::UnixMillis;

/// What an entry has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for its turn, is due later, or is being worked on.
    Pending,
    /// Finished; kept for a while so that duplicates are known and an operator can look at it.
    Done,
    /// A dead letter: given up, kept until an operator revives or discards it, or it is too old.
    Dead,
}

impl State {
    /// Its name in logs, metrics and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }
}

/// The reason of an entry that an operator has marked as done.
pub(super) const DISCARDED: &str = "discarded";

/// Something to be made durable.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// Where it goes.
    pub queue: Queue,
    /// What makes it the same as another entry of that queue.
    pub key: String,
    /// Entries of one conversation are leased one at a time and in order.
    pub conversation: String,
    /// The bytes to keep.
    pub body: Bytes,
    /// A dead letter from the start, with the reason.
    pub dead: Option<String>,
}

/// A signature that is bound to the body it came with, for as long as the signature is accepted at all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SignatureBinding {
    /// The signature.
    pub signature: [u8; 20],
    /// How much longer the signature could be accepted.
    pub span: Duration,
}

impl fmt::Debug for SignatureBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureBinding").field("span", &self.span).finish_non_exhaustive()
    }
}

/// The answer to one [`NewEntry`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is durable now.
    New,
    /// An entry with its key has been durable before.
    Duplicate,
}

/// The right to settle one entry, for as long as nobody else has been given it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The entry.
    pub(crate) id: EntryId,
    /// Its queue.
    pub(crate) queue: Queue,
    /// Its conversation.
    pub(super) conversation: Fingerprint,
    /// Grows with each lease of the same conversation.
    pub(crate) fence: u64,
}

/// Number of an entry in its journal, growing in order of acceptance over both queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct EntryId(pub i64);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl EntryId {
    /// The key of the reply at `index` to this message: no other entry ever has its number.
    pub fn reply_key(self, index: usize) -> String {
        format!("{self}.{index}")
    }

    /// The message that the reply with this key answers.
    pub fn answered_by(reply_key: &str) -> Option<Self> {
        let (message, index) = reply_key.split_once('.')?;
        index.parse::<usize>().ok()?;
        message.parse().ok().map(Self)
    }
}

/// A leased entry: what is to be worked on.
#[derive(Debug)]
pub struct Entry {
    /// The right to settle it.
    pub lease: Lease,
    /// Its number.
    pub id: EntryId,
    /// See [`NewEntry::key`].
    pub key: String,
    /// See [`NewEntry::conversation`].
    pub conversation: String,
    /// See [`NewEntry::body`].
    pub body: Bytes,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// When it was made durable.
    pub accepted_at: UnixMillis,
}

/// An entry as an operator sees it.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its number.
    pub id: EntryId,
    /// Where it is.
    pub queue: Queue,
    /// What it has come to.
    pub state: State,
    /// See [`NewEntry::key`].
    pub key: String,
    /// See [`NewEntry::conversation`].
    pub conversation: String,
    /// See [`NewEntry::body`].
    pub body: Bytes,
    /// How many attempts have begun since it was appended or revived.
    pub attempts: u32,
    /// When it was made durable.
    pub accepted_at: UnixMillis,
    /// Not before this time, while pending.
    pub due_at: UnixMillis,
    /// When it was finished or buried.
    pub settled_at: Option<UnixMillis>,
    /// Why it was postponed, buried or discarded, the last time.
    pub reason: Option<String>,
}

impl NewEntry {
    pub(super) fn adds_to_inbox(&self) -> bool {
        self.queue == Queue::Inbox && self.dead.is_none()
    }
}

impl Record {
    /// Whether an operator has marked it as done without its being handled.
    pub fn is_discarded(&self) -> bool {
        self.state == State::Done && self.reason.as_deref() == Some(DISCARDED)
    }

    pub(super) fn accepted(id: EntryId, entry: NewEntry, now: UnixMillis) -> Self {
        let state = if entry.dead.is_some() { State::Dead } else { State::Pending };
        Self {
            id,
            queue: entry.queue,
            state,
            key: entry.key,
            conversation: entry.conversation,
            body: entry.body,
            attempts: 0,
            accepted_at: now,
            due_at: now,
            settled_at: entry.dead.is_some().then_some(now),
            reason: entry.dead,
        }
    }

    pub(super) fn leased(&self, lease: Lease) -> Entry {
        Entry {
            lease,
            id: self.id,
            key: self.key.clone(),
            conversation: self.conversation.clone(),
            body: self.body.clone(),
            attempt: self.attempts,
            accepted_at: self.accepted_at,
        }
    }
}
