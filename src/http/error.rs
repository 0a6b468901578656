//! The error of an outgoing call, by what its caller can do about it.

use std::{fmt, time::Duration};

use super::{call::Call, dry_run::Unsent};
use crate::protocol::{ErrCode, LimitError, media::MediaError};

/// Why a call failed; [`is_retryable`](Self::is_retryable) says whether trying again can help.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The client cannot be built as it was asked for: change what the message names.
    #[error("{0}")]
    Setup(String),
    /// A limit is not kept, found before anything was sent: send something else.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// A file is not what its kind must be, found before anything was sent: send another one.
    #[error(transparent)]
    Media(MediaError),
    /// The API has no call for this, found before anything was sent: send something else.
    #[error("{0}")]
    NotOffered(String),
    /// Wrong key, secret or clock: nothing will work until it is put right.
    #[error("the platform refused our signature: check key and secret ({0})")]
    Unauthorized(Answer),
    /// There is no access token, or the portal refused it: a new one is asked for at the next try.
    #[error("no valid access token for the portal: {0}")]
    Token(String),
    /// Too many calls: make fewer of them, and try again later.
    #[error("too many calls ({0})")]
    RateLimited(Answer),
    /// The platform cannot do it now: try again later.
    #[error("the platform cannot do it now ({0})")]
    Unavailable(Answer),
    /// The platform will not do it: change the call.
    #[error("the platform refused the call ({0})")]
    Refused(Answer),
    /// The answer is none of this API: check the address.
    #[error("not an answer of this API ({0})")]
    Unreadable(Answer),
    /// The call was carried out, and the answer lacks what the caller needs: look, and do not repeat it.
    #[error("the call was carried out, but the answer does not say what came of it ({0})")]
    Incomplete(Answer),
    /// Nothing was sent, as a dry run asks for; this is the request.
    #[error("not sent: {} {}", .0.method, .0.url)]
    Unsent(Box<Unsent>),
    /// No answer came; whether the call was carried out is not known. Try again later.
    #[error(transparent)]
    Transport(NoAnswer),
}

/// A call without an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no answer from {}: {cause}", .call.base())]
pub struct NoAnswer {
    /// The call.
    pub call: Call,
    /// The reason, with the proxy that was on the way.
    pub cause: String,
}

/// An answer, as far as an error can show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The call that was answered.
    pub call: Call,
    /// HTTP status.
    pub status: u16,
    /// The platform's code (`errcode`; the portal's `code`), if the answer had one.
    pub errcode: Option<ErrCode>,
    /// The platform's explanation (`errmsg`; the portal's `msg`), or the beginning of the answer.
    pub errmsg: String,
    /// How long the server asks to wait before the next call (`Retry-After`).
    pub retry_after: Option<Duration>,
}

/// The error of a call that the API does not offer.
pub(crate) fn not_offered_error(why: &str) -> ClientError {
    ClientError::NotOffered(why.to_owned())
}

impl From<MediaError> for ClientError {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::Limit(limit) => Self::Limit(limit),
            other => Self::Media(other),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if let Some(errcode) = self.errcode {
            write!(f, ", errcode {}", errcode.0)?;
        }
        if self.errmsg.is_empty() { Ok(()) } else { write!(f, ": {}", self.errmsg) }
    }
}

impl ClientError {
    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::RateLimited(_) | Self::Unavailable(_) | Self::Transport(_) | Self::Token(_) => true,
            Self::Setup(_)
            | Self::Limit(_)
            | Self::Media(_)
            | Self::NotOffered(_)
            | Self::Unauthorized(_)
            | Self::Refused(_)
            | Self::Unreadable(_)
            | Self::Incomplete(_)
            | Self::Unsent(_) => false,
        }
    }

    /// Whether there were too many calls: make all of them more slowly, not only this one.
    pub fn is_rate_limited(&self) -> bool {
        matches!(self, Self::RateLimited(_))
    }

    /// The answer, if one came.
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Unauthorized(answer)
            | Self::RateLimited(answer)
            | Self::Unavailable(answer)
            | Self::Refused(answer)
            | Self::Unreadable(answer)
            | Self::Incomplete(answer) => Some(answer),
            Self::Setup(_)
            | Self::Limit(_)
            | Self::Media(_)
            | Self::NotOffered(_)
            | Self::Token(_)
            | Self::Unsent(_)
            | Self::Transport(_) => None,
        }
    }

    /// The call that failed, if it was sent.
    pub fn call(&self) -> Option<&Call> {
        match self {
            Self::Transport(no_answer) => Some(&no_answer.call),
            other => other.answer().map(|answer| &answer.call),
        }
    }

    /// The platform's code (`errcode`), if it gave one.
    pub fn errcode(&self) -> Option<ErrCode> {
        self.answer()?.errcode
    }

    /// The platform's explanation (`errmsg`), or the beginning of an answer of another form.
    pub fn errmsg(&self) -> Option<&str> {
        self.answer().map(|answer| answer.errmsg.as_str())
    }

    /// How long the platform asks to wait before the next call (`Retry-After`).
    pub fn retry_after(&self) -> Option<Duration> {
        self.answer()?.retry_after
    }

    /// Whether another server of the same API might answer better: no answer, or a 5xx.
    pub(crate) fn is_servers_fault(&self) -> bool {
        match self {
            Self::Transport(_) => true,
            Self::Unavailable(answer) => answer.status >= 500,
            _ => false,
        }
    }

    /// The class in one word, for metrics.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Setup(_) => "setup",
            Self::Limit(_) => "limit",
            Self::Media(_) => "media",
            Self::NotOffered(_) => "not_offered",
            Self::Unauthorized(_) => "unauthorized",
            Self::Token(_) => "token",
            Self::RateLimited(_) => "rate_limited",
            Self::Unavailable(_) => "unavailable",
            Self::Refused(_) => "refused",
            Self::Unreadable(_) => "unreadable",
            Self::Incomplete(_) => "incomplete",
            Self::Unsent(_) => "unsent",
            Self::Transport(_) => "transport",
        }
    }
}
