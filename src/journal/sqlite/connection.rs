//! Connections to the file, each set up as the journal needs it.

use std::{os::unix::ffi::OsStrExt as _, path::Path, time::Duration};

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags, types::Value};

use super::{
    error::{missing_error, unusable_error},
    marks::check_mark,
    path::create_file,
    schema::{Version, check_version, version},
};
use crate::{
    failpoint,
    journal::{JournalError, driver::access::Access},
};

/// How long a connection waits for another process's transaction.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// How many statements a connection keeps prepared.
const STATEMENTS: usize = 64;
/// The size of a new file's pages. Some 17 entries fit into one, so that little of it is left over; of SQLite's default of
/// 4096 bytes a tenth is.
const PAGE_SIZE: u32 = 8192;
/// A WAL that has grown beyond this is cut back when it starts again from its beginning.
const WAL_LIMIT: i64 = 64 << 20;

/// A connection that writes; a server gets it only if no mark keeps servers away.
pub(super) fn connect(path: &Path, access: Access) -> Result<Connection, JournalError> {
    if !path.exists() {
        return Err(missing_error(path));
    }
    open(path, access, false)
}

/// A connection like that of [`connect`], to a file that is made or migrated first.
pub(super) fn create(path: &Path, access: Access) -> Result<Connection, JournalError> {
    create_file(path)?;
    open(path, access, true)
}

fn open(path: &Path, access: Access, migrate: bool) -> Result<Connection, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let store = |error: rusqlite::Error| unusable_error(path, &error.to_string());
    let mut connection = Connection::open_with_flags(path, flags).map_err(store)?;
    connection.busy_timeout(PATIENCE).map_err(store)?;
    if migrate {
        // This changes no file that has tables.
        connection.pragma_update(None, "page_size", PAGE_SIZE).map_err(store)?;
    }
    // Before anything is changed: the file may be another program's.
    let (version, mark) = version(&mut connection, access, migrate).map_err(store)?;
    check_version(version, path)?;
    check_mark(mark, path, access)?;
    set_pragmas(&connection).map_err(store)?;
    check_pragmas(&connection, path)?;
    Ok(connection)
}

/// Checks that a server would take the file at `path`: reads it without a lock, and makes nothing beside it.
pub(super) fn check_file(path: &Path) -> Result<(), JournalError> {
    let name = percent_encode(path.as_os_str().as_bytes(), NON_ALPHANUMERIC);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let opened = Connection::open_with_flags(format!("file:{name}?immutable=1"), flags);
    match opened.and_then(|mut connection| version(&mut connection, Access::Server, false)) {
        Ok((version, mark)) => {
            if !matches!(version, Version::Older(_)) {
                check_version(version, path)?;
            }
            check_mark(mark, path, Access::Server)
        }
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(unusable_error(path, &error.to_string()))
        }
        // A server may be writing to it at this moment.
        Err(_) => Ok(()),
    }
}

/// A connection that only reads.
pub(super) fn connect_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn set_pragmas(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "journal_mode", "wal")?;
    // FULL syncs the WAL at every commit: without it an acknowledged message can be lost.
    connection.pragma_update(None, "synchronous", synchronous())?;
    // On macOS only this makes a sync reach the disk; elsewhere it is without effect.
    connection.pragma_update(None, "fullfsync", true)?;
    // Checkpoints are the writer thread's: in the middle of a commit they would delay its waiters.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", WAL_LIMIT)?;
    // Purged bytes are overwritten, whole pages too. Measured: this costs nothing for accepting and finishing, 5 % of a
    // purge's writes with bodies of 300 bytes, and twice the time of a purge with bodies of 6000.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "cache_size", -32_768)
}

/// The number of `synchronous = FULL`; of OFF only for the test that shows what FULL is for.
fn synchronous() -> i64 {
    if failpoint::syncs_are_off() { 0 } else { 2 }
}

/// Checks the pragmas: SQLite does not report one that it does not understand, or that this file system cannot do.
fn check_pragmas(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    let read = |name: &str| {
        let value = connection.pragma_query_value(None, name, |row| row.get::<_, Value>(0));
        value.map_err(|error| unusable_error(path, &error.to_string()))
    };
    for (name, wanted) in [
        ("journal_mode", Value::Text("wal".to_owned())),
        ("synchronous", synchronous().into()),
        ("wal_autocheckpoint", 0.into()),
        ("secure_delete", 1.into()),
    ] {
        let value = read(name)?;
        if value != wanted {
            return Err(unusable_error(
                path,
                &format!("its {name} cannot be made {wanted:?}, it is {value:?}"),
            ));
        }
    }
    Ok(())
}
