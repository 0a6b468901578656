//! Probes without effect: of a callback server and its secret, and of the platform's clock.

use std::{fmt, time::Instant};

use jiff::fmt::rfc2822::DateTimeParser;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::signing::new_nonce;
use crate::{
    clock::{Clock, UnixMillis},
    http::{
        base_address::BaseAddress,
        error::ClientError,
        exchange::RawAnswer,
        options::Options,
        redaction::excerpt,
        request::Request,
        transport::{Transport, count_call},
    },
    protocol::Inbound,
    signature::Timestamps,
};

/// The answer of a callback server to a probe.
#[derive(Deserialize)]
struct ProbeAnswer {
    #[serde(rename = "rongcloud-callback")]
    version: String,
}

/// Why a probe has not shown that a callback server works. The messages are about that server, not about the platform.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The answer is not the one of a callback server that works and has the same secret.
    #[error("{url} {}{}", describe_status(*.status), Beginning(.beginning))]
    Answered {
        /// The address.
        url: String,
        /// HTTP status.
        status: u16,
        /// The beginning of the answer.
        beginning: String,
    },
    /// No answer came ([`ClientError::Transport`]), or the probe could not be made ([`ClientError::Setup`]).
    #[error(transparent)]
    Client(#[from] ClientError),
}

fn describe_status(status: u16) -> String {
    match status {
        401 => "refused the probe's signature (HTTP 401)".to_owned(),
        200..300 => format!("answered HTTP {status}, but not as rongcloud-callback does"),
        _ => format!("answered HTTP {status}"),
    }
}

/// The beginning of an answer behind a colon; nothing for an empty answer.
struct Beginning<'a>(&'a str);

impl fmt::Display for Beginning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}

/// Sends a probe to the routeUrl `url` and returns the version of the server that answered.
///
/// The probe is signed with a timestamp in the unit `timestamps`. The server checks the signature and its own journal, and
/// hands nothing to a handler.
///
/// # Errors
///
/// [`ProbeError`]: no answer, or another one than a callback server's. A wrong secret or clock is an answer with
/// status 401.
pub async fn probe(
    url: &Url,
    secret: &SecretString,
    timestamps: Timestamps,
    options: Options,
    clock: &Clock,
) -> Result<String, ProbeError> {
    let shown = shown_url(url);
    let transport = Transport::new(vec![BaseAddress::new(url.clone())?.shown_as(&shown)], options)?;
    let prepare = || {
        let now = clock.now();
        let query = timestamps.signed_query(secret, &new_nonce(), now);
        let request = Request::post("").with_bytes("text/xml", Inbound::probe(now).to_xml());
        Ok(request.with_sensitive(query.clone()).with_raw_query(query))
    };
    let started = Instant::now();
    let result = match transport.call_raw(clock, prepare).await {
        Ok(answer) => decode(shown, &answer),
        Err(error) => Err(ProbeError::Client(error)),
    };
    count_call("probe", started, result.as_ref().map_or_else(ProbeError::class, |_| "ok"));
    result
}

/// Asks the server at `url` for its time (`Date`), in whole seconds; none if the answer has no time.
///
/// # Errors
///
/// [`ClientError::Transport`] if no answer comes.
pub async fn server_time(
    url: &Url,
    options: Options,
    clock: &Clock,
) -> Result<Option<UnixMillis>, ClientError> {
    let transport = Transport::new(vec![BaseAddress::new(url.clone())?], options)?;
    let answer = transport.call_raw(clock, || Ok(Request::get())).await?;
    let date = answer.header("date");
    let time = date.and_then(|date| DateTimeParser::new().parse_timestamp(&*date).ok());
    Ok(time.map(|time| UnixMillis(time.as_millisecond())))
}

fn decode(url: String, answer: &RawAnswer) -> Result<String, ProbeError> {
    match serde_json::from_str::<ProbeAnswer>(&answer.text()) {
        Ok(probe) if answer.status == 200 => Ok(probe.version),
        _ => {
            let (status, beginning) = (answer.status, excerpt(&answer.text()));
            Err(ProbeError::Answered { url, status, beginning })
        }
    }
}

impl ProbeError {
    /// The HTTP status, if an answer came.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(*status),
            Self::Client(error) => error.answer().map(|answer| answer.status),
        }
    }

    /// Whether no answer came.
    pub fn is_unanswered(&self) -> bool {
        matches!(self, Self::Client(ClientError::Transport(_)))
    }

    /// The class in one word, for metrics; the words are those of the other calls.
    fn class(&self) -> &'static str {
        match self {
            Self::Answered { status: 401, .. } => "unauthorized",
            Self::Answered { status: 429, .. } => "rate_limited",
            Self::Answered { status: 500.., .. } => "unavailable",
            Self::Answered { .. } => "unreadable",
            Self::Client(error) => error.class(),
        }
    }
}

/// An address as people may see it: without user name, password, query and fragment.
fn shown_url(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}
