//! An entry that the journal's commands print: a row of the journal and the text of its body.

use std::borrow::Cow;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rongcloud_callback::{
    clock::UnixMillis,
    console::api::{BodyView, Ending, EntryRow},
    journal::Record,
    protocol::{Content, Event, Inbound, Message, Outgoing, Payload, Reminder, Source, parse},
};
use serde::Serialize;

use super::times::iso;

/// The kind of messages for later that are due.
const REMINDER: &str = "reminder";
/// The kind of an entry that says that the time of a dialogue is over.
const EXPIRY: &str = "expiry";
/// The sign for a text that the caller may not read.
pub(super) const HIDDEN: &str = "(hidden)";

/// The kinds of entry.
pub(super) const KINDS: [&str; 14] = [
    "text",
    "image",
    "voice",
    "location",
    "image_text",
    "unknown",
    "subscribe",
    "unsubscribe",
    "unknown_event",
    "news",
    "mpnews",
    REMINDER,
    EXPIRY,
    "unreadable",
];

/// A row of the journal with the text of its body.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) row: EntryRow,
    /// The text that somebody wrote, or the nearest thing to it, such as a picture's address.
    pub(super) text: String,
}

/// The JSON of an entry, the same from every command.
#[derive(Debug, Serialize)]
pub(super) struct Json<'a> {
    id: i64,
    queue: &'a str,
    state: &'a str,
    /// Whether an operator marked the entry as done without its being handled.
    discarded: bool,
    attempts: u32,
    app: &'a str,
    account: &'a str,
    user: &'a str,
    kind: &'a str,
    message_id: Option<&'a str>,
    answers: Option<i64>,
    accepted_at: String,
    due_at: String,
    settled_at: Option<String>,
    reason: Option<&'a str>,
    ending: Option<&'a Ending>,
    body: Cow<'a, str>,
    /// The body in base64, where it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<&'a str>,
}

impl Entry {
    /// An entry of the journal itself.
    pub(super) fn read(record: &Record) -> Self {
        Self::new(record.into())
    }

    pub(super) fn new(row: EntryRow) -> Self {
        let text = match row.body.as_ref().and_then(bytes) {
            Some(body) => text_of(&row, &body),
            None if row.hidden => HIDDEN.to_owned(),
            None => row.text.clone().unwrap_or_default(),
        };
        Self { row, text }
    }

    pub(super) fn json(&self) -> Json<'_> {
        let row = &self.row;
        let base64 = row.body.as_ref().and_then(|body| body.base64.as_deref());
        Json {
            id: row.id,
            queue: &row.queue,
            state: &row.state,
            discarded: row.discarded,
            attempts: row.attempts,
            app: row.app.as_deref().unwrap_or_default(),
            account: row.account.as_deref().unwrap_or_default(),
            user: row.user.as_deref().unwrap_or_default(),
            kind: &row.kind,
            message_id: row.message_id.as_deref(),
            answers: row.answers,
            accepted_at: iso(row.accepted_at),
            due_at: iso(row.due_at),
            settled_at: row.settled_at.map(iso),
            reason: row.reason.as_deref(),
            ending: row.ending.as_ref(),
            body: self.body(),
            body_base64: base64,
        }
    }

    /// The body as text; what is no UTF-8 is shown as `U+FFFD`.
    pub(super) fn body(&self) -> Cow<'_, str> {
        let Some(body) = &self.row.body else { return HIDDEN.into() };
        match (&body.text, bytes(body)) {
            (Some(text), _) => text.into(),
            (None, Some(bytes)) => String::from_utf8_lossy(&bytes).into_owned().into(),
            (None, None) => HIDDEN.into(),
        }
    }

    pub(super) fn is_pending(&self) -> bool {
        self.row.state == "pending"
    }

    pub(super) fn is_message(&self) -> bool {
        self.row.queue == "inbox"
    }

    /// The number of the entry, and the time at which it was given up or finished.
    pub(super) fn settled(&self) -> (i64, Option<UnixMillis>) {
        (self.row.id, self.row.settled_at)
    }

    /// The reason why the entry is not done, or was discarded. An entry that is done shows none.
    pub(super) fn reason(&self) -> Option<&str> {
        let is_over = self.row.state == "done" && !self.row.discarded;
        self.row.reason.as_deref().filter(|_| !is_over)
    }

    /// The text in one line.
    pub(super) fn words(&self) -> String {
        self.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// The bytes of a body that is not hidden.
fn bytes(body: &BodyView) -> Option<Vec<u8>> {
    match (&body.text, &body.base64) {
        (Some(text), _) => Some(text.clone().into_bytes()),
        (None, Some(base64)) => BASE64_STANDARD.decode(base64).ok(),
        (None, None) => None,
    }
}

/// The text of an entry with this body.
fn text_of(row: &EntryRow, body: &[u8]) -> String {
    match (row.queue.as_str(), row.kind.as_str()) {
        ("inbox", EXPIRY) => String::new(),
        ("inbox", REMINDER) => {
            let reminder = Reminder::decode(body).ok();
            let first = reminder.and_then(|reminder| reminder.payloads.first().map(payload_text));
            first.unwrap_or_default()
        }
        ("inbox", _) => parse(body).map(|inbound| inbound_text(&inbound)).unwrap_or_default(),
        _ => Outgoing::decode(body).map(|outgoing| payload_text(&outgoing.payload)).unwrap_or_default(),
    }
}

/// The text that a user wrote, or the address of the thing that they sent.
fn inbound_text(inbound: &Inbound) -> String {
    match &inbound.content {
        Content::Message(Message::Text(text)) => text.content.clone(),
        Content::Message(Message::Image(image)) => image.url.clone(),
        Content::Message(Message::Voice(voice)) => voice.url.clone(),
        Content::Message(Message::Location(location)) if !location.label.is_empty() => {
            location.label.clone()
        }
        Content::Message(Message::Location(location)) => {
            format!("{}, {}", location.latitude, location.longitude)
        }
        Content::Message(Message::ImageText(card)) if !card.title.is_empty() => card.title.clone(),
        Content::Message(Message::ImageText(card)) => card.url.clone(),
        Content::Message(Message::Unknown(message)) => message.msg_type.clone(),
        Content::Event(Event::Unknown(event)) => event.event.clone(),
        _ => String::new(),
    }
}

/// The text of a reply, or the address of the thing that it shows.
fn payload_text(payload: &Payload) -> String {
    match payload {
        Payload::Text(text) => text.content.clone(),
        Payload::Image(Source::Url(url)) | Payload::Voice(Source::Url(url)) => url.clone(),
        Payload::Image(Source::MediaId(id)) | Payload::Voice(Source::MediaId(id)) => id.to_string(),
        Payload::News(news) => {
            news.articles.iter().map(|article| article.title.as_str()).collect::<Vec<_>>().join(" / ")
        }
        Payload::MpNews(news) => news.media_id.to_string(),
        _ => String::new(),
    }
}
