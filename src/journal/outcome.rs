//! The outcome of handling an entry, entries that are scheduled for later, and an operator's change of a conversation.

use std::time::Duration;

use bytes::Bytes;

use super::{
    conversation_state::{ConversationState, Revision, StateChange},
    entry::{EntryId, NewEntry},
    entry_key::EntryKey,
    queue::Queue,
};
use crate::clock::UnixMillis;

/// An entry that is to be appended later, to the conversation of the entry that schedules it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewScheduled {
    /// The queue that the entry will go to.
    pub queue: Queue,
    /// The duplicate key of the entry.
    pub key: EntryKey,
    /// The time after which the entry is appended.
    pub after: Duration,
    /// The bytes to keep.
    pub body: Bytes,
    /// Whether the entry belongs to the state that the finish of an entry puts together with it: once that state has
    /// changed, this entry is dropped. What an operator schedules belongs to no state.
    pub is_bound: bool,
}

/// A scheduled entry as it is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheduled {
    /// The number of the scheduled entry, in the order in which they were scheduled.
    pub id: i64,
    /// The queue that the entry will go to.
    pub queue: Queue,
    /// The duplicate key of the entry.
    pub key: EntryKey,
    /// The conversation's key.
    pub conversation: String,
    /// The entry whose finish scheduled this one; none if an operator has.
    pub answers: Option<EntryId>,
    /// Whether the entry belongs to the state whose revision is the number of the entry `answers`.
    pub is_bound: bool,
    /// The time at which the entry is appended.
    pub due_at: UnixMillis,
    /// The bytes to keep.
    pub body: Bytes,
}

/// The result of handling an entry: what its finish adds and changes, in one transaction.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The entries that follow from it at once.
    pub follow_ups: Vec<NewEntry>,
    /// The change of the conversation's state.
    pub state: StateChange,
    /// The entries that follow from it later.
    pub scheduled: Vec<NewScheduled>,
    /// How the entry ended, for operators, in a form that the journal does not know: who handled it.
    pub ending: Option<String>,
}

/// An operator's change of a conversation.
#[derive(Debug, Clone)]
pub struct ConversationChange {
    /// The conversation's key.
    pub conversation: String,
    /// The revision of the state as the operator saw it; none if there was none.
    pub seen: Option<Revision>,
    /// The change of the state.
    pub state: StateChange,
    /// The entries that follow from it; with no time to wait, they follow at once.
    pub scheduled: Vec<NewScheduled>,
}

/// An entry that is to be appended now, and the entry or the revision from which it follows.
pub(super) type DueEntry = (NewEntry, Option<EntryId>);

impl Scheduled {
    /// Whether the entry belongs to a state that has changed since: the conversation's state has the revision `current`.
    pub(super) fn is_outdated(&self, current: Option<Revision>) -> bool {
        self.is_bound && self.answers.map(Revision::from) != current
    }

    /// The entry to append once it is due.
    pub(super) fn into_due(self) -> DueEntry {
        let Self { queue, key, conversation, answers, body, .. } = self;
        (NewEntry { queue, key, conversation, body, dead: None }, answers)
    }
}

impl ConversationState {
    /// The entry that says that this state has expired.
    pub(super) fn into_announcement(self) -> DueEntry {
        let Self { conversation, revision, .. } = self;
        let key = revision.expiry_key(&conversation);
        let entry = NewEntry { queue: Queue::Inbox, key, conversation, body: Bytes::new(), dead: None };
        (entry, Some(EntryId(revision.0)))
    }
}

impl From<Vec<NewEntry>> for Outcome {
    /// The outcome of an entry from which these follow, and which leaves the conversation's state as it is.
    fn from(follow_ups: Vec<NewEntry>) -> Self {
        Self { follow_ups, ..Self::default() }
    }
}
