//! Payloads: the content of the platform's message calls, by `msgtype`.

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use super::{Limit, LimitError, limits};
use crate::ids::MediaId;

/// The content of a message to users, by kind.
///
/// # Format
///
/// `"text":{…}`, `"image":{…}` and so on, with `"msgtype"` beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Payload {
    /// Plain text.
    Text(Text),
    /// A picture.
    Image(Source),
    /// A voice recording.
    Voice(Source),
    /// Cards with picture and link.
    News(News),
    /// An uploaded article; to all followers only.
    MpNews(MpNews),
}

/// Plain text, 1 to 2000 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The text, UTF-8.
    pub content: String,
}

/// Where a picture or a recording comes from.
///
/// # Format
///
/// `{"url":"…"}` or `{"media_id":"…"}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A public address: JPG for pictures, AMR for recordings.
    Url(String),
    /// The answer of an upload.
    MediaId(MediaId),
}

/// One to ten cards: news message (图文消息).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// The cards, shown in this order.
    pub articles: Vec<Article>,
}

/// A card with picture and link.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Article {
    /// The headline.
    pub title: String,
    /// The text below it, at most 1000 Chinese characters (a Chinese one counts 2, others 1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where a tap leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The picture's address, JPG.
    #[serde(rename = "picurl")]
    pub picture_url: String,
}

/// An article that was uploaded with `/media/uploadnews`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MpNews {
    /// The answer of the upload.
    pub media_id: MediaId,
}

impl Payload {
    /// Plain text.
    pub fn text(content: impl Into<String>) -> Self {
        Self::Text(Text { content: content.into() })
    }

    /// A picture.
    pub fn image(source: Source) -> Self {
        Self::Image(source)
    }

    /// A voice recording.
    pub fn voice(source: Source) -> Self {
        Self::Voice(source)
    }

    /// Cards with picture and link.
    pub fn news(articles: impl IntoIterator<Item = Article>) -> Self {
        Self::News(News { articles: articles.into_iter().collect() })
    }

    /// An uploaded article.
    pub fn mp_news(media_id: impl Into<MediaId>) -> Self {
        Self::MpNews(MpNews { media_id: media_id.into() })
    }

    /// The platform's name of the kind (`msgtype`).
    pub fn msgtype(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Image(_) => "image",
            Self::Voice(_) => "voice",
            Self::News(_) => "news",
            Self::MpNews(_) => "mpnews",
        }
    }

    /// Checks the documented limits.
    ///
    /// # Errors
    ///
    /// The first limit that is not kept.
    pub fn check(&self) -> Result<(), LimitError> {
        match self {
            Self::Text(text) => Limit::TEXT.check(text.content.len()),
            Self::Image(source) | Self::Voice(source) => source.check(),
            Self::News(news) => {
                Limit::ARTICLES.check(news.articles.len())?;
                news.articles.iter().try_for_each(Article::check)
            }
            Self::MpNews(news) => Limit::not_empty("media id").check(news.media_id.as_str().len()),
        }
    }
}

impl Source {
    fn check(&self) -> Result<(), LimitError> {
        match self {
            Self::Url(url) => Limit::not_empty("media URL").check(url.len()),
            Self::MediaId(id) => Limit::not_empty("media id").check(id.as_str().len()),
        }
    }
}

impl Article {
    fn check(&self) -> Result<(), LimitError> {
        Limit::not_empty("article title").check(self.title.len())?;
        Limit::not_empty("article picture URL").check(self.picture_url.len())?;
        Limit::DESCRIPTION.check(self.description.as_deref().map_or(0, width))
    }
}

/// The document counts a Chinese character as 2 and says nothing of others beyond ASCII: they count 2 as well, so
/// that the platform never counts more than we do.
fn width(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

impl Text {
    /// Cuts a long text into pieces that can be sent, each within the platform's 2000 bytes.
    ///
    /// A cut is made at a line end or else at white space, if there is any in the second half of a piece, and never
    /// inside a character as a reader sees it, such as an emoji of several code points (unless that character alone is too
    /// long). Only the white space at a cut is lost. An empty text has no pieces.
    ///
    /// # Examples
    ///
    /// ```
    /// use rongcloud_callback::protocol::payload::Text;
    ///
    /// let pieces = Text::split(&"all work and no play. ".repeat(100));
    /// assert_eq!(pieces.len(), 2);
    /// assert!(pieces.iter().all(|piece| piece.content.len() <= 2000));
    /// ```
    pub fn split(text: &str) -> Vec<Self> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while rest.len() > limits::TEXT_BYTES {
            let (piece, after) = rest.split_at(cut(rest));
            let piece = &piece[..piece.len() - space(piece.graphemes(true).rev())];
            if !piece.is_empty() {
                pieces.push(Self { content: piece.to_owned() });
            }
            rest = &after[space(after.graphemes(true))..];
        }
        if !rest.is_empty() {
            pieces.push(Self { content: rest.to_owned() });
        }
        pieces
    }
}

