//! The options of conversations that a person has.

use std::time::Duration;

use crate::protocol::Payload;

/// The options of conversations that a person has.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The silence of both sides after which the bot has the conversation again. Default: 30 minutes.
    pub(crate) give_back_after: Duration,
    /// The words of a user that give the conversation back to the bot, in lower case.
    pub(crate) give_back_words: Vec<String>,
    /// The sentence to a user whose conversation is handed over; none is said if it is empty.
    pub(crate) handed_over: String,
    /// The sentence to a user whose conversation the bot has again; none is said if it is empty.
    pub(crate) given_back: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            give_back_after: Duration::from_mins(30),
            give_back_words: vec!["结束人工".to_owned()],
            handed_over: "正在为您转接人工客服，请稍候。".to_owned(),
            given_back: "人工服务已结束，现在由机器人为您服务。".to_owned(),
        }
    }
}

impl Options {
    /// The sentence to a user whose conversation is handed over.
    pub(crate) fn handed_over_payload(&self) -> Option<Payload> {
        sentence(&self.handed_over)
    }

    /// The sentence to a user whose conversation the bot has again.
    pub(crate) fn given_back_payload(&self) -> Option<Payload> {
        sentence(&self.given_back)
    }
}

fn sentence(text: &str) -> Option<Payload> {
    (!text.is_empty()).then(|| Payload::text(text))
}
