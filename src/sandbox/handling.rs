//! The server's work on a message and on its replies, as the server under test reports it.
//!
//! A step is matched with its delivery by the body, which both sides have byte for byte. The handling of a message is part
//! of its delivery's record, so it is bounded and forgotten with it.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::dialogue_log::DialogueState;
use crate::{
    clock::UnixMillis,
    ids::{AccountId, UserId},
};

/// The largest number of a message's replies that are kept.
const MAX_REPLIES: usize = 100;
/// The largest length of a name or a reason that is kept, in characters.
const MAX_EXCERPT: usize = 500;

/// A step of the server under test at a message or at a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlingStep {
    /// The number of the message's or reply's entry in the server's journal.
    pub entry: i64,
    /// The number of the message's entry, if this step belongs to a reply.
    pub answers: Option<i64>,
    /// The entry's body: for a message byte for byte as it was delivered.
    pub body: Bytes,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The step itself.
    pub event: HandlingEvent,
}

/// The beginning or the end of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandlingEvent {
    /// The attempt begins.
    Begun,
    /// A message was handled, or a reply was sent.
    Done {
        /// The handler or rule that took the message.
        by: Option<String>,
        /// The number of replies that follow.
        replies: usize,
    },
    /// No handler takes such messages.
    NotTaken,
    /// A rule takes the message, and is quiet for now.
    Quiet {
        /// The rule.
        by: String,
    },
    /// A person has the conversation: the message is kept for them, and no handler is asked.
    Kept,
    /// The conversation has another state from now on, after a message or because time has passed.
    State {
        /// The account of the conversation.
        account: AccountId,
        /// The user of the conversation.
        user: UserId,
        /// The dialogue with its state; none if the conversation is in no dialogue any more.
        dialogue: Option<DialogueState>,
    },
    /// The attempt failed, and another one comes.
    Retry {
        /// The reason of the failure.
        reason: String,
        /// The time until the next attempt.
        after: Duration,
    },
    /// The entry was put back without an attempt.
    Released {
        /// The reason for putting it back.
        reason: String,
        /// The time until the entry is taken up again.
        after: Duration,
    },
    /// The entry is a dead letter.
    Dead {
        /// The reason for giving it up.
        reason: String,
    },
}

/// The server's work on a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Handling {
    /// The stage that the message has reached.
    pub state: HandlingState,
    /// The number of the message's entry in the server's journal; none before the first attempt.
    pub entry: Option<i64>,
    /// The handler or rule that took the message.
    pub by: Option<String>,
    /// The number of attempts that have begun.
    pub attempts: u32,
    /// The reason why the last attempt failed, or why the message waits.
    pub reason: Option<String>,
    /// The time of the next attempt.
    pub retry_at: Option<UnixMillis>,
    /// The delivery whose message must be done before this one begins: the conversation's previous one.
    pub behind: Option<u64>,
    /// The message's replies, in their order; the first 100.
    pub replies: Vec<ReplyHandling>,
}

/// The stages of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HandlingState {
    /// The message is accepted; no attempt has begun.
    Waiting,
    /// An attempt is going on.
    Working,
    /// The last attempt failed, and another one comes.
    Retrying,
    /// The message is handled.
    Done,
    /// No handler takes such messages.
    NotTaken,
    /// A rule takes the message, and is quiet for now.
    Quiet,
    /// A person has the conversation: the message is kept for them.
    Kept,
    /// The message was given up: a dead letter.
    Dead,
}

/// The server's work on a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplyHandling {
    /// The number of the reply's entry in the server's journal; none before the first attempt.
    pub entry: Option<i64>,
    /// The stage that the reply has reached.
    pub state: ReplyState,
    /// The number of attempts that have begun.
    pub attempts: u32,
    /// The reason why the last attempt failed, or why the reply waits.
    pub reason: Option<String>,
    /// The time of the next attempt.
    pub retry_at: Option<UnixMillis>,
}

/// The stages of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyState {
    /// No attempt is going on.
    Waiting,
    /// An attempt is going on.
    Sending,
    /// The last attempt failed, and another one comes.
    Retrying,
    /// The platform has taken the reply.
    Sent,
    /// The reply was given up: a dead letter.
    Dead,
}

impl Handling {
    /// The handling of a message that was accepted just now.
    pub(super) fn waiting(behind: Option<u64>) -> Self {
        Self {
            state: HandlingState::Waiting,
            entry: None,
            by: None,
            attempts: 0,
            reason: None,
            retry_at: None,
            behind,
            replies: Vec::new(),
        }
    }

