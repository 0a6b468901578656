//! The kinds of message that a rule can be for, and the values of each that templates can read.

use minijinja::Value;
use serde_json::{Map, Value as Json};

use super::keyword::Captures;
use crate::{
    ids::AppKey,
    protocol::{Content, Event, Inbound, Message},
};

/// A kind of message.
pub(super) struct Kind {
    /// The kind, as [`Inbound::kind`] names it.
    pub(super) name: &'static str,
    /// The group of kinds that it belongs to: `message` or `event`.
    pub(super) group: &'static str,
    /// The fields that a template can read, besides those that every message has.
    pub(super) fields: &'static [&'static str],
    /// Whether a message of the kind has words that a keyword can be in.
    pub(super) has_words: bool,
}

/// Every kind; [`Content`] has their fields, and the [`Subject`](super::subject::Subject) their words.
pub(super) const KINDS: [Kind; 9] = [
    Kind { name: "text", group: "message", fields: &["content"], has_words: true },
    Kind { name: "image", group: "message", fields: &["url"], has_words: false },
    Kind { name: "voice", group: "message", fields: &["url", "format"], has_words: false },
    Kind {
        name: "location",
        group: "message",
        fields: &["latitude", "longitude", "label"],
        has_words: true,
    },
    Kind {
        name: "image_text",
        group: "message",
        fields: &["title", "description", "picture_url", "url"],
        has_words: true,
    },
    Kind { name: "unknown", group: "message", fields: &["msg_type", "fields"], has_words: true },
    Kind { name: "subscribe", group: "event", fields: &["event"], has_words: false },
    Kind { name: "unsubscribe", group: "event", fields: &["event"], has_words: false },
    Kind { name: "unknown_event", group: "event", fields: &["event", "fields"], has_words: true },
];

/// The fields that a template can read of every message.
pub(super) const COMMON_FIELDS: [&str; 6] =
    ["app", "account", "user", "kind", "message_id", "create_time"];

/// The kinds that a name in `on` stands for: one, a group of them, or all.
pub(super) fn kinds_named(name: &str) -> Option<Vec<&'static Kind>> {
    let kinds: Vec<_> =
        KINDS.iter().filter(|kind| name == "any" || name == kind.name || name == kind.group).collect();
    (!kinds.is_empty()).then_some(kinds)
}

/// The list of names that may stand in `on`.
pub(super) fn list_names() -> String {
    let kinds = KINDS.iter().map(|kind| kind.name);
    ["any", "message", "event"].into_iter().chain(kinds).collect::<Vec<_>>().join(", ")
}

/// The fields of a message that its kind alone has, as a service gets them.
pub(crate) fn own_fields(inbound: &Inbound) -> Map<String, Json> {
    match serde_json::to_value(&inbound.content) {
        // The kind stands beside them.
        Ok(Json::Object(fields)) => fields.into_iter().filter(|(name, _)| name != "kind").collect(),
        _ => Map::new(),
    }
}

/// The values of a message, by the names that templates have for them.
pub(crate) fn values(app: &AppKey, inbound: &Inbound, captures: &Captures) -> Value {
    let message_id = inbound.message_id.as_ref().map_or("", |id| id.as_str());
    let captures = captures.iter().map(|(name, found)| (name.as_str(), found.as_str()));
    // A message without the time has no text for it either.
    let create_time = inbound.create_time.map_or_else(|| "".into(), Value::from);
    let own = own_fields(inbound);
    let mut values: Vec<(&str, Value)> = vec![
        ("app", app.as_str().into()),
        ("account", inbound.account.as_str().into()),
        ("user", inbound.user.as_str().into()),
        ("kind", inbound.kind().into()),
        ("message_id", message_id.into()),
        ("create_time", create_time),
        ("captures", Value::from_pairs(captures)),
    ];
    values.extend(own.iter().filter_map(|(name, value)| Some((name.as_str(), scalar(value)?))));
    match &inbound.content {
        // A template reads an element of an unknown message by its name.
        Content::Message(Message::Unknown(unknown)) => {
            values.push(("fields", Value::from_pairs(unknown.fields.iter())));
        }
        Content::Event(Event::Unknown(unknown)) => {
            values.push(("fields", Value::from_pairs(unknown.fields.iter())));
        }
        // The platform's name of an event that is known is our name of its kind.
        Content::Event(_) => values.push(("event", inbound.kind().into())),
        Content::Message(_) => {}
    }
    Value::from_pairs(values)
}

/// A text or a number.
fn scalar(value: &Json) -> Option<Value> {
    match value {
        Json::String(text) => Some(text.as_str().into()),
        Json::Number(number) => number.as_f64().map(Value::from),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}
