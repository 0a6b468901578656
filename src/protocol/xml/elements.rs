//! Takes typed values out of a message's elements by name.

use std::borrow::Cow;

use super::{Fields, XmlError, characters::is_space, element::Element};
use crate::protocol::ParseError;

/// The children of the root in their order. An element is removed when its value is taken.
#[derive(Debug)]
pub(in crate::protocol) struct Elements<'b>(Vec<Option<Element<'b>>>);

impl<'b> Elements<'b> {
    pub(in crate::protocol) fn read(body: &'b [u8]) -> Result<Self, XmlError> {
        Ok(Self(super::children(body)?.into_iter().map(Some).collect()))
    }

    /// Reads the elements that are certainly the platform's own, also from a body that cannot be read as a whole.
    pub(in crate::protocol) fn read_certain(body: &'b [u8]) -> Self {
        Self(super::certain_children(body).into_iter().map(Some).collect())
    }

    /// The element's text, unchanged.
    pub(in crate::protocol) fn text(&mut self, name: &'static str) -> Result<String, ParseError> {
        Ok(self.required(name)?.text.into_owned())
    }

    /// The element's text, unchanged; empty if the element is missing.
    pub(in crate::protocol) fn optional_text(&mut self, name: &'static str) -> String {
        self.take(name, name).map_or_else(String::new, |element| element.text.into_owned())
    }

    /// The element's text as one token, such as a URL, without the white space around it.
    pub(in crate::protocol) fn token(&mut self, name: &'static str) -> Result<String, ParseError> {
        Ok(trimmed(self.required(name)?.text).into_owned())
    }

    /// The element's text as one token; empty if the element is missing.
    pub(in crate::protocol) fn optional_token(&mut self, name: &'static str) -> String {
        self.take(name, name).map_or_else(String::new, |element| trimmed(element.text).into_owned())
    }

    /// An id under either name; `None` if there is no such element, or its text is empty.
    pub(in crate::protocol) fn optional_id(
        &mut self,
        name: &'static str,
        or: &'static str,
    ) -> Result<Option<Cow<'b, str>>, ParseError> {
        let id = self.take(name, or).map(|element| id(name, element)).transpose()?;
        Ok(id.filter(|id| !id.is_empty()))
    }

    /// An id or a kind that must not be empty.
    pub(in crate::protocol) fn id(&mut self, name: &'static str) -> Result<Cow<'b, str>, ParseError> {
        let element = self.required(name)?;
        let at = element.at;
        let id = id(name, element)?;
        if id.is_empty() { Err(ParseError::Empty { element: name, at }) } else { Ok(id) }
    }

    /// A whole number. An element with another text stays: its text may be all that distinguishes two events.
    pub(in crate::protocol) fn optional_integer(&mut self, name: &'static str) -> Option<i64> {
        let element = self.0.iter().flatten().find(|element| *element.name == *name.as_bytes());
        let number = element.and_then(|element| trim(&element.text).parse().ok());
        if number.is_some() {
            self.take(name, name);
        }
        number
    }

    /// A finite number.
    pub(in crate::protocol) fn number(&mut self, name: &'static str) -> Result<f64, ParseError> {
        let Element { text, at, .. } = self.required(name)?;
        let number = trim(&text).parse().ok().filter(|number: &f64| number.is_finite());
        number.ok_or(ParseError::Malformed { element: name, expected: "a number", at })
    }

    /// The elements that nobody has taken.
    pub(in crate::protocol) fn rest(&mut self) -> Fields {
        let left = self.0.drain(..).flatten();
        left.map(|element| (String::from_utf8_lossy(&element.name).into_owned(), element.text)).collect()
    }

    fn required(&mut self, name: &'static str) -> Result<Element<'b>, ParseError> {
        self.take(name, name).ok_or(ParseError::Missing { element: name })
    }

    /// The element called by either name; no name is there twice.
    fn take(&mut self, name: &'static str, or: &'static str) -> Option<Element<'b>> {
        let is_named =
            |element: &Element<'_>| *element.name == *name.as_bytes() || *element.name == *or.as_bytes();
        self.0.iter_mut().find(|element| element.as_ref().is_some_and(is_named))?.take()
    }
}

/// The element's text without the white space around it, if no byte of it was mended or put together.
///
/// An id in several pieces may be two ids, and an id with a broken character may be another user's: both are refused.
fn id<'b>(name: &'static str, element: Element<'b>) -> Result<Cow<'b, str>, ParseError> {
    if !element.is_whole || element.text.contains(char::REPLACEMENT_CHARACTER) {
        let expected = "in one piece and of whole characters";
        return Err(ParseError::Malformed { element: name, expected, at: element.at });
    }
    Ok(trimmed(element.text))
}

/// Removes the white space of XML around a text; other spaces may be part of an id.
fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(trim(text)),
        Cow::Owned(text) => Cow::Owned(trim(&text).to_owned()),
    }
}
