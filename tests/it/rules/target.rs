//! A service that messages are forwarded to, which follows a script.

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

/// The answer to a request.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// A status, headers (each with its line end) and a body.
    Answer(u16, &'static str, &'static str),
    /// Status 200 with headers and a body that need not be text.
    Bytes(&'static str, &'static [u8]),
    /// No answer, for longer than anyone waits.
    Hang,
    /// A part of an answer, then the end of the connection.
    Cut,
    /// A status, and the request's signature as the body.
    Parrot(u16),
    /// The request's text as a reply, after a while.
    Echo(Duration),
}

/// A request that the service got.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) head: String,
    pub(super) body: String,
    pub(super) at: Instant,
}

/// A listener that follows a script, and echoes texts after its end.
pub(super) struct Target {
    pub(super) address: SocketAddr,
    log: Arc<Mutex<Log>>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Log {
    script: VecDeque<Act>,
    requests: Vec<Request>,
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

    /// A rule that forwards every text to this service.
    pub(super) fn rule(&self, more: &str) -> String {
        format!(
            "[[rules]]\nname = 'orders'\non = 'text'\n\
             forward = {{ url = 'http://{}/wechat', secret = '{SECRET}'{more} }}\n",
            self.address
        )
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.log.lock().unwrap().requests.clone()
    }

    /// Waits for `count` requests.
    pub(super) async fn wait_for(&self, count: usize) -> Vec<Request> {
        let requests = async || Some(self.requests()).filter(|requests| requests.len() >= count);
        until("requests", requests).await
    }

    /// Most requests that were open at the same time.
    pub(super) fn most_open(&self) -> usize {
        self.log.lock().unwrap().most_open
    }
}

/// A secret of Standard Webhooks.
pub(super) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

impl Request {
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
    while let Some(request) = read(&mut stream).await {
        let act = {
            let mut log = log.lock().unwrap();
            log.open += 1;
            log.most_open = log.most_open.max(log.open);
            log.requests.push(request.clone());
            log.script.pop_front().unwrap_or(Act::Echo(Duration::ZERO))
        };
        let goes_on = answer(&mut stream, &request, act).await;
        log.lock().unwrap().open -= 1;
        if !goes_on {
            return;
        }
    }
}

async fn answer(stream: &mut TcpStream, request: &Request, act: Act) -> bool {
    let (status, headers, body) = match act {
        Act::Answer(status, headers, body) => (status, headers, body.as_bytes().to_owned()),
        Act::Bytes(headers, body) => (200, headers, body.to_owned()),
        Act::Hang => {
            // The read ends when the other side hangs up.
            let _ = stream.read(&mut [0; 1]).await;
            return false;
        }
        Act::Cut => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n[{\"te").await;
            return false;
        }
        Act::Parrot(status) => (status, "", request.header("webhook-signature").as_bytes().to_owned()),
        Act::Echo(pause) => {
            tokio::time::sleep(pause).await;
            (200, "", serde_json::json!([{ "text": request.text() }]).to_string().into_bytes())
        }
    };
    let head = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    stream.write_all(&[head.as_bytes(), &body].concat()).await.is_ok()
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let request = Request { head: head.to_owned(), body: body.to_owned(), at: Instant::now() };
            if request.body.len() == request.header("content-length").parse::<usize>().unwrap() {
                return Some(request);
            }
        }
    }
}
