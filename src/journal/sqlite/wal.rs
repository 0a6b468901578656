//! The write-ahead log: carried over into the database between commits, and kept small.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use metrics::Gauge;
use rusqlite::{Connection, Result, Transaction, TransactionBehavior};

use super::{connection::PATIENCE, error::unavailable_error};
use crate::journal::JournalError;

/// A WAL with more pages (of 8 KiB, in a file of an earlier version 4 KiB) than this is checkpointed even while commands wait: often enough for each
/// checkpoint to be short, seldom enough for pages that are written many times to be copied once.
const PAGES: i64 = 1000;
/// A WAL with more than `PAGES` that could not be checkpointed for this long is reported to the operator.
const HELD: Duration = Duration::from_secs(5);
/// The time between two such reports.
const REMINDER: Duration = Duration::from_mins(1);
/// The WAL is emptied this often in a moment without commands: its older pages still hold what was purged.
const EMPTYING: Duration = Duration::from_mins(1);

/// The WAL of the store's connection.
#[derive(Debug)]
pub(super) struct Wal {
    path: PathBuf,
    /// How many pages are not in the database yet.
    pages: i64,
    reader: Option<HoldingReader>,
    emptied_at: Instant,
    bytes: Gauge,
}

/// A reader of an older state, who holds up every checkpoint.
#[derive(Debug)]
struct HoldingReader {
    since: Instant,
    reported_at: Option<Instant>,
}

impl Wal {
    pub(super) fn new(path: PathBuf) -> Self {
        let bytes = crate::metrics::journal_wal_bytes();
        let mut wal = Self { path, pages: 0, reader: None, emptied_at: Instant::now(), bytes };
        wal.report();
        wal
    }

    /// Whether the WAL holds pages that are not in the database yet.
    pub(super) fn is_waiting(&self) -> bool {
        self.pages > 0
    }

    /// Carries the WAL over into the database if it is time, without waiting for readers.
    pub(super) fn checkpoint(&mut self, connection: &Connection, is_idle: bool) -> Result<()> {
        self.pages = remaining_pages(connection, "noop")?;
        let is_time = self.pages >= PAGES || (is_idle && self.pages > 0);
        if is_time {
            self.pages = remaining_pages(connection, "passive")?;
        }
        let may_empty = is_idle && self.pages == 0 && self.emptied_at.elapsed() >= EMPTYING;
        if may_empty {
            self.emptied_at = Instant::now();
            empty(connection)?;
        }
        if is_time || may_empty {
            self.report();
        }
        Ok(())
    }

    /// Reports the size of the WAL, and whether a reader holds the checkpoints up.
    fn report(&mut self) {
        let bytes = fs::metadata(&self.path).map_or(0, |file| file.len());
        #[expect(clippy::cast_precision_loss, reason = "a size to look at")]
        self.bytes.set(bytes as f64);
        if self.pages < PAGES {
            if self.reader.take().is_some_and(|reader| reader.reported_at.is_some()) {
                tracing::info!(
                    bytes,
                    "nobody holds the journal's write-ahead log up any more: it is in the database"
                );
            }
            return;
        }
        let reader = self
            .reader
            .get_or_insert_with(|| HoldingReader { since: Instant::now(), reported_at: None });
        let seconds = reader.since.elapsed();
        if seconds >= HELD && reader.reported_at.is_none_or(|at| at.elapsed() >= REMINDER) {
            reader.reported_at = Some(Instant::now());
            tracing::warn!(
                bytes,
                seconds = seconds.as_secs(),
                path = %self.path.display(),
                "another process has a read transaction open on the journal (a backup under way, a replicator, a \
                 forgotten shell): the write-ahead log grows until it ends; `fuser` on the file names it"
            );
        }
    }
}

/// How many pages are not in the database after a checkpoint of this mode.
fn remaining_pages(connection: &Connection, mode: &str) -> Result<i64> {
    let mut statement = connection.prepare_cached(&format!("pragma wal_checkpoint({mode})"))?;
    statement.query_row([], |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?))
}

/// Cuts the WAL back to nothing if nobody reads it.
fn empty(connection: &Connection) -> Result<()> {
    connection.busy_timeout(Duration::ZERO)?;
    let emptied = connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
    connection.busy_timeout(PATIENCE)?;
    emptied
}

/// Makes sure that all the WAL holds is on disk, whatever became of the syncs of those who wrote it.
///
/// A full checkpoint writes it into the database and syncs that. The checkpoint has to wait for a reader of an older
/// state, who may stay for ever: then the WAL's own bytes are written once more, and synced.
pub(super) fn secure(connection: &mut Connection, path: &Path) -> std::result::Result<(), JournalError> {
    let full = connection.query_row("pragma wal_checkpoint(full)", [], |row| {
        let (pages, checkpointed): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(pages >= 0 && pages == checkpointed)
    });
    if full.map_err(unavailable_error)? {
        return Ok(());
    }
    // With this transaction open, nobody adds to the WAL or begins it anew.
    let transaction =
        Transaction::new(connection, TransactionBehavior::Immediate).map_err(unavailable_error)?;
    rewrite(path)
        .map_err(|error| JournalError::Unavailable(format!("{}: {error}", path.display()).into()))?;
    transaction.rollback().map_err(unavailable_error)
}

/// Writes a file's bytes where they are already, so that the kernel brings them all to the disk.
fn rewrite(path: &Path) -> io::Result<()> {
    let file = File::options().read(true).write(true).open(path)?;
    let mut bytes = vec![0; 1 << 20];
    let mut at = 0;
    loop {
        let length = file.read_at(&mut bytes, at)?;
        if length == 0 {
            return file.sync_all();
        }
        file.write_all_at(&bytes[..length], at)?;
        at += length as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_without_commands_empties_the_wal_unless_it_is_read_and_waits_for_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "pragma journal_mode = wal; pragma wal_autocheckpoint = 0; create table a (b)",
            )
            .unwrap();
        let file = folder.path().join("a.db-wal");
        let size = || fs::metadata(&file).unwrap().len();
        let mut wal = Wal::new(file.clone());
        let long_ago = Instant::now().checked_sub(EMPTYING).unwrap();
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("begin; select * from a").unwrap();

        wal.emptied_at = long_ago;
        wal.checkpoint(&connection, false).unwrap();
        assert!(wal.is_waiting() && size() > 0, "there is something else to do");
        wal.checkpoint(&connection, true).unwrap();
        assert!(!wal.is_waiting() && size() > 0, "it is in the database, and read");

        reader.execute_batch("commit").unwrap();
        wal.checkpoint(&connection, true).unwrap();
        assert!(size() > 0, "not so often");
        wal.emptied_at = long_ago;
        wal.checkpoint(&connection, true).unwrap();
        assert_eq!(size(), 0);
    }
}
