//! The flags for what only the portal can send: cards with a link for each kind of device, and the user whom a message seems to come from.

use std::path::Path;

pub(crate) use rongcloud_callback::portal::Card;
use rongcloud_callback::portal::{Links, Message, Persona};
use serde::Deserialize;
use serde_json::Value;

use crate::{calls, failure::Failure};

const NEWS: &str =
    r#"write {"articles":[{"title":"…","description":"…","pcUrl":"…","appUrl":"…","picUrl":"…"}]}"#;
const BODY: &str = r#"write the document's {"msgtype":"text","text":{"content":"…"},"userinfo":{"id":"…","name":"…","headimgurl":"…"}}"#;

/// A card as the document's table or its example has it, or as the platform's own: with one `url` for both devices.
#[derive(Deserialize)]
struct Article {
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

impl From<Article> for Card {
    fn from(article: Article) -> Self {
        let Article { title, description, links, url, table, example } = article;
        Self {
            title,
            description,
            links: url.map_or(links, Links::both),
            picture_url: table.or(example).unwrap_or_default(),
        }
    }
}

/// Reads cards from a file.
pub(crate) fn news(path: &Path) -> Result<Message, Failure> {
    let articles = calls::read_articles::<Article>(path, NEWS)?;
    Ok(Message::News(articles.into_iter().map(Card::from).collect()))
}

/// A body of the document's as its parts: cards, if it has any, what else it says, and whom it seems to come from.
pub(crate) fn body(
    path: &Path,
    mut body: Value,
) -> Result<(Option<Message>, Value, Option<Persona>), Failure> {
    let refused = |error| calls::not_of_shape(error, path, BODY);
    let Value::Object(fields) = &mut body else { return Ok((None, body, None)) };
    for address in ["channelId", "toUserId", "filter"] {
        fields.remove(address);
    }
    let persona = fields.remove("userinfo").map(serde_json::from_value).transpose().map_err(refused)?;
    let Some(articles) = fields.get_mut("news").and_then(|news| news.get_mut("articles")) else {
        return Ok((None, body, persona));
    };
    let articles: Vec<Article> = serde_json::from_value(articles.take()).map_err(refused)?;
    Ok((Some(Message::News(articles.into_iter().map(Card::from).collect())), body, persona))
}
