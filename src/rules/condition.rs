//! Whether a rule takes a message, and why it does not.

use super::{
    nearly,
    subject::{Subject, Words},
};
use crate::config::{RuleSection, rules::Keyword};

/// What the named groups of a rule's regex found.
pub(super) type Captures = Vec<(String, String)>;

/// Why a rule does not take a message; the first reason of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Disabled,
    Kind,
    App,
    Account,
    User,
    Keyword,
    When,
}

/// Asks one rule. Whether it has answered lately is asked elsewhere.
pub(super) fn admit(rule: &RuleSection, subject: &Subject<'_>) -> Result<Captures, Why> {
    let require = |holds: bool, why| if holds { Ok(()) } else { Err(why) };
    let inbound = subject.inbound;
    require(rule.enabled, Why::Disabled)?;
    require(rule.kinds.contains(&subject.kind), Why::Kind)?;
    require(rule.apps.is_empty() || rule.apps.contains(subject.app), Why::App)?;
    require(rule.accounts.is_empty() || rule.accounts.contains(&inbound.account), Why::Account)?;
    require(rule.users.is_empty() || rule.users.contains(&inbound.user), Why::User)?;
    let captures = match &rule.keyword {
        None => Captures::new(),
        Some(keyword) => subject.words().and_then(|words| keyword.find(words)).ok_or(Why::Keyword)?,
    };
    require(rule.when.as_ref().is_none_or(|when| when.contains(subject.now)), Why::When)?;
    Ok(captures)
}

impl Keyword {
    /// Whether the words are or have what this asks for, with what its regex found in them.
    fn find(&self, words: &Words<'_>) -> Option<Captures> {
        let (text, original) =
            if self.fold { (&*words.folded, &*words.plain) } else { (words.raw, words.raw) };
        let is = if self.fold { text.trim() } else { text };
        if self.is.iter().any(|word| word == is) || self.contains.iter().any(|word| text.contains(word))
        {
            return Some(Captures::new());
        }
        let regex = self.regex.as_ref()?;
        let found = regex.captures(original)?;
        let named = regex.capture_names().flatten();
        let captures =
            named.filter_map(|name| Some((name.to_owned(), found.name(name)?.as_str().to_owned())));
        Some(captures.collect())
    }
}

impl Why {
    /// The reason in words.
    pub(super) fn explain(self, rule: &RuleSection, subject: &Subject<'_>) -> String {
        let inbound = subject.inbound;
        match self {
            Self::Disabled => "it is not enabled".to_owned(),
            Self::Kind => format!("it is for {}, and this is {}", rule.kinds.join(", "), subject.kind),
            Self::App => format!("it is for the app {}, and this is {}", list(&rule.apps), subject.app),
            Self::Account => {
                format!(
                    "it is for the account {}, and this is {}",
                    list(&rule.accounts),
                    inbound.account
                )
            }
            Self::User => {
                format!("it is for the user {}, and this is {}", list(&rule.users), inbound.user)
            }
            Self::Keyword => rule.keyword.as_ref().map_or_else(String::new, |keyword| {
                let nearly = subject.words().and_then(|words| nearly::difference(keyword, words));
                nearly.map_or_else(
                    || keyword.describe(),
                    |nearly| format!("{}, though {nearly}", keyword.describe()),
                )
            }),
            Self::When => rule.when.as_ref().map_or_else(String::new, |when| {
                format!("it is in force {when}, and there it is {}", when.local(subject.now))
            }),
        }
    }
}

impl Keyword {
    fn describe(&self) -> String {
        let quoted = |words: &[String]| {
            words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" or ")
        };
        let mut parts = Vec::new();
        if !self.is.is_empty() {
            parts.push(format!("is not {}", quoted(&self.is)));
        }
        if !self.contains.is_empty() {
            parts.push(format!("has no {} in it", quoted(&self.contains)));
        }
        if let Some(regex) = &self.regex {
            parts.push(format!("is not matched by {}", regex.as_str()));
        }
        format!("the text {}", parts.join(", "))
    }
}

fn list<T: AsRef<str>>(ids: &[T]) -> String {
    ids.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" or ")
}
