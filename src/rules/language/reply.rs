//! `reply`: the replies of a rule. Each string in them is a template.

use serde::Deserialize;

use super::template::{self, Templates, Variables};
use crate::{
    protocol::{Article, LimitError, Payload, Source},
    toml_values::Problem,
};

/// A reply as people write it, in a rule and in a service's answer to a forwarded message.
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

/// A reply whose templates are compiled.
#[derive(Debug, Clone)]
pub(crate) struct ReplyTemplate(WrittenReply);

/// A reply that cannot be made for a message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplyError {
    /// A template, named by its place in the reply, cannot be rendered.
    #[error("{0}: {1}")]
    Template(String, String),
    /// The rendered reply is nothing that the platform takes.
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
    /// Visits every string that may be a template, with its place in the reply.
    fn try_each<E>(
        &mut self,
        mut visit: impl FnMut(&str, &mut String) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Text(text) => visit("text", text),
            Self::Image(Source::Url(url)) => visit("image.url", url),
            Self::Voice(Source::Url(url)) => visit("voice.url", url),
            // A media id comes from an upload and is no text.
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

    /// Compiles the templates; the reply stands at `key`. A reply without any is checked against the platform's limits.
    pub(super) fn compile(
        mut self,
        variables: &Variables<'_>,
        key: &str,
        templates: &mut Templates,
        problems: &mut Vec<Problem>,
    ) -> ReplyTemplate {
        let mut is_literal = true;
        let Ok(()) = self.try_each(|place, text| {
            if !template::is_literal(text) {
                is_literal = false;
                problems.extend(templates.add(text, variables, &format!("{key}.{place}")).err());
            }
            Ok::<_, std::convert::Infallible>(())
        });
        if is_literal && let Err(limit) = Payload::from(self.clone()).check() {
            let hint = "keep to the limit; a rule may send several replies";
            problems.push(Problem::new(key, format!("cannot be sent: {limit}"), hint));
        }
        ReplyTemplate(self)
    }
}

impl ReplyTemplate {
    /// Renders the reply with the values of a message.
    ///
    /// # Errors
    ///
    /// A template cannot be rendered, or the result is over a limit of the platform.
    pub(crate) fn render(
        &self,
        templates: &Templates,
        values: &minijinja::Value,
    ) -> Result<Payload, ReplyError> {
        let mut reply = self.0.clone();
        reply.try_each(|place, text| {
            if !template::is_literal(text) {
                let rendered = templates.render(text, values);
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
