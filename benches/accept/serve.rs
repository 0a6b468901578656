//! The servers that are measured, each in a child process.

use std::{net::SocketAddr, time::Duration};

use axum::{Router, body::Bytes, routing::post};
use rongcloud_callback::{
    CallbackService, Config, Inbound,
    clock::{Clock, UnixMillis},
    internals::Listener,
    journal::{self, EntryKey, NewEntry, Queue, Queues},
};
use tokio_util::sync::CancellationToken;

use crate::message::{APP, SECRET, TextMessage};

/// Makes this executable a server.
pub(crate) const FLAG: &str = "--serve";

/// The servers that can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// A bare axum endpoint that reads the body and answers 200.
    Bare,
    /// Our server, accepting into memory.
    Memory,
    /// Our server, accepting into SQLite with `synchronous=FULL`.
    Sqlite,
    /// Our server on SQLite, with a handler that does nothing for every message.
    Handled,
    /// Our server, accepting into PostgreSQL.
    Postgres,
    /// Two of our servers on one PostgreSQL database.
    Two,
    /// Three of our servers on one PostgreSQL database.
    Three,
    /// Three of our servers that have nothing in common but the machine, each on a database of its own.
    Apart,
    /// Our server on PostgreSQL, with the handler.
    PostgresHandled,
}

impl Target {
    pub(crate) const ALL: [Self; 9] = [
        Self::Bare,
        Self::Memory,
        Self::Sqlite,
        Self::Handled,
        Self::Postgres,
        Self::Two,
        Self::Three,
        Self::Apart,
        Self::PostgresHandled,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Handled => "handled",
            Self::Postgres => "postgres",
            Self::Two => "2-replicas",
            Self::Three => "3-replicas",
            Self::Apart => "3-apart",
            Self::PostgresHandled => "postgres-handled",
        }
    }

    /// How many servers there are.
    pub(crate) fn replicas(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Three | Self::Apart => 3,
            _ => 1,
        }
    }

    /// Whether the server's journal is on PostgreSQL.
    pub(crate) fn is_shared(self) -> bool {
        matches!(self, Self::Postgres | Self::Two | Self::Three | Self::Apart | Self::PostgresHandled)
    }

    /// Whether messages are handled, which is what counts then.
    pub(crate) fn handles(self) -> bool {
        matches!(self, Self::Handled | Self::PostgresHandled)
    }
}

/// Entries that are in a journal before it is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stock {
    /// How many entries are pending.
    pub(crate) backlog: u64,
    /// How many entries are done.
    pub(crate) history: u64,
}

/// Serves until standard input ends; says its address first, then the count of finished messages for each line.
pub(crate) fn child(arguments: &[String]) {
    let target = Target::ALL.into_iter().find(|target| target.name() == arguments[0]);
    let target = target.expect("the name of a target");
    let [backlog, history] = [1, 2].map(|at| arguments[at].parse().expect("a number of entries"));
    let stock = Stock { backlog, history };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    runtime.block_on(async {
        match target {
            Target::Bare => bare().await,
            Target::Memory => accepting("memory:").await,
            Target::Sqlite => accepting(&sqlite(&folder, stock).await).await,
            Target::Handled => handled(&sqlite(&folder, stock).await).await,
            Target::Postgres | Target::Two | Target::Three | Target::Apart => {
                accepting(&arguments[3]).await;
            }
            Target::PostgresHandled => handled(&arguments[3]).await,
        }
    });
    std::process::exit(0);
}

/// The URL of a journal with `stock` in it.
async fn sqlite(folder: &tempfile::TempDir, stock: Stock) -> String {
    let url = format!("sqlite:{}", folder.path().join("journal.db").display());
    let options = config(&url).journal.options(Clock::system());
    let journal = journal::open_server(&url, options).await.expect("a new journal");
    let now = Clock::system().now();
    // All of the history is earlier than the backlog.
    let began = now.minus(Duration::from_millis(stock.backlog));
    for first in (0..stock.history).step_by(BATCH) {
        append_all(&*journal, entries(first, stock.history, true, began)).await;
        let until = Clock::system().now().plus(Duration::from_mins(1));
        let leased = journal.lease(Queue::Inbox, BATCH, until).await.expect("leases");
        let finished = leased.into_iter().map(|entry| journal.finish(entry.lease, Vec::new()));
        futures_util::future::try_join_all(finished).await.expect("finished");
    }
    let backlog = stock.history..stock.history + stock.backlog;
    for first in backlog.clone().step_by(BATCH) {
        append_all(&*journal, entries(first, backlog.end, false, now)).await;
    }
    journal.close().await.expect("closed");
    url
}

async fn append_all(journal: &dyn Queues, entries: Vec<NewEntry>) {
    let appends = entries.into_iter().map(|entry| journal.append(entry, None));
    futures_util::future::try_join_all(appends).await.expect("room");
}

/// How many entries are put in at once.
const BATCH: usize = 1000;

/// The number of conversations that a history is spread over; the load's users are among them.
const CONVERSATIONS: u64 = 100_000;

/// The next entries from number `first`: messages of the time before `now`, one of each millisecond.
///
/// The finished ones are in as many conversations as a server may have, the pending ones each in one of its own.
fn entries(first: u64, end: u64, is_history: bool, now: UnixMillis) -> Vec<NewEntry> {
    let entry = |number: u64| {
        let user = if is_history { number % CONVERSATIONS } else { CONVERSATIONS + number };
        let message =
            TextMessage { number, user, sent_at: now.minus(Duration::from_millis(end - number)) };
        NewEntry {
            queue: Queue::Inbox,
            key: EntryKey::of(&message.key()),
            conversation: message.conversation(),
            body: message.body().into(),
            dead: None,
        }
    };
    (first..end).take(BATCH).map(entry).collect()
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
        _ = listener.serve(parts.callbacks.standalone_router(), section.connection_limits(), CancellationToken::new()) => {}
        () = answer(address, async || 0) => {}
    }
}

async fn handled(journal: &str) {
    let service = CallbackService::new(config(journal)).on(async |_: Inbound, _| {});
    let server = service.bind().await.expect("a valid configuration");
    let (address, journal) = (server.callback_addr(), server.journal());
    let finished = async || journal.stats().await.expect("the journal answers").inbox.done;
    tokio::select! {
        ended = server.run(std::future::pending()) => ended.expect("a server that runs until it is stopped"),
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
         [[apps]]\npath = \"/callback\"\nkey = \"{APP}\"\nsecrets = [\"{SECRET}\"]\napi_url = \"http://127.0.0.1:9\"\n"
    );
    Config::from_toml(&text, |_| None).expect("a valid configuration")
}
