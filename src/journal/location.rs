//! Where a journal is: its URL, read.

use std::path::PathBuf;

#[cfg(feature = "postgres")]
use super::postgres;
use super::{JournalError, sqlite};

/// What the URL of a journal names.
pub(super) enum Location {
    Memory,
    Sqlite(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Address>),
}

impl Location {
    /// Reads it; the error says what to write.
    pub(super) fn of(url: &str) -> Result<Self, JournalError> {
        match url.split_once(':') {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("sqlite", path)) => sqlite::path(path).map(Self::Sqlite),
            #[cfg(feature = "postgres")]
            Some(("postgres" | "postgresql", _)) => {
                postgres::Address::parse(url).map(|address| Self::Postgres(Box::new(address)))
            }
            _ => Err(JournalError::Open(
                "no journal driver for this URL: write \"sqlite:PATH\" (kept in a file), \
                 \"postgres://USER:PASSWORD@HOST/DATABASE\" (shared by several servers) or \"memory:\" (for tests)"
                    .to_owned(),
            )),
        }
    }
}
