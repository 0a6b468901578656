//! `[journal]` as the journal's options.

use crate::{
    clock::Clock,
    config::JournalSection,
    journal::{Options, replica_name},
};

impl JournalSection {
    /// The options of the journal that this section describes, which goes by `clock`.
    pub fn options(&self, clock: Clock) -> Options {
        let Self { keep, keep_dead, max_pending, recent_keys, .. } = *self;
        Options { keep, keep_dead, max_pending, recent_keys, clock, replica: replica_name() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::options::default_config;

    #[test]
    fn the_defaults_of_the_file_are_those_of_the_options() {
        let Options { keep, keep_dead, max_pending, recent_keys, .. } =
            default_config().journal.options(Clock::system());
        let defaults = Options::default();
        assert_eq!((keep, keep_dead), (defaults.keep, defaults.keep_dead));
        assert_eq!((max_pending, recent_keys), (defaults.max_pending, defaults.recent_keys));
    }
}
