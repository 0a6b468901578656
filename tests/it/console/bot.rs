//! A server with a console and a bot whose messages are handled, fail, wait, or are handed over, as their texts say.

use std::{
    future::pending,
    ops::Deref,
    sync::atomic::{AtomicU64, Ordering},
};

use rongcloud_callback::{
    Context, HandlerError, Reply, Text,
    clock::Clock,
    journal::{EntryId, EntryKey, Filter, NewEntry, Queue, Record},
    protocol::Conversation,
};
use serde_json::{Value, json};

use super::setup::{NOW, Server, json};
use crate::support::{http::Answer, messages, until};

/// Tokens for each right that a test needs.
pub(super) const TOKENS: &str = "admin.tokens = [ \
    { name = 'all', token = '0123456789abcdef-all', may = ['read', 'bodies', 'answer', 'send', 'operate'] }, \
    { name = 'reader', token = '0123456789abcdef-reader', may = 'read' }, \
    { name = 'bea', token = '0123456789abcdef-bea', may = 'answer' }, \
    { name = 'carl', token = '0123456789abcdef-carl', may = 'answer' }, \
    { name = 'olga', token = '0123456789abcdef-olga', may = 'operate' }, \
    { name = 'sven', token = '0123456789abcdef-sven', may = 'send' }]";

/// A server with a bot, whose platform nobody reaches: its replies wait in the Outbox.
pub(super) struct BotServer(Server);

async fn bot(text: Text, _context: Context) -> Result<Reply, HandlerError> {
    match text.content.as_str() {
        "等" => pending().await,
        "人工" => Ok(Reply::none().hand_over()),
        "无答" => Ok(Reply::none()),
        "再试" => Err(HandlerError::retryable("the stock is busy")),
        other => match other.strip_prefix('错') {
            Some(what) => Err(HandlerError::permanent(format!("no entry for \"{what}\""))),
            None => Ok(Reply::none().and(format!("你说：{other}"))),
        },
    }
}

impl BotServer {
    pub(super) async fn start() -> Self {
        Self::start_with("").await
    }

    /// Starts a server with these sections in its configuration.
    pub(super) async fn start_with(sections: &str) -> Self {
        let (clock, sections) = (Clock::manual(NOW), format!("{TOKENS}\n{sections}"));
        Self(Server::start_with(&clock, &sections, |service| service.on(bot)).await)
    }

    /// Appends a text of `user`, and returns the number of its entry once it is as `is_ready` says.
    pub(super) async fn say(&self, user: &str, content: &str, is_ready: fn(&Record) -> bool) -> i64 {
        let id = self.append(user, messages::text(user, &fresh(), content), None).await;
        self.wait(id, is_ready).await;
        id
    }

    /// Appends a body from `user`, as a dead letter if there is a reason for it.
    pub(super) async fn append(&self, user: &str, body: impl Into<Vec<u8>>, dead: Option<&str>) -> i64 {
        let key = EntryKey::of(&format!("test\u{1f}{}", fresh()));
        let entry = NewEntry {
            queue: Queue::Inbox,
            key,
            conversation: conversation(user).encode(),
            body: body.into().into(),
            dead: dead.map(str::to_owned),
        };
        self.journal.append(entry, None).await.unwrap();
        let found = self.journal.find(Queue::Inbox, vec![key]).await.unwrap();
        found[0].id.0
    }

    /// Waits until an entry is as `is_ready` says.
    pub(super) async fn wait(&self, id: i64, is_ready: fn(&Record) -> bool) {
        until("the entry is ready", async || {
            let record = self.journal.show(EntryId(id)).await.unwrap()?;
            is_ready(&record).then_some(())
        })
        .await;
    }

    /// The newest entry of the Outbox once an attempt at sending it has failed.
    pub(super) async fn reply(&self) -> i64 {
        until("a reply waits", async || {
            let filter = Filter { queue: Some(Queue::Outbox), limit: 1, ..Filter::default() };
            let newest = self.journal.list(filter).await.unwrap().into_iter().next()?;
            newest.reason.is_some().then_some(newest.id.0)
        })
        .await
    }

    /// Asks as the one of this name.
    pub(super) async fn ask_as(
        &self,
        who: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let token = format!("authorization: Bearer 0123456789abcdef-{who}");
        let key = format!("idempotency-key: {}", fresh());
        let body = body.map(|body| body.to_string());
        self.ask(method, &format!("/api/v1/{path}"), &[&token, &key], body.as_deref()).await
    }

    /// The answer that the one of this name reads.
    #[track_caller]
    pub(super) fn read_as(&self, who: &str, path: &str) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.ask_as(who, "GET", path, None).await;
            assert_eq!(answer.status, 200, "{path} at {caller}: {answer:?}");
            json(&answer)
        }
    }

    /// The status and the answer to an action of the one of this name.
    pub(super) async fn act_as(&self, who: &str, path: &str, body: Value) -> (u16, Value) {
        let answer = self.ask_as(who, "POST", path, Some(body)).await;
        (answer.status, json(&answer))
    }

    /// The audit list, newest first: who did what to what, and to how many.
    pub(super) async fn audit(&self) -> Vec<(String, String, String, u64)> {
        let list = self.read_as("all", "audit?limit=200").await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let records = list["records"].as_array().unwrap().iter();
        records
            .map(|it| {
                (
                    text(&it["who"]),
                    text(&it["action"]),
                    text(&it["target"]),
                    it["count"].as_u64().unwrap(),
                )
            })
            .collect()
    }
}

impl Deref for BotServer {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}

/// The conversation of a user with the account `demo`.
pub(super) fn conversation(user: &str) -> Conversation {
    Conversation { app: "app".into(), account: "demo".into(), user: user.into() }
}

/// The values of a field of each row.
pub(super) fn column<'v>(rows: &'v Value, name: &str) -> Vec<&'v Value> {
    rows.as_array().unwrap().iter().map(|row| &row[name]).collect()
}

/// A list of numbers as JSON.
pub(super) fn numbers(numbers: &[i64]) -> Vec<Value> {
    numbers.iter().map(|number| json!(number)).collect()
}

pub(super) fn is_settled(record: &Record) -> bool {
    record.settled_at.is_some()
}

pub(super) fn is_postponed(record: &Record) -> bool {
    record.reason.is_some()
}

fn fresh() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("m{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
