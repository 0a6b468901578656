//! A service that messages are handed on to, which behaves as it is told.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::support::until;

/// What is done with a request.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// A status, headers (each with its line end) and a body.
    Answer(u16, &'static str, &'static str),
    /// Status 200, headers, and a body that may be no text.
    Bytes(&'static str, &'static [u8]),
    /// Nothing, for longer than anyone waits.
    Hang,
    /// The connection ends in the middle of the answer.
    Cut,
    /// A status, and as the body the signature that came.
    Parrot(u16),
    /// The text that came, after a while.
    Echo(Duration),
}

/// A request that came.
#[derive(Debug, Clone)]
pub(super) struct Came {
    pub(super) head: String,
    pub(super) body: String,
    pub(super) at: Instant,
}

/// A listener that follows a script; after it, it echoes.
pub(super) struct Target {
    pub(super) address: SocketAddr,
    log: Arc<Mutex<Log>>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Log {
    script: VecDeque<Act>,
    came: Vec<Came>,
    open: usize,
    most_open: usize,
}

impl Target {
    pub(super) async fn start(script: impl IntoIterator<Item = Act>) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), script).await
    }

    pub(super) async fn start_at(address: SocketAddr, script: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Mutex::new(Log { script: script.into_iter().collect(), ..Log::default() }));
        let shared = Arc::clone(&log);
        let tasks = JoinSet::from_iter([async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&shared)));
            }
        }]);
        Self { address, log, _tasks: tasks }
    }

    /// A rule that hands every text on to this.
    pub(super) fn rule(&self, more: &str) -> String {
        format!(
            "[[rules]]\nname = 'orders'\non = 'text'\n\
             forward = {{ url = 'http://{}/wechat', secret = '{SECRET}'{more} }}\n",
            self.address
        )
    }

    pub(super) fn came(&self) -> Vec<Came> {
        self.log.lock().unwrap().came.clone()
    }

    /// Waits for as many requests.
    pub(super) async fn wait_for(&self, count: usize) -> Vec<Came> {
        let came = async || Some(self.came()).filter(|came| came.len() >= count);
        until("requests", came).await
    }

    /// How many requests were open at the same time, at most.
    pub(super) fn most_open(&self) -> usize {
        self.log.lock().unwrap().most_open
    }
}

/// A secret of Standard Webhooks.
pub(super) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

impl Came {
    pub(super) fn header(&self, name: &str) -> &str {
        let found = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = found.filter(|(header, _)| header.eq_ignore_ascii_case(name));
        found.next().unwrap_or_else(|| panic!("no {name}: {}", self.head)).1
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The text that the user wrote.
    pub(super) fn text(&self) -> String {
        self.json()["fields"]["content"].as_str().unwrap().to_owned()
    }
}

async fn serve(mut stream: TcpStream, log: Arc<Mutex<Log>>) {
    while let Some(came) = read(&mut stream).await {
        let act = {
            let mut log = log.lock().unwrap();
            log.open += 1;
            log.most_open = log.most_open.max(log.open);
            log.came.push(came.clone());
            log.script.pop_front().unwrap_or(Act::Echo(Duration::ZERO))
        };
        let goes_on = answer(&mut stream, &came, act).await;
        log.lock().unwrap().open -= 1;
        if !goes_on {
            return;
        }
    }
}

async fn answer(stream: &mut TcpStream, came: &Came, act: Act) -> bool {
    let (status, headers, body) = match act {
        Act::Answer(status, headers, body) => (status, headers, body.as_bytes().to_owned()),
        Act::Bytes(headers, body) => (200, headers, body.to_owned()),
        Act::Hang => {
            // Until the other side hangs up.
            let _ = stream.read(&mut [0; 1]).await;
            return false;
        }
        Act::Cut => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n[{\"te").await;
            return false;
        }
        Act::Parrot(status) => (status, "", came.header("webhook-signature").as_bytes().to_owned()),
        Act::Echo(pause) => {
            tokio::time::sleep(pause).await;
            (200, "", serde_json::json!([{ "text": came.text() }]).to_string().into_bytes())
        }
    };
    let head = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    stream.write_all(&[head.as_bytes(), &body].concat()).await.is_ok()
}

async fn read(stream: &mut TcpStream) -> Option<Came> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let came = Came { head: head.to_owned(), body: body.to_owned(), at: Instant::now() };
            if came.body.len() == came.header("content-length").parse::<usize>().unwrap() {
                return Some(came);
            }
        }
    }
}
