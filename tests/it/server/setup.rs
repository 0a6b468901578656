//! A server on a free port, and the messages that it gets.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytesize::ByteSize;
use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    config::{AppSection, Replies, ServerSection},
    journal::{Filter, Options, Queue, Queues, Record, State},
    server::{Callbacks, ConnectionLimits, Listener},
    signature::{Timestamps, sign},
};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::support::{
    http::{Answer, Connection, post},
    secrecy,
};

pub(super) const SECRET: &str = "Y1W2MeFwwwRxa0";
pub(super) const SPARE_SECRET: &str = "another-one-during-rotation";
/// The time of every test.
pub(super) const NOW: UnixMillis = UnixMillis(1_763_754_000_000);
/// The same as the platform writes it.
pub(super) const TIMESTAMP: &str = "1763754000";

/// A server that is about to be started: change what the test is about.
pub(super) struct Setup {
    pub(super) section: ServerSection,
    pub(super) apps: Vec<AppSection>,
    pub(super) journal: Arc<dyn Queues>,
    pub(super) clock: Clock,
    pub(super) drain_timeout: Duration,
}

/// A running server; stops when dropped.
pub(super) struct TestServer {
    pub(super) address: SocketAddr,
    pub(super) journal: Arc<dyn Queues>,
    pub(super) stop: CancellationToken,
    serving: JoinSet<io::Result<()>>,
}

impl Setup {
    /// The defaults, one app with two secrets at `/callback`, an empty journal in memory.
    pub(super) async fn new() -> Self {
        secrecy::watch();
        let clock = Clock::manual(NOW);
        let section = ServerSection {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            max_body: ByteSize::kib(64),
            header_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(3),
            answer_timeout: Duration::from_secs(4),
            max_connections: 10_000,
            max_in_flight: 4096,
            trusted_proxies: Vec::new(),
            timestamp_tolerance: Duration::from_mins(5),
            signature_memory: 100_000,
        };
        Self {
            section,
            apps: vec![app("/callback", "appkey", &[SECRET, SPARE_SECRET])],
            journal: memory(&clock, 1_000_000).await,
            clock,
            drain_timeout: Duration::from_secs(30),
        }
    }

    pub(super) async fn start(self) -> TestServer {
        let listener = Listener::bind(self.section.listen, 2).await.unwrap();
        let address = listener.local_addr();
        let limits = ConnectionLimits {
            drain_timeout: self.drain_timeout,
            ..ConnectionLimits::from(&self.section)
        };
        let callbacks = Callbacks::new(&self.section, &self.apps, Arc::clone(&self.journal), self.clock);
        let stop = CancellationToken::new();
        let mut serving = JoinSet::new();
        serving.spawn(listener.serve(callbacks.standalone_router(), limits, stop.clone()));
        TestServer { address, journal: self.journal, stop, serving }
    }

    /// Serves on the test's own thread, where its log can be captured.
    pub(super) async fn start_here(self) -> TestServer {
        let tcp = TcpListener::bind(self.section.listen).await.unwrap();
        let address = tcp.local_addr().unwrap();
        let callbacks = Callbacks::new(&self.section, &self.apps, Arc::clone(&self.journal), self.clock);
        let router = callbacks.standalone_router().into_make_service_with_connect_info::<SocketAddr>();
        let mut serving = JoinSet::new();
        serving.spawn(async { axum::serve(tcp, router).await });
        TestServer { address, journal: self.journal, stop: CancellationToken::new(), serving }
    }
}

impl TestServer {
    /// One with the defaults.
    pub(super) async fn start() -> Self {
        Setup::new().await.start().await
    }

    pub(super) async fn connect(&self) -> Connection {
        Connection::open(self.address).await
    }

    /// Sends `request` on a connection of its own.
    pub(super) async fn ask(&self, request: impl AsRef<[u8]>) -> Answer {
        self.connect().await.ask(request).await
    }

    /// Delivers `body` under a signature of its own.
    pub(super) async fn deliver(&self, body: impl AsRef<[u8]>) -> Answer {
        self.ask(delivery(body)).await
    }

    /// What is in the Inbox in `state`, oldest first.
    pub(super) async fn inbox(&self, state: State) -> Vec<Record> {
        let filter =
            Filter { queue: Some(Queue::Inbox), state: Some(state), limit: 10_000, ..Filter::default() };
        let mut records = self.journal.list(filter).await.unwrap();
        records.reverse();
        records
    }

    /// Waits until it has stopped serving.
    pub(super) async fn ended(&mut self) {
        let serving = self.serving.join_next();
        let ended = tokio::time::timeout(Duration::from_secs(30), serving).await.expect("it ends");
        ended.unwrap().unwrap().unwrap();
    }
}

/// An app of the configuration.
pub(super) fn app(path: &str, key: &str, secrets: &[&str]) -> AppSection {
    AppSection {
        path: path.to_owned(),
        key: key.into(),
        secrets: secrets.iter().map(|&secret| secret.into()).collect(),
        secret_files: Vec::new(),
        timestamps: Timestamps::Seconds,
        api_urls: vec!["http://127.0.0.1:9/".parse().unwrap()],
        replies: Replies::Platform,
        portal: None,
    }
}

/// An empty journal in memory that takes `max_pending` entries.
pub(super) async fn memory(clock: &Clock, max_pending: u64) -> Arc<dyn Queues> {
    let options = Options { max_pending, clock: clock.clone(), ..Options::default() };
    rongcloud_callback::journal::open_server("memory:", options).await.unwrap()
}

/// A query string signed with `secret`, as the platform writes it.
pub(super) fn query(secret: &str, nonce: &str, timestamp: &str) -> String {
    let signature = sign(&secret.into(), nonce, timestamp);
    format!("rc-nonce={nonce}&rc-timestamp={timestamp}&rc-signature={signature}")
}

/// A query string that is right and was never used before.
pub(super) fn fresh_query() -> String {
    static NONCES: AtomicU64 = AtomicU64::new(0);
    query(SECRET, &format!("n{}", NONCES.fetch_add(1, Ordering::Relaxed)), TIMESTAMP)
}

/// A delivery of `body` under a signature of its own.
pub(super) fn delivery(body: impl AsRef<[u8]>) -> Vec<u8> {
    post(&format!("/callback?{}", fresh_query()), body)
}

/// A text message, with the slip in its last end tag that the platform's documents have.
pub(super) fn text(user: &str, id: &str, content: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[mcid]]></ToUserName><FromUserName><![CDATA[{user}]]></FromUserName>\
         <CreateTime>134223445860</CreateTime><MsgType><![CDATA[text]]></MsgType>\
         <Content><![CDATA[{content}]]></Content><MsgId>{id}</MsgID></xml>"
    )
}
