//! The reply of a handler.

use std::time::Duration;

use super::{ActiveDialogue, HandlerError, HandlerResult};
use crate::protocol::{Article, Payload, payload};

/// A reply to the user who wrote: nothing, or one or more payloads, sent in this order; and what becomes of the
/// conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    payloads: Vec<Payload>,
    later: Vec<Later>,
    next: Next,
}

/// Payloads that are sent after a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Later {
    pub(crate) after: Duration,
    pub(crate) payloads: Vec<Payload>,
}

/// The conversation after a reply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Next {
    /// The conversation stays in the dialogue that it is in, or in none.
    #[default]
    Stay,
    /// The conversation is in a dialogue with this state.
    Dialogue(NewDialogueState),
    /// The dialogue that the conversation is in has ended.
    End,
    /// A person has the conversation.
    Person,
    /// The handler has passed the message on: the next one is asked.
    Pass,
    /// The stored state cannot be read, for this reason.
    Unreadable(String),
}

/// The state of a dialogue that is to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewDialogueState {
    /// The dialogue with its state.
    pub(crate) dialogue: ActiveDialogue,
    /// The silence after which the dialogue ends.
    pub(crate) expires_in: Duration,
}

impl Reply {
    /// Nothing to send.
    pub fn none() -> Self {
        Self::default()
    }

    /// No answer, and the next handler is asked: for the work of a [`Route`](super::Route) that
    /// [may pass](super::Handling::that_may_pass).
    pub fn pass() -> Self {
        Self { next: Next::Pass, ..Self::default() }
    }

    /// This reply, then `payload`.
    #[must_use]
    pub fn and(mut self, payload: impl Into<Payload>) -> Self {
        self.payloads.push(payload.into());
        self
    }

    /// This reply, and `payload` after `span`, at most a year: a reminder, for example. It is stored with the reply, so that
    /// it is sent once, also by a process that is started meanwhile. While a person has the conversation, it is left out.
    #[must_use]
    pub fn later(mut self, span: Duration, payload: impl Into<Payload>) -> Self {
        self.later.push(Later { after: span, payloads: vec![payload.into()] });
        self
    }

    /// This reply, and then a person has the conversation (转人工): messages are kept for them, and no handler is asked,
    /// until they give it back. A reply without a payload tells the user so, in the words of `[desk]`.
    #[must_use]
    pub fn hand_over(self) -> Self {
        self.with_next(Next::Person)
    }

    /// The payloads in the order in which they are sent.
    pub fn payloads(&self) -> &[Payload] {
        &self.payloads
    }

    pub(crate) fn with_next(self, next: Next) -> Self {
        Self { next, ..self }
    }

    /// This reply, and several payloads later, as a service answers.
    #[cfg(feature = "rules")]
    pub(crate) fn with_later(mut self, later: Later) -> Self {
        self.later.push(later);
        self
    }

    /// Whether the handler has passed the message on.
    pub(super) fn has_passed(&self) -> bool {
        self.next == Next::Pass
    }

    /// The payloads, those for later, and what becomes of the conversation.
    pub(crate) fn into_parts(self) -> (Vec<Payload>, Vec<Later>, Next) {
        (self.payloads, self.later, self.next)
    }
}

impl From<Payload> for Reply {
    fn from(payload: Payload) -> Self {
        [payload].into_iter().collect()
    }
}

impl FromIterator<Payload> for Reply {
    fn from_iter<T: IntoIterator<Item = Payload>>(payloads: T) -> Self {
        Self { payloads: payloads.into_iter().collect(), ..Self::default() }
    }
}

impl From<&str> for Payload {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<payload::Text> for Payload {
    fn from(text: payload::Text) -> Self {
        Self::Text(text)
    }
}

impl From<Article> for Payload {
    fn from(article: Article) -> Self {
        Self::news([article])
    }
}

/// A type that a handler may return.
///
/// These are: nothing (`()`), text, a [`Payload`], several of them, a [`Reply`], an `Option` of these (`None` sends
/// nothing) or a `Result` of these with any error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as a reply",
    note = "a handler returns `()`, text, `Payload`, `Vec<Payload>`, `Reply`, or an `Option` or `Result` of these"
)]
pub trait IntoReply {
    /// The reply, or the error.
    ///
    /// # Errors
    ///
    /// The error that the handler returned.
    fn into_reply(self) -> HandlerResult;
}

impl IntoReply for () {
    fn into_reply(self) -> HandlerResult {
        Ok(Reply::none())
    }
}

impl IntoReply for Reply {
    fn into_reply(self) -> HandlerResult {
        Ok(self)
    }
}

impl IntoReply for Vec<Payload> {
    fn into_reply(self) -> HandlerResult {
        Ok(self.into_iter().collect())
    }
}

macro_rules! payloads {
    ($($kind:ty),*) => {$(
        impl IntoReply for $kind {
            fn into_reply(self) -> HandlerResult {
                Ok(Reply::from(Payload::from(self)))
            }
        }
    )*};
}

payloads!(Payload, &str, String, payload::Text, Article);

impl<T: IntoReply> IntoReply for Option<T> {
    fn into_reply(self) -> HandlerResult {
        self.map_or_else(|| Ok(Reply::none()), IntoReply::into_reply)
    }
}

impl<T: IntoReply, E: Into<HandlerError>> IntoReply for Result<T, E> {
    fn into_reply(self) -> HandlerResult {
        self.map_err(Into::into)?.into_reply()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(reply: impl IntoReply) -> Vec<Payload> {
        reply.into_reply().unwrap().payloads().to_vec()
    }

    #[test]
    fn whatever_reads_as_a_reply_is_one() {
        let hello = vec![Payload::text("hello")];
        assert_eq!(sent("hello"), hello);
        assert_eq!(sent("hello".to_owned()), hello);
        assert_eq!(sent(Some("hello")), hello);
        assert_eq!(sent(Ok::<_, std::io::Error>("hello")), hello);
        assert_eq!(sent(Reply::none().and("hello")), hello);
        assert_eq!(sent(()), []);
        assert_eq!(sent(None::<String>), []);
    }

    #[test]
    fn several_payloads_keep_their_order() {
        let reply = Reply::none().and("one").and(Article::default()).and("three");
        let kinds: Vec<_> = reply.payloads().iter().map(Payload::msgtype).collect();
        assert_eq!(kinds, ["text", "news", "text"]);
    }

    #[test]
    fn an_error_stays_an_error() {
        let failed: Result<&str, _> = Err(std::io::Error::other("no"));
        assert_eq!(failed.into_reply().unwrap_err().to_string(), "no");
    }
}
