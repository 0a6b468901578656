//! The place of an open journal: its path, and whether its files are still those that were opened.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use super::{
    file_lock::{FileLock, lock_wal, wal_of},
    files::{Files, files},
    read_connections::ReadConnections,
};
use crate::{
    journal::{JournalError, recent_keys::RecentKeys},
    lock::lock,
};

/// The place of one journal, shared by those who work on it.
#[derive(Debug)]
pub(super) struct Place {
    /// The database's real path: SQLite puts the WAL beside it, and every name of the journal leads to it.
    pub(super) path: PathBuf,
    /// The recent keys of the store that is open.
    pub(super) recent: RecentKeys,
    /// The connections that only read.
    pub(super) read_connections: Arc<ReadConnections>,
    /// The identities of the database and its WAL as they were opened; none while no store is open.
    opened: Mutex<Option<Files>>,
}

/// A store's claim on the files as it has opened them; the recent keys are this store's.
#[derive(Debug)]
pub(super) struct Claim {
    place: Arc<Place>,
    _wal: FileLock,
}

impl Place {
    pub(super) fn new(
        path: PathBuf,
        recent: RecentKeys,
        read_connections: Arc<ReadConnections>,
    ) -> Self {
        Self { path, recent, read_connections, opened: Mutex::new(None) }
    }

    pub(super) fn wal(&self) -> PathBuf {
        wal_of(&self.path)
    }

    /// Claims the files, which must have been opened, for a store.
    ///
    /// # Errors
    ///
    /// [`JournalError::Open`] if another server has them, though the lock's file was free: somebody removed it.
    pub(super) fn claim(self: &Arc<Self>) -> Result<Claim, JournalError> {
        let wal = lock_wal(&self.path)?;
        *lock(&self.opened) = files(&self.path);
        Ok(Claim { place: Arc::clone(self), _wal: wal })
    }

    /// Whether the files are still those that were opened: a write to a deleted file is lost.
    pub(super) fn is_in_place(&self) -> bool {
        let opened = *lock(&self.opened);
        opened.is_some() && opened == files(&self.path)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        *lock(&self.place.opened) = None;
        self.place.recent.forget();
    }
}
