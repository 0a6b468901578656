//! The servers under load, each a child process, and what they use.

use std::{
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use crate::pgbench;
use axum::{Router, body::Bytes, routing::post};
use rongcloud_callback::{
    CallbackService, Config, Inbound,
    clock::Clock,
    journal::{Access, NewEntry, Queue},
    server::Listener,
    service::open_journal,
};
use tokio_util::sync::CancellationToken;

/// Makes this executable a server.
pub(crate) const FLAG: &str = "--serve";
/// What requests are signed with.
pub(crate) const SECRET: &str = "bench-secret";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// A bare axum endpoint that reads the body and answers 200.
    Bare,
    /// Our server, accepting into memory.
    Memory,
    /// Our server, accepting into SQLite with `synchronous=FULL`.
    Sqlite,
    /// Our server, accepting into PostgreSQL.
    Postgres,
    /// The one with SQLite, with a handler that does nothing running and finishing every message.
    Handled,
}

impl Target {
    pub(crate) const ALL: [Self; 5] =
        [Self::Bare, Self::Memory, Self::Sqlite, Self::Postgres, Self::Handled];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Handled => "handled",
        }
    }
}

/// Entries that are in a journal before it is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stock {
    /// Pending.
    pub(crate) backlog: u64,
    /// Done.
    pub(crate) history: u64,
}

/// A server process.
pub(crate) struct Server {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    address: SocketAddr,
}

/// What a server has used since it was started.
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    /// Bytes.
    pub(crate) resident: u64,
    /// Messages handled to the end.
    pub(crate) finished: u64,
}

impl Usage {
    /// What was used since `earlier`; the memory is as it is now.
    pub(crate) fn since(self, earlier: &Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(earlier.cpu),
            finished: self.finished - earlier.finished,
            ..self
        }
    }
}

