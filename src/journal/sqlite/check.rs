//! Whether a server could have its journal somewhere, seen from outside: nothing is made, locked or written.

use std::{io, path::Path};

use rustix::{
    fs::{Access, access},
    io::Errno,
};

use super::{
    place::{folder, follow, is_folder, no_folder, real, unusable},
    schema::look,
};
use crate::journal::JournalError;

/// Whether a server could have its journal at `path`, as far as that is seen from outside.
pub(in crate::journal) fn check(path: &Path) -> Result<(), JournalError> {
    let path = follow(path)?;
    let path = if folder(&path).is_dir() { real(&path).unwrap_or(path) } else { path };
    if path.is_dir() {
        return Err(is_folder(&path));
    }
    if path.exists() {
        access(&path, Access::READ_OK | Access::WRITE_OK)
            .map_err(|error| unusable(&path, &io::Error::from(error).to_string()))?;
        look(&path)?;
    }
    let own = folder(&path);
    let found = own.ancestors().map(name_of).find(|folder| folder.exists()).unwrap_or(own);
    let usable = if found.is_dir() {
        access(found, Access::WRITE_OK | Access::EXEC_OK)
    } else if found == own {
        Err(Errno::EXIST)
    } else {
        Err(Errno::NOTDIR)
    };
    usable.map_err(|error| {
        let error = io::Error::from(error);
        if own.is_dir() { unusable(&path, &error.to_string()) } else { no_folder(own, &error) }
    })
}

/// The folder itself, also where a path says nothing of it.
fn name_of(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}
