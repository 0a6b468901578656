//! The wire: the bodies that the platform sends, and the messages that can be sent to it.
//!
//! Everything here is pure: no I/O, no clock, no tasks.

mod errcode;
mod error;
mod event;
mod inbound;
pub mod limits;
pub mod media;
mod message;
mod outgoing;
pub mod payload;
mod readable;
mod reminder;
mod sender;
pub mod xml;

pub use errcode::ErrCode;
pub use error::ParseError;
pub use event::{Event, Subscribe, UnknownEvent, Unsubscribe};
pub use inbound::{Content, Conversation, Inbound, parse};
pub use limits::{Limit, LimitError, Measure};
pub use message::{Image, ImageText, Location, Message, Text, UnknownMessage, Voice};
pub use outgoing::{Outgoing, OutgoingError, Recipients};
pub use payload::{Article, Payload, Source};
pub use reminder::{Reminder, ReminderError};
pub use sender::sender;
