//! The acknowledgement of a callback, and its answer.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};

/// The body of the answer to a signed probe, which tells this server from anything else that answers 200, and names its
/// version.
const PROBE_ANSWER: &str = concat!("{\"rongcloud-callback\":\"", env!("CARGO_PKG_VERSION"), "\"}");

/// An acknowledgement, after which the platform does not send the callback again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ack {
    /// The message is durable now.
    Accepted,
    /// The message was durable before.
    Duplicate,
    /// The callback was an operator's probe, which asks whether a message would be accepted. Nothing was kept.
    Probe,
}

impl From<Ack> for Response {
    fn from(ack: Ack) -> Self {
        match ack {
            Ack::Accepted | Ack::Duplicate => StatusCode::OK.into_response(),
            Ack::Probe => {
                let json = HeaderValue::from_static("application/json");
                ([(CONTENT_TYPE, json)], PROBE_ANSWER).into_response()
            }
        }
    }
}
