//! What became of each message behind the route, as the server under test tells of its work.
//!
//! A step is matched with its delivery by the body, which both sides have byte for byte. What is known of a message is part
//! of its delivery's record, so it is bounded and forgotten with it.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use serde::Serialize;

use super::{
    platform::Platform,
    records::{Delivery, DeliveryState},
    state::State,
};
use crate::clock::UnixMillis;

/// How many replies of one message are told of.
const MOST_REPLIES: usize = 100;
/// How much of a name or a reason is kept, in characters.
const EXCERPT: usize = 500;

/// Takes note of what the server under test does with the messages; made by
/// [`Sandbox::observer`](super::Sandbox::observer).
#[derive(Clone)]
pub struct Observer {
    pub(super) platform: Arc<Platform>,
}

/// A step of the server under test at a message or at a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlingStep {
    /// The number of its entry in the server's journal.
    pub entry: i64,
    /// The number of the message's entry, if this one is a reply.
    pub answers: Option<i64>,
    /// The entry's body: for a message byte for byte as it was delivered.
    pub body: Bytes,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The step itself.
    pub event: HandlingEvent,
}

/// How an attempt begins or ends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandlingEvent {
    /// The attempt begins.
    Begun,
    /// A message was handled, or a reply was sent.
    Done {
        /// The handler or rule.
        by: Option<String>,
        /// How many replies follow.
        replies: usize,
    },
    /// No handler takes such messages.
    NotTaken,
    /// A rule takes the message, and is quiet for now.
    Quiet {
        /// The rule.
        by: String,
    },
    /// The attempt failed, and another one comes.
    Retry {
        /// Why it failed.
        reason: String,
        /// How long from now.
        after: Duration,
    },
    /// The entry was put back without an attempt.
    Released {
        /// Why.
        reason: String,
        /// How long it stays away.
        after: Duration,
    },
    /// The entry is a dead letter.
    Dead {
        /// Why it was given up.
        reason: String,
    },
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Handling {
    /// How far it is.
    pub state: HandlingState,
    /// The number of its entry in the server's journal; none before its first attempt.
    pub entry: Option<i64>,
    /// The handler or rule that took it.
    pub by: Option<String>,
    /// How many attempts have begun.
    pub attempts: u32,
    /// Why the last attempt failed, or the message waits.
    pub reason: Option<String>,
    /// When the next attempt begins.
    pub retry_at: Option<UnixMillis>,
    /// The delivery whose message must be done before this one begins: the conversation's previous one.
    pub behind: Option<u64>,
    /// Its replies, in their order; the first 100.
    pub replies: Vec<ReplyHandling>,
}

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HandlingState {
    /// Accepted; no attempt has begun.
    Waiting,
    /// An attempt is going on.
    Working,
    /// The last attempt failed, and another one comes.
    Retrying,
    /// Handled.
    Done,
    /// No handler takes such messages.
    NotTaken,
    /// A rule takes it, and is quiet for now.
    Quiet,
    /// Given up: a dead letter.
    Dead,
}

/// What became of a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplyHandling {
    /// The number of its entry in the server's journal; none before its first attempt.
    pub entry: Option<i64>,
    /// How far it is.
    pub state: ReplyState,
    /// How many attempts have begun.
    pub attempts: u32,
    /// Why the last attempt failed, or the reply waits.
    pub reason: Option<String>,
    /// When the next attempt begins.
    pub retry_at: Option<UnixMillis>,
}

/// How far a reply is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyState {
    /// No attempt is going on.
    Waiting,
    /// An attempt is going on.
    Sending,
    /// The last attempt failed, and another one comes.
    Retrying,
    /// The platform has taken it.
    Sent,
    /// Given up: a dead letter.
    Dead,
}

impl Observer {
    /// Takes note of a step. A step of a message that this sandbox has not delivered, or has forgotten, is ignored.
    pub fn note(&self, step: &HandlingStep) {
        let now = self.platform.clock.now();
        self.platform.state().note(step, now);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer").finish_non_exhaustive()
    }
}

impl Handling {
    /// A message that was accepted just now.
    fn waiting(behind: Option<u64>) -> Self {
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
        use HandlingState::{Dead, Done, NotTaken, Quiet, Retrying, Waiting, Working};
        match self.state {
            Done | NotTaken | Quiet | Dead => true,
            Waiting | Working | Retrying => false,
        }
    }