    /// Whether nothing more happens to the message, apart from its replies.
    pub fn is_settled(&self) -> bool {
        use HandlingState::{Dead, Done, Kept, NotTaken, Quiet, Retrying, Waiting, Working};
        match self.state {
            Done | NotTaken | Quiet | Kept | Dead => true,
            Waiting | Working | Retrying => false,
        }
    }

    /// Applies a step at the message itself; the state of its conversation is kept elsewhere.
    pub(super) fn apply(&mut self, step: &HandlingStep, now: UnixMillis) {
        (self.entry, self.attempts) = (Some(step.entry), step.attempt);
        (self.behind, self.reason, self.retry_at) = (None, None, None);
        self.state = match &step.event {
            HandlingEvent::Begun => HandlingState::Working,
            HandlingEvent::Done { by, replies } => {
                self.by = by.as_deref().map(excerpt);
                self.add_expected_replies(*replies);
                HandlingState::Done
            }
            HandlingEvent::NotTaken => HandlingState::NotTaken,
            HandlingEvent::Kept => HandlingState::Kept,
            HandlingEvent::State { .. } => self.state,
            HandlingEvent::Quiet { by } => {
                self.by = Some(excerpt(by));
                HandlingState::Quiet
            }
            HandlingEvent::Retry { reason, after } => {
                (self.reason, self.retry_at) = (Some(excerpt(reason)), Some(now.plus(*after)));
                HandlingState::Retrying
            }
            HandlingEvent::Released { reason, after } => {
                (self.reason, self.retry_at) = (Some(excerpt(reason)), Some(now.plus(*after)));
                HandlingState::Waiting
            }
            HandlingEvent::Dead { reason } => {
                self.reason = Some(excerpt(reason));
                HandlingState::Dead
            }
        };
    }

    /// Makes room for `replies` replies, of which some may have been reported already.
    fn add_expected_replies(&mut self, replies: usize) {
        let replies = replies.min(MAX_REPLIES);
        while self.replies.len() < replies {
            self.replies.push(ReplyHandling::waiting());
        }
    }

    /// The reply with the journal entry `entry`, if it is one of the first.
    pub(super) fn reply(&mut self, entry: i64) -> Option<&mut ReplyHandling> {
        let known = self.replies.iter().position(|reply| reply.entry == Some(entry));
        // Replies are sent in their order: a reply that is new here is the next one.
        let place = known.or_else(|| self.replies.iter().position(|reply| reply.entry.is_none()));
        let place = place.unwrap_or(self.replies.len());
        if place == self.replies.len() && place < MAX_REPLIES {
            self.replies.push(ReplyHandling::waiting());
        }
        self.replies.get_mut(place)
    }
}

impl ReplyHandling {
    fn waiting() -> Self {
        Self { entry: None, state: ReplyState::Waiting, attempts: 0, reason: None, retry_at: None }
    }

    /// Whether nothing more happens to the reply.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self.state, ReplyState::Sent | ReplyState::Dead)
    }

    /// Applies a step at the reply.
    pub(super) fn apply(&mut self, step: &HandlingStep, now: UnixMillis) {
        (self.entry, self.attempts) = (Some(step.entry), step.attempt);
        (self.reason, self.retry_at) = (None, None);
        self.state = match &step.event {
            HandlingEvent::Begun => ReplyState::Sending,
            // No rule and no person takes replies, so the last four do not come.
            HandlingEvent::Done { .. }
            | HandlingEvent::NotTaken
            | HandlingEvent::Quiet { .. }
            | HandlingEvent::Kept
            | HandlingEvent::State { .. } => ReplyState::Sent,
            HandlingEvent::Retry { reason, after } => {
                (self.reason, self.retry_at) = (Some(excerpt(reason)), Some(now.plus(*after)));
                ReplyState::Retrying
            }
            HandlingEvent::Released { reason, after } => {
                (self.reason, self.retry_at) = (Some(excerpt(reason)), Some(now.plus(*after)));
                ReplyState::Waiting
            }
            HandlingEvent::Dead { reason } => {
                self.reason = Some(excerpt(reason));
                ReplyState::Dead
            }
        };
    }
}

/// The beginning of a text.
fn excerpt(text: impl AsRef<str>) -> String {
    text.as_ref().chars().take(MAX_EXCERPT).collect()
}
