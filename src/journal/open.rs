//! Opening the journal that a URL names.

use std::{path::PathBuf, sync::Arc};

#[cfg(feature = "postgres")]
use super::postgres;
use super::{
    administration::Administration, error::JournalError, memory::Memory, options::Options,
    queues::Queues, sqlite, transfer::Transfer,
};

/// The place of a journal: its URL, read.
enum Location {
    Memory,
    Sqlite(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Address>),
}

/// Opens the journal that `url` names for a server, which makes it if there is none: `memory:`, `sqlite:PATH`, or
/// `postgres://…` with the feature `postgres`.
///
/// An embedded store is for one server at a time.
///
/// # Errors
///
/// [`JournalError::Open`], with what to change, if there is no such journal or it cannot be used;
/// [`JournalError::Unavailable`] if its store fails.
pub async fn open_server(url: &str, options: Options) -> Result<Arc<dyn Queues>, JournalError> {
    match Location::read(url)? {
        Location::Memory => Ok(Arc::new(Memory::new(options))),
        Location::Sqlite(path) => sqlite::open_server(path, options).await,
        #[cfg(feature = "postgres")]
        Location::Postgres(address) => postgres::open_server(*address, options).await,
    }
}

/// Opens the journal that `url` names for an operator's command, beside a running server.
///
/// # Errors
///
/// As for [`open_server`].
pub async fn open_operator(
    url: &str,
    options: Options,
) -> Result<Arc<dyn Administration>, JournalError> {
    match Location::read(url)? {
        Location::Memory => Ok(Arc::new(Memory::new(options))),
        Location::Sqlite(path) => sqlite::open_operator(path, options).await,
        #[cfg(feature = "postgres")]
        Location::Postgres(address) => postgres::open_operator(*address, options).await,
    }
}

/// Opens the journal that `url` names to be copied from, while no server runs.
///
/// # Errors
///
/// As for [`open_server`].
pub async fn open_source(url: &str, options: Options) -> Result<Arc<dyn Transfer>, JournalError> {
    match Location::read(url)? {
        Location::Memory => Err(not_copied_error()),
        Location::Sqlite(path) => sqlite::open_source(path, options).await,
        #[cfg(feature = "postgres")]
        Location::Postgres(address) => postgres::open_source(*address, options).await,
    }
}

/// Opens the journal that `url` names to be copied into, while no server runs; it is made if there is none.
///
/// # Errors
///
/// As for [`open_server`].
pub async fn open_target(url: &str, options: Options) -> Result<Arc<dyn Transfer>, JournalError> {
    match Location::read(url)? {
        Location::Memory => Err(not_copied_error()),
        Location::Sqlite(path) => sqlite::open_target(path, options).await,
        #[cfg(feature = "postgres")]
        Location::Postgres(address) => postgres::open_target(*address, options).await,
    }
}

/// Checks that a server could open the journal that `url` names, as far as that can be seen without opening or making
/// anything: another server may have it, and no database is asked.
///
/// # Errors
///
/// As for [`open_server`].
pub fn check(url: &str) -> Result<(), JournalError> {
    match Location::read(url)? {
        Location::Memory => Ok(()),
        Location::Sqlite(path) => sqlite::check(&path),
        #[cfg(feature = "postgres")]
        Location::Postgres(_) => Ok(()),
    }
}

fn not_copied_error() -> JournalError {
    JournalError::Open("a journal in memory cannot be copied: it ends with its process".to_owned())
}

impl Location {
    /// Reads a URL; the error says what to write.
    fn read(url: &str) -> Result<Self, JournalError> {
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
