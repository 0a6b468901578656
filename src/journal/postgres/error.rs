//! The errors between the journal and its database, and the error that a caller gets for each.

use std::{error::Error as _, time::Duration};

use tokio_postgres::{Error, error::SqlState};

use crate::{failpoint::Injected, journal::JournalError};

/// The longest that an answer of the database is waited for; after it the connection is given up.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a transaction did not come to its end.
#[derive(Debug)]
pub(super) enum Failure {
    /// The database has taken this transaction back because of another one.
    Collision(JournalError),
    /// The connection cannot be trusted any more: its last transaction may or may not have been committed.
    Lost(JournalError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if is_collision(&error) {
            Self::Collision(unavailable_error(&error))
        } else {
            Self::Lost(unavailable_error(&error))
        }
    }
}

impl From<Injected> for Failure {
    fn from(injected: Injected) -> Self {
        Self::Lost(injected.into())
    }
}

/// Whether the database has taken a transaction back because of another one.
pub(super) fn is_collision(error: &Error) -> bool {
    let collisions = [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE];
    error.code().is_some_and(|code| collisions.contains(code))
}

/// The error of a connection that was not made: whether the configuration or the server is to blame.
pub(super) fn connect_error(error: &Error) -> JournalError {
    let yours = [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INVALID_CATALOG_NAME,
    ];
    match error.code() {
        Some(code) if yours.contains(code) => {
            open_error(&format!("the database refuses us: {}: change [journal] url", describe(error)))
        }
        _ => unavailable_error(error),
    }
}

/// The error of a journal that cannot be opened as it stands.
pub(super) fn open_error(message: &str) -> JournalError {
    JournalError::Open(message.to_owned())
}

/// The error of a database that cannot do something now.
pub(super) fn unavailable_error(error: &Error) -> JournalError {
    JournalError::Unavailable(describe(error).into())
}

/// The error of a database that did not answer within [`TIMEOUT`].
pub(super) fn timed_out_error() -> JournalError {
    JournalError::Unavailable(format!("the database did not answer within {TIMEOUT:?}").into())
}

/// The error of work on a connection that ended with a panic.
pub(super) fn panicked_error() -> JournalError {
    JournalError::Unavailable("the work on its connection panicked".into())
}

/// The text of an error with its cause: the text of the library alone says no more than its kind.
pub(super) fn describe(error: &Error) -> String {
    if let Some(refused) = error.as_db_error() {
        return format!("{} ({})", refused.message(), refused.code().code());
    }
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
