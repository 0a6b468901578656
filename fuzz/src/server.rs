//! A server on a real socket for one input, and a client that takes answers apart without mercy.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use rongcloud_callback::{
    Config,
    clock::{Clock, UnixMillis},
    journal::{self, Filter, Options, Queues, Record, State},
    server::{Callbacks, ConnectionLimits, Listener},
    signature::signed_query,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Runtime,
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

const SECRET: &str = "Y1W2MeFwwwRxa0";
const NOW: UnixMillis = UnixMillis(1_763_754_000_000);
/// The largest body: small, so that larger ones are easily found.
pub const MAX_BODY: usize = 1024;
/// After this long without a byte all answers have come: the server is in this process, and has nothing else to do.
const QUIET: Duration = Duration::from_millis(3);
/// Longer than every time limit of the server together: who waits longer waits for ever.
const PATIENCE: Duration = Duration::from_secs(40);

/// Read once: the fuzzer watches every branch of the reader, which takes longer so than all that comes after it.
static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let text = format!(
        "[server]\nmax_body = \"{MAX_BODY}B\"\nsignature_memory = 8\n\
         [[apps]]\npath = \"/callback\"\nkey = \"app\"\nsecrets = [\"{SECRET}\"]\napi_url = \"http://127.0.0.1:9\""
    );
    Config::from_toml(&text, |_| None).expect("a configuration")
});

/// A server with an empty journal, in this process; gone when dropped.
pub struct Server {
    address: SocketAddr,
    pub journal: Arc<dyn Queues>,
    _serving: JoinSet<io::Result<()>>,
}

/// An answer, well-formed to the last byte.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// A free port on another loopback address each time: closed connections block a port for a minute.
fn next_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(1);
    let [high, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    SocketAddr::from(([127, 1 + high / 128, high % 128 + 1, low], 0))
}

/// Runs the client; the server has a thread of its own.
pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A query string that is right; another one for each `nonce`.
pub fn query(nonce: &str) -> String {
    signed_query(&SECRET.into(), nonce, NOW)
}

impl Server {
    pub async fn start() -> Self {
        let config = &*CONFIG;
        let clock = Clock::manual(NOW);
        let options = Options { recent_keys: 8, ..config.journal.options(clock.clone()) };
        let journal = journal::open_server("memory:", options).await.expect("a journal in memory");
        let callbacks = Callbacks::new(&config.server, &config.apps, Arc::clone(&journal), clock);
        let listener = Listener::bind(next_address(), 1).await.expect("a free port");
        let address = listener.local_addr();
        let limits = ConnectionLimits::from(&config.server);
        let serving = [listener.serve(callbacks.standalone_router(), limits, CancellationToken::new())];
        Self { address, journal, _serving: JoinSet::from_iter(serving) }
    }

    /// Sends `bytes` and then nothing more; everything that is answered until the server closes.
    pub async fn answers(&self, bytes: &[u8]) -> Vec<Answer> {
        let mut stream = TcpStream::connect(self.address).await.expect("it listens");
        let mut received = Vec::new();
        let exchange = async {
            let (mut from, mut to) = stream.split();
            // It may have heard enough before the end.
            let sent = async { _ = to.write_all(bytes).await };
            let heard = async {
                // Our side stays open meanwhile: a request whose sender has closed its side is not answered.
                while let Ok(Ok(1..)) = timeout(QUIET, from.read_buf(&mut received)).await {}
            };
            tokio::join!(sent, heard);
            // A reset closes the connection too.
            _ = to.shutdown().await;
            _ = from.read_to_end(&mut received).await;
        };
        timeout(PATIENCE, exchange).await.expect("it answers or hangs up");
        take_apart(&received)
    }

    /// Delivers `body` in `pieces` on a connection that stays open on our side until it was answered.
    pub async fn deliver(&self, query: &str, body: &[u8], pieces: usize) -> Answer {
        let mut request =
            format!("POST /callback?{query} HTTP/1.1\r\nhost: fuzz\r\nconnection: close\r\n")
                .into_bytes();
        if pieces == 0 {
            request.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
            request.extend(body);
        } else {
            request.extend(b"transfer-encoding: chunked\r\n\r\n");
            for piece in body.chunks(pieces) {
                request.extend(format!("{:x}\r\n", piece.len()).bytes());
                request.extend([piece, b"\r\n"].concat());
            }
            request.extend(b"0\r\n\r\n");
        }
        let mut stream = TcpStream::connect(self.address).await.expect("it listens");
        let mut received = Vec::new();
        let exchange = async {
            let (mut from, mut to) = stream.split();
            let (_, _) = tokio::join!(to.write_all(&request), from.read_to_end(&mut received));
        };
        timeout(PATIENCE, exchange).await.expect("it answers and hangs up");
        let mut answers = take_apart(&received);
        let answer = answers.pop().expect("an answer");
        assert!(answers.is_empty(), "one answer: {answers:?}");
        answer
    }

    /// All that it has kept.
    pub async fn kept(&self, state: State) -> Vec<Record> {
        let filter = Filter { state: Some(state), limit: 1000, ..Filter::default() };
        self.journal.list(filter).await.expect("a list")
    }
}

/// The answers that `received` consists of; a last one may be cut off where the connection was.
fn take_apart(received: &[u8]) -> Vec<Answer> {
    let mut rest = std::str::from_utf8(received).expect("we answer in UTF-8");
    let mut answers = Vec::new();
    while let Some((head, after)) = rest.split_once("\r\n\r\n") {
        let mut lines = head.split("\r\n");
        let first = lines.next().expect("a first line");
        let status = first.strip_prefix("HTTP/1.").and_then(|version| version.get(2..5));
        let status = status.and_then(|status| status.parse().ok()).expect("a status line");
        let mut length = None;
        for line in lines {
            let (name, value) = line.split_once(": ").expect("a header");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
            assert!(!value.is_empty() && !value.contains('\n'), "{value:?}");
            if name == "content-length" {
                assert_eq!(length.replace(value.parse().expect("a length")), None, "one length");
            }
        }
        if status == 100 {
            rest = after;
            continue;
        }
        // Nothing is to follow an answer to HEAD; where something does, it is no status line.
        let length: usize = length.unwrap_or(0);
        let Some((body, after)) = after.split_at_checked(length) else { return answers };
        answers.push(Answer { status, body: body.to_owned() });
        rest = after;
    }
    assert!(rest.is_empty() || rest.starts_with("HTTP/1."), "{rest:?}");
    answers
}
