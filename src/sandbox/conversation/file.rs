//! Reads a conversation file.

use std::{str::FromStr, time::Duration};

use regex::Regex;
use serde::Deserialize;

use crate::{
    ids::{AccountId, UserId},
    sandbox::{content::Content, state::DEMO},
};

/// How long replies may take, where the step does not say.
const WITHIN: Duration = Duration::from_secs(10);
/// How long nothing must come, where the step does not say.
const SILENCE: Duration = Duration::from_secs(1);

/// A conversation to be played: see [the module](crate::sandbox) for its form.
#[derive(Debug, Clone)]
pub struct Conversation {
    pub(super) steps: Vec<Step>,
}

/// Why a text is not a conversation file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConversationError {
    /// Not TOML, or not of this form.
    #[error(transparent)]
    Syntax(#[from] toml::de::Error),
    /// Without any step.
    #[error("the conversation has no step: a step begins with [[step]]")]
    Empty,
    /// A step that makes no sense.
    #[error("step {step}: {what}")]
    Step {
        /// Which one, from 1.
        step: usize,
        /// What is wrong with it.
        what: String,
    },
}

/// What a user does, and what must come back.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) account: AccountId,
    pub(super) user: UserId,
    pub(super) does: Option<Content>,
    /// None: whatever comes.
    pub(super) replies: Option<Vec<Expected>>,
    pub(super) within: Duration,
}

/// One reply that must come.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) kind: Option<String>,
    pub(super) words: Words,
}

/// What a reply's words must be.
#[derive(Debug, Clone)]
pub(super) enum Words {
    Any,
    Exact(String),
    Contains(String),
    Matches(Regex),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    account: Option<AccountId>,
    #[serde(default)]
    step: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    account: Option<AccountId>,
    user: Option<UserId>,
    says: Option<String>,
    #[serde(default)]
    follows: bool,
    #[serde(default)]
    unfollows: bool,
    sends: Option<Content>,
    replies: Option<Vec<Reply>>,
    within: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
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

impl Entry {
    fn into_step(self, account: &AccountId, user: Option<&UserId>) -> Result<Step, String> {
        let user = user.ok_or("nobody does it: name a `user`")?.clone();
        let acts: Vec<Content> = [
            self.says.map(Content::text),
            self.follows.then_some(Content::Subscribe),
            self.unfollows.then_some(Content::Unsubscribe),
            self.sends,
        ]
        .into_iter()
        .flatten()
        .collect();
        let does = match <[Content; 1]>::try_from(acts) {
            Ok([act]) if act.to_wire().is_none() => {
                return Err(format!("users do not send `{}`", act.kind()));
            }
            Ok([act]) => Some(act),
            Err(acts) if acts.is_empty() => None,
            Err(_) => {
                return Err("one of `says`, `sends`, `follows` and `unfollows`, not more".to_owned());
            }
        };
        let replies =
            self.replies.map(|replies| replies.into_iter().map(Reply::into_expected).collect());
        let replies: Option<Vec<_>> = replies.transpose()?;
        let within = match (self.within, &replies) {
            (Some(span), _) => span_of(&span)?,
            (None, Some(replies)) if replies.is_empty() => SILENCE,
            (None, _) => WITHIN,
        };
        if does.is_none() && replies.is_none() {
            return Err("it does nothing and looks at nothing: it needs `says`, `sends`, `follows`, `unfollows` or \
                        `replies`"
                .to_owned());
        }
        Ok(Step {
            account: self.account.unwrap_or_else(|| account.clone()),
            user,
            does,
            replies,
            within,
        })
    }
}

impl Reply {
    fn into_expected(self) -> Result<Expected, String> {
        let words = match (self.exact, self.contains, self.regex) {
            (Some(exact), None, None) => Words::Exact(exact),
            (None, Some(contains), None) => Words::Contains(contains),
            (None, None, Some(regex)) => {
                Words::Matches(Regex::new(&regex).map_err(|error| error.to_string())?)
            }
            (None, None, None) if self.kind.is_some() => Words::Any,
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
        Ok(Expected { kind: self.kind, words })
    }
}

impl Expected {
    pub(super) fn matches(&self, content: &Content) -> bool {
        let words = content.words();
        self.kind.as_ref().is_none_or(|kind| kind == content.kind())
            && match &self.words {
                Words::Any => true,
                Words::Exact(exact) => words == *exact,
                Words::Contains(part) => words.contains(part),
                Words::Matches(regex) => regex.is_match(&words),
            }
    }
}

fn span_of(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text
        .parse()
        .map_err(|_| format!("`within` is \"{text}\", not a time such as \"5s\" or \"500ms\""))?;
    match Duration::try_from(span) {
        Ok(Duration::ZERO) => Err("`within` is no time at all: nothing can come in it".to_owned()),
        Ok(span) => Ok(span),
        Err(_) => Err("`within` is negative".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        text.parse::<Conversation>().unwrap_err().to_string()
    }

    #[test]
    fn what_makes_no_sense_is_said_with_its_step() {
        let fine = "[[step]]\nuser = \"a\"\nsays = \"x\"\n";
        assert!(fine.parse::<Conversation>().is_ok());
        for (step, what) in [
            (
                "follows = true\nsays = \"x\"",
                "one of `says`, `sends`, `follows` and `unfollows`, not more",
            ),
            ("replies = [{}]", "a reply needs `exact`, `contains`, `regex` or `kind`"),
            ("replies = [{ exact = \"a\", regex = \"b\" }]", "a reply has one of"),
            ("replies = [{ regex = \"(\" }]", "regex parse error"),
            ("replies = [{ kind = \"location\" }]", "accounts do not send `location`"),
            ("within = \"soon\"", "`within` is \"soon\""),
            ("within = \"1s\"", "it does nothing and looks at nothing"),
            ("replies = []\nwithin = \"0s\"", "`within` is no time at all"),
            ("sends = { kind = \"news\", articles = [] }", "users do not send `news`"),
        ] {
            let message = wrong(&format!("{fine}[[step]]\n{step}"));
            assert!(message.starts_with("step 2: ") && message.contains(what), "{message}");
        }
        assert_eq!(wrong("[[step]]\nsays = \"x\""), "step 1: nobody does it: name a `user`");
        for empty in ["", "account = \"demo\"", "# nothing\n"] {
            assert!(wrong(empty).starts_with("the conversation has no step"), "{empty}");
        }
        assert!(wrong("[[step]]\nuser = \"a\"\nsay = \"x\"").contains("unknown field `say`"));
    }
}
