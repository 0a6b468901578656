//! The wire: what the platform sends and what can be sent to it. Pure: no I/O, no clock, no tasks.

mod errcode;
mod event;
mod inbound;
pub mod limits;
pub mod media;
mod message;
mod outgoing;
pub mod payload;
mod readable;
mod sender;
pub mod xml;

pub use errcode::ErrCode;
pub use event::{Event, Subscribe, UnknownEvent, Unsubscribe};
pub use inbound::{Content, Conversation, Inbound, ParseError, parse};
pub use limits::{Limit, LimitError, Measure};
pub use message::{Image, ImageText, Location, Message, Text, UnknownMessage, Voice};
pub use outgoing::{Outgoing, OutgoingError, Recipients};
pub use payload::{Article, Payload, Source};
pub use sender::sender;
