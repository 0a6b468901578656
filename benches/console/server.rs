//! The server that is measured, a process of its own with a handler that does nothing and the console.

use std::{fmt::Write, net::SocketAddr};

use rongcloud_callback::{CallbackService, Config, Dialogue, Inbound, Turn};
use serde::{Deserialize, Serialize};

use crate::{child::ChildProcess, memory::memory, users::APPS};

/// Makes this executable the server.
const FLAG: &str = "--serve";
/// The names of the listeners.
const CALLBACKS: &str = "callbacks";
const CONSOLE: &str = "console";
/// The secret that callbacks are signed with.
pub(crate) const SECRET: &str = "bench-secret";

/// The dialogue that some of the users are in; their messages are for the handler.
#[derive(Serialize, Deserialize, Default)]
struct Order {
    article: u32,
    colour: String,
    count: u32,
}

impl Dialogue for Order {
    const NAME: &'static str = "order";
}

/// A running server.
pub(crate) struct Server {
    child: ChildProcess,
    /// The address of the callbacks.
    pub(crate) callbacks: SocketAddr,
    /// The address of the console.
    pub(crate) console: SocketAddr,
}

impl Server {
    /// Starts the server on the journal at `url`.
    pub(crate) fn start(url: &str) -> Self {
        let mut child = ChildProcess::start([FLAG.to_owned(), url.to_owned()]);
        let [callbacks, console] = [CALLBACKS, CONSOLE]
            .map(|listener| child.ask(listener).parse().expect("the server says where it listens"));
        Self { child, callbacks, console }
    }

    /// The most memory that the server has had, in bytes.
    pub(crate) fn most_memory(&self) -> u64 {
        memory(self.child.id(), "VmHWM:")
    }

    pub(crate) fn stop(self) {
        self.child.stop();
    }
}

/// Serves until standard input ends, if the arguments say so: each line of that asks for the address of a listener. Returns
/// whether it did.
pub(crate) fn serve(arguments: &[String]) -> bool {
    let Some(at) = arguments.iter().position(|argument| argument == FLAG) else { return false };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let service = CallbackService::new(config(&arguments[at + 1]))
            .on(async |_: Inbound, _| {})
            .dialogue(async |_: Order, _: Inbound, _| Turn::stay());
        let server = service.bind().await.expect("a valid configuration");
        let addresses = [(CALLBACKS, server.callback_addr()), (CONSOLE, server.admin_addr())];
        server.run(answer(addresses)).await.expect("a server that runs until it is stopped");
    });
    true
}

async fn answer(addresses: [(&'static str, SocketAddr); 2]) {
    let answer = move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let address = addresses.iter().find(|(name, _)| *name == line);
            println!("{}", address.expect("the name of a listener").1);
        }
    };
    tokio::task::spawn_blocking(answer).await.expect("standard input ends");
}

/// The defaults, except for the number of pending entries: revived ones are pending as well.
fn config(journal: &str) -> Config {
    let mut text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n\
         [journal]\nurl = \"{journal}\"\nmax_pending = 100000000\n"
    );
    for app in APPS {
        write!(
            text,
            "[[apps]]\npath = \"/{app}\"\nkey = \"{app}\"\nsecrets = [\"{SECRET}\"]\napi_url = \"http://127.0.0.1:9\"\n"
        )
        .expect("writing to a string");
    }
    Config::from_toml(&text, |_| None).expect("a valid configuration")
}
