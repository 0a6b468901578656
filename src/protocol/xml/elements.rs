//! Takes typed values out of a message's elements by name.

use std::borrow::Cow;

use super::{
    Fields, XmlError,
    reader::{self, Element},
    scanner::is_space,
};
use crate::protocol::ParseError;

/// The children of the root in their order, each until somebody takes it.
///
/// A name that is asked for may be there once only: of two it is not clear which one was meant.
#[derive(Debug)]
pub(in crate::protocol) struct Elements<'b>(Vec<Option<Element<'b>>>);

impl<'b> Elements<'b> {
    pub(in crate::protocol) fn read(body: &'b [u8]) -> Result<Self, XmlError> {
        Ok(Self(reader::children(body)?.into_iter().map(Some).collect()))
    }

    /// Text as it is.
    pub(in crate::protocol) fn text(&mut self, name: &'static str) -> Result<String, ParseError> {
        Ok(self.required(name)?.text.into_owned())
    }

    /// Text as it is; empty if there is none.
    pub(in crate::protocol) fn optional_text(
        &mut self,
        name: &'static str,
    ) -> Result<String, ParseError> {
        Ok(self.only(name, name)?.map_or_else(String::new, |element| element.text.into_owned()))
    }

    /// One token, such as a URL, without the white space around it.
    pub(in crate::protocol) fn token(&mut self, name: &'static str) -> Result<String, ParseError> {
        Ok(trimmed(self.required(name)?.text).into_owned())
    }

    /// One token; empty if there is none.
    pub(in crate::protocol) fn optional_token(
        &mut self,
        name: &'static str,
    ) -> Result<String, ParseError> {
        self.optional_id(name, name)
    }

    /// One token; empty if there is none under either name.
    pub(in crate::protocol) fn optional_id(
        &mut self,
        name: &'static str,
        or: &'static str,
    ) -> Result<String, ParseError> {
        Ok(self.only(name, or)?.map_or_else(String::new, |element| trimmed(element.text).into_owned()))
    }

    /// One token that is not empty.
    pub(in crate::protocol) fn id(&mut self, name: &'static str) -> Result<Cow<'b, str>, ParseError> {
        let Element { text, at, .. } = self.required(name)?;
        let id = trimmed(text);
        if id.is_empty() { Err(ParseError::Empty { element: name, at }) } else { Ok(id) }
    }

    /// A whole number; an element that says something else is left, for it may be all that tells two events apart.
    pub(in crate::protocol) fn optional_integer(
        &mut self,
        name: &'static str,
    ) -> Result<Option<i64>, ParseError> {
        let element = self.0.iter().flatten().find(|element| element.name == name);
        let number = element.and_then(|element| trim(&element.text).parse().ok());
        if number.is_some() {
            self.required(name)?;
        }
        Ok(number)
    }

    /// A finite number.
    pub(in crate::protocol) fn number(&mut self, name: &'static str) -> Result<f64, ParseError> {
        let Element { text, at, .. } = self.required(name)?;
        let number = trim(&text).parse().ok().filter(|number: &f64| number.is_finite());
        number.ok_or(ParseError::Malformed { element: name, expected: "a number", at })
    }

    /// All that is left.
    pub(in crate::protocol) fn rest(&mut self) -> Fields {
        self.0.drain(..).flatten().map(|element| (element.name, element.text)).collect()
    }

    fn required(&mut self, name: &'static str) -> Result<Element<'b>, ParseError> {
        self.only(name, name)?.ok_or(ParseError::Missing { element: name })
    }

    fn only(&mut self, name: &'static str, or: &'static str) -> Result<Option<Element<'b>>, ParseError> {
        let is_named = |element: &Option<Element<'_>>| {
            element.as_ref().is_some_and(|element| element.name == name || element.name == or)
        };
        let mut named = self.0.iter_mut().filter(|element| is_named(element));
        let first = named.next().and_then(Option::take);
        match named.next() {
            Some(Some(again)) => Err(ParseError::Repeated { element: name, at: again.at }),
            _ => Ok(first),
        }
    }
}

/// Without the white space of XML around it; other spaces may be part of an id.
fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(trim(text)),
        Cow::Owned(text) => Cow::Owned(trim(&text).to_owned()),
    }
}
