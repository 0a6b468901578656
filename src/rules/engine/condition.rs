//! The conditions of a rule: whether it takes a message, and why it does not.

use crate::rules::language::{Captures, Rule, Subject, near_miss};

/// The first condition of a rule that a message does not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mismatch {
    Disabled,
    Kind,
    App,
    Account,
    User,
    Keyword,
    When,
}

/// Checks the conditions of a rule; returns the captures of its keyword. `every` is checked elsewhere.
pub(super) fn check(rule: &Rule, subject: &Subject<'_>) -> Result<Captures, Mismatch> {
    check_sender(rule, subject)?;
    let captures = find_keyword(rule, subject).ok_or(Mismatch::Keyword)?;
    require(rule.when.as_ref().is_none_or(|when| when.contains(subject.now)), Mismatch::When)?;
    Ok(captures)
}

/// Checks the conditions of a rule for a message that belongs to the dialogue of its service. A user who is asked for a size
/// answers with a number, at any time: neither `keyword` nor `when` is asked for.
pub(super) fn check_in_dialogue(rule: &Rule, subject: &Subject<'_>) -> Result<Captures, Mismatch> {
    check_sender(rule, subject)?;
    Ok(find_keyword(rule, subject).unwrap_or_default())
}

/// Checks where the message comes from, and its kind.
fn check_sender(rule: &Rule, subject: &Subject<'_>) -> Result<(), Mismatch> {
    let inbound = subject.inbound;
    require(rule.enabled, Mismatch::Disabled)?;
    require(rule.kinds.contains(&subject.kind), Mismatch::Kind)?;
    require(rule.apps.is_empty() || rule.apps.contains(subject.app), Mismatch::App)?;
    require(rule.accounts.is_empty() || rule.accounts.contains(&inbound.account), Mismatch::Account)?;
    require(rule.users.is_empty() || rule.users.contains(&inbound.user), Mismatch::User)
}

fn require(holds: bool, mismatch: Mismatch) -> Result<(), Mismatch> {
    if holds { Ok(()) } else { Err(mismatch) }
}

/// The captures of the rule's keyword; none if it is not in the message.
fn find_keyword(rule: &Rule, subject: &Subject<'_>) -> Option<Captures> {
    match &rule.keyword {
        None => Some(Captures::new()),
        Some(keyword) => subject.words().and_then(|words| keyword.find(words)),
    }
}

impl Mismatch {
    /// Explains the mismatch to the author of the rule.
    pub(super) fn explain(self, rule: &Rule, subject: &Subject<'_>) -> String {
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
                let mismatch = keyword.describe_mismatch();
                let nearly = subject.words().and_then(|words| near_miss::difference(keyword, words));
                nearly.map_or_else(|| mismatch.clone(), |nearly| format!("{mismatch}, though {nearly}"))
            }),
            Self::When => rule.when.as_ref().map_or_else(String::new, |when| {
                format!("it is in force {when}, and there it is {}", when.describe_moment(subject.now))
            }),
        }
    }
}

fn list<T: AsRef<str>>(ids: &[T]) -> String {
    ids.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" or ")
}
