//! Why a command was not done.

use super::error::unavailable_error;
use crate::journal::JournalError;

/// Why a command was not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// The command cannot be done; the others can.
    Refused(JournalError),
    /// The store failed.
    Store(rusqlite::Error),
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for JournalError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error,
            Failure::Store(error) => unavailable_error(error),
        }
    }
}
