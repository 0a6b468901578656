//! The file: its pragmas, its tables and their versions, and the marks that keep servers away.

use std::{os::unix::ffi::OsStrExt as _, path::Path, time::Duration};

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior,
};

use super::place::{create_file, missing, unusable};
use crate::{
    failpoint,
    journal::{JournalError, driver::access::Access},
};

/// Each brings the file from the version of its index to the next; `user_version` counts them.
const MIGRATIONS: [&str; 2] = ["
    create table entry (
        id integer primary key,      -- in order of acceptance, given by the server, never used twice
        queue integer not null,      -- 0 inbox, 1 outbox
        state integer not null,      -- 0 pending, 1 done, 2 dead
        attempts integer not null,
        due_at integer not null,
        accepted_at integer not null,
        settled_at integer,
        conversation text not null,
        key text not null,
        reason text,
        body blob not null,
        unique (queue, key)
    ) strict;
    -- Holds the backlog only, so that it stays in a few pages however long the history is.
    create index unsettled on entry (state) where state <> 1;
    -- What could otherwise only be had by reading the whole table.
    create table tally (
        queue integer primary key,
        done integer not null,       -- how many entries are done
        purged_to integer not null   -- the highest id that was ever removed
    ) strict;
    insert into tally (queue, done, purged_to) values (0, 0, 0), (1, 0, 0);
", "
    -- Attempts that have begun since the last one that ended: their process died, or is still at it.
    alter table entry add column open_attempts integer not null default 0;
    -- When it was accepted and settled, in the journal's own time. What was settled before this was recorded is kept
    -- as if it had been settled when the recording began.
    alter table entry add column accepted_elapsed integer not null default 0;
    alter table entry add column settled_elapsed integer;
    create table journal_time (
        elapsed integer not null,    -- for how many milliseconds servers have run on this journal
        seen_at integer not null     -- what the wall clock showed when this was noted
    ) strict;
    insert into journal_time (elapsed, seen_at)
        select 0, coalesce(max(accepted_at), 0) from entry where state = 0 and state <> 1;
"];

const VERSION: i64 = 2;
/// Marks the file as one of ours: `RCcb` in ASCII.
const APPLICATION_ID: i64 = 0x5243_6362;
/// Marks the file as one that is being copied to: `RCcp`.
const BEING_COPIED_TO: i64 = 0x5243_6370;
/// Marks the file as one whose entries were moved to another journal: `RCmv`.
const MOVED: i64 = 0x5243_6d76;
/// How long a connection waits for another process's transaction.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// A WAL that has grown beyond this is cut back when it starts again from its beginning.
const WAL_LIMIT: i64 = 64 << 20;

/// A connection that writes, for a server as long as no mark keeps it away.
pub(super) fn connect(path: &Path, access: Access) -> Result<Connection, JournalError> {
    if !path.exists() {
        return Err(missing(path));
    }
    open(path, access, false)
}

/// Like [`connect`], but makes or migrates the file first.
pub(super) fn create(path: &Path, access: Access) -> Result<Connection, JournalError> {
    create_file(path)?;
    open(path, access, true)
}

fn open(path: &Path, access: Access, migrate: bool) -> Result<Connection, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let store = |error: rusqlite::Error| unusable(path, &error.to_string());
    let mut connection = Connection::open_with_flags(path, flags).map_err(store)?;
    connection.busy_timeout(PATIENCE).map_err(store)?;
    // Before anything is changed: it may be somebody else's file.
    let (version, mark) = version(&mut connection, access, migrate).map_err(store)?;
    check_version(version, path)?;
    check_mark(mark, path, access)?;
    set_pragmas(&connection).map_err(store)?;
    check_pragmas(&connection, path)?;
    Ok(connection)
}

/// Whether a server would take the file at `path`: reads it without a lock, and makes nothing beside it.
pub(super) fn look(path: &Path) -> Result<(), JournalError> {
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
            Err(unusable(path, &error.to_string()))
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
    Ok(connection)
}

fn set_pragmas(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(32);
    connection.pragma_update(None, "journal_mode", "wal")?;
    // FULL syncs the WAL at every commit: without it an acknowledged message can be lost.
    connection.pragma_update(None, "synchronous", synchronous())?;
    // On macOS only this makes a sync reach the disk; elsewhere it is without effect.
    connection.pragma_update(None, "fullfsync", true)?;
    // Checkpoints are the writer thread's: in the middle of a commit they would delay its waiters.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", WAL_LIMIT)?;
    // What was purged is overwritten, whole pages too. Measured: nothing for accepting and finishing, 5 % of a purge's
    // writes with bodies of 300 bytes, twice its time with bodies of 6000.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "cache_size", -32_768)
}

/// FULL; OFF only for the test that shows what it is for.
fn synchronous() -> i64 {
    if failpoint::syncs_are_off() { 0 } else { 2 }
}

