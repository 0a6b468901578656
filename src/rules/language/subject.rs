//! A message as rules look at it: who wrote where, and in which words.

use std::{borrow::Cow, cell::OnceCell};

use super::fold;
use crate::{
    clock::UnixMillis,
    ids::AppKey,
    protocol::{Content, Event, Inbound, Message},
};

/// The message that rules are asked about.
pub(crate) struct Subject<'a> {
    pub(crate) app: &'a AppKey,
    pub(crate) inbound: &'a Inbound,
    /// The kind, as [`Inbound::kind`] names it.
    pub(crate) kind: &'static str,
    /// The moment at which the rules are asked.
    pub(crate) now: UnixMillis,
    /// The words, folded when the first rule asks for them.
    words: OnceCell<Option<Words<'a>>>,
}

/// The words of a message, in the forms that keywords are compared with.
pub(crate) struct Words<'a> {
    /// The words as they came.
    pub(crate) raw: &'a str,
    /// The words without full-width forms and invisible characters.
    pub(crate) normalized: Cow<'a, str>,
    /// The normalized words in lower case.
    pub(crate) folded: Cow<'a, str>,
}

impl<'a> Subject<'a> {
    /// A message of `app`, asked about at `now`.
    pub(crate) fn new(app: &'a AppKey, inbound: &'a Inbound, now: UnixMillis) -> Self {
        Self { app, inbound, kind: inbound.kind(), now, words: OnceCell::new() }
    }

    /// The words that keywords are looked for in, if the message has any.
    pub(crate) fn words(&self) -> Option<&Words<'a>> {
        self.words.get_or_init(|| words(self.inbound).map(Words::new)).as_ref()
    }
}

impl<'a> Words<'a> {
    fn new(raw: &'a str) -> Self {
        let normalized = fold::normalize(raw);
        let folded = match &normalized {
            Cow::Borrowed(normalized) => fold::lowercase(normalized),
            Cow::Owned(normalized) => Cow::Owned(fold::lowercase(normalized).into_owned()),
        };
        Self { raw, normalized, folded }
    }
}

/// The words of a message: a text's content, a place's name, a card's headline; for an unknown message its kind.
fn words(inbound: &Inbound) -> Option<&str> {
    match &inbound.content {
        Content::Message(Message::Text(text)) => Some(&text.content),
        Content::Message(Message::Location(place)) => Some(&place.label),
        Content::Message(Message::ImageText(card)) => Some(&card.title),
        Content::Message(Message::Unknown(unknown)) => Some(&unknown.msg_type),
        Content::Event(Event::Unknown(unknown)) => Some(&unknown.event),
        Content::Message(Message::Image(_) | Message::Voice(_))
        | Content::Event(Event::Subscribe(_) | Event::Unsubscribe(_)) => None,
    }
}
