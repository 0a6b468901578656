//! The errors of putting rules in force.

use std::fmt;

use crate::client::ClientError;

/// Rules that cannot be put in force.
///
/// Its `Debug` is as readable as its `Display`, with the cause: it is what a `main` that returns this error shows.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// A rule cannot forward: there are no certificates on this system, perhaps.
    #[error("rule `{rule}` cannot forward")]
    Forward {
        /// The name of the rule.
        rule: String,
        /// The cause.
        source: ClientError,
    },
}

impl fmt::Debug for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward { source, .. } => write!(f, "{self}: {source}"),
        }
    }
}
