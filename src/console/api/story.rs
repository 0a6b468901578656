//! One entry with everything that is known of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    body::BodyView,
    entry::{EntryRow, Why},
};
use crate::clock::UnixMillis;

/// One entry with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Story {
    /// The entry.
    pub entry: EntryRow,
    /// The bytes that were kept.
    pub body: BodyView,
    /// The id of its conversation.
    pub conversation: String,
    /// The failed attempts that are kept, oldest first.
    pub attempts: Vec<AttemptRow>,
    /// The replies to a message, in order; some may not be kept any more.
    pub replies: Vec<Reply>,
    /// The entry from which this one follows, if it is still kept.
    pub answers: Option<EntryRow>,
    /// The state of the conversation before the entry; null if there was none, or the entry did not change it.
    pub state_before: Option<PastState>,
    /// The state of the conversation after the entry; null if there was none, or the entry did not change it.
    pub state_after: Option<PastState>,
    /// Whether the entry has changed the state of its conversation.
    pub state_changed: bool,
    /// Why the entry is not done yet; for a pending entry only.
    pub why: Option<Why>,
}

/// A reply with its failed attempts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reply {
    /// The entry of the reply.
    pub entry: EntryRow,
    /// Its failed attempts that are kept, oldest first.
    pub attempts: Vec<AttemptRow>,
}

/// A failed attempt at an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttemptRow {
    /// The number of the attempt since the entry was appended or revived, from 1.
    pub number: u32,
    /// The time at which the attempt ended.
    pub ended_at: UnixMillis,
    /// How long the attempt took, in milliseconds.
    pub took: u64,
    /// The reason of the failure.
    pub reason: String,
    /// The name of the server that made the attempt.
    pub replica: String,
}

/// A state that a conversation had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum PastState {
    /// A state that is known.
    Known {
        /// The name of the dialogue.
        dialogue: String,
        /// The version of the form in which the body is written.
        version: u32,
        /// The state as JSON, or as text where it is none; null if it is hidden.
        #[serde(default)]
        body: Option<Value>,
        /// Whether the body is hidden for want of the right `bodies`.
        #[serde(default)]
        hidden: bool,
    },
    /// A state that is not known: its entry is not kept any more, or somebody wrote it by hand.
    Unknown {
        /// Always true.
        unknown: bool,
    },
}
