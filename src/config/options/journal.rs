//! `[journal]` as the journal's options.

use crate::{clock::Clock, config::JournalSection, journal::Options};

impl JournalSection {
    /// The options of the journal that this section describes, which goes by `clock`.
    pub fn options(&self, clock: Clock) -> Options {
        let Self { keep, keep_dead, max_pending, recent_keys, .. } = *self;
        Options { keep, keep_dead, max_pending, recent_keys, clock }
    }
}
