//! Live events over HTTP.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;

use super::bot::{BotServer, is_settled};
use crate::support::PATIENCE;

/// One who listens to the events.
struct Listener(Lines<BufReader<TcpStream>>);

impl Listener {
    async fn start(server: &BotServer, who: &str, query: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let request = format!(
            "GET /api/v1/events{query} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer 0123456789abcdef-{who}\r\n{headers}\r\n",
            server.address
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut listener = Self(BufReader::new(stream).lines());
        let head = async { while !listener.line().await.is_empty() {} };
        tokio::time::timeout(PATIENCE, head).await.expect("the answer in time");
        listener
    }

    async fn line(&mut self) -> String {
        self.0.next_line().await.unwrap().expect("the stream goes on")
    }

    /// The next event that `is_wanted`, with its data and id.
    async fn next(&mut self, is_wanted: impl Fn(&str, &Value) -> bool) -> (Value, Option<String>) {
        // As a whole: while nothing happens, comments come.
        tokio::time::timeout(PATIENCE, self.find(is_wanted)).await.expect("the event in time")
    }

    async fn find(&mut self, is_wanted: impl Fn(&str, &Value) -> bool) -> (Value, Option<String>) {
        let (mut name, mut id) = (String::new(), None);
        loop {
            let line = self.line().await;
            if let Some(event) = line.strip_prefix("event: ") {
                (name, id) = (event.to_owned(), None);
            } else if let Some(data) = line.strip_prefix("data: ") {
                let data = serde_json::from_str(data).unwrap();
                if is_wanted(&name, &data) {
                    // The id, if there is one, is written beside the data.
                    let next = self.line().await;
                    return (data, next.strip_prefix("id: ").map(str::to_owned).or(id));
                }
            } else if let Some(given) = line.strip_prefix("id: ") {
                id = Some(given.to_owned());
            }
        }
    }
}

#[tokio::test]
async fn a_listener_is_told_of_new_entries_and_of_each_step() {
    let server = BotServer::start().await;
    let mut all = Listener::start(&server, "all", "", "").await;
    let mut reader = Listener::start(&server, "reader", "", "").await;
    let before = server.audit().await;
    assert!(before.iter().any(|it| it.1 == "look" && it.2 == "events" && it.0 == "all"), "{before:?}");
    assert!(!before.iter().any(|it| it.0 == "reader"), "{before:?}");
    let id = server.say("ann", "错X", is_settled).await;
    let (step, _) = all.next(|name, data| name == "step" && data["step"] == json!("buried")).await;
    assert_eq!((&step["id"], &step["user"]), (&json!(id), &json!("ann")), "{step}");
    assert_eq!(step["reason"], json!("no entry for \"X\""));
    let (row, _) = reader.next(|name, _| name == "entry").await;
    assert_eq!(row["id"], json!(id), "the first entry since they listen");
    let id = server.say("bob", "你好", is_settled).await;
    let (row, event) = all.next(|name, data| name == "entry" && data["id"] == json!(id)).await;
    assert_eq!((&row["text"], event), (&json!("你好"), Some(id.to_string())));
    let (row, _) = reader.next(|name, data| name == "entry" && data["id"] == json!(id)).await;
    assert_eq!((&row["text"], &row["hidden"]), (&json!(null), &json!(true)));
}

#[tokio::test]
async fn who_comes_back_is_told_of_the_entries_since_and_the_desk_hears_of_changes_only() {
    let server = BotServer::start().await;
    let first = server.say("ann", "无答", is_settled).await;
    let second = server.say("ann", "无答", is_settled).await;
    let mut back = Listener::start(&server, "all", "", &format!("last-event-id: {first}\r\n")).await;
    let (row, _) = back.next(|name, _| name == "entry").await;
    assert_eq!(row["id"], json!(second));

    let mut desk = Listener::start(&server, "bea", "?what=desk", "").await;
    server.say("bob", "人工", is_settled).await;
    desk.next(|name, data| {
        assert_eq!(name, "change");
        data["what"].as_array().unwrap().contains(&json!("desk"))
    })
    .await;
}