impl Server {
    /// With `stock` in its journal; `database` is the URL of PostgreSQL's.
    pub(crate) fn start(target: Target, stock: Stock, database: Option<&str>) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("our own path"))
            .args([FLAG, target.name(), &stock.backlog.to_string(), &stock.history.to_string()])
            .args(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("our own executable runs");
        let commands = child.stdin.take().expect("piped");
        let mut answers = BufReader::new(child.stdout.take().expect("piped"));
        let address = line(&mut answers).parse().expect("the server says where it listens");
        Self { child, commands, answers, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn usage(&mut self) -> Usage {
        writeln!(self.commands, "finished").expect("the server runs");
        let finished = line(&mut self.answers).parse().expect("a number");
        let read = |file: &str| {
            std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("a Linux /proc")
        };
        // Fields after the name, which may hold spaces: utime and stime are the 12th and 13th, in ticks of 10 ms.
        let stat = read("stat");
        let ticks: u64 = stat[stat.rfind(')').expect("a name") + 2..]
            .split(' ')
            .skip(11)
            .take(2)
            .map(|ticks| ticks.parse::<u64>().expect("a number"))
            .sum();
        let pages: u64 = read("statm").split(' ').nth(1).expect("resident").parse().expect("a number");
        Usage { cpu: Duration::from_millis(ticks * 10), resident: pages * 4096, finished }
    }

    pub(crate) fn stop(self) {
        let Self { mut child, commands, .. } = self;
        drop(commands);
        assert!(child.wait().expect("our child").success());
    }
}

fn line(answers: &mut impl BufRead) -> String {
    let mut line = String::new();
    answers.read_line(&mut line).expect("the server answers");
    line.trim_end().to_owned()
}

/// Serves until standard input ends; says its address first, then the count of finished messages for each line.
pub(crate) fn child(arguments: &[String]) {
    let target = arguments[0].as_str();
    let [backlog, history] = [1, 2].map(|at| arguments[at].parse().expect("a number of entries"));
    let stock = Stock { backlog, history };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    runtime.block_on(async {
        match target {
            "bare" => bare().await,
            "memory" => accepting("memory:").await,
            "sqlite" => accepting(&sqlite(&folder, stock).await).await,
            "postgres" => {
                pgbench::prepare(&arguments[3], stock.history).await;
                accepting(&arguments[3]).await;
            }
            _ => handled(&sqlite(&folder, stock).await).await,
        }
    });
    std::process::exit(0);
}

/// The URL of a journal with `stock` in it.
async fn sqlite(folder: &tempfile::TempDir, stock: Stock) -> String {
    let url = format!("sqlite:{}", folder.path().join("journal.db").display());
    let section = config(&url).journal;
    let journal = open_journal(&section, Clock::system(), Access::Server).await.expect("a new journal");
    for first in (0..stock.history).step_by(BATCH) {
        journal.append(entries(first, stock.history)).await.expect("room");
        let until = Clock::system().now().plus(Duration::from_mins(1));
        let leased = journal.lease(Queue::Inbox, BATCH, until).await.expect("leases");
        let finished = leased.into_iter().map(|entry| journal.finish(entry.lease, Vec::new()));
        futures_util::future::try_join_all(finished).await.expect("finished");
    }
    let backlog = stock.history..stock.history + stock.backlog;
    for first in backlog.clone().step_by(BATCH) {
        journal.append(entries(first, backlog.end)).await.expect("room");
    }
    journal.close().await.expect("closed");
    url
}

/// How many entries are put in at once.
const BATCH: usize = 1000;

/// The next entries from number `first`, each in a conversation of its own, about as long as a message.
fn entries(first: u64, end: u64) -> Vec<NewEntry> {
    let entry = |number: u64| NewEntry {
        queue: Queue::Inbox,
        key: format!("id\u{1f}stock-{number:012}\u{1f}bench\u{1f}mcid1\u{1f}user-{number}"),
        conversation: format!("bench\u{1f}mcid1\u{1f}user-{number}"),
        body: body(number).into(),
        dead: None,
    };
    (first..end).take(BATCH).map(entry).collect()
}

fn body(number: u64) -> String {
    format!(
        "<xml><ToUserName>mcid1</ToUserName><FromUserName>user-{number}</FromUserName><CreateTime>1</CreateTime>\
         <MsgType>text</MsgType><Content>{:x<250}</Content><MsgId>stock-{number}</MsgId></xml>",
        ""
    )
}

async fn bare() {
    let router = Router::new().route("/callback", post(|_: Bytes| async {}));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::select! {
        result = axum::serve(listener, router) => result.expect("serving"),
        () = answer(address, async || 0) => {}
    }
}

async fn accepting(journal: &str) {
    let config = config(journal);
    let section = config.server.clone();
    let parts = CallbackService::new(config).into_parts().await.expect("a valid configuration");
    let cores = std::thread::available_parallelism().expect("a number of cores").get();
    let listener = Listener::bind(section.listen, cores).await.expect("a free port");
    let address = listener.local_addr();
    tokio::select! {
        () = listener.serve(parts.callbacks, (&section).into(), CancellationToken::new()) => {}
        () = answer(address, async || 0) => {}
    }
}

async fn handled(journal: &str) {
    let service = CallbackService::new(config(journal)).on(async |_: Inbound, _| {});
    let server = service.bind().await.expect("a valid configuration");
    let (address, journal) = (server.callback_addr(), server.journal());
    let finished = async || journal.stats().await.expect("the journal answers").inbox.done;
    tokio::select! {
        () = server.run(std::future::pending()) => {}
        () = answer(address, finished) => {}
    }
}

async fn answer(address: SocketAddr, finished: impl AsyncFn() -> u64) {
    println!("{address}");
    let (sender, mut commands) = tokio::sync::mpsc::channel(1);
    std::thread::spawn(move || {
        for _ in std::io::stdin().lines() {
            let _ = sender.blocking_send(());
        }
    });
    while commands.recv().await.is_some() {
        println!("{}", finished().await);
    }
}

fn config(journal: &str) -> Config {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n[journal]\nurl = \"{journal}\"\nmax_pending = 100000000\n\
         [[apps]]\npath = \"/callback\"\nkey = \"bench\"\nsecrets = [\"{SECRET}\"]\napi_url = \"http://127.0.0.1:9\"\n"
    );
    Config::from_toml(&text, |_| None).expect("a valid configuration")
}
