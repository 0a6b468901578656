//! The stats that the writer thread publishes for the server's side.

use std::sync::{Arc, Mutex};

use crate::{
    journal::{JournalError, Stats},
    lock::lock,
};

/// The stats as of the last commit, or why the store failed; clones share them.
#[derive(Debug, Clone)]
pub(super) struct PublishedStats(Arc<Mutex<Result<Stats, JournalError>>>);

impl PublishedStats {
    pub(super) fn new(stats: Stats) -> Self {
        Self(Arc::new(Mutex::new(Ok(stats))))
    }

    pub(super) fn publish(&self, stats: Result<Stats, JournalError>) {
        *lock(&self.0) = stats;
    }

    pub(super) fn get(&self) -> Result<Stats, JournalError> {
        lock(&self.0).clone()
    }

    /// Whether the store works, as far as the last commit has shown.
    pub(super) fn is_well(&self) -> bool {
        lock(&self.0).is_ok()
    }
}
