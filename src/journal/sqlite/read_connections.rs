//! The connections that only read, kept open for a while.

use std::{path::Path, sync::Mutex};

use rusqlite::{Connection, Result};

use super::{
    connection::connect_reader,
    files::{Files, files},
};
use crate::lock::lock;

/// The open connections that no thread uses.
///
/// All connections of a process to a file share SQLite's index of the WAL. Before a failed store is opened again, they must
/// be closed: the index may be that of a WAL which is gone.
#[derive(Debug, Default)]
pub(super) struct ReadConnections(Mutex<Unused>);

#[derive(Debug, Default)]
struct Unused {
    open: Vec<Open>,
    /// The number of times that they were closed.
    epoch: u64,
}

/// An open connection, and the files that it has opened, if both were there.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) connection: Connection,
    files: Option<Files>,
    /// The epoch in which it was opened: once that is over, it is not kept.
    epoch: u64,
}

impl ReadConnections {
    /// Closes the connections, and each of those in use once its thread is done with it.
    pub(super) fn close(&self) {
        let mut unused = lock(&self.0);
        unused.epoch += 1;
        unused.open.clear();
    }

    /// A connection to the files at `path` as they are there now.
    pub(super) fn take(&self, path: &Path) -> Result<Open> {
        let (open, epoch) = {
            let mut unused = lock(&self.0);
            (unused.open.pop(), unused.epoch)
        };
        // A connection to files that were moved or deleted would read what they were.
        let open = open.filter(|open| open.files.is_some() && open.files == files(path));
        open.map_or_else(|| Open::new(path, epoch), Ok)
    }

    /// Keeps a connection open for the next one who needs it.
    pub(super) fn put_back(&self, open: Open) {
        let mut unused = lock(&self.0);
        if unused.epoch == open.epoch {
            unused.open.push(open);
        }
    }
}

impl Open {
    fn new(path: &Path, epoch: u64) -> Result<Self> {
        let connection = connect_reader(path)?;
        // With the first look at a table the WAL is opened.
        connection.query_row("select count(*) from tally", [], |_| Ok(()))?;
        Ok(Self { connection, files: files(path), epoch })
    }
}
