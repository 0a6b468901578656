//! A disk and a clock that misbehave as told, below a real server: `disk.c`, preloaded.

use std::{
    ffi::OsString,
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use tempfile::TempDir;

/// The folder of one server's data, on a disk that fails when a test wants it to.
pub(crate) struct Disk {
    root: PathBuf,
    folder: TempDir,
    control: File,
}

/// A number in the file that both sides look at; `disk.c` has them in the same order.
#[derive(Clone, Copy)]
enum Number {
    SyncMs,
    ReadOnly,
    ClockMs,
    Syncs,
}

impl Disk {
    /// The disk that `root` is on, which is made if there is none.
    pub(crate) fn of(root: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(&root).unwrap();
        let control = folder.path().join("control");
        fs::write(&control, [0; 32]).unwrap();
        let control = File::options().read(true).write(true).open(control).unwrap();
        let disk = Self { root, folder, control };
        disk.begin();
        disk
    }

    /// The environment of a server that is to be on this disk.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("LD_PRELOAD", library().into()),
            ("DISK_ROOT", self.root.clone().into()),
            ("DISK_KEPT", self.kept().into()),
            ("DISK_CONTROL", self.folder.path().join("control").into()),
        ]
    }

    /// Each sync takes so long.
    pub(crate) fn syncs_take(&self, time: Duration) {
        self.set(Number::SyncMs, time.as_millis().try_into().unwrap());
    }

    /// Makes the disk read-only, or writable again.
    pub(crate) fn is_read_only(&self, is: bool) {
        self.set(Number::ReadOnly, is.into());
    }

    /// The server's clock is so far from ours, in milliseconds.
    pub(crate) fn clock_is_off_by(&self, ms: i64) {
        self.set(Number::ClockMs, ms);
    }

    /// How often something was synced.
    pub(crate) fn syncs(&self) -> i64 {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, Number::Syncs as u64 * 8).unwrap();
        i64::from_ne_bytes(bytes)
    }

    /// The power fails: what was not synced is gone. The server must have been killed.
    pub(crate) fn cut_power(&self) {
        fs::remove_dir_all(&self.root).unwrap();
        fs::create_dir(&self.root).unwrap();
        for kept in fs::read_dir(self.kept().join("names")).unwrap() {
            let kept = kept.unwrap();
            fs::copy(kept.path(), self.root.join(kept.file_name())).unwrap();
        }
        fs::remove_dir_all(self.kept()).unwrap();
        self.begin();
    }

    fn begin(&self) {
        for folder in ["data", "names"] {
            fs::create_dir_all(self.kept().join(folder)).unwrap();
        }
    }

    fn kept(&self) -> PathBuf {
        self.folder.path().join("kept")
    }

    fn set(&self, number: Number, value: i64) {
        self.control.write_all_at(&value.to_ne_bytes(), number as u64 * 8).unwrap();
    }
}

/// `disk.c`, compiled; a C compiler is there, since the embedded SQLite needs one.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let name = format!("disk-{}.so", std::process::id());
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/disk.c");
        let arguments = ["-O1", "-shared", "-fPIC", "-o"];
        let compiled =
            Command::new("cc").args(arguments).args([&library, &source]).arg("-ldl").output().unwrap();
        assert!(compiled.status.success(), "{compiled:?}");
        library
    })
}
