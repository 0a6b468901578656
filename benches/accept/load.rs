//! The load: connections that each send a signed message, wait for the answer, and send the next.

use std::{
    fmt::Write,
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use rongcloud_callback::{clock::Clock, signature};
use secrecy::SecretString;
use sha1::{Digest, Sha1};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::message::{SECRET, TextMessage};

/// The secret of requests to other servers; see `benches/peers`.
const SECRET_OF_PEERS: &str = "bench-token";

/// The number of the next message of this process, so that no two are alike.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// The results of the requests.
#[derive(Default)]
pub(crate) struct Load {
    /// How long each request that was answered 200 took, shortest first.
    latencies: Vec<Duration>,
    /// How many requests were answered 503.
    refused: u64,
}

impl Load {
    pub(crate) fn answered(&self) -> u64 {
        self.latencies.len() as u64
    }

    /// The share of the requests that were answered 503.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub(crate) fn refused(&self) -> f64 {
        self.refused as f64 / (self.answered() + self.refused) as f64
    }

    /// The latency that a share of the requests did not exceed.
    pub(crate) fn percentile(&self, share: f64) -> Duration {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index below the length"
        )]
        let index = ((self.latencies.len() - 1) as f64 * share) as usize;
        self.latencies[index]
    }
}

/// The kind of the requests.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wire {
    /// The platform's callbacks, from this many users in turn.
    RongCloud { users: u64 },
    /// WeChat's callbacks, for the libraries that people use there.
    WeChat,
}

/// The load: how many connections make which requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demand {
    pub(crate) wire: Wire,
    /// How many connections each server gets.
    pub(crate) connections: usize,
    /// Whether an answer may be a 503, which is counted then; else it must be a 200.
    pub(crate) may_refuse: bool,
}

/// Loads each of the servers for `span`.
pub(crate) fn run(servers: &[SocketAddr], demand: Demand, span: Duration) -> Load {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let loads = runtime.block_on(async {
        let end = Instant::now() + span;
        let mut senders = JoinSet::new();
        for server in servers.iter().cycle().take(demand.connections * servers.len()) {
            senders.spawn(connection(*server, demand, end));
        }
        senders.join_all().await
    });
    let mut load = Load::default();
    for one in loads {
        load.latencies.extend(one.latencies);
        load.refused += one.refused;
    }
    load.latencies.sort_unstable();
    load
}

async fn connection(server: SocketAddr, demand: Demand, end: Instant) -> Load {
    let mut stream = TcpStream::connect(server).await.expect("the server listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let secret = SecretString::from(SECRET);
    let clock = Clock::system();
    let (mut load, mut request, mut answer) = (Load::default(), String::new(), vec![0; 4096]);
    loop {
        let started = Instant::now();
        if started >= end {
            return load;
        }
        request.clear();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        match demand.wire {
            Wire::RongCloud { users } => write_callback(&mut request, number, users, &secret, &clock),
            Wire::WeChat => write_wechat(&mut request, number, &clock),
        }
        stream.write_all(request.as_bytes()).await.expect("the connection stays open");
        let mut length = 0;
        while !is_whole(&answer[..length]) {
            let read = stream.read(&mut answer[length..]).await.expect("an answer");
            assert!(read > 0, "the server closed a connection");
            length += read;
        }
        let text = String::from_utf8_lossy(&answer[..length]);
        if demand.may_refuse && text.starts_with("HTTP/1.1 503") {
            load.refused += 1;
            continue;
        }
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        load.latencies.push(started.elapsed());
    }
}

/// Whether the bytes are a whole answer: our answers have no body, those of others may say `success`.
fn is_whole(answer: &[u8]) -> bool {
    const LENGTH: &[u8] = b"content-length: ";
    let Some(head) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
    let line = answer[..head].split(|byte| *byte == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked(LENGTH.len())?;
        name.eq_ignore_ascii_case(LENGTH).then_some(value.trim_ascii())
    });
    let body = line.map_or(0, |length| {
        std::str::from_utf8(length).ok().and_then(|length| length.parse().ok()).expect("a length")
    });
    answer.len() >= head + 4 + body
}

/// The callback for a text message.
fn write_callback(request: &mut String, number: u64, users: u64, secret: &SecretString, clock: &Clock) {
    let now = clock.now();
    let query = signature::signed_query(secret, &number.to_string(), now);
    let message = TextMessage { number, user: number % users, sent_at: now };
    write_post(request, "/callback", &query, &message.body());
}

/// A text message as WeChat sends it.
fn write_wechat(request: &mut String, number: u64, clock: &Clock) {
    let (timestamp, nonce) = ((clock.now().0 / 1000).to_string(), number.to_string());
    let mut parts = [SECRET_OF_PEERS, &timestamp, &nonce];
    parts.sort_unstable();
    let signature = hex::encode(Sha1::digest(parts.concat()));
    let query = format!("signature={signature}&timestamp={timestamp}&nonce={nonce}");
    let user = number % 1000;
    let body = format!(
        "<xml>\n <ToUserName><![CDATA[mcid1]]></ToUserName>\n \
         <FromUserName><![CDATA[user-{user}]]></FromUserName>\n \
         <CreateTime>{timestamp}</CreateTime>\n <MsgType><![CDATA[text]]></MsgType>\n \
         <Content><![CDATA[一条不长不短的消息，用来测量接收一条消息需要多少时间。]]></Content>\n \
         <MsgId>{number}</MsgId>\n</xml>"
    );
    write_post(request, "/", &query, &body);
}

fn write_post(request: &mut String, path: &str, query: &str, body: &str) {
    write!(
        request,
        "POST {path}?{query} HTTP/1.1\r\nhost: bench\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("writing to a string");
}
