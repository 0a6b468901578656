//! The errors of handlers, and whether another attempt may help.

use std::{error::Error, fmt, time::Duration};

use crate::{client::ClientError, protocol::LimitError};

type BoxError = Box<dyn Error + Send + Sync>;

/// Any error of a handler, so that `?` works on all of them.
///
/// The message is tried again, with growing delays, unless the error is [`permanent`](Self::permanent) or another attempt
/// cannot help: a [`LimitError`], or a [`ClientError`] that is not retryable.
///
/// This type does not implement [`Error`], because then `?` could not convert every error into it.
#[derive(Debug)]
pub struct HandlerError {
    source: BoxError,
    permanent: bool,
    retry_after: Option<Duration>,
}

impl HandlerError {
    /// An error that another attempt would only repeat: the message becomes a dead letter at once.
    pub fn permanent(source: impl Into<BoxError>) -> Self {
        Self { source: source.into(), permanent: true, retry_after: None }
    }

    /// An error that is tried again, whatever its type.
    pub fn retryable(source: impl Into<BoxError>) -> Self {
        Self { source: source.into(), permanent: false, retry_after: None }
    }

    /// An error that is tried again, but not before `span` is over, as a called service asked for.
    ///
    /// The usual random delay comes on top, and `max_backoff` of `[dispatch]` bounds both together.
    pub fn retryable_after(source: impl Into<BoxError>, span: Duration) -> Self {
        Self { retry_after: Some(span), ..Self::retryable(source) }
    }

    /// The least time before the next attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Puts `what`, the place at which the error happened, before its text.
    #[must_use]
    pub fn at(self, what: impl fmt::Display) -> Self {
        Self { source: format!("{what}: {self}").into(), ..self }
    }

    /// Whether another attempt would only repeat the error.
    pub fn is_permanent(&self) -> bool {
        self.permanent
    }
}

impl<E: Into<BoxError>> From<E> for HandlerError {
    fn from(error: E) -> Self {
        let source = error.into();
        let permanent = source.is::<LimitError>()
            || source.downcast_ref::<ClientError>().is_some_and(|error| !error.is_retryable());
        Self { source, permanent, retry_after: None }
    }
}

/// The error and its causes in one line, each told once: many errors end with their cause already.
impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = self.source.to_string();
        let mut cause = self.source.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !told.ends_with(&text) {
                told = format!("{told}: {text}");
            }
            cause = error.source();
        }
        f.write_str(&told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Payload;

    #[test]
    fn an_error_is_tried_again_unless_it_says_otherwise() {
        let io = std::io::Error::other("connection reset");
        assert!(!HandlerError::from(io).is_permanent());
        assert!(HandlerError::permanent("no such order").is_permanent());
    }

    #[test]
    fn a_limit_that_is_not_kept_is_permanent() {
        let limit = Payload::text("x".repeat(2001)).check().unwrap_err();
        assert!(HandlerError::from(limit.clone()).is_permanent());
        assert!(!HandlerError::retryable(limit).is_permanent());
    }

    #[test]
    fn the_causes_are_told() {
        let cause = std::io::Error::other("disk full");
        let error = HandlerError::from(anyhow_like(cause));
        assert_eq!(error.to_string(), "saving the order: disk full");
    }

    #[test]
    fn a_cause_that_its_error_tells_already_is_told_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("reading: {0}")]
        struct Reading(#[source] std::io::Error);
        #[derive(Debug, thiserror::Error)]
        #[error("the order: {0}")]
        struct Order(#[source] Reading);
        let io = || Reading(std::io::Error::other("disk full"));
        assert_eq!(HandlerError::from(io()).to_string(), "reading: disk full");
        assert_eq!(HandlerError::from(Order(io())).to_string(), "the order: reading: disk full");
        assert_eq!(
            HandlerError::permanent(Order(io())).at("rule a").to_string(),
            "rule a: the order: reading: disk full"
        );
    }

    fn anyhow_like(cause: std::io::Error) -> impl Error + Send + Sync {
        #[derive(Debug, thiserror::Error)]
        #[error("saving the order")]
        struct Saving(#[source] std::io::Error);
        Saving(cause)
    }
}
