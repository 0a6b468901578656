//! Locks on the journal's files, which keep other servers away.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::error::{lock_error, open_error};
use crate::journal::JournalError;

/// A lock that keeps other servers away until it is dropped.
#[derive(Debug)]
pub(super) struct FileLock(File);

impl Drop for FileLock {
    fn drop(&mut self) {
        // Closing the file would not do: a child process that is being started holds a copy until it runs its program.
        // An error leaves the lock to the end of the process.
        let _ = self.0.unlock();
    }
}

/// Locks the journal at `path`.
pub(super) fn lock_journal(path: &Path) -> Result<FileLock, JournalError> {
    let name = beside(path, ".lock");
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).mode(0o600).open(&name);
    try_lock(file, &name, path)
}

/// Locks the WAL of the journal at `path`, which somebody must have opened: this lock cannot be removed without the WAL.
pub(super) fn lock_wal(path: &Path) -> Result<FileLock, JournalError> {
    let name = wal_of(path);
    try_lock(File::open(&name), &name, path)
}

/// The WAL of the database at `path`.
pub(super) fn wal_of(path: &Path) -> PathBuf {
    beside(path, "-wal")
}

fn try_lock(file: io::Result<File>, name: &Path, path: &Path) -> Result<FileLock, JournalError> {
    let file = file.map_err(|error| lock_error(name, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(FileLock(file)),
        Err(TryLockError::Error(error)) => Err(lock_error(name, &error)),
        Err(TryLockError::WouldBlock) => Err(open_error(&format!(
            "the journal {} is in use by another server, or is being copied: stop that one, or give this one a file of its own",
            path.display()
        ))),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
