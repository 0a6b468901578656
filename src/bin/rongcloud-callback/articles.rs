//! The cards of a news message in a file, in the form of either API.

use rongcloud_callback::{
    Article,
    portal::{Card, Links},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{document::Document, failure::Failure};

/// A card for the portal, as the document's table or its example writes it, or as the platform does: with one `url` for
/// both devices.
#[derive(Deserialize)]
struct PortalArticle {
    title: String,
    #[serde(default)]
    description: String,
    #[serde(flatten)]
    links: Links,
    url: Option<String>,
    #[serde(rename = "picUrl")]
    picture_in_table: Option<String>,
    #[serde(rename = "picurl")]
    picture_in_example: Option<String>,
}

/// Reads the cards in a body's `news` for the platform's API.
pub(crate) fn read_for_platform(news: Value, document: &Document) -> Result<Vec<Article>, Failure> {
    let articles: Vec<Article> = read(news, document)?;
    for article in &articles {
        document.check_url("picurl", &article.picture_url)?;
        document.check_url("url", article.url.as_deref().unwrap_or_default())?;
    }
    Ok(articles)
}

/// Reads the cards in a body's `news` for the portal.
pub(crate) fn read_for_portal(news: Value, document: &Document) -> Result<Vec<Card>, Failure> {
    let card = |article: PortalArticle| {
        let PortalArticle { title, description, links, url, picture_in_table, picture_in_example } =
            article;
        let links = match url {
            Some(_) if links != Links::default() => {
                return Err(
                    document.content_error("an article has either a url or a pcUrl and an appUrl")
                );
            }
            Some(url) => Links::both(url),
            None => links,
        };
        document.check_url("pcUrl", &links.pc)?;
        document.check_url("appUrl", &links.app)?;
        let picture_url = picture_in_table.or(picture_in_example).unwrap_or_default();
        document.check_url("picUrl", &picture_url)?;
        Ok(Card { title, description, links, picture_url })
    };
    read(news, document)?.into_iter().map(card).collect()
}

fn read<T: DeserializeOwned>(mut news: Value, document: &Document) -> Result<Vec<T>, Failure> {
    let articles = news["articles"].take();
    let Some(list) = articles.as_array() else {
        return Err(document.content_error("its articles are no list"));
    };
    for article in list {
        document.check_fields("article", article, document.api.card_fields())?;
    }
    document.parse(articles)
}
