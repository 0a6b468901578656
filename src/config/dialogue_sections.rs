//! The sections `[dialogue]` and `[desk]` of `callback.toml`, which documents every key and its default.

use std::time::Duration;

use serde::Deserialize;
use toml::Value;

#[cfg(feature = "rules")]
use crate::rules::DeskForward;
use crate::toml_values::duration;

/// `[dialogue]`: all dialogues.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialogueSection {
    /// Words of a user that leave any dialogue.
    pub exit_words: Vec<String>,
    /// Sentence to a user who has left a dialogue; none is said if it is empty.
    pub exit_reply: String,
    /// Way to treat a message to a dialogue whose stored state cannot be read.
    pub unreadable: Unreadable,
    /// Sentence to a user whose dialogue begins anew for that reason; none is said if it is empty.
    pub restart_reply: String,
}

/// The way to treat a message to a dialogue whose stored state cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// The dialogue ends, and the user is told to begin anew.
    Restart,
    /// The message is a dead letter, and the state stays.
    DeadLetter,
}

/// `[desk]`: conversations that a person has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskSection {
    /// Silence of both sides after which the bot has the conversation again.
    #[serde(deserialize_with = "duration::deserialize")]
    pub give_back_after: Duration,
    /// Words of a user that give the conversation back to the bot.
    pub give_back_words: Vec<String>,
    /// Sentence to a user whose conversation is handed over; none is said if it is empty.
    pub handed_over: String,
    /// Sentence to a user whose conversation the bot has again; none is said if it is empty.
    pub given_back: String,
    /// Sentences that a person at the console's desk can choose from.
    pub phrases: Vec<String>,
    /// Customer-service system that the messages are handed to, if there is one.
    #[cfg(feature = "rules")]
    #[serde(skip)]
    pub forward: Option<DeskForward>,
    /// The table `forward` as it is written, until it is read by itself.
    #[serde(default, rename = "forward")]
    pub(super) written_forward: Option<Value>,
}
