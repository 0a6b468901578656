//! An HTTP client that sends exactly the bytes that it is given.

use std::{io, net::SocketAddr, time::Duration};

use futures_util::FutureExt;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

/// The longest wait for a server, long enough for the slowest machine.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// One connection to a server.
pub(crate) struct Connection(BufReader<TcpStream>);

/// The answer of a server.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Headers; their names are in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self::try_open(address).await.unwrap()
    }

    /// Connects to a server that may be gone.
    pub(crate) async fn try_open(address: SocketAddr) -> io::Result<Self> {
        Ok(Self(BufReader::new(TcpStream::connect(address).await?)))
    }

    /// Sends bytes to a server that may have stopped reading.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let sent = self.0.get_mut().write_all(bytes.as_ref());
        timeout(MAX_WAIT, sent).await.expect("the server reads or hangs up")
    }

    /// Waits for an answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        timeout(MAX_WAIT, self.read_answer()).await.expect("an answer in time").unwrap()
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn ask(&mut self, request: impl AsRef<[u8]>) -> Answer {
        self.send(request).await.unwrap();
        self.answer().await
    }

    /// Sends a request to a server that may die meanwhile.
    pub(crate) async fn try_ask(&mut self, request: impl AsRef<[u8]>) -> io::Result<Answer> {
        self.send(request).await?;
        timeout(MAX_WAIT, self.read_answer()).await.expect("an answer or an end in time")
    }

    /// Waits until the server has closed the connection, and returns the rest of what was sent.
    pub(crate) async fn closed(&mut self) -> String {
        let mut rest = Vec::new();
        // A reset closes the connection as well as an orderly end.
        let _ = timeout(MAX_WAIT, self.0.read_to_end(&mut rest)).await.expect("closed in time");
        String::from_utf8(rest).unwrap()
    }

    /// Whether nothing has been answered up to now.
    pub(crate) fn is_silent(&self) -> bool {
        self.0.buffer().is_empty() && self.0.get_ref().peek(&mut [0; 1]).now_or_never().is_none()
    }

    async fn read_answer(&mut self) -> io::Result<Answer> {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed without an answer"));
            }
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let status = head[0].split(' ').nth(1).unwrap().parse().unwrap();
        let headers = head[1..].iter().map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_lowercase(), value.trim().to_owned())
        });
        let mut answer = Answer { status, headers: headers.collect(), body: String::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        answer.body = String::from_utf8(body).unwrap();
        Ok(answer)
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// Asserts that this is the empty 200 that ends a delivery.
    #[track_caller]
    pub(crate) fn assert_ack(&self) {
        assert_eq!((self.status, self.body.as_str()), (200, ""));
        assert_eq!(self.header("content-length"), Some("0"));
    }

    /// Asserts that this is the platform's form of an error, and returns the message.
    #[track_caller]
    pub(crate) fn assert_error(&self, status: u16, errcode: i64) -> String {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), Some("application/json"));
        let json: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["errcode", "errmsg"]);
        assert_eq!(json["errcode"], errcode, "{}", self.body);
        let message = json["errmsg"].as_str().unwrap();
        assert!(!message.is_empty());
        message.to_owned()
    }
}

/// A GET of `target`.
pub(crate) fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: test\r\n\r\n")
}

/// A POST of `body` to `target`, which is a path with its query.
pub(crate) fn post(target: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!("POST {target} HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}
