//! The path of a journal's file: reading it from a URL, following it, and making what is missing.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::error::{
    folder, is_folder_error, missing_error, no_folder_error, open_error, unusable_error,
};
use crate::journal::{JournalError, driver::access::Access};

/// The most symbolic links that a path may lead through, as in the kernel.
const LINKS: usize = 40;

/// The path in `sqlite:PATH`; `//` before it is allowed, as others write it.
///
/// Every character of the path is the file's name, so that a query or a second scheme is refused.
pub(in crate::journal) fn path(written: &str) -> Result<PathBuf, JournalError> {
    let refuse = |why: &str| {
        let example = "sqlite:data/journal.db";
        Err(open_error(&format!("[journal] url = \"sqlite:{written}\" {why}: write \"{example}\"")))
    };
    let path = written.strip_prefix("//").unwrap_or(written);
    if let Some((_, query)) = path.split_once('?') {
        return refuse(&format!("has a query (\"{query}\"), which a journal does not take"));
    }
    match path {
        "" => refuse("names no file"),
        ":memory:" => Err(open_error("\"sqlite::memory:\" keeps nothing: write \"memory:\" for that")),
        _ if path.starts_with("file:") => refuse("has a second scheme, \"file:\""),
        _ if path.starts_with("~/") => refuse("begins with \"~\", which only a shell understands"),
        _ if path.ends_with('/') => refuse("names a folder"),
        _ => Ok(PathBuf::from(path)),
    }
}

/// The file that `path` leads to, whether it is there or not. For a party that may make the file, its folder is made.
pub(super) fn find(path: &Path, access: Access) -> Result<PathBuf, JournalError> {
    let path = follow(path)?;
    match access {
        Access::Server | Access::Target => create_folder(&path)?,
        Access::Operator | Access::Source => match path.try_exists() {
            Ok(true) => {}
            Ok(false) => return Err(missing_error(&path)),
            Err(error) => return Err(unusable_error(&path, &error.to_string())),
        },
    }
    let real = real(&path).map_err(|error| unusable_error(&path, &error.to_string()))?;
    if real.is_dir() { Err(is_folder_error(&real)) } else { Ok(real) }
}

/// The path of a file in a folder that is there, without symbolic links to that.
pub(super) fn real(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().map(OsString::from).unwrap_or_default();
    Ok(fs::canonicalize(folder(path))?.join(name))
}

/// The path to which the symbolic links at `path` lead.
pub(super) fn follow(path: &Path) -> Result<PathBuf, JournalError> {
    let mut path = path.to_owned();
    let mut links = 0;
    while let Ok(target) = fs::read_link(&path) {
        path = folder(&path).join(target);
        links += 1;
        if links > LINKS {
            return Err(open_error(&format!(
                "the journal {} is a symbolic link that leads back to itself: change [journal] url",
                path.display()
            )));
        }
    }
    Ok(path)
}

/// Makes the folder of `path`, for its owner only, so that it outlives a power cut.
fn create_folder(path: &Path) -> Result<(), JournalError> {
    let folder = folder(path);
    if folder.is_dir() {
        return Ok(());
    }
    let created = DirBuilder::new().recursive(true).mode(0o700).create(folder).and_then(|()| {
        // A file that is synced is lost all the same if its folder's name is not on disk.
        let named = folder.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty());
        named.take(2).try_for_each(|parent| File::open(parent)?.sync_all())
    });
    created.map_err(|error| no_folder_error(folder, &error))
}

/// Makes an empty database file for its owner only; SQLite gives the files beside it the same mode.
pub(super) fn create_file(path: &Path) -> Result<(), JournalError> {
    match OpenOptions::new().create_new(true).write(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(unusable_error(path, &error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_of_a_path_is_taken_as_it_is() {
        for (written, expected) in [
            ("data/journal.db", "data/journal.db"),
            ("//data/journal.db", "data/journal.db"),
            ("///data/journal.db", "/data/journal.db"),
            ("a b#%20&=.db", "a b#%20&=.db"),
            ("~.db", "~.db"),
        ] {
            assert_eq!(path(written).unwrap(), Path::new(expected), "{written}");
        }
    }
}
