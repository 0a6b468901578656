//! The file: where it is, who may open it, its pragmas, its tables and their versions.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::{failpoint, journal::JournalError};

/// Each brings the file from the version of its index to the next; `user_version` counts them.
const MIGRATIONS: [&str; 1] = ["
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
"];

const VERSION: i64 = 1;
/// Marks the file as one of ours: `RCcb` in ASCII.
const APPLICATION_ID: i64 = 0x5243_6362;
/// How long a connection waits for another process's transaction.
const PATIENCE: Duration = Duration::from_secs(2);
/// A WAL that has grown beyond this is cut back when it starts again from its beginning.
const WAL_LIMIT: i64 = 64 << 20;

/// The path in `sqlite:PATH`; `//` before it is allowed, as others write it.
pub(super) fn path(written: &str) -> Result<PathBuf, JournalError> {
    match written.strip_prefix("//").unwrap_or(written) {
        "" => Err(open_error("the journal's URL names no file: write \"sqlite:PATH\"")),
        ":memory:" => Err(open_error("\"sqlite::memory:\" keeps nothing: write \"memory:\" for that")),
        path => Ok(PathBuf::from(path)),
    }
}

/// Makes the folder of `path`, so that it outlives a power cut.
pub(super) fn create_folder(path: &Path) -> Result<(), JournalError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Some(folder) = folder.filter(|folder| !folder.is_dir()) else { return Ok(()) };
    let created = fs::create_dir_all(folder).and_then(|()| {
        // A file that is synced is lost all the same if its folder's name is not on disk.
        let named = folder.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty());
        named.take(2).try_for_each(|parent| File::open(parent)?.sync_all())
    });
    created.map_err(|error| {
        let folder = folder.display();
        open_error(&format!(
            "cannot make the journal's folder {folder}: {error}: create it, or change [journal] url"
        ))
    })
}

/// Keeps other servers away until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing it would not do: a child process that is being started holds a copy until it runs its program.
        // An error leaves it to the end of the process.
        let _ = self.0.unlock();
    }
}

/// Locks the journal at `path`.
pub(super) fn lock(path: &Path) -> Result<Lock, JournalError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let unusable = |error: io::Error| {
        open_error(&format!(
            "cannot lock {}: {error}: make its folder writable for this user",
            name.display()
        ))
    };
    let file = File::options().create(true).truncate(false).write(true).open(&name).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
        Err(TryLockError::WouldBlock) => Err(open_error(&format!(
            "the journal {} is in use by another server: stop that one, or give this one a file of its own",
            path.display()
        ))),
    }
}

/// A connection that writes; `create` makes or migrates the file first.
pub(super) fn connect(path: &Path, create: bool) -> Result<Connection, JournalError> {
    if !create && !path.exists() {
        return Err(open_error(&format!(
            "there is no journal at {}: start the server once, or change [journal] url",
            path.display()
        )));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let flags = if create { flags | OpenFlags::SQLITE_OPEN_CREATE } else { flags };
    let store = |error: rusqlite::Error| unusable(path, &error.to_string());
    let mut connection = Connection::open_with_flags(path, flags).map_err(store)?;
    connection.busy_timeout(PATIENCE).map_err(store)?;
    // Before anything is changed: it may be somebody else's file.
    check_version(version(&mut connection, create).map_err(store)?, path)?;
    set_pragmas(&connection).map_err(store)?;
    check_pragmas(&connection, path)?;
    Ok(connection)
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

/// The file's version, after bringing it to ours if that was asked for.
fn version(connection: &mut Connection, migrate: bool) -> rusqlite::Result<Version> {
    let behavior = if migrate { TransactionBehavior::Immediate } else { TransactionBehavior::Deferred };
    let transaction = Transaction::new(connection, behavior)?;
    let read = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (version, application) = (read("user_version")?, read("application_id")?);
    let tables: i64 =
        transaction.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && tables > 0 {
        return Ok(Version::Foreign);
    }
    let missing = usize::try_from(version).ok().and_then(|version| MIGRATIONS.get(version..));
    match missing {
        None => Ok(Version::Newer(version)),
        Some([]) => Ok(Version::Ours),
        Some(_) if !migrate => Ok(Version::Older(version)),
        Some(missing) => {
            missing.iter().try_for_each(|step| transaction.execute_batch(step))?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
            transaction.commit()?;
            Ok(Version::Ours)
        }
    }
}

#[derive(Clone, Copy)]
enum Version {
    Ours,
    Older(i64),
    Newer(i64),
    Foreign,
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

fn unusable(path: &Path, problem: &str) -> JournalError {
    open_error(&format!(
        "cannot use {} as a journal: {problem}: it must be a SQLite file on a local disk, writable for this user",
        path.display()
    ))
}

fn open_error(message: &str) -> JournalError {
    JournalError::Open(message.to_owned())
}
