//! What templates can read of a message.

use minijinja::Value;

use super::condition::Captures;
use crate::{
    ids::AppKey,
    protocol::{Content, Event, Inbound, Message, xml::Fields},
};

/// The values of a message, by the names that `src/config/rules/kinds.rs` admits.
pub(super) fn values(app: &AppKey, inbound: &Inbound, captures: &Captures) -> Value {
    let message_id = inbound.message_id.as_ref().map_or("", |id| id.as_str());
    let captures = captures.iter().map(|(name, found)| (name.as_str(), found.as_str()));
    let mut values: Vec<(&str, Value)> = vec![
        ("app", app.as_str().into()),
        ("account", inbound.account.as_str().into()),
        ("user", inbound.user.as_str().into()),
        ("kind", inbound.kind().into()),
        ("message_id", message_id.into()),
        ("create_time", create_time(inbound.create_time)),
        ("captures", Value::from_pairs(captures)),
    ];
    match &inbound.content {
        Content::Message(message) => values.extend(of_message(message)),
        Content::Event(Event::Unknown(unknown)) => {
            values.extend([
                ("event", unknown.event.as_str().into()),
                ("fields", elements(&unknown.fields)),
            ]);
        }
        // The platform's name of an event that is known is our name of its kind.
        Content::Event(Event::Subscribe(_) | Event::Unsubscribe(_)) => {
            values.push(("event", inbound.kind().into()));
        }
    }
    Value::from_pairs(values)
}

/// A message without one has no text for it either.
fn create_time(create_time: impl Into<Option<i64>>) -> Value {
    create_time.into().map_or_else(|| "".into(), Value::from)
}

fn of_message(message: &Message) -> Vec<(&'static str, Value)> {
    match message {
        Message::Text(text) => vec![("content", text.content.as_str().into())],
        Message::Image(image) => vec![("url", image.url.as_str().into())],
        Message::Voice(voice) => {
            vec![("url", voice.url.as_str().into()), ("format", voice.format.as_str().into())]
        }
        Message::Location(place) => vec![
            ("latitude", place.latitude.into()),
            ("longitude", place.longitude.into()),
            ("label", place.label.as_str().into()),
        ],
        Message::ImageText(card) => vec![
            ("title", card.title.as_str().into()),
            ("description", card.description.as_str().into()),
            ("picture_url", card.picture_url.as_str().into()),
            ("url", card.url.as_str().into()),
        ],
        Message::Unknown(unknown) => {
            vec![("msg_type", unknown.msg_type.as_str().into()), ("fields", elements(&unknown.fields))]
        }
    }
}

fn elements(fields: &Fields) -> Value {
    Value::from_pairs(fields.iter())
}
