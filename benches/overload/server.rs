//! The executable, as a child process with its defaults, and its memory.

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};

use rongcloud_callback::journal::{self, Options};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{Address, memory::memory};

/// The secret that signs the requests.
pub(crate) const SECRET: &str = "bench-secret";

/// A running server.
pub(crate) struct Server {
    child: Child,
    folder: TempDir,
    address: Address,
}

impl Server {
    /// Starts the server, with `settings` in the section `server`.
    pub(crate) fn start(settings: &str) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("bound");
        drop(free);
        let config = format!(
            "[server]\nlisten = \"{address}\"\n{settings}\n[admin]\nlisten = \"127.0.0.1:0\"\n[log]\nlevel = \"error\"\n\
             [[apps]]\nkey = \"bench\"\nsecrets = [\"{SECRET}\"]\napi_url = \"http://127.0.0.1:9\"\n"
        );
        std::fs::write(folder.path().join("callback.toml"), config).expect("a file of ours");
        let mut child = Command::new(env!("CARGO_BIN_EXE_rongcloud-callback"))
            .args(["--config", "callback.toml", "serve"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .spawn()
            .expect("the executable runs");
        while TcpStream::connect(address).is_err() {
            let ended = child.try_wait().expect("our child");
            assert!(ended.is_none(), "it ended instead of listening: {ended:?}");
            std::thread::yield_now();
        }
        Self { child, folder, address }
    }

    pub(crate) fn address(&self) -> Address {
        self.address
    }

    /// The bytes of memory in use now.
    pub(crate) fn resident(&self) -> u64 {
        memory(self.child.id(), "VmRSS:")
    }

    /// The most bytes of memory that were in use at any time.
    pub(crate) fn peak_resident(&self) -> u64 {
        memory(self.child.id(), "VmHWM:")
    }

    /// Ends the server. Returns the number of messages in its journal.
    pub(crate) fn stop(self) -> u64 {
        let Self { mut child, folder, .. } = self;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("our child");
        kill_process(pid, Signal::TERM).expect("our child");
        assert!(child.wait().expect("our child").success());
        let url = format!("sqlite:{}", folder.path().join("data/journal.db").display());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let stats = runtime.expect("a runtime").block_on(async {
            let journal = journal::open_operator(&url, Options::default()).await.expect("its journal");
            journal.stats().await.expect("its counts")
        });
        stats.inbox.pending + stats.inbox.done + stats.inbox.dead
    }
}