    /// A step at the message itself.
    fn step(&mut self, step: &HandlingStep, now: UnixMillis) {
        (self.entry, self.attempts) = (Some(step.entry), step.attempt);
        (self.behind, self.reason, self.retry_at) = (None, None, None);
        self.state = match &step.event {
            HandlingEvent::Begun => HandlingState::Working,
            HandlingEvent::Done { by, replies } => {
                self.by = by.as_deref().map(excerpt);
                self.expect(*replies);
                HandlingState::Done
            }
            HandlingEvent::NotTaken => HandlingState::NotTaken,
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

    /// So many replies follow. The first steps of some may have been told of already.
    fn expect(&mut self, replies: usize) {
        let replies = replies.min(MOST_REPLIES);
        while self.replies.len() < replies {
            self.replies.push(ReplyHandling::waiting());
        }
    }

    /// The reply of that entry, if it is one of the first.
    fn reply(&mut self, entry: i64) -> Option<&mut ReplyHandling> {
        let known = self.replies.iter().position(|reply| reply.entry == Some(entry));
        // Replies are sent in their order: one that is new is the next.
        let place = known.or_else(|| self.replies.iter().position(|reply| reply.entry.is_none()));
        let place = place.unwrap_or(self.replies.len());
        if place == self.replies.len() && place < MOST_REPLIES {
            self.replies.push(ReplyHandling::waiting());
        }
        self.replies.get_mut(place)
    }
}

impl ReplyHandling {
    fn waiting() -> Self {
        Self { entry: None, state: ReplyState::Waiting, attempts: 0, reason: None, retry_at: None }
    }

    fn step(&mut self, step: &HandlingStep, now: UnixMillis) {
        (self.entry, self.attempts) = (Some(step.entry), step.attempt);
        (self.reason, self.retry_at) = (None, None);
        self.state = match &step.event {
            HandlingEvent::Begun => ReplyState::Sending,
            // Replies are taken by no rule, so the other two do not come.
            HandlingEvent::Done { .. } | HandlingEvent::NotTaken | HandlingEvent::Quiet { .. } => {
                ReplyState::Sent
            }
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

impl State {
    /// Takes note of a step of the server under test, and tells the page.
    fn note(&mut self, step: &HandlingStep, now: UnixMillis) {
        // The latest one: the journal of another server may have used the same number before.
        let found =
            self.deliveries.iter().rev().find(|delivery| match (step.answers, &delivery.handling) {
                (Some(message), Some(handling)) => handling.entry == Some(message),
                (Some(_), None) => false,
                (None, _) => delivery.xml.as_bytes() == step.body,
            });
        let Some(id) = found.map(|delivery| delivery.id) else { return };
        let Some(delivery) = self.deliveries.get_mut(id) else { return };
        let handling = delivery.handling.get_or_insert_with(|| Handling::waiting(None));
        if step.answers.is_none() {
            handling.step(step, now);
            self.observed_url = Some(delivery.url.clone());
        } else if let Some(reply) = handling.reply(step.entry) {
            reply.step(step, now);
        }
        let is_settled = handling.is_settled();
        self.feed.publish("delivery", &*delivery);
        if is_settled {
            self.move_up(id);
        }
    }

    /// What is known of a delivery's message once the delivery has come so far.
    pub(super) fn handling_of(&self, delivery: &Delivery) -> Option<Handling> {
        let known = self.deliveries.get(delivery.id);
        if let Some(handling) = known.and_then(|known| known.handling.clone()) {
            return Some(handling);
        }
        let is_observed = self.observed_url.as_ref() == Some(&delivery.url);
        let is_accepted = delivery.state == DeliveryState::Accepted;
        (is_observed && is_accepted).then(|| Handling::waiting(self.last_in_line(delivery)))
    }

    /// The delivery of the same conversation that was accepted last and is not settled: nobody waits behind it yet.
    fn last_in_line(&self, delivery: &Delivery) -> Option<u64> {
        let line = || {
            self.deliveries.iter().filter(|other| {
                other.account == delivery.account
                    && other.user == delivery.user
                    && other.handling.as_ref().is_some_and(|handling| !handling.is_settled())
            })
        };
        let is_waited_for =
            |id| line().any(|other| other.handling.as_ref().and_then(|it| it.behind) == Some(id));
        line().map(|other| other.id).rfind(|id| !is_waited_for(*id))
    }

    /// Whoever waited behind this delivery does so no longer.
    fn move_up(&mut self, settled: u64) {
        let waits = |delivery: &&Delivery| {
            delivery.handling.as_ref().and_then(|handling| handling.behind) == Some(settled)
        };
        let waiting: Vec<u64> =
            self.deliveries.iter().filter(waits).map(|delivery| delivery.id).collect();
        for id in waiting {
            if let Some(delivery) = self.deliveries.get_mut(id)
                && let Some(handling) = &mut delivery.handling
            {
                handling.behind = None;
                self.feed.publish("delivery", &*delivery);
            }
        }
    }
}

/// The beginning of a text.
fn excerpt(text: impl AsRef<str>) -> String {
    text.as_ref().chars().take(EXCERPT).collect()
}
