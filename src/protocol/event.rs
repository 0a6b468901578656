//! Events: a user's actions on a public account other than writing to it (`MsgType` = `event`).

use serde::{Deserialize, Serialize};

use super::{
    ParseError,
    xml::{Elements, Fields},
};

/// An event, by kind (`Event`). Events carry no `MsgId`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The user follows the account.
    Subscribe(Subscribe),
    /// The user no longer follows the account.
    Unsubscribe(Unsubscribe),
    /// An event that this library does not know.
    #[serde(rename = "unknown_event")]
    Unknown(UnknownEvent),
}

/// The user follows the account: follow event (关注事件), `Event` = `subscribe`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Subscribe {}

/// The user no longer follows the account: unfollow event (取消关注事件), `Event` = `unsubscribe`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Unsubscribe {}

/// An event that this library does not know, with all its elements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownEvent {
    /// The event as the platform named it (`Event`).
    pub event: String,
    /// Every element that is not one of the common ones, in the order of the message.
    pub fields: Fields,
}

impl Event {
    /// Takes the elements of an event; all of them if the event is not known.
    pub(super) fn take(elements: &mut Elements<'_>) -> Result<Self, ParseError> {
        let event = elements.id("Event")?;
        Ok(match &*event {
            "subscribe" => Self::Subscribe(Subscribe {}),
            "unsubscribe" => Self::Unsubscribe(Unsubscribe {}),
            _ => Self::Unknown(UnknownEvent { event: event.into_owned(), fields: elements.rest() }),
        })
    }

    /// Adds `MsgType` and the elements that [`take`](Self::take) takes.
    pub(super) fn write(&self, fields: &mut Fields) {
        fields.push("MsgType", "event");
        match self {
            Self::Subscribe(_) => fields.push("Event", "subscribe"),
            Self::Unsubscribe(_) => fields.push("Event", "unsubscribe"),
            Self::Unknown(unknown) => {
                fields.push("Event", &unknown.event);
                fields.extend(&unknown.fields);
            }
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Subscribe(_) => "subscribe",
            Self::Unsubscribe(_) => "unsubscribe",
            Self::Unknown(_) => "unknown_event",
        }
    }
}
