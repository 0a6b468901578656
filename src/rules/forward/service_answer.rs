//! The body of a service's answer: replies, those for later, and what becomes of the conversation.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    handler::{
        Later,
        bounds::{MAX_LATER, MAX_LATER_SPAN, MAX_SILENCE, MAX_STATE, SILENCE},
    },
    protocol::Payload,
    rules::language::WrittenReply,
    toml_values::duration,
};

/// Advice on how to answer.
pub(super) const ADVICE: &str = "a service acknowledges with status 200 and an empty body, or answers with a JSON list of replies, such as \
     [{\"text\": \"…\"}], or with an object that has them, such as {\"replies\": [{\"text\": \"…\"}]}";

/// The largest number of replies in one list.
const MAX_REPLIES: usize = 100;

/// The answer of a service to a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::rules) struct ServiceAnswer {
    pub(in crate::rules) replies: Vec<Payload>,
    pub(in crate::rules) later: Vec<Later>,
    pub(in crate::rules) state: AnsweredState,
    /// Whether a person is to have the conversation, if the service says so.
    pub(in crate::rules) hand_over: Option<bool>,
}

/// The `state` of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::rules) enum AnsweredState {
    /// The answer has no state: the stored one stays as it is.
    #[default]
    Kept,
    /// The state is null: the dialogue has ended.
    Ended,
    /// The state is to be stored.
    Stored {
        /// The JSON, as the service wrote it.
        body: Bytes,
        /// The silence after which the dialogue ends.
        expires_in: Duration,
    },
}

/// The part of the program that hands a message to a service; it decides what the answer may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) enum Asker {
    /// A rule, whose service may have a dialogue with the user.
    Rule,
    /// The desk, whose service stands in for a person.
    Desk,
}

/// The answer to a rule, as a service writes it. A key that is null counts as one that is left out, `state` apart.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAnswer {
    replies: Option<Vec<WrittenReply>>,
    #[serde(default, deserialize_with = "even_null")]
    state: Option<Box<RawValue>>,
    expires_in: Option<Span>,
    later: Option<Vec<WrittenLater>>,
    hand_over: Option<bool>,
}

/// The answer to the desk, as a service writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDeskAnswer {
    replies: Option<Vec<WrittenReply>>,
    hand_over: Option<bool>,
}

/// Replies that are sent later, as a service writes them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLater {
    r#in: Span,
    replies: Vec<WrittenReply>,
}

/// A span of time with its unit.
#[derive(Deserialize)]
#[serde(transparent)]
struct Span(#[serde(deserialize_with = "duration::deserialize")] Duration);

/// Deserialises a value that is there, null or not.
fn even_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(deserializer).map(Some)
}

/// Reads the body of a success, or describes what is wrong with it, in words that go on from the status. `shown` makes a
/// text of the service fit to be shown.
pub(super) fn read(
    text: &str,
    asker: Asker,
    shown: impl Fn(&str) -> String,
) -> Result<ServiceAnswer, String> {
    // Some libraries begin every text with a byte order mark.
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Ok(ServiceAnswer::default());
    }
    if !text.starts_with('{') {
        let replies: Vec<WrittenReply> = parse(text)
            .map_err(|error| format!("what is no list of replies ({}); {ADVICE}", shown(&error)))?;
        return Ok(ServiceAnswer { replies: payloads(replies, "")?, ..ServiceAnswer::default() });
    }
    let unreadable =
        |error: String| format!("an object that cannot be read ({}); {ADVICE}", shown(&error));
    match asker {
        Asker::Rule => parse::<WrittenAnswer>(text).map_err(unreadable)?.check(),
        Asker::Desk => parse::<WrittenDeskAnswer>(text).map_err(unreadable)?.check(),
    }
}

/// Parses JSON; the error begins with the place of the mistake.
fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let (path, error) = (error.path().to_string(), error.into_inner().to_string());
        // The path of an unknown key ends with the key, which the error names again.
        let is_unknown = error.starts_with("unknown field");
        let path = if is_unknown { path.rsplit_once('.').map_or(".", |(path, _)| path) } else { &path };
        // The parser writes the path of the whole text as a dot.
        if path == "." { error } else { format!("{path}: {error}") }
    })?;
    json.end().map_err(|error| error.to_string())?;
    Ok(parsed)
}

impl WrittenAnswer {
    fn check(self) -> Result<ServiceAnswer, String> {
        let later = self.later.unwrap_or_default();
        if later.len() > MAX_LATER {
            return Err(wrong(&format!("later has {} entries, more than {MAX_LATER}", later.len())));
        }
        let later = later.into_iter().enumerate().map(|(index, later)| later.check(index));
        Ok(ServiceAnswer {
            replies: payloads(self.replies.unwrap_or_default(), "")?,
            later: later.collect::<Result<_, _>>()?,
            state: answered_state(self.state, self.expires_in)?,
            hand_over: self.hand_over,
        })
    }
}

impl WrittenDeskAnswer {
    fn check(self) -> Result<ServiceAnswer, String> {
        let replies = payloads(self.replies.unwrap_or_default(), "")?;
        Ok(ServiceAnswer { replies, hand_over: self.hand_over, ..ServiceAnswer::default() })
    }
}

