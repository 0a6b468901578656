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

use crate::{
    api,
    http::is_whole,
    message::{SECRET, TextMessage},
};

/// The secret of requests to other servers; see `benches/peers`.
const SECRET_OF_PEERS: &str = "bench-token";

/// The number of the next message of this process, so that no two are alike.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// The results of the requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// How many requests were answered 200.
    pub(crate) answered: u64,
    /// How many requests were answered 503.
    refused: u64,
    /// The latency that half of the requests that were answered 200 did not exceed.
    pub(crate) p50: Duration,
    /// The latency that 99 % of them did not exceed.
    pub(crate) p99: Duration,
}

impl Load {
    /// The results, from how long each request that was answered 200 took.
    pub(crate) fn new(mut latencies: Vec<Duration>, refused: u64) -> Self {
        latencies.sort_unstable();
        let last = latencies.len().checked_sub(1).expect("a request was answered 200");
        let [p50, p99] = [50, 99].map(|percent| latencies[last * percent / 100]);
        Self { answered: latencies.len() as u64, refused, p50, p99 }
    }

    /// The share of the requests that were answered 503.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub(crate) fn refused(&self) -> f64 {
        self.refused as f64 / (self.answered + self.refused) as f64
    }

    /// The results as a line of text; [`decode`](Self::decode) reads it.
    pub(crate) fn encode(&self) -> String {
        let Self { answered, refused, p50, p99 } = self;
        format!("{answered} {refused} {} {}", p50.as_nanos(), p99.as_nanos())
    }

    /// Reads a line that [`encode`](Self::encode) wrote.
    pub(crate) fn decode(line: &str) -> Self {
        let mut numbers = line.split(' ').map(|number| number.parse().expect("a number"));
        let [answered, refused, p50, p99] =
            std::array::from_fn(|_| numbers.next().expect("four numbers"));
        let [p50, p99] = [p50, p99].map(Duration::from_nanos);
        Self { answered, refused, p50, p99 }
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
    /// After how many messages of this process no more are sent.
    pub(crate) messages: u64,
    /// How many messages may be without their reply at a time; none where there are no replies.
    pub(crate) unreplied: Option<u64>,
    /// Whether an answer may be a 503, which is counted then; else it must be a 200.
    pub(crate) may_refuse: bool,
}

/// Loads each of the servers for `span`.
pub(crate) fn run(servers: &[SocketAddr], demand: Demand, span: Duration) -> Load {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let pace =
        Pace { sent: NEXT.load(Ordering::Relaxed), replies: api::requests(), most: demand.unreplied };
    let loads = runtime.block_on(async {
        let end = Instant::now() + span;
        let mut senders = JoinSet::new();
        for server in servers.iter().cycle().take(demand.connections * servers.len()) {
            senders.spawn(connection(*server, demand, pace, end));
        }
        senders.join_all().await
    });
    let refused = loads.iter().map(|(_, refused)| refused).sum();
    Load::new(loads.into_iter().flat_map(|(latencies, _)| latencies).collect(), refused)
}

/// The pace of a load that waits for the replies to its messages, so that no backlog grows.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// How many messages this process had sent, and how many replies it had had, when the load began.
    sent: u64,
    replies: u64,
    /// How many messages may be without their reply at a time.
    most: Option<u64>,
}

impl Pace {
    /// Waits until another message may be sent, or the load is over.
    async fn wait(&self, end: Instant) {
        let Some(most) = self.most else { return };
        let is_ahead = || {
            let sent = NEXT.load(Ordering::Relaxed) - self.sent;
            sent.saturating_sub(api::requests() - self.replies) >= most
        };
        while is_ahead() && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Sends from one connection. Returns how long each request that was answered 200 took, and how many were refused.
async fn connection(
    server: SocketAddr,
    demand: Demand,
    pace: Pace,
    end: Instant,
) -> (Vec<Duration>, u64) {
    let mut stream = TcpStream::connect(server).await.expect("the server listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let secret = SecretString::from(SECRET);
    let clock = Clock::system();
    let (mut latencies, mut refused) = (Vec::new(), 0);
    let (mut request, mut answer) = (String::new(), vec![0; 4096]);
    loop {
        pace.wait(end).await;
        let started = Instant::now();
        if started >= end {
            return (latencies, refused);
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        if number >= demand.messages {
            return (latencies, refused);
        }
        request.clear();
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
            refused += 1;
            continue;
        }
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        latencies.push(started.elapsed());
    }
}

/// The callback for a text message.
pub(crate) fn write_callback(
    request: &mut String,
    number: u64,
    users: u64,
    secret: &SecretString,
    clock: &Clock,
) {
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
