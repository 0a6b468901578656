//! Messages of the portal, and their counterparts among the payloads of the platform's own API.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use crate::{
    http::error::{ClientError, not_offered_error},
    ids::MediaId,
    protocol::{Article, Limit, LimitError, Payload, Source},
};

/// A message to users.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// Plain text, 1 to 2000 bytes.
    Text(String),
    /// An uploaded picture.
    Image(MediaId),
    /// An uploaded recording.
    Voice(MediaId),
    /// One to ten cards.
    News(Vec<Card>),
}

/// A message to all followers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MassMessage {
    /// Plain text, 1 to 2000 bytes.
    Text(String),
    /// An uploaded picture.
    Image(MediaId),
    /// An uploaded recording.
    Voice(MediaId),
    /// An uploaded article.
    MpNews(MediaId),
}

/// A card with picture and link, in the portal's form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Card {
    /// The headline.
    pub title: String,
    /// The text below it, 1 to 1000 Chinese characters (a Chinese one counts 2, others 1).
    pub description: String,
    /// The pages that a tap opens; at least one of them must be given.
    #[serde(flatten)]
    pub links: Links,
    /// The picture's address, JPG.
    #[serde(flatten, serialize_with = "under_both_keys")]
    pub picture_url: String,
}

/// The addresses of a page, by device.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Links {
    /// The address on a computer.
    #[serde(rename = "pcUrl", default)]
    pub pc: String,
    /// The address on a phone.
    #[serde(rename = "appUrl", default)]
    pub app: String,
}

impl Links {
    /// Uses one address on both devices.
    pub fn both(url: impl Into<String>) -> Self {
        let url = url.into();
        Self { pc: url.clone(), app: url }
    }

    /// Checks the links of a card, of which not both may be empty (不能同时为空).
    pub(super) fn check(&self) -> Result<(), LimitError> {
        Limit::not_empty("article link").check(self.pc.len() + self.app.len())
    }

    /// Checks the links of an uploaded article, of which neither may be empty (是否必须: true).
    pub(super) fn check_each(&self) -> Result<(), LimitError> {
        Limit::not_empty("article's pcUrl").check(self.pc.len())?;
        Limit::not_empty("article's appUrl").check(self.app.len())
    }
}

/// The document's table says `picUrl`, its example `picurl`: both are sent.
fn under_both_keys<S: Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    BTreeMap::from([("picUrl", url), ("picurl", url)]).serialize(serializer)
}

impl Card {
    /// Checks the limits that the portal has and the platform's own API has not.
    pub(super) fn check(&self) -> Result<(), LimitError> {
        Limit::not_empty("article description").check(self.description.len())?;
        self.links.check()
    }
}

impl From<&Message> for Payload {
    fn from(message: &Message) -> Self {
        match message {
            Message::Text(text) => Self::text(text),
            Message::Image(id) => Self::image(Source::MediaId(id.clone())),
            Message::Voice(id) => Self::voice(Source::MediaId(id.clone())),
            Message::News(cards) => Self::news(cards.iter().map(|card| Article {
                title: card.title.clone(),
                description: Some(card.description.clone()),
                url: None,
                picture_url: card.picture_url.clone(),
            })),
        }
    }
}

impl From<&MassMessage> for Payload {
    fn from(message: &MassMessage) -> Self {
        match message {
            MassMessage::Text(text) => Self::text(text),
            MassMessage::Image(id) => Self::image(Source::MediaId(id.clone())),
            MassMessage::Voice(id) => Self::voice(Source::MediaId(id.clone())),
            MassMessage::MpNews(id) => Self::mp_news(id.clone()),
        }
    }
}

impl TryFrom<&Payload> for Message {
    type Error = ClientError;

    fn try_from(payload: &Payload) -> Result<Self, ClientError> {
        match payload {
            Payload::Text(text) => Ok(Self::Text(text.content.clone())),
            Payload::Image(source) => media_id(source).map(Self::Image),
            Payload::Voice(source) => media_id(source).map(Self::Voice),
            Payload::News(news) => {
                news.articles.iter().map(Card::try_from).collect::<Result<_, _>>().map(Self::News)
            }
            Payload::MpNews(_) => Err(not_offered_error(
                "the portal sends an uploaded article (mpnews) to all followers only",
            )),
        }
    }
}

impl TryFrom<&Payload> for MassMessage {
    type Error = ClientError;

    fn try_from(payload: &Payload) -> Result<Self, ClientError> {
        match payload {
            Payload::Text(text) => Ok(Self::Text(text.content.clone())),
            Payload::Image(source) => media_id(source).map(Self::Image),
            Payload::Voice(source) => media_id(source).map(Self::Voice),
            Payload::MpNews(news) => Ok(Self::MpNews(news.media_id.clone())),
            Payload::News(_) => Err(not_offered_error(
                "the portal sends cards (news) to single users only; upload an article (mpnews) instead",
            )),
        }
    }
}

impl TryFrom<&Article> for Card {
    type Error = ClientError;

    fn try_from(article: &Article) -> Result<Self, ClientError> {
        let Some(url) = &article.url else {
            return Err(not_offered_error(
                "the portal sends no card without a link: the article needs a url",
            ));
        };
        let Some(description) = article.description.clone().filter(|text| !text.is_empty()) else {
            return Err(not_offered_error(
                "the portal sends no card without a text: the article needs a description",
            ));
        };
        Ok(Self {
            title: article.title.clone(),
            description,
            links: Links::both(url),
            picture_url: article.picture_url.clone(),
        })
    }
}

fn media_id(source: &Source) -> Result<MediaId, ClientError> {
    match source {
        Source::MediaId(id) => Ok(id.clone()),
        Source::Url(_) => Err(not_offered_error(
            "the portal sends no picture or recording by url: upload it to the portal first",
        )),
    }
}
