//! Why a callback was refused: status, code, message, and the one word for logs and metrics.

use std::fmt;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER},
};
use serde::Serialize;

use super::letter::LONGEST_ID;
use crate::{
    ids::shortened,
    journal::JournalError,
    protocol::{ErrCode, ParseError},
    signature::SignatureError,
};

/// Where an operator finds what was kept.
const SEE: &str = "`rongcloud-callback journal list --state dead` lists it";

/// Why a callback was refused.
#[derive(Debug)]
pub(super) enum Rejection {
    /// The query string does not show that the platform sent it.
    Signature(SignatureError),
    /// Its signature came with another body before.
    Replayed {
        /// Kept as a dead letter; not if enough of them are.
        is_kept: bool,
    },
    /// As many requests as may be carry its signature already.
    Crowded,
    /// The body would have to be decoded in this way first.
    Encoded(String),
    /// The body is longer than this number of bytes.
    TooLarge(usize),
    /// The body did not come in time.
    SlowBody,
    /// The body ended before its end, or its chunks make no sense.
    BrokenBody,
    /// Authentic, but not one of the platform's messages; kept as a dead letter.
    NotUnderstood(ParseError),
    /// Authentic, but the id in this element is longer than any; kept as a dead letter.
    LongId(&'static str),
    /// No app has the path.
    NotFound,
    /// As many callbacks as may be are in progress already.
    Overloaded,
    /// The journal did not answer in time.
    SlowJournal,
    /// The journal did not take it.
    Journal(JournalError),
}

impl Rejection {
    /// Every [`label`](Self::label) that a callback of an app can get.
    pub(super) const LABELS: [&'static str; 21] = [
        "missing",
        "second_query",
        "other_unit",
        "repeated",
        "malformed",
        "stale",
        "future",
        "mismatch",
        "replayed",
        "crowded",
        "encoded",
        "too_large",
        "slow_body",
        "broken_body",
        "not_understood",
        "long_id",
        "overloaded",
        "slow_journal",
        "full",
        "unavailable",
        "journal",
    ];

    /// What it is called in the log and in metrics.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Signature(error) => error.label(),
            Self::Replayed { .. } => "replayed",
            Self::Crowded => "crowded",
            Self::Encoded(_) => "encoded",
            Self::TooLarge(_) => "too_large",
            Self::SlowBody => "slow_body",
            Self::BrokenBody => "broken_body",
            Self::NotUnderstood(_) => "not_understood",
            Self::LongId(_) => "long_id",
            Self::NotFound => "not_found",
            Self::Overloaded => "overloaded",
            Self::SlowJournal => "slow_journal",
            Self::Journal(JournalError::Full(_)) => "full",
            Self::Journal(JournalError::Unavailable(_)) => "unavailable",
            Self::Journal(_) => "journal",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Signature(_) | Self::Replayed { .. } => StatusCode::UNAUTHORIZED,
            Self::Encoded(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Self::BrokenBody | Self::NotUnderstood(_) | Self::LongId(_) => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Crowded | Self::Overloaded | Self::SlowJournal | Self::Journal(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    fn errcode(&self) -> ErrCode {
        match self.status() {
            StatusCode::UNAUTHORIZED => ErrCode::BAD_SIGNATURE,
            StatusCode::SERVICE_UNAVAILABLE => ErrCode::INTERNAL,
            _ => ErrCode::BAD_PARAMETER,
        }
    }

    /// What the platform is told: what and where, but of the journal only that it should come again.
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

    /// How the platform is answered.
    pub(super) fn response(&self) -> Response {
        let answer = Answer { errcode: self.errcode(), errmsg: self.errmsg() };
        // A number and a string: this cannot fail.
        let json = serde_json::to_vec(&answer).unwrap_or_default();
        let status = self.status();
        let mut response = (status, Body::from(json)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        // What is left of the body is not waited for, so nothing can follow it.
        if matches!(self, Self::SlowBody | Self::TooLarge(_) | Self::BrokenBody) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// What the log says, so nothing of the body: not even the names of its elements.
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
            Self::NotFound => f.write_str("no app receives callbacks at this path"),
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
            JournalError::SignatureReused => Self::Replayed { is_kept: false },
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
