//! The parts of a service for an operator's program, beside a running server or without one.

use super::{assembly::journal_error, error::ServiceError};
use crate::{clock::Clock, config::Config, desk::Desk, journal};

/// Opens the conversations that persons have, in the journal of a configuration.
///
/// A server that runs on the journal sends the answers, within a second or so; without one they wait for its start.
///
/// # Errors
///
/// [`ServiceError::Journal`]: there is no such journal, or it cannot be used.
pub async fn open_desk(config: &Config) -> Result<Desk, ServiceError> {
    let options = config.journal.options(Clock::system());
    let journal = journal::open_operator(config.journal.url.expose(), options).await;
    let journal = journal.map_err(|source| journal_error(config, source))?;
    Ok(Desk::new(journal, config.desk.options(), Clock::system()))
}
