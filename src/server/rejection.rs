//! Why a callback was refused: status, code, message, and the one word for logs and metrics.

use std::fmt;

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER},
};
use http_body_util::Full;
use serde::Serialize;

use crate::{
    journal::JournalError,
    protocol::{ErrCode, ParseError},
    signature::SignatureError,
};

/// Why a callback was refused.
#[derive(Debug)]
pub(super) enum Rejection {
    /// The query string does not show that the platform sent it.
    Signature(SignatureError),
    /// Its signature came with another body before.
    Replayed,
    /// The body is longer than this number of bytes.
    TooLarge(usize),
    /// The body did not come in time.
    SlowBody,
    /// The body ended before its end, or its chunks make no sense.
    BrokenBody,
    /// Authentic, but not one of the platform's messages; kept as a dead letter.
    NotUnderstood(ParseError),
    /// As many callbacks as may be are in progress already.
    Overloaded,
    /// The journal did not answer in time.
    SlowJournal,
    /// The journal did not take it.
    Journal(JournalError),
}

impl Rejection {
    /// Every [`label`](Self::label).
    pub(super) const LABELS: [&'static str; 16] = [
        "missing",
        "repeated",
        "malformed",
        "stale",
        "future",
        "mismatch",
        "replayed",
        "too_large",
        "slow_body",
        "broken_body",
        "not_understood",
        "overloaded",
        "slow_journal",
        "full",
        "unavailable",
        "journal",
    ];

    /// What it is called in the log and in metrics.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Signature(SignatureError::Missing(_)) => "missing",
            Self::Signature(SignatureError::Repeated(_)) => "repeated",
            Self::Signature(SignatureError::Malformed { .. }) => "malformed",
            Self::Signature(SignatureError::Stale(_)) => "stale",
            Self::Signature(SignatureError::Future(_)) => "future",
            Self::Signature(SignatureError::Mismatch) => "mismatch",
            Self::Replayed => "replayed",
            Self::TooLarge(_) => "too_large",
            Self::SlowBody => "slow_body",
            Self::BrokenBody => "broken_body",
            Self::NotUnderstood(_) => "not_understood",
            Self::Overloaded => "overloaded",
            Self::SlowJournal => "slow_journal",
            Self::Journal(JournalError::Full(_)) => "full",
            Self::Journal(JournalError::Unavailable(_)) => "unavailable",
            Self::Journal(_) => "journal",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Signature(_) | Self::Replayed => StatusCode::UNAUTHORIZED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Self::BrokenBody | Self::NotUnderstood(_) => StatusCode::BAD_REQUEST,
            Self::Overloaded | Self::SlowJournal | Self::Journal(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn errcode(&self) -> ErrCode {
        match self {
            Self::Signature(_) | Self::Replayed => ErrCode::BAD_SIGNATURE,
            Self::TooLarge(_) | Self::SlowBody | Self::BrokenBody | Self::NotUnderstood(_) => {
                ErrCode::BAD_PARAMETER
            }
            Self::Overloaded | Self::SlowJournal | Self::Journal(_) => ErrCode::INTERNAL,
        }
    }

    /// What the platform is told: what and where, but of the journal only that it should come again.
    fn errmsg(&self) -> String {
        match self {
            Self::NotUnderstood(error) => error.to_string(),
            Self::Journal(_) => "it could not be made durable: try again".to_owned(),
            other => other.to_string(),
        }
    }

    /// How the platform is answered.
    pub(super) fn response(&self) -> Response<Full<Bytes>> {
        let answer = Answer { errcode: self.errcode(), errmsg: self.errmsg() };
        // A number and a string: this cannot fail.
        let json = serde_json::to_vec(&answer).unwrap_or_default();
        let mut response = Response::new(Full::from(json));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self {
            Self::Overloaded | Self::SlowJournal | Self::Journal(_) => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            // What is left of the body is not waited for, so nothing can follow it.
            Self::SlowBody | Self::TooLarge(_) | Self::BrokenBody => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Self::Signature(_) | Self::Replayed | Self::NotUnderstood(_) => {}
        }
        response
    }
}

/// What the log says, so nothing of the body: not even the names of its elements.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature(error) => error.fmt(f),
            Self::Replayed => f.write_str("the signature came with another body before"),
            Self::TooLarge(max) => write!(f, "the body is longer than {max} bytes"),
            Self::SlowBody => f.write_str("the body did not come in time"),
            Self::BrokenBody => f.write_str("the body is incomplete"),
            Self::NotUnderstood(_) => {
                f.write_str("not one of the platform's messages: kept as a dead letter")
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
            // By another server on the same journal.
            JournalError::Bound => Self::Replayed,
            error => Self::Journal(error),
        }
    }
}

/// The platform's own form of an error.
#[derive(Serialize)]
struct Answer {
    errcode: ErrCode,
    errmsg: String,
}
