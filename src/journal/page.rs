//! Pages of entries.

use super::entry::{EntryId, Record};

/// A page of entries.
#[derive(Debug, Clone)]
pub struct Page {
    /// The entries.
    pub records: Vec<Record>,
    /// Why the page ends where it does.
    pub end: PageEnd,
}

/// Why a page ends where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageEnd {
    /// There is nothing more.
    Complete,
    /// The page is full; the next one begins behind this entry.
    Full(EntryId),
    /// The most entries were looked at that a page may look at; the next one begins behind this entry.
    Scanned(EntryId),
}

impl PageEnd {
    /// The entry behind which the next page begins.
    pub fn next(self) -> Option<EntryId> {
        match self {
            Self::Complete => None,
            Self::Full(id) | Self::Scanned(id) => Some(id),
        }
    }
}
