//! The journal's files: where they are, who may have them, and whether they are still those that were opened.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use super::schema::open_error;
use crate::journal::{JournalError, driver::access::Access, recent::Recent};

/// The most symbolic links that a path may lead through, as in the kernel.
const LINKS: usize = 40;

/// The path in `sqlite:PATH`; `//` before it is allowed, as others write it.
///
/// Every character of it is the file's name, so that what other programs take for more is refused.
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

/// The place of one journal, shared by those who work on it.
#[derive(Debug)]
pub(super) struct Place {
    /// The database's real path: SQLite puts the WAL beside it, and every name of the journal leads to it.
    pub(super) path: PathBuf,
    pub(super) recent: Recent,
    /// The identities of the database and its WAL as they were opened; none while no store is open.
    opened: Mutex<Option<[FileId; 2]>>,
}

/// The files as a store has opened them; the recent keys are this store's.
#[derive(Debug)]
pub(super) struct Claim {
    place: Arc<Place>,
    _wal: Lock,
}

impl Place {
    pub(super) fn new(path: PathBuf, recent: Recent) -> Self {
        Self { path, recent, opened: Mutex::new(None) }
    }

    pub(super) fn wal(&self) -> PathBuf {
        beside(&self.path, "-wal")
    }

    /// Claims the files, which must have been opened, for a store.
    ///
    /// # Errors
    ///
    /// [`JournalError::Open`] if another server has them, though the lock's file was free: somebody removed it.
    pub(super) fn claim(self: &Arc<Self>) -> Result<Claim, JournalError> {
        let wal = lock_wal(&self.path)?;
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = self.files();
        Ok(Claim { place: Arc::clone(self), _wal: wal })
    }

    /// Whether the files are still those that were opened: what is written to a deleted one is lost.
    pub(super) fn is_in_place(&self) -> bool {
        let opened = *self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.is_some() && opened == self.files()
    }

    fn files(&self) -> Option<[FileId; 2]> {
        Some([file_id(&self.path)?, file_id(&self.wal())?])
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        *self.place.opened.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.place.recent.forget();
    }
}

/// Device and number.
type FileId = (u64, u64);

fn file_id(path: &Path) -> Option<FileId> {
    let file = fs::metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// The file that `path` leads to, whether it is there or not; for those who may make it, its folder is made.
pub(super) fn find(path: &Path, access: Access) -> Result<PathBuf, JournalError> {
    let path = follow(path)?;
    match access {
        Access::Server | Access::Target => create_folder(&path)?,
        Access::Operator | Access::Source => match path.try_exists() {
            Ok(true) => {}
            Ok(false) => return Err(missing(&path)),
            Err(error) => return Err(unusable(&path, &error.to_string())),
        },
    }
    let real = real(&path).map_err(|error| unusable(&path, &error.to_string()))?;
    if real.is_dir() { Err(is_folder(&real)) } else { Ok(real) }
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

pub(super) fn is_folder(path: &Path) -> JournalError {
    open_error(&format!(
        "the journal {} is a folder: add a file's name to [journal] url",
        path.display()
    ))
}

pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
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
    created.map_err(|error| no_folder(folder, &error))
}

pub(super) fn no_folder(folder: &Path, error: &io::Error) -> JournalError {
    open_error(&format!(
        "cannot make the journal's folder {}: {error}: create it for {}, or change [journal] url",
        folder.display(),
        us()
    ))
}

/// Makes an empty database file for its owner only; SQLite gives the files beside it the same mode.
pub(super) fn create_file(path: &Path) -> Result<(), JournalError> {
    match OpenOptions::new().create_new(true).write(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(unusable(path, &error.to_string())),
    }
}

/// Keeps other servers away until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing it would not do: a child process that is being started holds a copy until it runs its program.
        // An error leaves it to the end of the process.
        let _ = self.0.unlock();
    }
}

/// Locks the journal at `path`.
pub(super) fn lock(path: &Path) -> Result<Lock, JournalError> {
    let name = beside(path, ".lock");
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).mode(0o600).open(&name);
    try_lock(file, &name, path)
}

/// Locks the WAL of the journal at `path`, which somebody must have opened: this lock cannot be removed without the WAL.
pub(super) fn lock_wal(path: &Path) -> Result<Lock, JournalError> {
    let name = beside(path, "-wal");
    try_lock(File::open(&name), &name, path)
}

fn try_lock(file: io::Result<File>, name: &Path, path: &Path) -> Result<Lock, JournalError> {
    let unlockable = |error: io::Error| {
        open_error(&format!("cannot lock {}: {error}: {}", name.display(), ownership(name)))
    };
    let file = file.map_err(unlockable)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::Error(error)) => Err(unlockable(error)),
        Err(TryLockError::WouldBlock) => Err(open_error(&format!(
            "the journal {} is in use by another server, or is being copied: stop that one, or give this one a file of its own",
            path.display()
        ))),
    }
}

/// The error of a journal that is not there, and is not to be made.
pub(super) fn missing(path: &Path) -> JournalError {
    open_error(&format!(
        "there is no journal at {}: start the server once, or change [journal] url",
        path.display()
    ))
}

/// An error of a database that cannot be used.
pub(super) fn unusable(path: &Path, problem: &str) -> JournalError {
    open_error(&format!(
        "cannot use {} as a journal: {problem}: it must be a SQLite file on a local disk; {}",
        path.display(),
        ownership(path)
    ))
}

/// The advice about `path` that cannot be used: whose it, or else its folder, is, and who this process is.
fn ownership(path: &Path) -> String {
    let path = if path.exists() { path } else { folder(path) };
    let ours = rustix::process::geteuid().as_raw();
    match fs::metadata(path).map(|file| file.uid()) {
        Ok(theirs) if ours != 0 && theirs != ours => format!(
            "{} belongs to user {theirs} and must be writable for {}: `chown {ours} {}`",
            path.display(),
            us(),
            path.display()
        ),
        _ => format!("make its folder writable for {}", us()),
    }
}

fn us() -> String {
    format!("user {}, as whom this process runs", rustix::process::geteuid().as_raw())
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
