//! `reply`: what is sent, each string of it a template.

use serde::Deserialize;

use super::template::{self, Variables};
use crate::{
    config::Problem,
    protocol::{Article, LimitError, Payload, Source},
};

/// One reply as people write it, in a rules file and in the answer to a forwarded message.
///
/// # Format
///
/// `{ text = "…" }`, `{ image = { url = "…" } }`, `{ voice = { media_id = "…" } }` or
/// `{ news = [{ title = "…", description = "…", url = "…", picurl = "…" }] }`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WrittenReply {
    /// Plain text.
    Text(String),
    /// A picture.
    Image(Source),
    /// A voice recording.
    Voice(Source),
    /// Cards with picture and link.
    News(Vec<Card>),
}

/// A card with picture and link; see [`Article`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Card {
    title: String,
    description: Option<String>,
    url: Option<String>,
    picurl: String,
}

/// A reply whose templates are known to be right.
#[derive(Debug, Clone)]
pub(crate) struct ReplyTemplate(WrittenReply);

/// Why a reply cannot be made for a message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplyError {
    /// A template cannot be filled in.
    #[error("{0}: {1}")]
    Template(String, String),
    /// What came out is nothing that the platform takes.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

impl From<WrittenReply> for Payload {
    fn from(reply: WrittenReply) -> Self {
        match reply {
            WrittenReply::Text(text) => Self::text(text),
            WrittenReply::Image(source) => Self::image(source),
            WrittenReply::Voice(source) => Self::voice(source),
            WrittenReply::News(cards) => Self::news(cards.into_iter().map(Article::from)),
        }
    }
}

impl From<Card> for Article {
    fn from(Card { title, description, url, picurl }: Card) -> Self {
        Self { title, description, url, picture_url: picurl }
    }
}

impl WrittenReply {
    /// Visits every string that is a template, with its place.
    fn try_each<E>(
        &mut self,
        mut visit: impl FnMut(&str, &mut String) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Text(text) => visit("text", text),
            Self::Image(Source::Url(url)) => visit("image.url", url),
            Self::Voice(Source::Url(url)) => visit("voice.url", url),
            // What an upload was answered is no text.
            Self::Image(Source::MediaId(_)) | Self::Voice(Source::MediaId(_)) => Ok(()),
            Self::News(cards) => cards.iter_mut().enumerate().try_for_each(|(index, card)| {
                let mut field =
                    |name: &str, text: &mut String| visit(&format!("news[{index}].{name}"), text);
                field("title", &mut card.title)?;
                card.description.as_mut().map_or(Ok(()), |text| field("description", text))?;
                card.url.as_mut().map_or(Ok(()), |text| field("url", text))?;
                field("picurl", &mut card.picurl)
            }),
        }
    }

    /// Checks the templates, and the limits where nothing is filled in; `path` is the reply's key.
    pub(super) fn check(
        mut self,
        variables: &Variables<'_>,
        path: &str,
        problems: &mut Vec<Problem>,
    ) -> ReplyTemplate {
        let mut literal = true;
        let Ok(()) = self.try_each(|place, text| {
            literal &= template::is_literal(text);
            problems.extend(template::check(text, variables, &format!("{path}.{place}")).err());
            Ok::<_, std::convert::Infallible>(())
        });
        if literal && let Err(limit) = Payload::from(self.clone()).check() {
            let hint = "keep to the limit; a rule may send several replies";
            problems.push(Problem::new(path, format!("cannot be sent: {limit}"), hint));
        }
        ReplyTemplate(self)
    }
}

impl ReplyTemplate {
    /// What to send, filled in from a message.
    ///
    /// # Errors
    ///
    /// A template that cannot be filled in, or a limit that is not kept.
    pub(crate) fn payload(&self, values: &minijinja::Value) -> Result<Payload, ReplyError> {
        let mut reply = self.0.clone();
        reply.try_each(|place, text| {
            if !template::is_literal(text) {
                let rendered = template::render(text, values);
                *text = rendered
                    .map_err(|error| ReplyError::Template(place.to_owned(), error.to_string()))?;
            }
            Ok::<_, ReplyError>(())
        })?;
        let payload = Payload::from(reply);
        payload.check().map_err(LimitError::in_reply)?;
        Ok(payload)
    }
}
