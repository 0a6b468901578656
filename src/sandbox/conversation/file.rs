//! The conversation file, read and checked.

use std::{str::FromStr, time::Duration};

use regex::Regex;
use serde::Deserialize;

use super::{
    action::{Action, KEYS},
    expected_state::{ExpectedState, StateEntry},
};
use crate::{
    ids::{AccountId, UserId},
    sandbox::{content::ChatContent, demo_account::DEMO, desk::DeskAction},
};

/// The time for replies, where a step names none.
const REPLY_TIME: Duration = Duration::from_secs(10);
/// The time in which no reply may come, where a step names none.
const SILENT_TIME: Duration = Duration::from_secs(1);

/// A conversation to play; [the module](crate::sandbox) describes the format of its file.
#[derive(Debug, Clone)]
pub struct Conversation {
    pub(super) steps: Vec<Step>,
}

/// The reason why a text is not a conversation file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConversationError {
    /// The text is not TOML, or has unknown or wrong fields.
    #[error(transparent)]
    Syntax(#[from] toml::de::Error),
    /// The conversation has no step.
    #[error("the conversation has no step: a step begins with [[step]]")]
    Empty,
    /// A step makes no sense.
    #[error("step {step}: {what}")]
    Step {
        /// The number of the step, from 1.
        step: usize,
        /// The mistake.
        what: String,
    },
}

/// An action of a user or of a person at the desk, and the replies that must come.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) account: AccountId,
    pub(super) user: UserId,
    /// The time that passes before the action.
    pub(super) after: Option<Duration>,
    /// The action; none for a step that only waits for replies.
    pub(super) action: Option<Action>,
    /// The replies that must come; none if they are not checked.
    pub(super) replies: Option<Vec<Expected>>,
    pub(super) within: Duration,
    /// The state that the conversation must have after the step; none if it is not checked.
    pub(super) state: Option<ExpectedState>,
}

/// A reply that must come.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) kind: Option<String>,
    pub(super) text: TextCheck,
}

/// The check of a reply's text.
#[derive(Debug, Clone)]
pub(super) enum TextCheck {
    Any,
    Exact(String),
    Contains(String),
    Matches(Regex),
}

/// The file as TOML.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    account: Option<AccountId>,
    #[serde(default)]
    step: Vec<StepEntry>,
}

/// A table `[[step]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
struct StepEntry {
    account: Option<AccountId>,
    user: Option<UserId>,
    after: Option<String>,
    says: Option<String>,
    #[serde(default)]
    follows: bool,
    #[serde(default)]
    unfollows: bool,
    sends: Option<ChatContent>,
    #[serde(default)]
    takes_over: bool,
    answers: Option<String>,
    #[serde(default)]
    hands_back: bool,
    replies: Option<Vec<ReplyEntry>>,
    within: Option<String>,
    state: Option<StateEntry>,
}

/// An element of `replies`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyEntry {
    kind: Option<String>,
    exact: Option<String>,
    contains: Option<String>,
    regex: Option<String>,
}

impl FromStr for Conversation {
    type Err = ConversationError;

    fn from_str(text: &str) -> Result<Self, ConversationError> {
        let File { account, step: entries } = toml::from_str(text)?;
        if entries.is_empty() {
            return Err(ConversationError::Empty);
        }
        let account = account.unwrap_or_else(|| DEMO.into());
        let mut user = None;
        let mut steps = Vec::with_capacity(entries.len());
        for (index, entry) in entries.into_iter().enumerate() {
            user = entry.user.clone().or(user);
            let step = entry.into_step(&account, user.as_ref());
            steps.push(step.map_err(|what| ConversationError::Step { step: index + 1, what })?);
        }
        Ok(Self { steps })
    }
}

impl StepEntry {
    fn into_step(self, account: &AccountId, user: Option<&UserId>) -> Result<Step, String> {
        let user = user.ok_or("nobody does it: name a `user`")?.clone();
        let action = self.action()?;
        let replies =
            self.replies.map(|replies| replies.into_iter().map(ReplyEntry::into_expected).collect());
        let replies: Option<Vec<_>> = replies.transpose()?;
        let within = match (self.within, &replies) {
            (Some(span), _) => parse_span("within", &span)?,
            (None, Some(replies)) if replies.is_empty() => SILENT_TIME,
            (None, _) => REPLY_TIME,
        };
        let after = self.after.map(|span| parse_span("after", &span)).transpose()?;
        if action.is_none() && after.is_none() && replies.is_none() && self.state.is_none() {
            let needs = format!("one of {KEYS}, or `after`, `replies` or `state`");
            return Err(format!("it does nothing and looks at nothing: it needs {needs}"));
        }
        Ok(Step {
            account: self.account.unwrap_or_else(|| account.clone()),
            user,
            after,
            action,
            replies,
            within,
            state: self.state.map(ExpectedState::from),
        })
    }

