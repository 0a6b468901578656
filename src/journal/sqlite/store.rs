//! The writing connection, and what it needs between commits: checkpoints, others' changes.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rusqlite::Connection;

use super::{rows, schema};
use crate::journal::{JournalError, books::Books};

/// Beyond so many pages (4 KiB each) the WAL is checkpointed even while commands wait: often enough for
/// each checkpoint to be short, seldom enough for pages written many times to be copied once.
const WAL_PAGES: i64 = 1000;

/// The only connection that writes, as long as it can be trusted.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) connection: Connection,
    pub(super) last_id: i64,
    /// The database and its WAL, with what tells each from another file under its name.
    files: [(PathBuf, Option<FileId>); 2],
    /// Moves when another connection has changed the file.
    data_version: i64,
    wal_pages: i64,
}

impl Store {
    /// Opens the file, makes sure that it holds what the WAL holds, and reads the backlog.
    ///
    /// Unless it may `create` the file, one that is gone, with the disk it was on perhaps, is an error.
    pub(super) fn open(path: &Path, create: bool, books: &mut Books) -> Result<Self, JournalError> {
        let connection = schema::connect(path, create)?;
        let mut open = || {
            let busy: i64 =
                connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0))?;
            if busy != 0 {
                return Ok(None);
            }
            rows::load(&connection, |rows, counts| books.reload(rows, counts))?;
            let (last_id, data_version) = (rows::last_id(&connection)?, data_version(&connection)?);
            Ok(Some((last_id, data_version)))
        };
        match open().map_err(unavailable)? {
            Some((last_id, data_version)) => {
                let files = [path.to_owned(), wal(path)].map(|path| {
                    let id = file_id(&path);
                    (path, id)
                });
                Ok(Self { connection, last_id, files, data_version, wal_pages: 0 })
            }
            None => Err(JournalError::Unavailable("another process keeps reading the journal".into())),
        }
    }

    /// Writes everything into the database's own file and closes it.
    pub(super) fn close(self) -> Result<(), JournalError> {
        // What a reader holds up here is done by whoever opens the file next.
        self.connection
            .query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))
            .map_err(unavailable)?;
        self.connection.close().map_err(|(_, error)| unavailable(error))
    }

    /// Whether the files are still those that were opened: what is written to a deleted one is lost.
    pub(super) fn is_in_place(&self) -> bool {
        self.files.iter().all(|(path, id)| id.is_some() && file_id(path) == *id)
    }

    pub(super) fn has_wal(&self) -> bool {
        self.wal_pages > 0
    }

    /// Carries the WAL over into the database if it is time, without waiting for readers.
    pub(super) fn checkpoint(&mut self, idle: bool) -> rusqlite::Result<()> {
        let wal = |mode: &str| {
            let mut statement =
                self.connection.prepare_cached(&format!("pragma wal_checkpoint({mode})"))?;
            statement.query_row([], |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?))
        };
        self.wal_pages = wal("noop")?;
        if self.wal_pages >= WAL_PAGES || (idle && self.wal_pages > 0) {
            self.wal_pages = wal("passive")?;
        }
        Ok(())
    }

    /// Brings the books up to date if another process has changed the file.
    pub(super) fn notice(&mut self, books: &mut Books) -> rusqlite::Result<bool> {
        let seen = data_version(&self.connection)?;
        if seen == self.data_version {
            return Ok(false);
        }
        // What changes after this is noticed the next time.
        self.data_version = seen;
        rows::load(&self.connection, |rows, counts| books.merge(rows, counts))?;
        Ok(true)
    }
}

/// Device and number.
type FileId = (u64, u64);

fn file_id(path: &Path) -> Option<FileId> {
    let file = fs::metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}

fn wal(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push("-wal");
    name.into()
}

/// The store cannot do it now.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(super) fn unavailable(error: rusqlite::Error) -> JournalError {
    JournalError::Unavailable(error.to_string().into())
}

fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("pragma data_version")?.query_row([], |row| row.get(0))
}
