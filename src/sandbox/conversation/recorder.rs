//! The recorder, which writes messages as a conversation file.

use toml::Value;

use crate::{
    ids::{AccountId, UserId},
    sandbox::{
        content::ChatContent,
        history::{ChatMessage, Side},
        state::State,
    },
};

/// The messages after the message `after`, of one account and user or of all, as a conversation file.
///
/// Each reply belongs to its user's latest step; replies before the first step are left out.
pub(in crate::sandbox) fn record(
    state: &State,
    account: Option<&AccountId>,
    user: Option<&UserId>,
    after: u64,
) -> String {
    let mut steps: Vec<RecordedStep<'_>> = Vec::new();
    for message in state.messages.after(after) {
        if account.is_some_and(|account| *account != message.account) {
            continue;
        }
        for one in message.users.iter().filter(|one| user.is_none_or(|user| user == *one)) {
            match message.from {
                Side::User => {
                    let (account, action) = (&message.account, &message.content);
                    steps.push(RecordedStep { account, user: one, action, replies: Vec::new() });
                }
                Side::Account => {
                    let belongs = |step: &&mut RecordedStep<'_>| step.is_of(message, one);
                    if let Some(step) = steps.iter_mut().rev().find(belongs) {
                        step.replies.push(&message.content);
                    }
                }
            }
        }
    }
    steps.iter().map(RecordedStep::to_toml).collect::<Vec<_>>().join("\n")
}

/// A step that is recorded.
struct RecordedStep<'s> {
    account: &'s AccountId,
    user: &'s UserId,
    action: &'s ChatContent,
    replies: Vec<&'s ChatContent>,
}

impl RecordedStep<'_> {
    /// Whether the step belongs to the conversation of `message` with `user`.
    fn is_of(&self, message: &ChatMessage, user: &UserId) -> bool {
        *self.account == message.account && self.user == user
    }

    fn to_toml(&self) -> String {
        let action = match self.action {
            ChatContent::Text { text } => format!("says = {}", quoted(text)),
            ChatContent::Subscribe => "follows = true".to_owned(),
            ChatContent::Unsubscribe => "unfollows = true".to_owned(),
            // All contents can be written as TOML.
            other => format!("sends = {}", Value::try_from(other).unwrap_or(Value::Boolean(false))),
        };
        let replies: Vec<_> = self.replies.iter().copied().map(expected_reply).collect();
        format!(
            "[[step]]\naccount = {}\nuser = {}\n{action}\nreplies = [{}]\n",
            quoted(self.account.as_str()),
            quoted(self.user.as_str()),
            replies.join(", ")
        )
    }
}

/// The expectation of a reply. Addresses of pictures and recordings may differ from run to run, so that only their kind is
/// recorded.
fn expected_reply(reply: &ChatContent) -> String {
    match reply {
        ChatContent::Text { text } => format!("{{ exact = {} }}", quoted(text)),
        ChatContent::News { .. } | ChatContent::MpNews { .. } => {
            format!("{{ kind = \"{}\", exact = {} }}", reply.kind(), quoted(&reply.words()))
        }
        other => format!("{{ kind = \"{}\" }}", other.kind()),
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
