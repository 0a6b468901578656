//! Opening the file for a server, an operator or a copy, and looking whether a server could.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::{
    fs::{Access as Permission, access},
    io::Errno,
};

use super::{
    connection::check_file,
    error::{folder, is_folder_error, no_folder_error, unusable_error},
    operations::blocking,
    operator::Operator,
    path::{find, follow, real},
    server::Server,
    transfer::CopyEnd,
};
use crate::journal::{Administration, JournalError, Options, Queues, Transfer, driver::access::Access};

/// Opens the file at `path` for a server.
pub(in crate::journal) async fn open_server(
    path: PathBuf,
    options: Options,
) -> Result<Arc<dyn Queues>, JournalError> {
    let open = move || Server::open(find(&path, Access::Server)?, options);
    Ok(Arc::new(blocking(open).await?))
}

/// Opens the file at `path` for an operator.
pub(in crate::journal) async fn open_operator(
    path: PathBuf,
    options: Options,
) -> Result<Arc<dyn Administration>, JournalError> {
    let open = move || Operator::open(find(&path, Access::Operator)?, options);
    Ok(Arc::new(blocking(open).await?))
}

/// Opens the file at `path` to be copied from.
pub(in crate::journal) async fn open_source(
    path: PathBuf,
    options: Options,
) -> Result<Arc<dyn Transfer>, JournalError> {
    let open = move || CopyEnd::open(find(&path, Access::Source)?, options, Access::Source);
    Ok(Arc::new(blocking(open).await?))
}

/// Opens the file at `path` to be copied into.
pub(in crate::journal) async fn open_target(
    path: PathBuf,
    options: Options,
) -> Result<Arc<dyn Transfer>, JournalError> {
    let open = move || CopyEnd::open(find(&path, Access::Target)?, options, Access::Target);
    Ok(Arc::new(blocking(open).await?))
}

/// Checks that a server could have its journal at `path`, as far as that is seen from outside: nothing is made, locked
/// or written.
pub(in crate::journal) fn check(path: &Path) -> Result<(), JournalError> {
    let path = follow(path)?;
    let path = if folder(&path).is_dir() { real(&path).unwrap_or(path) } else { path };
    if path.is_dir() {
        return Err(is_folder_error(&path));
    }
    if path.exists() {
        access(&path, Permission::READ_OK | Permission::WRITE_OK)
            .map_err(|error| unusable_error(&path, &io::Error::from(error).to_string()))?;
        check_file(&path)?;
    }
    let own = folder(&path);
    let found = own.ancestors().map(name_of).find(|folder| folder.exists()).unwrap_or(own);
    let usable = if found.is_dir() {
        access(found, Permission::WRITE_OK | Permission::EXEC_OK)
    } else if found == own {
        Err(Errno::EXIST)
    } else {
        Err(Errno::NOTDIR)
    };
    usable.map_err(|error| {
        let error = io::Error::from(error);
        if own.is_dir() {
            unusable_error(&path, &error.to_string())
        } else {
            no_folder_error(own, &error)
        }
    })
}

/// The folder itself, also where a path says nothing of it.
fn name_of(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}
