//! Which messages a handler takes: its argument's type says so.

use crate::protocol::{
    Content, Event, Image, ImageText, Inbound, Location, Message, Subscribe, Text, UnknownEvent,
    UnknownMessage, Unsubscribe, Voice,
};

/// The type of a handler's first argument: it takes the messages that this type can be made from.
///
/// The message kinds and events are such types; [`Message`] takes every message, [`Event`] every event, and
/// [`Inbound`] everything. A type of your own is a filter.
///
/// # Examples
///
/// ```
/// use rongcloud_callback::{FromInbound, Inbound, Text};
///
/// /// A text that begins with a slash.
/// struct Command(String);
///
/// impl FromInbound for Command {
///     fn from_inbound(inbound: &Inbound) -> Option<Self> {
///         let text = Text::from_inbound(inbound)?;
///         text.content.strip_prefix('/').map(|command| Self(command.to_owned()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a kind of message that a handler can take",
    note = "a handler's first argument is a message kind (`Text`, `Image`, …), an event (`Subscribe`, …), `Message`, `Event`, `Inbound`, or a type of yours that implements `FromInbound`"
)]
pub trait FromInbound: Sized + Send + 'static {
    /// The value, if `inbound` is of this kind.
    fn from_inbound(inbound: &Inbound) -> Option<Self>;
}

impl FromInbound for Inbound {
    fn from_inbound(inbound: &Inbound) -> Option<Self> {
        Some(inbound.clone())
    }
}

impl FromInbound for Message {
    fn from_inbound(inbound: &Inbound) -> Option<Self> {
        match &inbound.content {
            Content::Message(message) => Some(message.clone()),
            Content::Event(_) => None,
        }
    }
}

impl FromInbound for Event {
    fn from_inbound(inbound: &Inbound) -> Option<Self> {
        match &inbound.content {
            Content::Event(event) => Some(event.clone()),
            Content::Message(_) => None,
        }
    }
}

macro_rules! kinds {
    ($($outer:ident :: $variant:ident ( $kind:ident ),)*) => {$(
        impl FromInbound for $kind {
            fn from_inbound(inbound: &Inbound) -> Option<Self> {
                match &inbound.content {
                    Content::$outer($outer::$variant(item)) => Some(item.clone()),
                    _ => None,
                }
            }
        }
    )*};
}

kinds! {
    Message::Text(Text),
    Message::Image(Image),
    Message::Voice(Voice),
    Message::Location(Location),
    Message::ImageText(ImageText),
    Message::Unknown(UnknownMessage),
    Event::Subscribe(Subscribe),
    Event::Unsubscribe(Unsubscribe),
    Event::Unknown(UnknownEvent),
}
