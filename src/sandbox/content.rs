//! The content of a chat message, in the form that the page, scripts and conversation files use.

use serde::{Deserialize, Serialize};

use crate::protocol::{
    Content, Event, Image, ImageText, Location, Message, Subscribe, Text, Unsubscribe, Voice,
};

/// The content of a message, or an event.
///
/// Users send all but `News` and `MpNews`; accounts send `Text`, `Image`, `Voice`, `News` and `MpNews`.
///
/// # Format
///
/// `{"kind":"text","text":"hello"}`, and so on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[non_exhaustive]
pub enum ChatContent {
    /// Written text.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    Image {
        /// The picture's address.
        url: String,
    },
    /// A voice recording.
    Voice {
        /// The recording's address.
        url: String,
        /// The recording's length, where it is known.
        #[serde(default)]
        seconds: Option<f64>,
    },
    /// A place on the map.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// The place's name.
        #[serde(default)]
        label: String,
    },
    /// A card that a user sends.
    ImgTxt {
        /// The headline.
        #[serde(default)]
        title: String,
        /// The text below it.
        #[serde(default)]
        description: String,
        /// The picture's address.
        #[serde(default)]
        picture_url: String,
        /// The page that a tap opens.
        url: String,
    },
    /// The user follows the account.
    Subscribe,
    /// The user no longer follows the account.
    Unsubscribe,
    /// Cards that an account sends.
    News {
        /// The cards, in the order in which they are shown.
        articles: Vec<ArticleCard>,
    },
    /// Articles that were uploaded before.
    MpNews {
        /// The articles as cards, in the order in which they are shown.
        articles: Vec<ArticleCard>,
    },
}

/// A card with a picture and a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArticleCard {
    /// The headline.
    pub title: String,
    /// The text below it; may be empty.
    #[serde(default)]
    pub description: String,
    /// The page that a tap opens; may be empty.
    #[serde(default)]
    pub url: String,
    /// The picture's address.
    pub picture_url: String,
}

impl ChatContent {
    /// The content of a text message.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// The kind in one word, as in the field `kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Image { .. } => "image",
            Self::Voice { .. } => "voice",
            Self::Location { .. } => "location",
            Self::ImgTxt { .. } => "imgtxt",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::News { .. } => "news",
            Self::MpNews { .. } => "mpnews",
        }
    }

    /// The words of the content: the text, titles and descriptions line by line, or else an address.
    pub fn words(&self) -> String {
        match self {
            Self::Text { text } => text.clone(),
            Self::Image { url } | Self::Voice { url, .. } => url.clone(),
            Self::Location { label, .. } => label.clone(),
            Self::ImgTxt { title, description, .. } => lines([title, description]),
            Self::Subscribe | Self::Unsubscribe => String::new(),
            Self::News { articles } | Self::MpNews { articles } => {
                lines(articles.iter().flat_map(|card| [&card.title, &card.description]))
            }
        }
    }

    /// The content in the platform's form; none for content that only accounts send.
    pub(super) fn to_wire(&self) -> Option<Content> {
        let message = match self.clone() {
            Self::Text { text } => Message::Text(Text { content: text }),
            Self::Image { url } => Message::Image(Image { url }),
            Self::Voice { url, .. } => Message::Voice(Voice { url, format: "AMR".to_owned() }),
            Self::Location { latitude, longitude, label } => {
                Message::Location(Location { latitude, longitude, label })
            }
            Self::ImgTxt { title, description, picture_url, url } => {
                Message::ImageText(ImageText { title, description, picture_url, url })
            }
            Self::Subscribe => return Some(Content::Event(Event::Subscribe(Subscribe {}))),
            Self::Unsubscribe => return Some(Content::Event(Event::Unsubscribe(Unsubscribe {}))),
            Self::News { .. } | Self::MpNews { .. } => return None,
        };
        Some(Content::Message(message))
    }
}

/// The texts that are not empty, line by line.
fn lines<'t>(texts: impl IntoIterator<Item = &'t String>) -> String {
    let texts: Vec<_> = texts.into_iter().filter(|text| !text.is_empty()).map(String::as_str).collect();
    texts.join("\n")
}
