//! What a message in the sandbox says, in either direction: the form of the page, of scripts and of conversation files.

use serde::{Deserialize, Serialize};

use crate::protocol::{
    Content as Wire, Event, Image, ImageText, Location, Message, Subscribe, Text, Unsubscribe, Voice,
};

/// What a message says, or which event it is.
///
/// Users send all but `News` and `MpNews`; accounts send `Text`, `Image`, `Voice`, `News` and `MpNews`.
///
/// # Format
///
/// `{"kind":"text","text":"hello"}`, and so on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[non_exhaustive]
pub enum Content {
    /// Written text.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    Image {
        /// Its address.
        url: String,
    },
    /// A voice recording.
    Voice {
        /// Its address.
        url: String,
        /// Its length, where it is known.
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
    /// A card of a user.
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
        /// Where a tap leads.
        url: String,
    },
    /// The user follows the account.
    Subscribe,
    /// The user no longer follows the account.
    Unsubscribe,
    /// Cards of an account.
    News {
        /// The cards, in the order in which they are shown.
        articles: Vec<Card>,
    },
    /// Articles that were uploaded before.
    MpNews {
        /// The articles as cards, in the order in which they are shown.
        articles: Vec<Card>,
    },
}

/// A card with picture and link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The headline.
    pub title: String,
    /// The text below it; may be empty.
    #[serde(default)]
    pub description: String,
    /// Where a tap leads; may be empty.
    #[serde(default)]
    pub url: String,
    /// The picture's address.
    pub picture_url: String,
}

impl Content {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// The kind in one word, as in `"kind"`.
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

    /// What a reader would read: the text, titles and descriptions line by line, or else an address.
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

    /// The platform's form of what a user sends; none of what only accounts send.
    pub(super) fn to_wire(&self) -> Option<Wire> {
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
            Self::Subscribe => return Some(Wire::Event(Event::Subscribe(Subscribe {}))),
            Self::Unsubscribe => return Some(Wire::Event(Event::Unsubscribe(Unsubscribe {}))),
            Self::News { .. } | Self::MpNews { .. } => return None,
        };
        Some(Wire::Message(message))
    }
}

fn lines<'t>(texts: impl IntoIterator<Item = &'t String>) -> String {
    let texts: Vec<_> = texts.into_iter().filter(|text| !text.is_empty()).map(String::as_str).collect();
    texts.join("\n")
}
