//! Conversations by their newest entries.

use super::{entry::EntryId, filter::KeyPattern, page::PageEnd};

/// Which conversations are wanted, those with the newest entries first.
#[derive(Debug, Clone)]
pub struct ConversationFilter {
    /// Conversations whose keys look like this only.
    pub pattern: KeyPattern,
    /// Conversations whose newest entry has a lower number than this one only.
    pub before: Option<EntryId>,
    /// The most entries that are looked at.
    pub scan: usize,
    /// The most conversations that are wanted.
    pub limit: usize,
}

/// Conversations with their newest entries.
#[derive(Debug, Clone)]
pub struct ConversationPage {
    /// The conversations' keys, each with its newest entry.
    pub conversations: Vec<(String, EntryId)>,
    /// Why the page ends where it does.
    pub end: PageEnd,
}
