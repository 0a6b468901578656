//! Harmless questions: whether a callback server is there and shares our secret, and what time the platform's clock shows.

use std::{fmt, time::Instant};

use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::DATE;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{
    ClientError, NoAnswer,
    transport::{self, Prepared, Received, Transport, excerpt},
};
use crate::{
    clock::{Clock, UnixMillis},
    config::ClientSection,
    protocol::Inbound,
    signature::Timestamps,
};

/// What a callback server answers a probe.
#[derive(Deserialize)]
struct Probed {
    #[serde(rename = "rongcloud-callback")]
    version: String,
}

/// Why a probe has not shown that a callback server is well: the words are about that server, not about the platform.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// No answer came.
    #[error("no answer from {url}: {cause}")]
    NoAnswer {
        /// The address.
        url: String,
        /// What happened instead.
        cause: String,
    },
    /// The answer is none of a callback server that is well and has the same secret.
    #[error("{url} {}{}", refusal(*.status), Beginning(.beginning))]
    Answered {
        /// The address.
        url: String,
        /// HTTP status.
        status: u16,
        /// How the answer begins.
        beginning: String,
    },
    /// The probe could not be made, or its answer not be read.
    #[error(transparent)]
    Client(ClientError),
}

fn refusal(status: u16) -> String {
    match status {
        401 => "refused the probe's signature (HTTP 401)".to_owned(),
        200..300 => format!("answered HTTP {status}, but not as rongcloud-callback does"),
        _ => format!("answered HTTP {status}"),
    }
}

/// The beginning of an answer, unless it is empty.
struct Beginning<'a>(&'a str);

impl fmt::Display for Beginning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}

/// Sends a probe to the routeUrl `url`, signed with a timestamp in that unit; gives the version of the server that answered.
///
/// The server checks its signature and its own journal, and does not hand it to a handler.
///
/// # Errors
///
/// What went wrong on the way, or what else answered there; a wrong secret or clock is an answer with status 401.
pub async fn probe(
    url: &Url,
    secret: &SecretString,
    timestamps: Timestamps,
    section: &ClientSection,
    clock: &Clock,
) -> Result<String, ProbeError> {
    let transport = Transport::new([url.clone()], section).map_err(ProbeError::Client)?;
    let prepare = |http: &reqwest::Client, url: &Url| {
        let now = clock.now();
        let query = timestamps.signed_query(secret, &format!("{:016x}", rand::random::<u64>()), now);
        let mut signed = url.clone();
        signed.set_query(Some(&query));
        let request =
            http.post(signed).header("content-type", "text/xml").body(Inbound::probe(now).to_xml());
        Ok(Prepared { request, sensitive: vec![query] })
    };
    let started = Instant::now();
    let result = match transport.ask(clock, prepare).await {
        Ok(received) => decode(url, &received),
        Err(ClientError::Transport(NoAnswer { cause, .. })) => {
            Err(ProbeError::NoAnswer { url: shown(url), cause })
        }
        Err(error) => Err(ProbeError::Client(error)),
    };
    transport::count("probe", started, result.as_ref().map_or_else(ProbeError::class, |_| "ok"));
    result
}

/// The time that the clock of the server at `url` shows, in whole seconds (`Date`); none if it does not say.
///
/// # Errors
///
/// [`ClientError::Transport`] if it does not answer.
pub async fn server_time(
    url: &Url,
    section: &ClientSection,
    clock: &Clock,
) -> Result<Option<UnixMillis>, ClientError> {
    let transport = Transport::new([url.clone()], section)?;
    let prepare = |http: &reqwest::Client, url: &Url| {
        Ok(Prepared { request: http.get(url.clone()), sensitive: Vec::new() })
    };
    let Received { headers, .. } = transport.ask(clock, prepare).await?;
    let date = headers.get(DATE).and_then(|date| date.to_str().ok());
    let time = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
    Ok(time.map(|time| UnixMillis(time.as_millisecond())))
}

fn decode(url: &Url, received: &Received) -> Result<String, ProbeError> {
    match serde_json::from_str::<Probed>(&received.text) {
        Ok(probed) if received.status == 200 => Ok(probed.version),
        _ => {
            let (status, beginning) = (received.status, excerpt(&received.text));
            Err(ProbeError::Answered { url: shown(url), status, beginning })
        }
    }
}

impl ProbeError {
    /// The HTTP status, if something answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(*status),
            Self::Client(error) => error.answer().map(|answer| answer.status),
            Self::NoAnswer { .. } => None,
        }
    }

    /// The class in one word, for metrics: the words are those of the other calls.
    fn class(&self) -> &'static str {
        match self {
            Self::NoAnswer { .. } => "transport",
            Self::Answered { status: 401, .. } => "unauthorized",
            Self::Answered { status: 429, .. } => "rate_limited",
            Self::Answered { status: 500.., .. } => "unavailable",
            Self::Answered { .. } => "unreadable",
            Self::Client(error) => error.class(),
        }
    }
}

/// An address as people may see it: without a name, a password and what stands behind the path.
fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}
