//! The load: connections that each send a signed message, wait for the answer, and send the next.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use rongcloud_callback::{clock::Clock, signature};
use secrecy::SecretString;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::serve::SECRET;

/// Numbers every message of this process, so that no two are alike.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// How long each request took, shortest first.
pub(crate) struct Load {
    latencies: Vec<Duration>,
}

impl Load {
    pub(crate) fn answered(&self) -> u64 {
        self.latencies.len() as u64
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

/// Loads `server` for `span`; every answer must be an empty 200.
pub(crate) fn run(server: SocketAddr, connections: usize, span: Duration) -> Load {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut latencies = runtime.block_on(async {
        let end = Instant::now() + span;
        let mut senders = JoinSet::new();
        for _ in 0..connections {
            senders.spawn(connection(server, end));
        }
        senders.join_all().await.concat()
    });
    latencies.sort_unstable();
    Load { latencies }
}

async fn connection(server: SocketAddr, end: Instant) -> Vec<Duration> {
    let mut stream = TcpStream::connect(server).await.expect("the server listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let secret = SecretString::from(SECRET);
    let clock = Clock::system();
    let (mut latencies, mut request, mut answer) = (Vec::new(), String::new(), vec![0; 4096]);
    loop {
        let started = Instant::now();
        if started >= end {
            return latencies;
        }
        write_request(&mut request, &secret, &clock);
        stream.write_all(request.as_bytes()).await.expect("the connection stays open");
        let mut length = 0;
        while !answer[..length].ends_with(b"\r\n\r\n") {
            let read = stream.read(&mut answer[length..]).await.expect("an answer");
            assert!(read > 0, "the server closed a connection");
            length += read;
        }
        let text = String::from_utf8_lossy(&answer[..length]);
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        latencies.push(started.elapsed());
    }
}

/// A text message of about 400 bytes, as the platform's document prints it.
fn write_request(request: &mut String, secret: &SecretString, clock: &Clock) {
    use std::fmt::Write;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let query = signature::signed_query(secret, &number.to_string(), clock.now());
    let user = number % 1000;
    let body = format!(
        "<xml>\n <ToUserName><![CDATA[mcid1]]></ToUserName>\n \
         <FromUserName><![CDATA[user-{user}]]></FromUserName>\n \
         <CreateTime>134223445860</CreateTime>\n <MsgType><![CDATA[text]]></MsgType>\n \
         <Content><![CDATA[一条不长不短的消息，用来测量接收一条消息需要多少时间。]]></Content>\n \
         <MsgId>BAE6-3KQ2-{number:012}</MsgID>\n</xml>"
    );
    request.clear();
    write!(
        request,
        "POST /callback?{query} HTTP/1.1\r\nhost: bench\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("writing to a string");
}
