//! An entry that the journal's commands print: the journal's record and the content of its body.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rongcloud_callback::{
    journal::{EntryId, Queue, Record, State},
    protocol::{
        Content, Conversation, Event, Inbound, Message, Outgoing, Payload, Reminder, Source, parse,
    },
};
use serde::Serialize;

use super::times::iso;

/// The kind of an entry whose body cannot be read.
const UNREADABLE: &str = "unreadable";
/// The kind of messages for later that are due.
const REMINDER: &str = "reminder";
/// The kind of an entry that says that the time of a dialogue is over.
const EXPIRY: &str = "expiry";

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
    UNREADABLE,
];

/// A record of the journal with the content of its body.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) record: Record,
    pub(super) app: String,
    /// The public account. The account and the user are empty where the body does not name them for certain.
    pub(super) account: String,
    pub(super) user: String,
    pub(super) kind: &'static str,
    /// The platform's id of the message, if the entry is one.
    pub(super) message_id: Option<String>,
    /// The text that somebody wrote, or the nearest thing to it, such as a picture's address.
    pub(super) text: String,
}

/// The JSON of an entry, the same from every command.
#[derive(Debug, Serialize)]
pub(super) struct Json<'a> {
    id: EntryId,
    queue: Queue,
    state: State,
    /// Whether an operator marked the entry as done without its being handled.
    discarded: bool,
    attempts: u32,
    app: &'a str,
    account: &'a str,
    user: &'a str,
    kind: &'static str,
    message_id: Option<&'a str>,
    answers: Option<EntryId>,
    accepted_at: String,
    due_at: String,
    settled_at: Option<String>,
    reason: Option<&'a str>,
    body: String,
    /// The body in base64, where it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

impl Entry {
    pub(super) fn read(record: Record) -> Self {
        let names = Conversation::decode(&record.conversation);
        let app = names.as_ref().map(|names| names.app.to_string()).unwrap_or_default();
        // Without an account the conversation is named after the body's digest.
        let names = names.filter(|names| !names.account.as_str().is_empty());
        let (account, user) =
            names.map(|names| (names.account.to_string(), names.user.to_string())).unwrap_or_default();
        let (kind, message_id, text) = match record.queue {
            Queue::Inbox if record.answers.is_some() => scheduled(&record.body),
            Queue::Inbox => parse(&record.body).map_or((UNREADABLE, None, String::new()), |inbound| {
                let text = inbound_text(&inbound);
                (inbound.kind(), inbound.message_id.map(|id| id.to_string()), text)
            }),
            Queue::Outbox => Outgoing::decode(&record.body)
                .map_or((UNREADABLE, None, String::new()), |outgoing| {
                    (outgoing.payload.msgtype(), None, payload_text(&outgoing.payload))
                }),
        };
        Self { record, app, account, user, kind, message_id, text }
    }

    pub(super) fn json(&self) -> Json<'_> {
        let Self { record, app, account, user, kind, message_id, .. } = self;
        let body = String::from_utf8_lossy(&record.body);
        let is_text = str::from_utf8(&record.body).is_ok();
        Json {
            id: record.id,
            queue: record.queue,
            state: record.state,
            discarded: record.is_discarded(),
            attempts: record.attempts,
            app,
            account,
            user,
            kind,
            message_id: message_id.as_deref(),
            answers: self.answers(),
            accepted_at: iso(record.accepted_at),
            due_at: iso(record.due_at),
            settled_at: record.settled_at.map(iso),
            reason: record.reason.as_deref(),
            body: body.into_owned(),
            body_base64: (!is_text).then(|| BASE64_STANDARD.encode(&record.body)),
        }
    }

    /// The entry from which this one follows; a revision that an operator has made is none.
    pub(super) fn answers(&self) -> Option<EntryId> {
        self.record.answers.filter(|EntryId(id)| *id > 0)
    }

    /// The reason why the entry is not done, or was discarded. An entry that is done shows none.
    pub(super) fn reason(&self) -> Option<&str> {
        let is_over = self.record.state == State::Done && !self.record.is_discarded();
        self.record.reason.as_deref().filter(|_| !is_over)
    }

    /// The text in one line.
    pub(super) fn words(&self) -> String {
        self.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// The kind and the text of an entry of the Inbox that no user has sent.
fn scheduled(body: &[u8]) -> (&'static str, Option<String>, String) {
    if body.is_empty() {
        return (EXPIRY, None, String::new());
    }
    Reminder::decode(body).map_or((UNREADABLE, None, String::new()), |reminder| {
        (REMINDER, None, reminder.payloads.first().map(payload_text).unwrap_or_default())
    })
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
