//! Entries, read: the kind, names, text and content that their bytes say.

use crate::{
    console::api::{Content, ContentArticle},
    journal::{Queue, Record},
    protocol::{
        self, Conversation, Event, Inbound, Message, Outgoing, Payload, Reminder, Source, parse,
    },
};

/// The kind of an entry whose bytes cannot be read.
const UNREADABLE: &str = "unreadable";
/// The kind of messages for later that are due.
const REMINDER: &str = "reminder";
/// The kind of an entry that says that the time of a dialogue is over.
const EXPIRY: &str = "expiry";

/// An entry's bytes, read.
#[derive(Debug)]
pub(super) struct Reading {
    /// The names of the conversation as far as they are known.
    pub(super) names: Names,
    /// The kind in one word.
    pub(super) kind: &'static str,
    /// The platform's id of the message.
    pub(super) message_id: Option<String>,
    /// The content as a page shows it.
    pub(super) content: Content,
}

/// The names of a conversation as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Names {
    pub(super) app: Option<String>,
    pub(super) account: Option<String>,
    pub(super) user: Option<String>,
}

impl Names {
    /// The names in a conversation's key. Where the body named no account, the key has the body's digest for a user.
    pub(super) fn of(key: &str) -> Self {
        Conversation::decode(key).as_ref().map(Self::from).unwrap_or_default()
    }
}

impl From<&Conversation> for Names {
    fn from(Conversation { app, account, user }: &Conversation) -> Self {
        let is_known = !account.as_str().is_empty();
        Self {
            app: Some(app.to_string()),
            account: is_known.then(|| account.to_string()),
            user: is_known.then(|| user.to_string()),
        }
    }
}

impl Reading {
    pub(super) fn of(record: &Record) -> Self {
        let (kind, message_id, content) = match record.queue {
            Queue::Inbox if record.answers.is_some() => scheduled(record),
            Queue::Inbox => match parse(&record.body) {
                Ok(inbound) => {
                    let content = inbound_content(&inbound, record);
                    (inbound.kind(), inbound.message_id.map(|id| id.to_string()), content)
                }
                Err(_) => (UNREADABLE, None, raw(record)),
            },
            Queue::Outbox => match Outgoing::decode(&record.body) {
                Ok(outgoing) => (outgoing.payload.msgtype(), None, payload_content(&outgoing.payload)),
                Err(_) => (UNREADABLE, None, raw(record)),
            },
        };
        Self { names: Names::of(&record.conversation), kind, message_id, content }
    }

    /// The text that a person reads: the words of the content, or a sign for what has none.
    pub(super) fn text(&self) -> String {
        let (sign, words) = match &self.content {
            Content::Text { text } | Content::Other { text } => return text.clone(),
            Content::Image { .. } => ("image", String::new()),
            Content::Voice { .. } => ("voice", String::new()),
            Content::Location { latitude, longitude, name } => (
                "location",
                if name.is_empty() { format!("{latitude}, {longitude}") } else { name.clone() },
            ),
            Content::Articles { articles } => {
                let titles: Vec<_> = articles.iter().map(|article| article.title.as_str()).collect();
                ("card", titles.join(" / "))
            }
            Content::Event { name } | Content::Reminder { name } => (name.as_str(), String::new()),
        };
        format!("[{sign}] {words}").trim_end().to_owned()
    }
}

/// The kind and content of an entry of the Inbox that no user has sent.
fn scheduled(record: &Record) -> (&'static str, Option<String>, Content) {
    if record.body.is_empty() {
        return (EXPIRY, None, Content::Reminder { name: EXPIRY.to_owned() });
    }
    match Reminder::decode(&record.body) {
        Ok(reminder) => {
            let reminder = reminder
                .payloads
                .first()
                .map_or_else(|| Content::Reminder { name: REMINDER.to_owned() }, payload_content);
            (REMINDER, None, reminder)
        }
        Err(_) => (UNREADABLE, None, raw(record)),
    }
}

/// The bytes as text; what is no UTF-8 is shown as `U+FFFD`.
fn raw(record: &Record) -> Content {
    Content::Other { text: String::from_utf8_lossy(&record.body).into_owned() }
}

fn inbound_content(inbound: &Inbound, record: &Record) -> Content {
    match &inbound.content {
        protocol::Content::Message(message) => match message {
            Message::Text(text) => Content::Text { text: text.content.clone() },
            Message::Image(image) => Content::Image { url: image.url.clone() },
            Message::Voice(voice) => Content::Voice { url: voice.url.clone() },
            Message::Location(location) => Content::Location {
                latitude: location.latitude,
                longitude: location.longitude,
                name: location.label.clone(),
            },
            Message::ImageText(card) => Content::Articles {
                articles: vec![ContentArticle {
                    title: card.title.clone(),
                    digest: some(&card.description),
                    picture: some(&card.picture_url),
                    url: some(&card.url),
                }],
            },
            Message::Unknown(_) => raw(record),
        },
        protocol::Content::Event(event) => {
            let name = match event {
                Event::Unknown(unknown) => &unknown.event,
                Event::Subscribe(_) | Event::Unsubscribe(_) => inbound.kind(),
            };
            Content::Event { name: name.to_owned() }
        }
    }
}

fn payload_content(payload: &Payload) -> Content {
    match payload {
        Payload::Text(text) => Content::Text { text: text.content.clone() },
        Payload::Image(source) => Content::Image { url: address(source) },
        Payload::Voice(source) => Content::Voice { url: address(source) },
        Payload::News(news) => {
            let articles = news.articles.iter().map(|article| ContentArticle {
                title: article.title.clone(),
                digest: article.description.clone(),
                picture: some(&article.picture_url),
                url: article.url.clone(),
            });
            Content::Articles { articles: articles.collect() }
        }
        Payload::MpNews(news) => Content::Other { text: news.media_id.to_string() },
    }
}

fn address(source: &Source) -> String {
    match source {
        Source::Url(url) => url.clone(),
        Source::MediaId(id) => id.to_string(),
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
