//! What rules would do with a message, for people who write them.

use std::fmt;

use super::{
    Rules,
    condition::Why,
    forward::Envelope,
    set::{self, Rule},
    subject::Subject,
};
use crate::{
    clock::{UnixMillis, in_words},
    config::rules::{Action, Pick},
    ids::AppKey,
    protocol::{Inbound, Payload},
};

/// What the rules would do with a message; nothing is sent, noted or forwarded. It displays as several lines.
#[derive(Debug)]
pub struct Trial {
    /// Rules that come before the one that answers, and why they do not.
    refusals: Vec<(String, String)>,
    answer: Option<Answer>,
}

/// Which rule would answer, and with what.
#[derive(Debug)]
struct Answer {
    rule: String,
    every: Option<std::time::Duration>,
    what: What,
}

#[derive(Debug)]
enum What {
    All(Vec<Payload>),
    OneOf(Vec<Payload>),
    Forward { url: String, message: String },
    Fails(String),
}

impl Rules {
    /// Says what the rules would do with a message at some moment, as if they had answered nothing yet.
    pub fn try_out(&self, app: &AppKey, inbound: &Inbound, at: UnixMillis) -> Trial {
        let subject = Subject::new(app, inbound, at);
        let rules = self.set();
        let mut refusals = Vec::new();
        for (rule, verdict) in rules.verdicts(&subject) {
            let captures = match verdict {
                Ok(captures) => captures,
                Err(why) => {
                    refusals.push((describe(rule), Why::explain(why, &rule.section, &subject)));
                    continue;
                }
            };
            let fill_in = |replies, what: fn(Vec<Payload>) -> What| {
                let filled_in = set::fill_in(replies, app, inbound, &captures);
                filled_in.map_or_else(|error| What::Fails(error.to_string()), what)
            };
            let what = match &rule.section.action {
                Action::Reply { replies, pick: Pick::All } => fill_in(replies, What::All),
                Action::Reply { replies, pick: Pick::Random } => fill_in(replies, What::OneOf),
                Action::Forward(forward) => {
                    let envelope = Envelope::new(&rule.title, app, inbound, &captures, (1, at));
                    let message = serde_json::to_string_pretty(&envelope).unwrap_or_default();
                    What::Forward { url: forward.shown_url(), message }
                }
            };
            let answer = Some(Answer { rule: describe(rule), every: rule.section.every, what });
            return Trial { refusals, answer };
        }
        Trial { refusals, answer: None }
    }
}

impl Trial {
    /// Whether any rule would answer, and could.
    pub fn is_answered(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| !matches!(answer.what, What::Fails(_)))
    }
}

fn describe(rule: &Rule) -> String {
    match rule.section.line {
        Some(line) => format!("{} (line {line})", rule.title),
        None => rule.title.clone(),
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (rule, why) in &self.refusals {
            writeln!(f, "{rule}: no, {why}")?;
        }
        let Some(Answer { rule, every, what }) = &self.answer else {
            return writeln!(f, "no rule takes it");
        };
        let once = every.map_or_else(String::new, |every| {
            format!(", at most once in {} and conversation", in_words(every))
        });
        match what {
            What::All(payloads) if payloads.is_empty() => {
                writeln!(f, "{rule}: takes it and sends nothing")
            }
            What::All(payloads) => {
                writeln!(f, "{rule}: answers{once}")?;
                payloads.iter().try_for_each(|payload| reply(f, payload))
            }
            What::OneOf(payloads) => {
                writeln!(f, "{rule}: answers with one of these{once}")?;
                payloads.iter().try_for_each(|payload| reply(f, payload))
            }
            What::Forward { url, message } => {
                writeln!(f, "{rule}: forwards it to {url}{once}")?;
                message.lines().try_for_each(|line| writeln!(f, "  {line}"))
            }
            What::Fails(error) => {
                writeln!(f, "{rule}: takes it, but it would be a dead letter: {error}")
            }
        }
    }
}

/// One reply.
fn reply(f: &mut fmt::Formatter<'_>, payload: &Payload) -> fmt::Result {
    payload.to_string().lines().try_for_each(|line| writeln!(f, "  {line}"))
}
