//! A message as rules look at it: who wrote where, and in which words.

use std::{borrow::Cow, cell::OnceCell};

use crate::{
    clock::UnixMillis,
    config::rules::fold,
    ids::AppKey,
    protocol::{Content, Event, Inbound, Message},
};

/// What a rule is asked about.
pub(super) struct Subject<'a> {
    pub(super) app: &'a AppKey,
    pub(super) inbound: &'a Inbound,
    pub(super) kind: &'static str,
    pub(super) now: UnixMillis,
    words: OnceCell<Option<Words<'a>>>,
}

/// What the user wrote, and what is left of it without the differences that nobody means.
pub(super) struct Words<'a> {
    /// As it came.
    pub(super) raw: &'a str,
    /// Without full-width forms and without what nobody sees.
    pub(super) plain: Cow<'a, str>,
    /// Without upper case, too.
    pub(super) folded: Cow<'a, str>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(app: &'a AppKey, inbound: &'a Inbound, now: UnixMillis) -> Self {
        Self { app, inbound, kind: inbound.kind(), now, words: OnceCell::new() }
    }

    /// The words that keywords are looked for in, if the message has any.
    pub(super) fn words(&self) -> Option<&Words<'a>> {
        self.words.get_or_init(|| words(self.inbound).map(Words::new)).as_ref()
    }
}

impl<'a> Words<'a> {
    fn new(raw: &'a str) -> Self {
        let plain = fold::plain(raw);
        let folded = match &plain {
            Cow::Borrowed(plain) => fold::case(plain),
            Cow::Owned(plain) => Cow::Owned(fold::case(plain).into_owned()),
        };
        Self { raw, plain, folded }
    }
}

/// A text's content, a place's name, a card's headline; of what is not known, its kind.
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
