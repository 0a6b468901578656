//! The errors of a journal's file, each with what to do about it.

use std::{fs, io, os::unix::fs::MetadataExt as _, path::Path};

use rusqlite::{Error, ffi};

use crate::{failpoint::Injected, journal::JournalError};

/// An injected failure looks like the disk's own.
impl From<Injected> for Error {
    fn from(injected: Injected) -> Self {
        Self::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR), Some(injected.to_string()))
    }
}

/// The error of a journal that cannot be opened as it stands.
pub(super) fn open_error(message: &str) -> JournalError {
    JournalError::Open(message.to_owned())
}

/// The error of a store that cannot do something now.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(super) fn unavailable_error(error: Error) -> JournalError {
    JournalError::Unavailable(error.to_string().into())
}

/// The error of a journal that is not there, and is not to be made.
pub(super) fn missing_error(path: &Path) -> JournalError {
    open_error(&format!(
        "there is no journal at {}: start the server once, or change [journal] url",
        path.display()
    ))
}

/// The error of a database that cannot be used.
pub(super) fn unusable_error(path: &Path, problem: &str) -> JournalError {
    open_error(&format!(
        "cannot use {} as a journal: {problem}: it must be a SQLite file on a local disk; {}",
        path.display(),
        ownership(path)
    ))
}

/// The error of a path that names a folder.
pub(super) fn is_folder_error(path: &Path) -> JournalError {
    open_error(&format!(
        "the journal {} is a folder: add a file's name to [journal] url",
        path.display()
    ))
}

/// The error of a folder that cannot be made.
pub(super) fn no_folder_error(folder: &Path, error: &io::Error) -> JournalError {
    open_error(&format!(
        "cannot make the journal's folder {}: {error}: create it for {}, or change [journal] url",
        folder.display(),
        this_user()
    ))
}

/// The error of a file that cannot be locked.
pub(super) fn lock_error(path: &Path, error: &io::Error) -> JournalError {
    open_error(&format!("cannot lock {}: {error}: {}", path.display(), ownership(path)))
}

/// The advice about `path` that cannot be used: whose it, or else its folder, is, and who this process is.
fn ownership(path: &Path) -> String {
    let path = if path.exists() { path } else { folder(path) };
    let ours = rustix::process::geteuid().as_raw();
    match fs::metadata(path).map(|file| file.uid()) {
        Ok(theirs) if ours != 0 && theirs != ours => format!(
            "{} belongs to user {theirs} and must be writable for {}: `chown {ours} {}`",
            path.display(),
            this_user(),
            path.display()
        ),
        _ => format!("make its folder writable for {}", this_user()),
    }
}

fn this_user() -> String {
    format!("user {}, as whom this process runs", rustix::process::geteuid().as_raw())
}

/// The folder that a path is in.
pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
