//! The content of a message in the form in which a page shows it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The content of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    Image {
        /// The picture's address, or the id of an upload.
        url: String,
    },
    /// A voice recording.
    Voice {
        /// The recording's address, or the id of an upload.
        url: String,
    },
    /// A place on the map.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// The place's name.
        name: String,
    },
    /// Cards with picture and link.
    Articles {
        /// The cards.
        articles: Vec<ContentArticle>,
    },
    /// An event, such as `subscribe`.
    Event {
        /// The event's name.
        name: String,
    },
    /// Messages for later that are due, or the end of a dialogue's time.
    Reminder {
        /// `reminder` or `expiry`.
        name: String,
    },
    /// A message of another kind, or one that cannot be read.
    Other {
        /// The body's text, or its beginning.
        text: String,
    },
}

/// A card with picture and link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContentArticle {
    /// The headline.
    pub title: String,
    /// The text below it.
    pub digest: Option<String>,
    /// The picture's address.
    pub picture: Option<String>,
    /// Where a tap leads.
    pub url: Option<String>,
}
