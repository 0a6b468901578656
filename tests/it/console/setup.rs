//! A server with a console.

use std::{net::SocketAddr, sync::Arc};

use rongcloud_callback::{
    CallbackService, Config,
    clock::{Clock, UnixMillis},
    journal::Queues,
};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::http::{Answer, Connection};

pub(super) const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

/// A server with a console, on a clock that the test sets; it stops when it is dropped.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) clock: Clock,
    pub(super) journal: Arc<dyn Queues>,
    _stop: DropGuard,
    _running: JoinSet<()>,
}

impl Server {
    /// Starts a server with a journal in memory, unless there is another one among `sections` of its configuration.
    pub(super) async fn start(sections: &str) -> Self {
        Self::start_on(&Clock::manual(NOW), sections).await
    }

    /// Starts a server that goes by `clock`.
    pub(super) async fn start_on(clock: &Clock, sections: &str) -> Self {
        Self::start_with(clock, sections, |service| service).await
    }

    /// Starts a server with the handlers that `register` adds.
    pub(super) async fn start_with(
        clock: &Clock,
        sections: &str,
        register: impl FnOnce(CallbackService) -> CallbackService,
    ) -> Self {
        let journal = if sections.contains("journal.url") { "" } else { "journal.url = 'memory:'" };
        let toml = format!(
            "server.listen = '127.0.0.1:0'\nadmin.listen = '127.0.0.1:0'\n{journal}\n{sections}\n\
             [[apps]]\nkey = 'app'\nsecrets = ['s3cret']\napi_url = 'http://127.0.0.1:9'\n"
        );
        let config = Config::from_toml(&toml, |_| None).unwrap();
        let service = register(CallbackService::new(config).with_clock(clock.clone()));
        let server = service.bind().await.unwrap();
        let (address, journal) = (server.admin_addr(), server.journal());
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let mut running = JoinSet::new();
        running.spawn(async { server.run(stopped).await.unwrap() });
        Self { address, clock: clock.clone(), journal, _stop: stop.drop_guard(), _running: running }
    }

    /// Asks with these lines of headers.
    pub(super) async fn get(&self, path: &str, headers: &[&str]) -> Answer {
        self.ask("GET", path, headers, None).await
    }

    /// Posts JSON with these lines of headers.
    pub(super) async fn post(&self, path: &str, headers: &[&str], body: &Value) -> Answer {
        self.ask("POST", path, headers, Some(&body.to_string())).await
    }

    /// Sends a request for this server's own host, unless the headers name another, with a body of JSON if there is one.
    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: Option<&str>,
    ) -> Answer {
        let body_length = body.map_or(0, str::len);
        let mut lines = vec![format!("{method} {path} HTTP/1.1")];
        let has = |name: &str| headers.iter().any(|line| line.to_lowercase().starts_with(name));
        if !has("host:") {
            lines.push(format!("host: {}", self.address));
        }
        if body.is_some() && !has("content-type:") {
            lines.push("content-type: application/json".to_owned());
        }
        lines.extend(headers.iter().filter(|line| !line.is_empty()).map(ToString::to_string));
        lines.push(format!("content-length: {body_length}\r\n"));
        let request = format!("{}\r\n{}", lines.join("\r\n"), body.unwrap_or_default());
        Connection::open(self.address).await.ask(request).await
    }
}

/// The body of an answer as JSON.
pub(super) fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}
