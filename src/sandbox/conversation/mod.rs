//! Conversation files, whose form the [sandbox](crate::sandbox)'s own page documents: read, played and written.

mod file;
mod player;
mod recorder;

pub use file::{Conversation, ConversationError};
pub use player::Report;
pub(super) use recorder::record;
