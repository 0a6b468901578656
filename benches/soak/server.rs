//! The server, a child process, and the resources that it uses.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use rongcloud_callback::{CallbackService, Config, Text};
use tempfile::TempDir;

/// The argument that makes this executable the server.
pub(crate) const FLAG: &str = "--serve";
/// The secret that signs the requests.
pub(crate) const SECRET: &str = "bench-secret";
/// Time for which finished entries are kept: shorter than a configuration file may say, so that much is purged soon.
const KEEP: Duration = Duration::from_secs(10);

/// A running server.
pub(crate) struct Server {
    child: Child,
    /// The standard input of the child, which runs until it is closed.
    stdin: ChildStdin,
    folder: TempDir,
    callbacks: SocketAddr,
    admin: SocketAddr,
}

/// The resources that the server uses now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// The processor time since the start.
    pub(crate) cpu: Duration,
    /// The bytes of memory.
    pub(crate) resident: u64,
    /// The bytes of the database, and of its write-ahead log.
    pub(crate) files: [u64; 2],
}

/// The counters of the server, for messages and their replies.
#[derive(Debug)]
pub(crate) struct Totals {
    pub(crate) accepted: u64,
    pub(crate) done: u64,
    pub(crate) sent: u64,
    /// The number of dead letters in both queues.
    pub(crate) dead: u64,
    pub(crate) pending: u64,
    /// The number of finished entries of both queues that are still there.
    pub(crate) kept: u64,
}

impl Server {
    /// Starts the server, whose replies go to `platform`.
    pub(crate) fn start(platform: SocketAddr) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
        let mut child = Command::new(std::env::current_exe().expect("our own path"))
            .arg(FLAG)
            .arg(folder.path().join("journal.db"))
            .arg(platform.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("our own executable runs");
        let stdin = child.stdin.take().expect("piped");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let [callbacks, admin] = std::array::from_fn(|_| {
            let line = lines.next().expect("it says where it listens").expect("a line");
            line.parse().expect("an address")
        });
        Self { child, stdin, folder, callbacks, admin }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.callbacks
    }

    pub(crate) fn usage(&self) -> Usage {
        let read = |file: &str| {
            std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("a Linux /proc")
        };
        // Fields after the name, which may hold spaces: utime and stime are the 12th and 13th, in ticks of 10 ms.
        let stat = read("stat");
        let fields = stat[stat.rfind(')').expect("a name") + 2..].split(' ').skip(11).take(2);
        let ticks: u64 = fields.map(|ticks| ticks.parse::<u64>().expect("a number")).sum();
        let pages: u64 = read("statm").split(' ').nth(1).expect("resident").parse().expect("a number");
        let files = ["journal.db", "journal.db-wal"].map(|name| {
            std::fs::metadata(self.folder.path().join(name)).map_or(0, |metadata| metadata.len())
        });
        Usage { cpu: Duration::from_millis(ticks * 10), resident: pages * 4096, files }
    }

    /// Reads the counters from the metrics.
    pub(crate) fn totals(&self) -> Totals {
        let metrics = get(self.admin, "/metrics");
        let sum = |name: &str, labels: &[&str]| -> u64 {
            let lines = metrics.lines().filter(|line| line.starts_with(name));
            let those = lines.filter(|line| labels.iter().all(|label| line.contains(label)));
            those.map(|line| line.rsplit(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0)).sum()
        };
        let entries = |state| sum("rongcloud_callback_journal_entries{", &[state]);
        let done = |queue| sum("rongcloud_callback_attempts_total{", &[queue, "outcome=\"done\""]);
        Totals {
            accepted: sum("rongcloud_callback_callbacks_total{", &["outcome=\"accepted\""]),
            done: done("queue=\"inbox\""),
            sent: done("queue=\"outbox\""),
            dead: entries("state=\"dead\""),
            pending: entries("state=\"pending\""),
            kept: entries("state=\"done\""),
        }
    }

    /// Ends the server, once its journal says that the last reply was sent.
    pub(crate) fn stop(self) -> Totals {
        let mut totals = self.totals();
        while totals.pending > 0 {
            totals = self.totals();
        }
        let Self { mut child, stdin, .. } = self;
        drop(stdin);
        assert!(child.wait().expect("our child").success());
        totals
    }
}

fn get(server: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(server).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// Serves until standard input ends. First prints the addresses of callbacks and operators' endpoints.
pub(crate) fn child(arguments: &[String]) {
    let [journal, platform] = [&arguments[0], &arguments[1]];
    let mut config = Config::from_toml(
        &format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n\
             [journal]\nurl = \"sqlite:{journal}\"\n\
             [deliver.rate]\nper_second = 100000\n\
             [[apps]]\nkey = \"bench\"\nsecrets = [\"{SECRET}\"]\napi_url = \"http://{platform}\"\n"
        ),
        |_| None,
    )
    .expect("a valid configuration");
    config.journal.keep = KEEP;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let service = CallbackService::new(config)
            .on(async |text: Text, _context| format!("You said: {}", text.content));
        let server = service.bind().await.expect("a valid configuration");
        println!("{}\n{}", server.callback_addr(), server.admin_addr());
        let (ended, stop) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            drop(ended);
        });
        server.run(async { drop(stop.await) }).await.expect("a server that runs until it is stopped");
    });
}
