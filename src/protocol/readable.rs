//! Payloads in the form in which a person reads them.

use std::fmt;

use super::{Article, Payload, Source};

/// One line, or for cards several. A text is in quotes, its line ends and control characters are escaped.
///
/// # Examples
///
/// ```
/// use rongcloud_callback::protocol::{Article, Payload};
///
/// assert_eq!(Payload::text("Hi,\nyou").to_string(), r#"text: "Hi,\nyou""#);
/// let card = Article { title: "Open day".into(), picture_url: "https://a/b.jpg".into(), ..Article::default() };
/// assert_eq!(
///     Payload::news([card]).to_string(),
///     "news: 1 card\n  1. \"Open day\"\n     picture: https://a/b.jpg",
/// );
/// ```
impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.msgtype())?;
        match self {
            Self::Text(text) => f.write_str(&quoted(&text.content)),
            Self::Image(source) | Self::Voice(source) => write!(f, "{source}"),
            Self::News(news) => {
                let count = news.articles.len();
                write!(f, "{count} {}", if count == 1 { "card" } else { "cards" })?;
                news.articles.iter().zip(1..).try_for_each(|(article, number)| card(f, article, number))
            }
            Self::MpNews(news) => write!(f, "uploaded as {}", news.media_id),
        }
    }
}

/// An address, or the id of an upload.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::MediaId(id) => write!(f, "uploaded as {id}"),
        }
    }
}

fn card(f: &mut fmt::Formatter<'_>, article: &Article, number: usize) -> fmt::Result {
    let Article { title, description, url, picture_url } = article;
    write!(f, "\n  {number}. {}", quoted(title))?;
    if let Some(description) = description {
        write!(f, "\n     text: {}", quoted(description))?;
    }
    if let Some(url) = url {
        write!(f, "\n     link: {url}")?;
    }
    write!(f, "\n     picture: {picture_url}")
}

/// A text in quotes, on one line.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
