//! Why a command was not done.

use super::error::unavailable_error;
use crate::journal::{JournalError, driver::request::Request};

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

/// Keeps a refusal as the request's own result; a failure of the store is the whole batch's.
pub(super) fn run<I, T>(
    request: &mut Request<I, T>,
    work: impl FnOnce(&I) -> Result<T, Failure>,
) -> rusqlite::Result<()> {
    let result = match work(&request.input) {
        Ok(result) => Ok(result),
        Err(Failure::Refused(refusal)) => Err(refusal),
        Err(Failure::Store(error)) => return Err(error),
    };
    request.keep_result(result);
    Ok(())
}