/// The byte offset at which a text that is too long is cut.
fn cut(text: &str) -> usize {
    let (mut line, mut word, mut cluster) = (0, 0, 0);
    for (start, grapheme) in text.grapheme_indices(true) {
        let end = start + grapheme.len();
        if end > limits::TEXT_BYTES {
            break;
        }
        cluster = end;
        if grapheme.ends_with(['\n', '\r']) {
            line = end;
        } else if is_space(grapheme) {
            word = end;
        }
    }
    let late = |&end: &usize| end > limits::TEXT_BYTES / 2;
    let fits = [line, word].into_iter().find(late).unwrap_or(cluster);
    if fits > 0 { fits } else { text.floor_char_boundary(limits::TEXT_BYTES) }
}

/// The length of the white space that `graphemes` begin with.
fn space<'t>(graphemes: impl Iterator<Item = &'t str>) -> usize {
    graphemes.take_while(|grapheme| is_space(grapheme)).map(str::len).sum()
}

fn is_space(grapheme: &str) -> bool {
    grapheme.chars().all(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article(description: &str) -> Payload {
        let description = Some(description.to_owned());
        Payload::news([Article { title: "t".into(), description, url: None, picture_url: "p".into() }])
    }

    fn refused(payload: &Payload) -> &'static str {
        payload.check().map_or_else(|error| error.limit.what, |()| "accepted")
    }

    #[test]
    fn a_text_is_one_to_two_thousand_bytes() {
        assert_eq!(refused(&Payload::text("汉".repeat(666) + "ab")), "accepted");
        assert_eq!(refused(&Payload::text("汉".repeat(667))), "text");
        assert_eq!(refused(&Payload::text("")), "text");
    }

    #[test]
    fn a_description_is_as_wide_as_a_thousand_chinese_characters() {
        assert_eq!(refused(&article(&"汉".repeat(1000))), "accepted");
        assert_eq!(refused(&article(&"x".repeat(2000))), "accepted");
        assert_eq!(refused(&article("")), "accepted");
        assert_eq!(refused(&article(&("汉".repeat(1000) + "x"))), "article description");
    }

    #[test]
    fn news_have_one_to_ten_articles_with_title_and_picture() {
        let whole = Article { title: "t".into(), picture_url: "p".into(), ..Article::default() };
        let news = |article: &Article, count| Payload::news(std::iter::repeat_n(article.clone(), count));
        assert_eq!(refused(&news(&whole, 10)), "accepted");
        assert_eq!(refused(&news(&whole, 0)), "number of articles");
        assert_eq!(refused(&news(&whole, 11)), "number of articles");
        let untitled = Article { title: String::new(), ..whole.clone() };
        assert_eq!(refused(&news(&untitled, 1)), "article title");
        let bare = Article { picture_url: String::new(), ..whole };
        assert_eq!(refused(&news(&bare, 1)), "article picture URL");
    }

    #[test]
    fn media_need_a_source() {
        assert_eq!(refused(&Payload::image(Source::Url(String::new()))), "media URL");
        assert_eq!(refused(&Payload::voice(Source::MediaId("".into()))), "media id");
        assert_eq!(refused(&Payload::mp_news("")), "media id");
        assert_eq!(refused(&Payload::mp_news("m")), "accepted");
    }

    #[test]
    fn a_text_is_cut_at_line_ends_before_spaces_before_characters() {
        let lengths = |text: &str| Text::split(text).iter().map(|t| t.content.len()).collect::<Vec<_>>();
        let line = "x".repeat(1200);
        assert_eq!(lengths(&format!("{line}\n{} y", "z".repeat(900))), [1200, 902]);
        assert_eq!(lengths(&format!("a\n{line} {line}")), [1202, 1200]);
        assert_eq!(lengths(&"x".repeat(4001)), [2000, 2000, 1]);
        assert_eq!(lengths(&"👩‍👩‍👧‍👦".repeat(100)), [2000, 500]);
        assert_eq!(lengths(&format!("e{}", "\u{301}".repeat(1500))), [1999, 1002]);
        assert_eq!(lengths(&" ".repeat(2001)), [0; 0]);
        assert_eq!(lengths(""), [0; 0]);
    }
}
