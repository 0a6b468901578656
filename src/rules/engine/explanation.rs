//! The explanation of what rules would do with a message, for people who write rules.

use std::fmt;

use super::{active_rules::ActiveRule, condition::Mismatch, rules::Rules};
use crate::{
    clock::{UnixMillis, in_words},
    ids::AppKey,
    protocol::{Inbound, Payload},
    rules::{
        forward::Envelope,
        language::{Action, Pick, Subject},
    },
};

/// The explanation of what the rules would do with a message; nothing is sent, noted or forwarded. It displays as several
/// lines.
#[derive(Debug)]
pub struct Explanation {
    /// The rules before the one that answers, each with the reason why it does not.
    mismatches: Vec<(String, String)>,
    answer: Option<Answer>,
}

/// The rule that would answer, and its answer.
#[derive(Debug)]
struct Answer {
    rule: String,
    /// The rule's `every`.
    every: Option<std::time::Duration>,
    /// The rule's `hand_over`.
    hand_over: bool,
    action: AnswerAction,
}

/// The action of the rule that would answer.
#[derive(Debug)]
enum AnswerAction {
    All(Vec<Payload>),
    OneOf(Vec<Payload>),
    Forward { url: String, message: String },
    Fails(String),
}

impl Rules {
    /// Explains what the rules would do with a message at some moment, as if they had answered nothing yet.
    pub fn explain(&self, app: &AppKey, inbound: &Inbound, at: UnixMillis) -> Explanation {
        let subject = Subject::new(app, inbound, at);
        let active = self.active();
        let mut mismatches = Vec::new();
        for (active, verdict) in active.verdicts(&subject) {
            let rule = &*active.rule;
            let captures = match verdict {
                Ok(captures) => captures,
                Err(mismatch) => {
                    mismatches.push((describe(active), Mismatch::explain(mismatch, rule, &subject)));
                    continue;
                }
            };
            let render = |replies, action: fn(Vec<Payload>) -> AnswerAction| {
                let rendered = active.render(replies, app, inbound, &captures);
                rendered.map_or_else(|error| AnswerAction::Fails(error.to_string()), action)
            };
            let action = match &rule.action {
                Action::Reply { replies, pick: Pick::All } => render(replies, AnswerAction::All),
                Action::Reply { replies, pick: Pick::Random } => render(replies, AnswerAction::OneOf),
                Action::Forward(forward) => {
                    let envelope = Envelope::of_rule(&rule.name, app, inbound, &captures, (1, at));
                    let message = serde_json::to_string_pretty(&envelope).unwrap_or_default();
                    AnswerAction::Forward { url: forward.shown_url(), message }
                }
            };
            let (every, hand_over) = (rule.every, rule.hand_over);
            let answer = Some(Answer { rule: describe(active), every, hand_over, action });
            return Explanation { mismatches, answer };
        }
        Explanation { mismatches, answer: None }
    }
}

impl Explanation {
    /// Whether a rule would answer, and its answer could be made.
    pub fn is_answered(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| !matches!(answer.action, AnswerAction::Fails(_)))
    }
}

fn describe(active: &ActiveRule) -> String {
    let rule = &active.rule;
    match rule.line {
        Some(line) => format!("{} (line {line})", rule.name),
        None => rule.name.clone(),
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (rule, why) in &self.mismatches {
            writeln!(f, "{rule}: no, {why}")?;
        }
        let Some(Answer { rule, every, hand_over, action }) = &self.answer else {
            return writeln!(f, "no rule takes it");
        };
        let once = every.map_or_else(String::new, |every| {
            format!(", at most once in {} and conversation", in_words(every))
        });
        let then = if *hand_over { ", and then a person has the conversation" } else { "" };
        match action {
            AnswerAction::All(payloads) if payloads.is_empty() && *hand_over => {
                writeln!(f, "{rule}: hands the conversation over to a person, as [desk] says{once}")
            }
            AnswerAction::All(payloads) if payloads.is_empty() => {
                writeln!(f, "{rule}: takes it and sends nothing")
            }
            AnswerAction::All(payloads) => {
                writeln!(f, "{rule}: answers{once}{then}")?;
                payloads.iter().try_for_each(|payload| write_reply(f, payload))
            }
            AnswerAction::OneOf(payloads) => {
                writeln!(f, "{rule}: answers with one of these{once}{then}")?;
                payloads.iter().try_for_each(|payload| write_reply(f, payload))
            }
            AnswerAction::Forward { url, message } => {
                writeln!(f, "{rule}: forwards it to {url}{once}{then}")?;
                message.lines().try_for_each(|line| writeln!(f, "  {line}"))
            }
            AnswerAction::Fails(error) => {
                writeln!(f, "{rule}: takes it, but it would be a dead letter: {error}")
            }
        }
    }
}

/// Writes one reply, indented.
fn write_reply(f: &mut fmt::Formatter<'_>, payload: &Payload) -> fmt::Result {
    payload.to_string().lines().try_for_each(|line| writeln!(f, "  {line}"))
}
