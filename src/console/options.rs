//! The options of the console.

use std::time::Duration;

use url::Url;

use crate::{ids::AppKey, journal, server::admin::AdminTokens};

/// The options of the console.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The tokens with their names and rights.
    pub(crate) tokens: AdminTokens,
    /// Whether other machines can reach the listener of the configuration.
    pub(crate) is_remote: bool,
    /// The sentences that a person at the desk can choose from.
    pub(crate) phrases: Vec<String>,
    /// The apps of the configuration.
    pub(crate) apps: Vec<AppKey>,
    /// The page of the sandbox that the server runs beside, if it does.
    pub(crate) sandbox: Option<Url>,
    /// How long a finished entry is kept.
    pub(crate) keep: Duration,
    /// How long a dead letter is kept.
    pub(crate) keep_dead: Duration,
    /// The most pending entries of a queue.
    pub(crate) max_pending: u64,
    /// The name of this server among those that share the journal.
    pub(crate) replica: String,
}

impl Default for Options {
    fn default() -> Self {
        let journal::Options { keep, keep_dead, max_pending, replica, .. } = journal::Options::default();
        Self {
            tokens: AdminTokens::default(),
            is_remote: false,
            phrases: Vec::new(),
            apps: Vec::new(),
            sandbox: None,
            keep,
            keep_dead,
            max_pending,
            replica,
        }
    }
}
