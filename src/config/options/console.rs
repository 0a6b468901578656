//! The options of the console, from `[admin]`, `[desk]`, `[journal]` and `[[apps]]`.

use crate::{config::configuration::Config, console::Options, journal::replica_name};

impl Config {
    /// The options of the console.
    pub(crate) fn console_options(&self) -> Options {
        Options {
            tokens: self.admin.tokens.iter().cloned().collect(),
            is_remote: self.admin.is_remote(),
            phrases: self.desk.phrases.clone(),
            apps: self.apps.iter().map(|app| app.key.clone()).collect(),
            sandbox: None,
            keep: self.journal.keep,
            keep_dead: self.journal.keep_dead,
            max_pending: self.journal.max_pending,
            replica: replica_name(),
        }
    }
}
