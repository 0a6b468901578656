//! A reader of the console: one keep-alive connection to its API.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use serde_json::Value;

/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// A connection to the console.
pub(crate) struct Reader {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
}

/// The answers to the requests for one page.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) latencies: Vec<Duration>,
    /// The length of the longest answer, in bytes.
    pub(crate) longest: usize,
}

impl Reader {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the console listens");
        stream.set_nodelay(true).expect("a TCP socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a TCP socket");
        Self { stream: BufReader::new(stream), address }
    }

    /// Asks for a page again and again for `span`: one request after the other, the `pause` between them.
    pub(crate) fn ask_for(
        mut self,
        path: impl Fn(u64) -> String,
        span: Duration,
        pause: Duration,
    ) -> Answers {
        let (began, mut answers) = (Instant::now(), Answers::default());
        for number in 0.. {
            let started = Instant::now();
            if number > 0 && started.duration_since(began) >= span {
                break;
            }
            let length = self.get(&path(number)).len();
            answers.latencies.push(started.elapsed());
            answers.longest = answers.longest.max(length);
            std::thread::park_timeout(pause);
        }
        answers
    }

    /// The body of the answer to a GET, which is a 200.
    pub(crate) fn get(&mut self, path: &str) -> Vec<u8> {
        let request = format!("GET /api/v1/{path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address);
        let (status, body) = self.exchange(&request);
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        body
    }

    /// The JSON of the answer to a GET.
    pub(crate) fn json(&mut self, path: &str) -> Value {
        serde_json::from_slice(&self.get(path)).expect("JSON")
    }

    /// The JSON of the answer to a POST with this key.
    pub(crate) fn post(&mut self, path: &str, key: &str, body: &Value) -> Value {
        let body = body.to_string();
        let request = format!(
            "POST /api/v1/{path} HTTP/1.1\r\nhost: {}\r\nidempotency-key: {key}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let (status, answer) = self.exchange(&request);
        assert!((200..300).contains(&status), "{path} {body}: {}", String::from_utf8_lossy(&answer));
        serde_json::from_slice(&answer).expect("JSON")
    }

    fn exchange(&mut self, request: &str) -> (u16, Vec<u8>) {
        self.stream.get_mut().write_all(request.as_bytes()).expect("the connection stays open");
        let status = self.line();
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let mut length = 0;
        loop {
            let line = self.line();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a whole answer");
        (status, body)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("an answer");
        line.trim_end().to_owned()
    }
}
