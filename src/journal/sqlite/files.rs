//! The files of a journal, as the file system tells them from others.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use super::file_lock::wal_of;

/// The identities of a database and its WAL.
pub(super) type Files = [FileId; 2];

/// A file's device and number on it.
type FileId = (u64, u64);

/// The files of the database at `path`, if both of them are there.
pub(super) fn files(path: &Path) -> Option<Files> {
    Some([file_id(path)?, file_id(&wal_of(path))?])
}

fn file_id(path: &Path) -> Option<FileId> {
    let file = fs::metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}
