//! The reply of a handler.

use super::{HandlerError, HandlerResult};
use crate::protocol::{Article, Payload, payload};

/// A reply to the user who wrote: nothing, or one or more payloads, sent in this order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply(Vec<Payload>);

impl Reply {
    /// Nothing to send.
    pub fn none() -> Self {
        Self::default()
    }

    /// This reply, then `payload`.
    #[must_use]
    pub fn and(mut self, payload: impl Into<Payload>) -> Self {
        self.0.push(payload.into());
        self
    }

    /// The payloads in the order in which they are sent.
    pub fn payloads(&self) -> &[Payload] {
        &self.0
    }
}

impl From<Payload> for Reply {
    fn from(payload: Payload) -> Self {
        Self(vec![payload])
    }
}

impl FromIterator<Payload> for Reply {
    fn from_iter<T: IntoIterator<Item = Payload>>(payloads: T) -> Self {
        Self(payloads.into_iter().collect())
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
        Ok(Reply(self))
    }
}

macro_rules! payloads {
    ($($kind:ty),*) => {$(
        impl IntoReply for $kind {
            fn into_reply(self) -> HandlerResult {
                Ok(Reply(vec![self.into()]))
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
