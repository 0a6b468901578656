//! Conversation files, whose format [`sandbox`](crate::sandbox) describes: read, played and recorded.

mod action;
mod expected_state;
mod file;
mod language;
mod player;
mod reason;
mod recorder;
mod report;
mod step_delivery;
mod unplayable;

pub use file::{Conversation, ConversationError};
pub(super) use recorder::record;
pub use report::Report;
