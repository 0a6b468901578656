//! The sandbox: its API by the documents' examples, its pushes, its faults, its interfaces.

mod bounds;
mod broadcasts;
mod clients;
mod command;
mod conversations;
mod dialogues;
mod documents;
mod event_stream;
mod faults;
mod handling;
mod history;
mod page_api;
mod played;
mod pushes;
mod refusals;
mod route;
mod service;
mod time;
mod told;

use std::{net::SocketAddr, time::Duration};

use rongcloud_callback::{
    CallbackService, Config, ServiceError,
    desk::Desk,
    journal::Queues,
    sandbox::{ChatMessage, Options, Sandbox, Side},
    signature,
};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::{
    http::{Answer, Connection},
    secrecy, until,
};

/// A sandbox for the app that the documents' requests are signed for.
pub(super) async fn sandbox() -> Sandbox {
    secrecy::watch();
    let options = Options { app_key: "uwd1c0sxdlx2".into(), ..Options::default() };
    Sandbox::start_with(options).await.unwrap()
}

/// A sandbox with a short time-out, whose messages go to `route_url`.
pub(super) async fn with_short_timeout(route_url: &str) -> Sandbox {
    let (timeout, pause) = (Duration::from_millis(300), Duration::from_millis(1));
    let options = Options { timeout, pause, route_url: route_url.to_owned(), ..Options::default() };
    Sandbox::start_with(options).await.unwrap()
}

/// Makes a request with headers and a body, on a connection of its own.
pub(super) async fn ask(
    address: SocketAddr,
    line: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> Answer {
    let body = body.as_ref();
    let mut head = format!("{line} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    Connection::open(address).await.ask([format!("{head}\r\n").as_bytes(), body].concat()).await
}

/// The four parts of an API call's signature, signed at this moment.
pub(super) fn signed(sandbox: &Sandbox) -> [(&'static str, String); 4] {
    signed_at(sandbox, &sandbox.now().0.to_string())
}

pub(super) fn signed_at(sandbox: &Sandbox, timestamp: &str) -> [(&'static str, String); 4] {
    let signature = signature::sign(&sandbox.secret().into(), "14314", timestamp);
    [
        ("RC-App-Key", sandbox.app_key().to_string()),
        ("RC-Nonce", "14314".to_owned()),
        ("RC-Timestamp", timestamp.to_owned()),
        ("RC-Signature", signature),
    ]
}

/// Makes a signed call of the API; JSON if the body looks like it, else a form.
pub(super) async fn call(sandbox: &Sandbox, path: &str, body: &str) -> Answer {
    let signed = signed(sandbox);
    let kind = if body.trim_start().starts_with('{') {
        "application/json"
    } else {
        "application/x-www-form-urlencoded"
    };
    let mut headers: Vec<_> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    headers.push(("content-type", kind));
    ask(sandbox.local_addr(), &format!("POST {path}"), &headers, body).await
}

/// An answer as JSON.
pub(super) fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|e| panic!("{e}: {answer:?}"))
}

/// The messages that accounts have sent, oldest first.
pub(super) fn sent(sandbox: &Sandbox) -> Vec<ChatMessage> {
    let mut messages = sandbox.messages();
    messages.retain(|message| message.from == Side::Account);
    messages
}

/// A whole callback service behind a sandbox.
pub(super) struct Bot {
    pub(super) journal: std::sync::Arc<dyn Queues>,
    pub(super) desk: Desk,
    stop: CancellationToken,
    tasks: JoinSet<Result<(), ServiceError>>,
}

impl Bot {
    /// Starts the service that `register` completes, with further sections of its configuration.
    pub(super) async fn start(
        sandbox: &Sandbox,
        sections: &str,
        register: impl FnOnce(CallbackService) -> CallbackService,
    ) -> Self {
        Self::start_on(sandbox, "memory:", sections, register).await
    }

    /// Starts the service with its journal at this URL.
    pub(super) async fn start_on(
        sandbox: &Sandbox,
        journal: &str,
        sections: &str,
        register: impl FnOnce(CallbackService) -> CallbackService,
    ) -> Self {
        let text = sandbox.callback_toml().replace("memory:", journal);
        let text = format!("{text}\n{sections}");
        let config = Config::from_toml(&text, |_| None).unwrap();
        let server = register(CallbackService::new(config)).bind().await.unwrap();
        sandbox.route_to(format!("http://{}/callback", server.callback_addr()));
        let (journal, desk) = (server.journal(), server.desk());
        let stop = CancellationToken::new();
        let tasks = JoinSet::from_iter([server.run(stop.clone().cancelled_owned())]);
        Self { journal, desk, stop, tasks }
    }

    /// Waits until nothing is pending in either queue.
    pub(super) async fn idle(&self) {
        let idle = async || {
            let stats = self.journal.stats().await.unwrap();
            (stats.inbox.pending + stats.outbox.pending == 0).then_some(())
        };
        until("an idle journal", idle).await;
    }

    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.tasks.join_all().await;
    }
}
