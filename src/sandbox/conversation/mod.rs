//! Conversation files, whose form the [sandbox](crate::sandbox)'s own page documents: read, played and written.

mod file;
mod player;
mod reason;
mod recorder;
mod report;
mod words;

pub use file::{Conversation, ConversationError};
pub(super) use recorder::record;
pub use report::Report;
