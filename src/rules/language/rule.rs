//! A rule: which messages it answers, and how.

use std::{sync::Arc, time::Duration};

use serde::Deserialize;

use super::{forward::Forward, keyword::Keyword, reply::ReplyTemplate, window::Window};
use crate::ids::{AccountId, AppKey, UserId};

/// A rule of the configuration. An empty list of apps, accounts or users admits all.
#[derive(Debug)]
pub(crate) struct Rule {
    /// The key of the rule in the configuration, such as `rules[3]`.
    pub(crate) key: String,
    /// The name that dead letters and explanations use: the rule's own, or its key.
    pub(crate) name: String,
    /// The name for the log and for observers: `rule "orders"`, or the key.
    pub(crate) label: Arc<str>,
    /// Whether the rule is in force at all.
    pub(crate) enabled: bool,
    /// The kinds of message, as [`Inbound::kind`](crate::protocol::Inbound::kind) names them (`on`).
    pub(crate) kinds: Vec<&'static str>,
    /// App Keys (`app`).
    pub(crate) apps: Vec<AppKey>,
    /// Public accounts (`account`).
    pub(crate) accounts: Vec<AccountId>,
    /// Users (`user`).
    pub(crate) users: Vec<UserId>,
    /// The words that the message must be or contain.
    pub(crate) keyword: Option<Keyword>,
    /// The days and times at which the rule is in force.
    pub(crate) when: Option<Window>,
    /// The time in which the rule answers a conversation at most once.
    pub(crate) every: Option<Duration>,
    /// The way in which the rule answers.
    pub(crate) action: Action,
    /// Whether a person has the conversation after the answer.
    pub(crate) hand_over: bool,
    /// The line of the file where the rule begins, from 1.
    pub(crate) line: Option<usize>,
    /// A hash of the rule's text, which tells rules apart also when others come and go before them.
    pub(crate) fingerprint: u64,
}

/// The beginning of the names of dialogues that services have with users.
const DIALOGUE_PREFIX: &str = "rule:";

impl Rule {
    /// The name of the dialogue that the rule's service may have with a user.
    pub(crate) fn dialogue(&self) -> String {
        format!("{DIALOGUE_PREFIX}{}", self.name)
    }

    /// Whether the rule's service has the dialogue of this name.
    pub(crate) fn has_dialogue(&self, name: &str) -> bool {
        let is_in_force = self.enabled && matches!(self.action, Action::Forward(_));
        is_in_force && name.strip_prefix(DIALOGUE_PREFIX) == Some(&self.name)
    }
}

/// The way in which a rule answers.
#[derive(Debug)]
pub(crate) enum Action {
    /// The rule's own replies.
    Reply {
        /// The replies that it can send, in order.
        replies: Vec<ReplyTemplate>,
        /// The choice among them.
        pick: Pick,
    },
    /// The replies of a service that the message is forwarded to.
    Forward(Forward),
}

/// The choice among a rule's replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Pick {
    /// All of them, in order.
    All,
    /// One of them, at random.
    Random,
}
