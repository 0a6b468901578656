//! The state of conversations.
//!
//! A conversation has at most one state. It is read with the lease of an entry, and changed by the finish of that entry,
//! in its transaction. Each change gives it a new revision, and a finish counts only while the revision is still the one
//! with which its entry was leased: an operator may have changed the state meanwhile.

use std::time::Duration;

use bytes::Bytes;

use super::entry_key::EntryKey;
use crate::clock::UnixMillis;

/// A number that the state of a conversation gets with each change, and that no other state of it ever has.
///
/// The number is that of the entry whose finish changed the state, or a negative one for an operator's change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision(pub i64);

/// The state that a conversation is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewState {
    /// The name of the dialogue that the state belongs to.
    pub dialogue: String,
    /// The version of the form in which `body` is written.
    pub version: u32,
    /// The bytes to keep.
    pub body: Bytes,
    /// The time after which the state expires, unless it changes before.
    pub expires_in: Duration,
}

/// The change that an entry makes to the state of its conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum StateChange {
    /// The state stays as it is, its expiry included.
    #[default]
    Keep,
    /// The conversation has this state from now on.
    Put(NewState),
    /// The conversation has no state any more.
    Clear,
}

/// The state of a conversation as an entry of it is leased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedState {
    /// The name of the dialogue that the state belongs to.
    pub dialogue: String,
    /// The version of the form in which `body` is written.
    pub version: u32,
    /// The bytes that were kept.
    pub body: Bytes,
    /// The revision of the state.
    pub revision: Revision,
    /// Whether the state had expired before the entry was accepted.
    pub is_expired: bool,
}

/// The state of a conversation as an operator sees it and as it is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationState {
    /// The conversation's key.
    pub conversation: String,
    /// The name of the dialogue that the state belongs to.
    pub dialogue: String,
    /// The version of the form in which `body` is written.
    pub version: u32,
    /// The bytes that were kept.
    pub body: Bytes,
    /// The revision of the state.
    pub revision: Revision,
    /// The time at which the state expires.
    pub expires_at: UnixMillis,
    /// Whether an entry of the Inbox says that the state has expired.
    pub is_expiring: bool,
}

/// The step from one state of a conversation to the next that an entry made, as it is kept with the entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateStep {
    /// The revision of the state before, which is the number of the entry that wrote it, or negative for an operator's
    /// change; none if there was no state.
    pub before: Option<Revision>,
    /// The state after; none if the conversation had no state any more.
    pub after: Option<PastState>,
}

/// A state that a conversation once had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastState {
    /// The name of the dialogue that the state belonged to.
    pub dialogue: String,
    /// The version of the form in which `body` is written.
    pub version: u32,
    /// The bytes that were kept.
    pub body: Bytes,
}

/// The conversations whose states are wanted, in the order of their keys.
#[derive(Debug, Clone, Default)]
pub struct StateFilter {
    /// Only this conversation.
    pub conversation: Option<String>,
    /// Only states of this dialogue.
    pub dialogue: Option<String>,
    /// Only conversations whose keys come after this one.
    pub after: Option<String>,
    /// The most states that are wanted.
    pub limit: usize,
}

impl StateStep {
    /// The step that a change makes from the state with the revision `before`; none if it changes nothing.
    pub(super) fn of(change: &StateChange, before: Option<Revision>) -> Option<Self> {
        match change {
            StateChange::Keep => None,
            StateChange::Clear => before.map(|before| Self { before: Some(before), after: None }),
            StateChange::Put(NewState { dialogue, version, body, expires_in: _ }) => {
                let (dialogue, version, body) = (dialogue.clone(), *version, body.clone());
                Some(Self { before, after: Some(PastState { dialogue, version, body }) })
            }
        }
    }
}

impl Revision {
    /// A revision for an operator's change, which no other change has.
    pub(super) fn of_operator() -> Self {
        Self(rand::random_range(i64::MIN..0))
    }

    /// The key of the entry that says that the state of `conversation` with this revision has expired.
    pub(super) fn expiry_key(self, conversation: &str) -> EntryKey {
        EntryKey::of(&format!("expiry\u{1f}{}\u{1f}{conversation}", self.0))
    }
}
