//! Why an entry is not done yet, how it ended, and what it changed, each in one sentence.

use rongcloud_callback::{
    clock::UnixMillis,
    console::api::{AttemptRow, Ending, PastState, Why},
};
use serde::Serialize;
use serde_json::Value;

use super::{
    entry::HIDDEN,
    times::{Times, iso},
};

/// A failed attempt as a program reads it.
#[derive(Debug, Serialize)]
pub(super) struct AttemptJson<'a> {
    number: u32,
    ended_at: String,
    /// The duration in milliseconds.
    took: u64,
    reason: &'a str,
    replica: &'a str,
}

impl<'a> AttemptJson<'a> {
    pub(super) fn all(attempts: &'a [AttemptRow]) -> Vec<Self> {
        let json = |attempt: &'a AttemptRow| {
            let AttemptRow { number, ended_at, took, reason, replica } = attempt;
            Self { number: *number, ended_at: iso(*ended_at), took: *took, reason, replica }
        };
        attempts.iter().map(json).collect()
    }
}

/// A failed attempt in one line.
pub(super) fn attempt(attempt: &AttemptRow, times: &Times) -> String {
    let AttemptRow { number, ended_at, took, reason, replica } = attempt;
    let place = if replica.is_empty() { String::new() } else { format!(" on {replica}") };
    format!("attempt {number} at {} after {}{place}: {reason}", times.exactly(*ended_at), span(*took))
}

/// A number of milliseconds, for a person.
fn span(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        _ => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
    }
}

/// The reason why a pending entry is not done yet.
pub(super) fn why(why: &Why, times: &Times) -> String {
    let at = |at: &UnixMillis| times.exactly(*at);
    match why {
        Why::Behind { entry } => format!("entry {entry} of its conversation comes first"),
        Why::Due { at: due } => format!("it is due at {}", at(due)),
        Why::Leased { by, until } => {
            let server = by.as_ref().map(|by| format!(" {by}")).unwrap_or_default();
            format!("the server{server} is at work on it, with a lease until {}", at(until))
        }
        Why::Blocked { until } => format!(
            "an entry of its conversation was discarded while a server was at work on it: it waits until {}",
            at(until)
        ),
        Why::Person { who: Some(who) } => format!("{who} has its conversation"),
        Why::Person { who: None } => "its conversation waits for a person".to_owned(),
        Why::Paused { by, since } => {
            format!("sending for its account is paused by {by}, since {}", at(since))
        }
        Why::OutboxFull => {
            "the outbox is full (`journal.max_pending`): messages are handled again once replies are sent"
                .to_owned()
        }
        Why::Ready => "no worker has taken it: is a server running?".to_owned(),
        _ => "no worker has settled it: is a server running? if so, it tells more (`--server`)".to_owned(),
    }
}

/// The reason for a program, with its times in UTC.
pub(super) fn why_json(why: &Why) -> Value {
    let mut json = serde_json::json!(why);
    for name in ["at", "until", "since"] {
        if let Some(time) = json.get_mut(name)
            && let Some(millis) = time.as_i64()
        {
            *time = iso(UnixMillis(millis)).into();
        }
    }
    json
}

/// The way in which an entry ended.
pub(super) fn ending(Ending { way, by }: &Ending, is_message: bool) -> String {
    match (way.as_str(), by) {
        ("handled", Some(by)) => format!("handled by {by}"),
        ("handled", None) if !is_message => "sent".to_owned(),
        ("kept", _) => "kept for a person, who had the conversation".to_owned(),
        ("outdated", _) => "its dialogue had moved on: nothing was sent".to_owned(),
        ("not_taken", _) => "no rule and no handler took it".to_owned(),
        ("quiet", Some(by)) => format!("{by} kept quiet on purpose"),
        (way, Some(by)) => format!("{way} by {by}"),
        (way, None) => way.to_owned(),
    }
}

/// A state of the conversation, before or after an entry that changed it.
pub(super) fn state(state: Option<&PastState>) -> String {
    match state {
        None => "none".to_owned(),
        Some(PastState::Unknown { .. }) => "not known any more".to_owned(),
        Some(PastState::Known { dialogue, version, body, hidden }) => {
            let body = body.as_ref().map(ToString::to_string);
            let body =
                body.unwrap_or_else(|| if *hidden { HIDDEN.to_owned() } else { "null".to_owned() });
            format!("{dialogue}, version {version}: {body}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_for_waiting_is_one_sentence() {
        let times = Times::system().unwrap();
        let at = UnixMillis(0);
        for (reason, words) in [
            (Why::Behind { entry: 7 }, "entry 7 of its conversation"),
            (Why::Due { at }, "due at 19"),
            (Why::Leased { by: Some("host/1".to_owned()), until: at }, "the server host/1 is at work"),
            (Why::Leased { by: None, until: at }, "the server is at work"),
            (Why::Blocked { until: at }, "was discarded while"),
            (Why::Person { who: Some("ann".to_owned()) }, "ann has its conversation"),
            (Why::Person { who: None }, "waits for a person"),
            (Why::Paused { by: "ann".to_owned(), since: at }, "is paused by ann"),
            (Why::OutboxFull, "the outbox is full"),
            (Why::Ready, "is a server running?"),
            (Why::Unknown, "`--server`"),
        ] {
            let sentence = why(&reason, &times);
            assert!(sentence.contains(words) && !sentence.contains('\n'), "{sentence}");
        }
        let due = why_json(&Why::Due { at });
        assert_eq!(due, serde_json::json!({"is": "due", "at": "1970-01-01T00:00:00.000Z"}));
    }

    #[test]
    fn an_ending_is_told_in_words_whatever_the_server_knows() {
        let told = |way: &str, by: Option<&str>, is_message| {
            ending(&Ending { way: way.to_owned(), by: by.map(str::to_owned) }, is_message)
        };
        assert_eq!(told("handled", Some("rule \"hi\""), true), "handled by rule \"hi\"");
        assert_eq!(told("handled", None, false), "sent");
        assert_eq!(told("quiet", Some("rule \"hi\""), true), "rule \"hi\" kept quiet on purpose");
        assert_eq!(told("delegated", None, true), "delegated");
    }
}