/// A pragma that is not understood, or not possible on this file system, is no error: so look.
fn check_pragmas(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    let read = |name: &str| {
        let value =
            connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
        value.map_err(|error| unusable(path, &error.to_string()))
    };
    for (name, wanted) in [
        ("journal_mode", rusqlite::types::Value::Text("wal".to_owned())),
        ("synchronous", synchronous().into()),
        ("wal_autocheckpoint", 0.into()),
        ("secure_delete", 1.into()),
    ] {
        let value = read(name)?;
        if value != wanted {
            return Err(unusable(
                path,
                &format!("its {name} cannot be made {wanted:?}, it is {value:?}"),
            ));
        }
    }
    Ok(())
}

/// The file's version, after bringing it to ours if that was asked for, and its mark.
fn version(
    connection: &mut Connection,
    access: Access,
    migrate: bool,
) -> rusqlite::Result<(Version, Mark)> {
    let behavior = if migrate { TransactionBehavior::Immediate } else { TransactionBehavior::Deferred };
    let transaction = Transaction::new(connection, behavior)?;
    let read = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (version, application) = (read("user_version")?, read("application_id")?);
    let tables: i64 =
        transaction.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    let mark = match application {
        APPLICATION_ID => Mark::None,
        BEING_COPIED_TO => Mark::BeingCopiedTo,
        MOVED => Mark::Moved(moved_to(&transaction)?),
        _ if tables > 0 => return Ok((Version::Foreign, Mark::None)),
        _ => Mark::None,
    };
    let missing = usize::try_from(version).ok().and_then(|version| MIGRATIONS.get(version..));
    let version = match missing {
        None => Version::Newer(version),
        Some([]) => Version::Ours,
        Some(_) if !migrate => Version::Older(version),
        Some(missing) => {
            missing.iter().try_for_each(|step| transaction.execute_batch(step))?;
            if version == 0 {
                // A new file is never, not even for a moment, an empty journal that a server would take.
                let is_target = access == Access::Target;
                let application = if is_target { BEING_COPIED_TO } else { APPLICATION_ID };
                transaction.pragma_update(None, "application_id", application)?;
            }
            transaction.pragma_update(None, "user_version", VERSION)?;
            transaction.commit()?;
            Version::Ours
        }
    };
    Ok((version, mark))
}

#[derive(Clone, Copy)]
enum Version {
    Ours,
    Older(i64),
    Newer(i64),
    Foreign,
}

/// A mark that keeps servers away from a journal.
enum Mark {
    None,
    BeingCopiedTo,
    /// Its entries were moved to this address.
    Moved(String),
}

/// Marks an empty journal as being copied to; `false` if it is not empty.
pub(super) fn begin_copy(connection: &Connection) -> rusqlite::Result<bool> {
    let is_empty =
        connection.query_row("select not exists (select 1 from entry)", [], |row| row.get(0))?;
    if is_empty {
        connection.pragma_update(None, "application_id", BEING_COPIED_TO)?;
    }
    Ok(is_empty)
}

/// Takes every mark off.
pub(super) fn end_copy(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)
}

/// Marks a journal as moved.
pub(super) fn move_to(connection: &Connection, target: &str) -> rusqlite::Result<()> {
    // Only of a journal that was moved, so that it is no step of `MIGRATIONS`.
    connection.execute_batch(
        "create table if not exists moved (target text not null) strict; delete from moved",
    )?;
    connection.execute("insert into moved (target) values (?1)", [target])?;
    connection.pragma_update(None, "application_id", MOVED)
}

fn moved_to(connection: &Connection) -> rusqlite::Result<String> {
    let target = connection.query_row("select target from moved", [], |row| row.get(0)).optional()?;
    Ok(target.unwrap_or_default())
}

/// A server takes no journal with a mark; an operator looks at any, and copies from one that is whole.
fn check_mark(mark: Mark, path: &Path, access: Access) -> Result<(), JournalError> {
    let path = path.display();
    match (mark, access) {
        (Mark::BeingCopiedTo, Access::Server | Access::Source) => Err(open_error(&format!(
            "the journal {path} is an incomplete copy: remove it, with its -wal and -shm if they are there, \
             then run `journal copy` again"
        ))),
        (Mark::Moved(target), Access::Server) => Err(open_error(&format!(
            "the journal {path} was moved to {target} by `journal copy`: set [journal] url to that; \
             to go on with what is in this one instead, run `journal copy sqlite:{path} sqlite:NEW`, and set it to sqlite:NEW"
        ))),
        _ => Ok(()),
    }
}

fn check_version(version: Version, path: &Path) -> Result<(), JournalError> {
    let ours = VERSION;
    let problem = match version {
        Version::Ours => return Ok(()),
        Version::Older(theirs) => {
            format!(
                "is of version {theirs}, this program's is {ours}: start the server once, it migrates it"
            )
        }
        Version::Newer(theirs) => format!(
            "is of version {theirs}, and this program knows {ours} at most: run the newer program that wrote it"
        ),
        Version::Foreign => "is another program's database: change [journal] url".to_owned(),
    };
    Err(open_error(&format!("the journal {} {problem}", path.display())))
}

pub(super) fn open_error(message: &str) -> JournalError {
    JournalError::Open(message.to_owned())
}
