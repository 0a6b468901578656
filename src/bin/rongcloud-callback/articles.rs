//! The cards of a news message in a file, as each of the two APIs writes them, and the addresses in a file.

use rongcloud_callback::{
    Article, Payload, Source,
    portal::{Card, Links},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{address, calls, document::Document, failure::Failure};

/// Words that stand for addresses in the document's examples, which can be sent as they are.
const PLACEHOLDERS: [&str; 2] = ["URL", "PIC_URL"];

/// The API through which a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    /// The platform's own.
    Platform,
    /// The portal's.
    Portal,
}

impl Api {
    /// How to write cards.
    pub(crate) fn news(self) -> &'static str {
        match self {
            Self::Platform => {
                r#"write {"articles":[{"title":"…","description":"…","url":"…","picurl":"…"}]}"#
            }
            Self::Portal => {
                r#"write {"articles":[{"title":"…","description":"…","pcUrl":"…","appUrl":"…","picUrl":"…"}]}"#
            }
        }
    }

    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Platform => &["title", "description", "url", "picurl"],
            Self::Portal => &["title", "description", "url", "pcUrl", "appUrl", "picUrl", "picurl"],
        }
    }
}

/// A card as the portal's table or its example has it, or as the platform's own: with one `url` for both devices.
#[derive(Deserialize)]
struct Linked {
    title: String,
    #[serde(default)]
    description: String,
    #[serde(flatten)]
    links: Links,
    url: Option<String>,
    #[serde(rename = "picUrl")]
    table: Option<String>,
    #[serde(rename = "picurl")]
    example: Option<String>,
}

/// The cards in a body's `news`, as the platform has them.
pub(crate) fn platform(news: Value, document: &Document) -> Result<Vec<Article>, Failure> {
    let articles: Vec<Article> = read(news, document)?;
    for article in &articles {
        document.check_url("picurl", &article.picture_url)?;
        document.check_url("url", article.url.as_deref().unwrap_or_default())?;
    }
    Ok(articles)
}

/// The cards in a body's `news`, as the portal has them.
pub(crate) fn portal(news: Value, document: &Document) -> Result<Vec<Card>, Failure> {
    let card = |article: Linked| {
        let Linked { title, description, links, url, table, example } = article;
        let links = match url {
            Some(_) if links != Links::default() => {
                return Err(document.refused("an article has either a url or a pcUrl and an appUrl"));
            }
            Some(url) => Links::both(url),
            None => links,
        };
        document.check_url("pcUrl", &links.pc)?;
        document.check_url("appUrl", &links.app)?;
        let picture_url = table.or(example).unwrap_or_default();
        document.check_url("picUrl", &picture_url)?;
        Ok(Card { title, description, links, picture_url })
    };
    read(news, document)?.into_iter().map(card).collect()
}

fn read<T: DeserializeOwned>(mut news: Value, document: &Document) -> Result<Vec<T>, Failure> {
    let articles = news["articles"].take();
    let Some(list) = articles.as_array() else {
        return Err(document.refused("its articles are no list"));
    };
    for article in list {
        document.check_fields("article", article, document.api.fields())?;
    }
    document.parse(articles)
}

/// Looks at an address in a file. None at all is up to the limits of what is sent.
pub(crate) fn check_url(field: &str, url: &str) -> Result<(), String> {
    if PLACEHOLDERS.contains(&url) {
        calls::warn(&format!("the {field} {url} of the document's example leads nowhere"));
        return Ok(());
    }
    if url.is_empty() {
        return Ok(());
    }
    address::check(url).map(|_| ()).map_err(|why| format!("its {field} {url} is no address: {why}"))
}

/// The address of a picture or a recording, if it has one.
pub(crate) fn source_url(payload: &Payload) -> &str {
    match payload {
        Payload::Image(Source::Url(url)) | Payload::Voice(Source::Url(url)) => url,
        _ => "",
    }
}