    /// The only action of the step, if it has one.
    fn action(&self) -> Result<Option<Action>, String> {
        let user = Action::User;
        let actions: Vec<Action> = [
            self.says.clone().map(ChatContent::text).map(user),
            self.follows.then_some(ChatContent::Subscribe).map(user),
            self.unfollows.then_some(ChatContent::Unsubscribe).map(user),
            self.sends.clone().map(user),
            self.takes_over.then_some(Action::Person(DeskAction::TakeOver)),
            self.answers.clone().map(|answer| Action::Person(DeskAction::Answer(answer))),
            self.hands_back.then_some(Action::Person(DeskAction::HandBack)),
        ]
        .into_iter()
        .flatten()
        .collect();
        match <[Action; 1]>::try_from(actions) {
            Ok([Action::User(content)]) if content.to_wire().is_none() => {
                Err(format!("users do not send `{}`", content.kind()))
            }
            Ok([action]) => Ok(Some(action)),
            Err(actions) if actions.is_empty() => Ok(None),
            Err(_) => Err(format!("one of {KEYS}, not more")),
        }
    }
}

impl ReplyEntry {
    fn into_expected(self) -> Result<Expected, String> {
        let text = match (self.exact, self.contains, self.regex) {
            (Some(exact), None, None) => TextCheck::Exact(exact),
            (None, Some(contains), None) => TextCheck::Contains(contains),
            (None, None, Some(regex)) => {
                TextCheck::Matches(Regex::new(&regex).map_err(|error| error.to_string())?)
            }
            (None, None, None) if self.kind.is_some() => TextCheck::Any,
            (None, None, None) => {
                return Err("a reply needs `exact`, `contains`, `regex` or `kind`".to_owned());
            }
            _ => return Err("a reply has one of `exact`, `contains` and `regex`, not more".to_owned()),
        };
        if let Some(kind) = &self.kind
            && !["text", "image", "voice", "news", "mpnews"].contains(&kind.as_str())
        {
            return Err(format!("accounts do not send `{kind}`"));
        }
        Ok(Expected { kind: self.kind, text })
    }
}

impl Expected {
    /// Whether `content` is this reply.
    pub(super) fn is_met_by(&self, content: &ChatContent) -> bool {
        let words = content.words();
        self.kind.as_ref().is_none_or(|kind| kind == content.kind())
            && match &self.text {
                TextCheck::Any => true,
                TextCheck::Exact(exact) => words == *exact,
                TextCheck::Contains(part) => words.contains(part),
                TextCheck::Matches(regex) => regex.is_match(&words),
            }
    }
}

/// The span that the key `name` has.
fn parse_span(name: &str, text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text
        .parse()
        .map_err(|_| format!("`{name}` is \"{text}\", not a time such as \"5s\" or \"31m\""))?;
    match Duration::try_from(span) {
        Ok(Duration::ZERO) => Err(format!("`{name}` is no time at all: nothing can come in it")),
        Ok(span) => Ok(span),
        Err(_) => Err(format!("`{name}` is negative")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(text: &str) -> String {
        text.parse::<Conversation>().unwrap_err().to_string()
    }

    #[test]
    fn a_mistake_is_named_with_its_step() {
        let correct = "[[step]]\nuser = \"a\"\nsays = \"x\"\n";
        assert!(correct.parse::<Conversation>().is_ok());
        for (step, what) in [
            (
                "follows = true\nsays = \"x\"",
                "one of `says`, `sends`, `follows`, `unfollows`, `takes_over`, `answers` and `hands_back`, not more",
            ),
            ("replies = [{}]", "a reply needs `exact`, `contains`, `regex` or `kind`"),
            ("replies = [{ exact = \"a\", regex = \"b\" }]", "a reply has one of"),
            ("replies = [{ regex = \"(\" }]", "regex parse error"),
            ("replies = [{ kind = \"location\" }]", "accounts do not send `location`"),
            ("within = \"soon\"", "`within` is \"soon\""),
            ("within = \"1s\"", "it does nothing and looks at nothing"),
            ("replies = []\nwithin = \"0s\"", "`within` is no time at all"),
            ("sends = { kind = \"news\", articles = [] }", "users do not send `news`"),
            ("answers = \"x\"\nhands_back = true", "and `hands_back`, not more"),
            ("after = \"soon\"", "`after` is \"soon\""),
        ] {
            let message = mistake(&format!("{correct}[[step]]\n{step}"));
            assert!(message.starts_with("step 2: ") && message.contains(what), "{message}");
        }
        assert_eq!(mistake("[[step]]\nsays = \"x\""), "step 1: nobody does it: name a `user`");
        for empty in ["", "account = \"demo\"", "# nothing\n"] {
            assert!(mistake(empty).starts_with("the conversation has no step"), "{empty}");
        }
        assert!(mistake("[[step]]\nuser = \"a\"\nsay = \"x\"").contains("unknown field `say`"));
    }
}
