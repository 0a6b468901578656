//! The child process that is measured: a server, or a store alone.

use std::net::SocketAddr;

use axum::{Router, body::Bytes, routing::post};
use rongcloud_callback::{
    CallbackService, Config, Dialogue, Inbound, Text, Turn, internals::Listener, journal::Stats,
};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::{
    alone,
    message::{APP, SECRET},
    stock::Stock,
    target::Target,
};

/// Makes this executable the child.
pub(crate) const FLAG: &str = "--serve";

/// The arguments of the child, in their order.
pub(crate) struct Arguments<'a> {
    pub(crate) target: Target,
    pub(crate) stock: Stock,
    /// The URL of the journal; empty for a new file.
    pub(crate) journal: &'a str,
    /// The address that replies go to.
    pub(crate) api: SocketAddr,
    /// How many replies are sent at once.
    pub(crate) deliver: u64,
}

impl<'a> Arguments<'a> {
    pub(crate) fn write(&self) -> [String; 6] {
        let Self { target, stock: Stock { backlog, history }, journal, api, deliver } = self;
        let numbers = [backlog, history, deliver].map(u64::to_string);
        let [backlog, history, deliver] = numbers;
        [target.name().to_owned(), backlog, history, (*journal).to_owned(), api.to_string(), deliver]
    }

    fn read(arguments: &'a [String]) -> Self {
        let target = Target::ALL.into_iter().find(|target| target.name() == arguments[0]);
        let number = |at: usize| arguments[at].parse().expect("a number");
        Self {
            target: target.expect("the name of a target"),
            stock: Stock { backlog: number(1), history: number(2) },
            journal: &arguments[3],
            api: arguments[4].parse().expect("an address"),
            deliver: number(5),
        }
    }
}

/// Serves until standard input ends; says its address first, then the count of finished messages for each line.
pub(crate) fn child(arguments: &[String]) {
    let arguments = Arguments::read(arguments);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    if arguments.target.is_alone() {
        alone::child(arguments.target, folder.path(), arguments.journal);
    } else {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(serve(&arguments, &folder));
    }
    drop(folder);
    // Nothing else of the runtime's is waited for.
    std::process::exit(0);
}

/// A dialogue that counts the messages of its user.
#[derive(Serialize, Deserialize, Default)]
struct Count(u64);

impl Dialogue for Count {
    const NAME: &'static str = "count";
}

async fn serve(arguments: &Arguments<'_>, folder: &TempDir) {
    let journal = match arguments.target {
        Target::Bare | Target::Memory => "memory:".to_owned(),
        _ if arguments.journal.is_empty() => {
            let url = format!("sqlite:{}", folder.path().join("journal.db").display());
            arguments.stock.fill(&url).await;
            url
        }
        _ => arguments.journal.to_owned(),
    };
    let service = || CallbackService::new(config(&journal, arguments));
    match arguments.target {
        Target::Bare => bare().await,
        Target::Handled | Target::PostgresHandled => {
            working(service().on(async |_: Inbound, _| {}), |stats| stats.inbox.done).await;
        }
        Target::Dialogue | Target::PostgresDialogue => {
            let turn = async |Count(turns): Count, _: Inbound, _| Turn::to(Count(turns + 1));
            working(service().dialogue(turn), |stats| stats.inbox.done).await;
        }
        Target::Answered => {
            let reply = async |text: Text, _| format!("您说的是：{}", text.content);
            working(service().on(reply), |stats| stats.outbox.done).await;
        }
        _ => accepting(config(&journal, arguments)).await,
    }
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

async fn accepting(config: Config) {
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

/// Serves with a handler, and stops in an orderly way, so that the journal is closed.
async fn working(service: CallbackService, counted: fn(&Stats) -> u64) {
    let server = service.bind().await.expect("a valid configuration");
    let (address, journal) = (server.callback_addr(), server.journal());
    let finished = async || counted(&journal.stats().await.expect("the journal answers"));
    server.run(answer(address, finished)).await.expect("a server that runs until it is stopped");
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

/// The defaults, except for what bounds the rate: how many entries may be pending, how many replies leave in a second, and
/// how many at once, since each waits for the commit that notes it.
fn config(journal: &str, Arguments { api, deliver, .. }: &Arguments<'_>) -> Config {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n\
         [journal]\nurl = \"{journal}\"\nmax_pending = 100000000\n\
         [deliver]\nconcurrency = {deliver}\n[deliver.rate]\nper_second = 100000\n\
         [[apps]]\npath = \"/callback\"\nkey = \"{APP}\"\nsecrets = [\"{SECRET}\"]\napi_url = \"http://{api}\"\n"
    );
    Config::from_toml(&text, |_| None).expect("a valid configuration")
}
