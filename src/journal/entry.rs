//! Entries of the journal: as they come in, as they are leased, and as an operator sees them.

use std::{fmt, time::Duration};

use bytes::Bytes;
use serde::Serialize;

use super::{
    conversation_state::{LeasedState, Revision, StateStep},
    entry_key::EntryKey,
    queue::Queue,
    reason_group::ReasonGroup,
};
use crate::clock::UnixMillis;

/// The state of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The entry waits for its turn, is due later, or is being worked on.
    Pending,
    /// The entry is finished; it is kept for a while so that duplicates are known and an operator can look at it.
    Done,
    /// The entry is a dead letter: given up, and kept until an operator revives or discards it, or it is too old.
    Dead,
}

impl State {
    /// The state's name in logs, metrics and JSON.
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

/// An entry that is to be made durable.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// The queue that the entry goes to.
    pub queue: Queue,
    /// The duplicate key: an entry whose key its queue knows already is not added.
    pub key: EntryKey,
    /// The conversation's key: entries of one conversation are leased one at a time and in order.
    pub conversation: String,
    /// The bytes to keep.
    pub body: Bytes,
    /// The reason of an entry that is a dead letter from the start.
    pub dead: Option<String>,
}

impl NewEntry {
    /// Whether the entry, if it is new, makes the Inbox's backlog longer.
    pub(super) fn adds_to_inbox(&self) -> bool {
        self.queue == Queue::Inbox && self.dead.is_none()
    }
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
    /// The entry is durable now.
    New,
    /// An entry with this key was durable before.
    Duplicate,
}

/// The right to settle one entry, for as long as nobody else has been given it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The entry's number.
    pub(crate) id: EntryId,
    /// The entry's queue.
    pub(crate) queue: Queue,
    /// The entry's conversation, as the driver that gave the lease names it.
    pub(super) conversation: ConversationToken,
    /// The number of the lease, which grows with each lease of the same conversation.
    pub(crate) fence: u64,
    /// The revision of the conversation's state when the lease was given; none if it had none.
    pub(super) revision: Option<Revision>,
}

/// A driver's own short name of a conversation; no other part of the program reads it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ConversationToken(pub(super) [u8; 16]);

impl fmt::Debug for ConversationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// Number of an entry in its journal, growing in order of acceptance over both queues.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct EntryId(pub i64);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<EntryId> for Revision {
    fn from(EntryId(id): EntryId) -> Self {
        Self(id)
    }
}

impl EntryId {
    /// The key of the reply at `index` to this message: no other entry ever has its number.
    pub fn reply_key(self, index: usize) -> EntryKey {
        EntryKey::of(&format!("{self}.{index}"))
    }

    /// The key of the entry at `index` that this message schedules for later.
    pub fn scheduled_key(self, index: usize) -> EntryKey {
        EntryKey::of(&format!("later\u{1f}{self}.{index}"))
    }
}

/// A leased entry, as its worker gets it.
#[derive(Debug)]
pub struct Entry {
    /// The right to settle the entry.
    pub lease: Lease,
    /// The entry's number.
    pub id: EntryId,
    /// The entry from which this one follows: for a reply, the message that it answers; for an entry of the Inbox that was
    /// scheduled, the one that scheduled it; for one that says that a state has expired, the state's revision.
    pub answers: Option<EntryId>,
    /// The conversation's key.
    pub conversation: String,
    /// The bytes that were kept.
    pub body: Bytes,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// The time at which the entry was made durable.
    pub accepted_at: UnixMillis,
    /// The state of the conversation, for an entry of the Inbox.
    pub state: Option<LeasedState>,
}

/// An entry as an operator sees it.
#[derive(Debug, Clone)]
pub struct Record {
    /// The entry's number.
    pub id: EntryId,
    /// The queue that the entry is in.
    pub queue: Queue,
    /// The state that the entry has come to.
    pub state: State,
    /// The duplicate key.
    pub key: EntryKey,
    /// The entry whose follow-up this one is: for a reply, the message that it answers.
    pub answers: Option<EntryId>,
    /// The conversation's key.
    pub conversation: String,
    /// The bytes that were kept.
    pub body: Bytes,
    /// How many attempts count since the entry was appended or revived: those that have ended or run out, and the one in
    /// work where the journal has noted its beginning.
    pub attempts: u32,
    /// The time at which the entry was made durable.
    pub accepted_at: UnixMillis,
    /// The time before which a pending entry is not tried.
    pub due_at: UnixMillis,
    /// The time at which the entry was finished or buried.
    pub settled_at: Option<UnixMillis>,
    /// Why the entry was postponed, buried or discarded, the last time.
    pub reason: Option<String>,
    /// How the entry ended, as its worker wrote it with the [outcome](super::Outcome::ending).
    pub ending: Option<String>,
    /// The step that the entry made from one state of its conversation to the next; none if it made none.
    pub state_step: Option<StateStep>,
}

impl Record {
    /// Whether an operator has marked the entry as done without its being handled.
    pub fn is_discarded(&self) -> bool {
        self.state == State::Done && self.reason.as_deref() == Some(DISCARDED)
    }

    /// The group of a dead letter.
    pub(super) fn reason_group(&self) -> Option<ReasonGroup> {
        let reason = self.reason.as_deref().unwrap_or_default();
        (self.state == State::Dead).then(|| ReasonGroup::new(self.queue, reason))
    }

    /// The record of an entry that is accepted now.
    pub(super) fn accepted(
        id: EntryId,
        entry: NewEntry,
        answers: Option<EntryId>,
        now: UnixMillis,
    ) -> Self {
        let is_dead = entry.dead.is_some();
        Self {
            id,
            queue: entry.queue,
            state: if is_dead { State::Dead } else { State::Pending },
            key: entry.key,
            answers,
            conversation: entry.conversation,
            body: entry.body,
            attempts: 0,
            accepted_at: now,
            due_at: now,
            settled_at: is_dead.then_some(now),
            reason: entry.dead,
            ending: None,
            state_step: None,
        }
    }

    /// The entry for the worker that has leased it, with the state of its conversation.
    pub(super) fn leased(&self, lease: &Lease, state: Option<LeasedState>) -> Entry {
        Entry {
            lease: Lease { revision: state.as_ref().map(|state| state.revision), ..lease.clone() },
            state,
            id: self.id,
            answers: self.answers,
            conversation: self.conversation.clone(),
            body: self.body.clone(),
            attempt: self.attempts + 1,
            accepted_at: self.accepted_at,
        }
    }
}
