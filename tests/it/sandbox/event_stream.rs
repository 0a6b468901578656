//! Server-sent events: all in order, and none lost when a connection breaks.

use rongcloud_callback::sandbox::Sandbox;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

use super::{ask, json};
use crate::support::PATIENCE;

struct Follower(BufReader<TcpStream>);

#[derive(Debug)]
struct Event {
    id: String,
    kind: String,
    data: Value,
}

impl Follower {
    async fn open(sandbox: &Sandbox, target: &str, headers: &str) -> Self {
        let address = sandbox.local_addr();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        Self(BufReader::new(stream))
    }

    /// The next event; lengths of chunks and comments are skipped.
    async fn next(&mut self) -> Event {
        let (mut id, mut kind, mut data) = (String::new(), String::new(), Value::Null);
        loop {
            let mut line = String::new();
            timeout(PATIENCE, self.0.read_line(&mut line)).await.expect("an event in time").unwrap();
            match line.trim_end().split_once(": ") {
                Some(("id", value)) => value.clone_into(&mut id),
                Some(("event", value)) => value.clone_into(&mut kind),
                Some(("data", value)) => data = serde_json::from_str(value).unwrap(),
                _ if line == "\n" && !id.is_empty() => return Event { id, kind, data },
                _ => {}
            }
        }
    }
}

async fn last_event(sandbox: &Sandbox) -> String {
    let state = json(&ask(sandbox.local_addr(), "GET /sandbox/state", &[], "").await);
    state["last_event"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn whoever_follows_from_a_state_sees_every_change_after_it() {
    let sandbox = Sandbox::start().await;
    let after = last_event(&sandbox).await;
    sandbox.user("u").says("one").await;
    let mut follower = Follower::open(&sandbox, &format!("/sandbox/events?after={after}"), "").await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(follower.next().await);
    }
    let events: Vec<_> = seen.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(events, ["user", "message", "delivery"]);
    assert_eq!(seen[1].data["content"]["text"], "one");
    sandbox.user("u").says("two").await;
    assert_eq!(follower.next().await.data["content"]["text"], "two");

    let headers = format!("last-event-id: {}\r\n", seen[1].id);
    let mut again = Follower::open(&sandbox, "/sandbox/events?after=ignored", &headers).await;
    assert_eq!(again.next().await.id, seen[2].id, "a broken connection goes on where it broke");
}

#[tokio::test]
async fn whoever_was_away_for_too_long_or_comes_from_another_run_begins_anew() {
    let sandbox = Sandbox::start().await;
    let first = last_event(&sandbox).await;
    for n in 0..1100 {
        let body = format!("{{\"id\":\"u{}\"}}", n % 7);
        ask(sandbox.local_addr(), "POST /sandbox/users", &[], body).await;
    }
    for after in [first.as_str(), "00000000-3", "nonsense", &first.replace("-0", "-99999999")] {
        let mut follower = Follower::open(&sandbox, &format!("/sandbox/events?after={after}"), "").await;
        let reset = follower.next().await;
        assert_eq!(reset.kind, "reset", "{after}");
        assert_eq!(reset.id, last_event(&sandbox).await);
    }
}

#[tokio::test]
async fn a_sandbox_ends_although_a_page_follows_it() {
    let sandbox = Sandbox::start().await;
    let mut follower = Follower::open(&sandbox, "/sandbox/events", "").await;
    let mut line = String::new();
    follower.0.read_line(&mut line).await.unwrap();
    assert!(line.contains("200"), "{line}");
    timeout(PATIENCE, sandbox.stop()).await.expect("it ends");
}
