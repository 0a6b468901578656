//! A server on a free port, and the messages that it gets.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    internals::{Callbacks, ConnectionLimits, EndpointOptions, Listener, Options},
    journal::{self, Filter, Queue, Queues, Record, State},
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
/// A free port of the loopback address.
pub(super) const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// The time of every test.
pub(super) const NOW: UnixMillis = UnixMillis(1_763_754_000_000);
/// [`NOW`] as the platform writes it.
pub(super) const TIMESTAMP: &str = "1763754000";

/// A server that is about to be started. A test changes the part that it is about.
pub(super) struct Setup {
    pub(super) options: Options,
    pub(super) endpoints: Vec<EndpointOptions>,
    pub(super) limits: ConnectionLimits,
    pub(super) journal: Arc<dyn Queues>,
    pub(super) clock: Clock,
}

/// A running server. Dropping it stops it.
pub(super) struct TestServer {
    pub(super) address: SocketAddr,
    pub(super) journal: Arc<dyn Queues>,
    pub(super) stop: CancellationToken,
    serving: JoinSet<io::Result<()>>,
}

impl Setup {
    /// A server with the defaults, one app with two secrets at `/callback`, and an empty journal in memory.
    pub(super) async fn new() -> Self {
        secrecy::watch();
        let clock = Clock::manual(NOW);
        Self {
            options: Options::default(),
            endpoints: vec![endpoint("/callback", "appkey", &[SECRET, SPARE_SECRET])],
            limits: ConnectionLimits {
                header_timeout: Duration::from_secs(15),
                max_connections: 10_000,
                drain_timeout: Duration::from_secs(30),
            },
            journal: memory_journal(&clock, 1_000_000).await,
            clock,
        }
    }

    pub(super) fn callbacks(&self) -> Callbacks {
        let journal = Arc::clone(&self.journal);
        Callbacks::new(&self.options, &self.endpoints, journal, self.clock.clone())
    }

    pub(super) async fn start(self) -> TestServer {
        let listener = Listener::bind(LOOPBACK, 2).await.unwrap();
        let address = listener.local_addr();
        let router = self.callbacks().standalone_router();
        let stop = CancellationToken::new();
        let mut serving = JoinSet::new();
        serving.spawn(listener.serve(router, self.limits, stop.clone()));
        TestServer { address, journal: self.journal, stop, serving }
    }

    /// Starts the server on the test's own thread, where its log can be captured.
    pub(super) async fn start_on_this_thread(self) -> TestServer {
        let tcp = TcpListener::bind(LOOPBACK).await.unwrap();
        let address = tcp.local_addr().unwrap();
        let router =
            self.callbacks().standalone_router().into_make_service_with_connect_info::<SocketAddr>();
        let mut serving = JoinSet::new();
        serving.spawn(async { axum::serve(tcp, router).await });
        TestServer { address, journal: self.journal, stop: CancellationToken::new(), serving }
    }
}

impl TestServer {
    /// Starts a server with the defaults.
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

    /// The entries of the Inbox in `state`, oldest first.
    pub(super) async fn inbox(&self, state: State) -> Vec<Record> {
        let filter =
            Filter { queue: Some(Queue::Inbox), state: Some(state), limit: 10_000, ..Filter::default() };
        let mut records = self.journal.list(filter).await.unwrap();
        records.reverse();
        records
    }

    /// Waits until the server has ended.
    pub(super) async fn wait_for_end(&mut self) {
        let serving = self.serving.join_next();
        let ended = tokio::time::timeout(Duration::from_secs(30), serving).await.expect("it ends");
        ended.unwrap().unwrap().unwrap();
    }
}

/// The endpoint of an app whose timestamps are seconds.
pub(super) fn endpoint(path: &str, app: &str, secrets: &[&str]) -> EndpointOptions {
    EndpointOptions {
        app: app.into(),
        path: path.to_owned(),
        secrets: secrets.iter().map(|&secret| secret.into()).collect(),
        timestamps: Timestamps::Seconds,
    }
}

/// An empty journal in memory that takes `max_pending` entries.
pub(super) async fn memory_journal(clock: &Clock, max_pending: u64) -> Arc<dyn Queues> {
    let options = journal::Options { max_pending, clock: clock.clone(), ..journal::Options::default() };
    journal::open_server("memory:", options).await.unwrap()
}

/// A query string signed with `secret`, as the platform writes it.
pub(super) fn query(secret: &str, nonce: &str, timestamp: &str) -> String {
    let signature = sign(&secret.into(), nonce, timestamp);
    format!("rc-nonce={nonce}&rc-timestamp={timestamp}&rc-signature={signature}")
}

/// A valid query string that was never used before.
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