impl WrittenLater {
    fn check(self, index: usize) -> Result<Later, String> {
        let Self { r#in: Span(after), replies } = self;
        check_span(after, MAX_LATER_SPAN, &format!("later[{index}].in"))?;
        if replies.is_empty() {
            return Err(wrong(&format!(
                "later[{index}].replies is empty, so that nothing would be sent"
            )));
        }
        Ok(Later { after, payloads: payloads(replies, &format!("later[{index}].replies: "))? })
    }
}

fn answered_state(
    state: Option<Box<RawValue>>,
    expires_in: Option<Span>,
) -> Result<AnsweredState, String> {
    let Some(state) = state else {
        return match expires_in {
            None => Ok(AnsweredState::Kept),
            Some(_) => Err(wrong("expires_in stands without a state, whose time it would be")),
        };
    };
    let Span(expires_in) = expires_in.unwrap_or(Span(SILENCE));
    check_span(expires_in, MAX_SILENCE, "expires_in")?;
    let json = state.get();
    if json == "null" {
        return Ok(AnsweredState::Ended);
    }
    if json.len() > MAX_STATE {
        return Err(wrong(&format!("state has {} bytes, more than {MAX_STATE}", json.len())));
    }
    Ok(AnsweredState::Stored { body: Bytes::from(String::from(Box::<str>::from(state))), expires_in })
}

fn check_span(span: Duration, max: Duration, key: &str) -> Result<(), String> {
    if span.is_zero() {
        return Err(wrong(&format!("{key} is no time at all")));
    }
    if span > max {
        let days = max.as_secs() / (24 * 60 * 60);
        return Err(wrong(&format!("{key} is longer than {days} days")));
    }
    Ok(())
}

fn wrong(what: &str) -> String {
    format!("an object in which {what}")
}

/// Makes replies of what stands at `place`, within the limits of the platform.
fn payloads(replies: Vec<WrittenReply>, place: &str) -> Result<Vec<Payload>, String> {
    if replies.len() > MAX_REPLIES {
        return Err(format!("{place}{} replies, more than {MAX_REPLIES}", replies.len()));
    }
    let payloads: Vec<Payload> = replies.into_iter().map(Payload::from).collect();
    for payload in &payloads {
        let cannot = |limit: crate::protocol::LimitError| {
            format!("what cannot be sent ({place}{})", limit.in_reply())
        };
        payload.check().map_err(cannot)?;
    }
    Ok(payloads)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Result<ServiceAnswer, String> {
        read(text, Asker::Rule, ToOwned::to_owned)
    }

    fn stored(body: &'static str, expires_in: Duration) -> AnsweredState {
        AnsweredState::Stored { body: Bytes::from_static(body.as_bytes()), expires_in }
    }

    #[test]
    fn every_key_of_an_answer_may_be_left_out() {
        let nulls = r#"{"replies":null,"expires_in":null,"later":null,"hand_over":null}"#;
        for nothing in ["", " \n", "[]", "{}", "\u{feff}{}", nulls] {
            assert_eq!(asked(nothing), Ok(ServiceAnswer::default()), "{nothing}");
        }
        let answer = asked(
            r#"{"replies": [{"text": "a"}], "later": [{"in": "1d", "replies": [{"text": "b"}]}], "hand_over": true}"#,
        );
        let later = vec![Later { after: Duration::from_hours(24), payloads: vec![Payload::text("b")] }];
        let replies = vec![Payload::text("a")];
        let state = AnsweredState::Kept;
        assert_eq!(answer, Ok(ServiceAnswer { replies, later, state, hand_over: Some(true) }));
    }

    #[test]
    fn a_state_is_kept_as_it_was_written() {
        for json in ["{\"size\":42, \"n\": 12345678901234567890.50}", "\"鞋\"", "0", "false", "[null]"]
        {
            let expected = AnsweredState::Stored {
                body: Bytes::copy_from_slice(json.as_bytes()),
                expires_in: Duration::from_mins(30),
            };
            assert_eq!(asked(&format!("{{\"state\": {json} }}")).unwrap().state, expected);
        }
        let days = asked(r#"{"state":1,"expires_in":"30d"}"#).unwrap().state;
        assert_eq!(days, stored("1", MAX_SILENCE));
        assert_eq!(asked(r#"{"state":null}"#).unwrap().state, AnsweredState::Ended);
        assert_eq!(asked(r#"{"state":null,"expires_in":"5m"}"#).unwrap().state, AnsweredState::Ended);
    }

    #[test]
    fn a_bound_that_is_not_kept_is_told_with_its_place() {
        let largest = "x".repeat(MAX_STATE - 2);
        assert!(asked(&format!("{{\"state\":\"{largest}\"}}")).is_ok());
        let later = |count: usize| vec![r#"{"in":"1s","replies":[{"text":"a"}]}"#; count].join(",");
        assert!(asked(&format!("{{\"later\":[{}]}}", later(MAX_LATER))).is_ok());
        let many = |count: usize| vec![r#"{"text":"a"}"#; count].join(",");
        assert!(asked(&format!("[{}]", many(MAX_REPLIES))).is_ok());
        for (answer, words) in [
            (format!("{{\"state\":\"{largest}x\"}}"), "state has 65537 bytes, more than 65536"),
            (format!("{{\"later\":[{}]}}", later(17)), "later has 17 entries, more than 16"),
            (format!("[{}]", many(101)), "101 replies, more than 100"),
            (format!("{{\"replies\":[{}]}}", many(101)), "101 replies, more than 100"),
            (
                format!("{{\"later\":[{{\"in\":\"1s\",\"replies\":[{}]}}]}}", many(101)),
                "later[0].replies: 101 replies, more than 100",
            ),
        ] {
            let error = asked(&answer).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
