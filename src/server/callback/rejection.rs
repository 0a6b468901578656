//! A rejection: the reason for which a callback is refused, with its details, its log text and its answer.

use std::fmt;

use axum::response::Response;
use http::{HeaderValue, header::CONNECTION};

use super::{id_limit::LONGEST_ID, reason::Reason, response::error_response};
use crate::{ids::shortened, journal::JournalError, protocol::ParseError, signature::SignatureError};

/// The command with which an operator finds a dead letter.
const SEE: &str = "`rongcloud-callback journal list --state dead` lists it";

/// A refused callback: the [`Reason`] with its details.
#[derive(Debug)]
pub(super) enum Rejection {
    /// The query string does not prove that the platform sent the callback.
    Signature(SignatureError),
    /// The signature came with another body before.
    Replayed {
        /// Whether the body is kept as a dead letter; it is not once enough bodies are kept.
        is_kept: bool,
    },
    /// Too many requests under the same signature are in progress.
    Crowded,
    /// The body would have to be decoded first; this is its `Content-Encoding`.
    Encoded(String),
    /// The body is longer than this number of bytes.
    TooLarge(usize),
    /// The body did not come in time.
    SlowBody,
    /// The connection ended before the body did, or the chunks of the body are malformed.
    BrokenBody,
    /// The body is authentic, but not one of the platform's messages; a dead letter keeps it.
    NotUnderstood(ParseError),
    /// The body is authentic, but the id in this element is too long; a dead letter keeps it.
    LongId(&'static str),
    /// Too many callbacks are in progress.
    Overloaded,
    /// The journal did not answer in time.
    SlowJournal,
    /// The journal did not take the message.
    Journal(JournalError),
}

impl Rejection {
    /// The reason without its details, for status, metrics and log.
    pub(super) fn reason(&self) -> Reason {
        match self {
            Self::Signature(error) => signature_reason(error),
            Self::Replayed { .. } => Reason::Replayed,
            Self::Crowded => Reason::Crowded,
            Self::Encoded(_) => Reason::Encoded,
            Self::TooLarge(_) => Reason::TooLarge,
            Self::SlowBody => Reason::SlowBody,
            Self::BrokenBody => Reason::BrokenBody,
            Self::NotUnderstood(_) => Reason::NotUnderstood,
            Self::LongId(_) => Reason::LongId,
            Self::Overloaded => Reason::Overloaded,
            Self::SlowJournal => Reason::SlowJournal,
            Self::Journal(JournalError::Full(_)) => Reason::JournalFull,
            Self::Journal(JournalError::Unavailable(_)) => Reason::JournalUnavailable,
            Self::Journal(_) => Reason::JournalError,
        }
    }

    /// The message to the platform: what is wrong and where. About the journal it says only that the platform should try
    /// again.
    pub(super) fn errmsg(&self) -> String {
        match self {
            Self::Replayed { .. } => "the signature came with another body before".to_owned(),
            Self::NotUnderstood(error) => shortened(&error.to_string()).into_owned(),
            Self::LongId(element) => {
                format!("the id in the element <{element}> is longer than {LONGEST_ID} bytes")
            }
            Self::Journal(_) => "it could not be made durable: try again".to_owned(),
            other => other.to_string(),
        }
    }
}

fn signature_reason(error: &SignatureError) -> Reason {
    match error {
        SignatureError::Missing(_) => Reason::MissingParameter,
        SignatureError::SecondQuery(_) => Reason::SecondQuery,
        SignatureError::OtherUnit(_) => Reason::OtherUnit,
        SignatureError::Repeated(_) => Reason::RepeatedParameter,
        SignatureError::Malformed { .. } => Reason::MalformedParameter,
        SignatureError::Stale(..) => Reason::Stale,
        SignatureError::Future(..) => Reason::Future,
        SignatureError::Mismatch => Reason::Mismatch,
    }
}

impl From<&Rejection> for Response {
    fn from(rejection: &Rejection) -> Self {
        let mut response = error_response(rejection.reason().status(), &rejection.errmsg());
        // The rest of the body is not read, so no other request can follow on the connection.
        if matches!(rejection, Rejection::SlowBody | Rejection::TooLarge(_) | Rejection::BrokenBody) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// The text of the log line, which contains nothing of the body, not even the names of its elements.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature(error) => error.fmt(f),
            Self::Replayed { is_kept: true } => write!(
                f,
                "the signature came with another body before, so it was answered 401 and is kept as a dead letter: {SEE}; \
                 if it is genuine, `journal revive` has it handled"
            ),
            Self::Replayed { is_kept: false } => f.write_str(
                "the signature came with another body before, so it was answered 401; it is not kept, for enough of its \
                 kind are",
            ),
            Self::Crowded => f.write_str("too many requests at once under one signature: try again"),
            Self::Encoded(coding) => {
                write!(f, "the body is encoded (Content-Encoding: {coding}): send it as it is")
            }
            Self::TooLarge(max) => write!(f, "the body is longer than {max} bytes"),
            Self::SlowBody => f.write_str("the body did not come in time"),
            Self::BrokenBody => f.write_str("the body is incomplete"),
            Self::NotUnderstood(_) => {
                write!(f, "not one of the platform's messages, so it was answered 400 and is kept as a dead letter: {SEE}")
            }
            Self::LongId(_) => {
                write!(f, "{}, so it was answered 400 and is kept as a dead letter: {SEE}", self.errmsg())
            }
            Self::Overloaded => f.write_str("too many callbacks at once: try again"),
            Self::SlowJournal => f.write_str("it could not be made durable in time: try again"),
            Self::Journal(error) => error.fmt(f),
        }
    }
}

impl From<SignatureError> for Rejection {
    fn from(error: SignatureError) -> Self {
        Self::Signature(error)
    }
}

impl From<JournalError> for Rejection {
    fn from(error: JournalError) -> Self {
        match error {
            // Another server on the same journal has bound the signature to another body.
            JournalError::SignatureReused => Self::Replayed { is_kept: false },
            error => Self::Journal(error),
        }
    }
}
