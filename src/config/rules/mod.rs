//! `[[rules]]`: handlers written as configuration. What can be wrong with one is found when it is read.

pub(crate) mod fold;
mod forward;
mod keyword;
mod kinds;
mod names;
mod read;
mod reply;
mod template;
mod window;

use std::time::Duration;

use serde::Deserialize;
use url::Url;

pub(super) use self::read::read;
pub(crate) use self::{
    forward::Forward,
    keyword::Keyword,
    reply::{ReplyTemplate, WrittenReply},
    window::Window,
};
use crate::ids::{AccountId, AppKey, UserId};

/// `[[rules]]`: which messages a rule answers, and how; for [`Rules`](crate::rules::Rules). An empty list admits all.
#[derive(Debug, Clone)]
pub struct RuleSection {
    /// What logs and dead letters call it.
    pub(crate) name: Option<String>,
    /// Whether it is in force at all.
    pub(crate) enabled: bool,
    /// The kinds of message, as [`Inbound::kind`](crate::protocol::Inbound::kind) names them (`on`).
    pub(crate) kinds: Vec<&'static str>,
    /// App Keys (`app`).
    pub(crate) apps: Vec<AppKey>,
    /// Public accounts (`account`).
    pub(crate) accounts: Vec<AccountId>,
    /// Users (`user`).
    pub(crate) users: Vec<UserId>,
    /// The words that the message must be or have.
    pub(crate) keyword: Option<Keyword>,
    /// The days and times at which it is in force.
    pub(crate) when: Option<Window>,
    /// It answers a conversation at most once in this time.
    pub(crate) every: Option<Duration>,
    /// How it answers.
    pub(crate) action: Action,
    /// Line of the file, from 1.
    pub(crate) line: Option<usize>,
    /// Tells rules apart by what they say.
    pub(crate) fingerprint: u64,
}

impl RuleSection {
    /// The service that the rule hands messages on to.
    pub fn forward_url(&self) -> Option<&Url> {
        match &self.action {
            Action::Forward(forward) => Some(&forward.url),
            Action::Reply { .. } => None,
        }
    }
}

/// How a rule answers.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// By itself.
    Reply {
        /// What it can send, in order.
        replies: Vec<ReplyTemplate>,
        /// What of it.
        pick: Pick,
    },
    /// With what a service answers.
    Forward(Forward),
}

/// What of a rule's replies is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Pick {
    /// All, in order.
    All,
    /// One of them, at random.
    Random,
}
