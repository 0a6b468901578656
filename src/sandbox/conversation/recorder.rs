//! Writes what happened as a conversation file.

use toml::Value;

use crate::{
    ids::{AccountId, UserId},
    sandbox::{
        content::Content,
        records::{Message, Side},
        state::State,
    },
};

/// The messages after the one called `after`, of one account and user or of all, as a conversation file.
///
/// Each reply belongs to its user's latest step; what came before the first one is left out.
pub(in crate::sandbox) fn record(
    state: &State,
    account: Option<&AccountId>,
    user: Option<&UserId>,
    after: u64,
) -> String {
    let mut steps: Vec<Recorded<'_>> = Vec::new();
    for message in state.messages.after(after) {
        if account.is_some_and(|account| *account != message.account) {
            continue;
        }
        for of in message.users.iter().filter(|of| user.is_none_or(|user| user == *of)) {
            match message.from {
                Side::User => {
                    let (account, does) = (&message.account, &message.content);
                    steps.push(Recorded { account, user: of, does, replies: Vec::new() });
                }
                Side::Account => {
                    let belongs = |step: &&mut Recorded<'_>| step.is_of(message, of);
                    if let Some(step) = steps.iter_mut().rev().find(belongs) {
                        step.replies.push(&message.content);
                    }
                }
            }
        }
    }
    steps.iter().map(Recorded::write).collect::<Vec<_>>().join("\n")
}

struct Recorded<'s> {
    account: &'s AccountId,
    user: &'s UserId,
    does: &'s Content,
    replies: Vec<&'s Content>,
}

impl Recorded<'_> {
    fn is_of(&self, message: &Message, user: &UserId) -> bool {
        *self.account == message.account && self.user == user
    }

    fn write(&self) -> String {
        let does = match self.does {
            Content::Text { text } => format!("says = {}", quoted(text)),
            Content::Subscribe => "follows = true".to_owned(),
            Content::Unsubscribe => "unfollows = true".to_owned(),
            // None of our own types fails to be TOML.
            other => format!("sends = {}", Value::try_from(other).unwrap_or(Value::Boolean(false))),
        };
        let replies: Vec<_> = self.replies.iter().copied().map(expected).collect();
        format!(
            "[[step]]\naccount = {}\nuser = {}\n{does}\nreplies = [{}]\n",
            quoted(self.account.as_str()),
            quoted(self.user.as_str()),
            replies.join(", ")
        )
    }
}

/// Addresses of pictures and recordings may differ from run to run: only their kind is recorded.
fn expected(reply: &Content) -> String {
    match reply {
        Content::Text { text } => format!("{{ exact = {} }}", quoted(text)),
        Content::News { .. } | Content::MpNews { .. } => {
            format!("{{ kind = \"{}\", exact = {} }}", reply.kind(), quoted(&reply.words()))
        }
        other => format!("{{ kind = \"{}\" }}", other.kind()),
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
