//! Harmless questions: whether a callback server is there and shares our secret, and what time the platform's clock shows.

use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::DATE;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{
    Answer, ClientError,
    transport::{Prepared, Received, Transport, excerpt},
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

/// Sends a probe to the routeUrl `url`, signed with a timestamp in that unit; gives the version of the server that answered.
///
/// The server checks its signature and its own journal, and does not hand it to a handler.
///
/// # Errors
///
/// What went wrong on the way, or what else answered there; a wrong secret or clock is
/// [`ClientError::Unauthorized`].
pub async fn probe(
    url: &Url,
    secret: &SecretString,
    timestamps: Timestamps,
    section: &ClientSection,
    clock: &Clock,
) -> Result<String, ClientError> {
    let transport = Transport::new([url.clone()], section)?;
    let prepare = |http: &reqwest::Client, url: &Url| {
        let now = clock.now();
        let query = timestamps.signed_query(secret, &format!("{:016x}", rand::random::<u64>()), now);
        let mut signed = url.clone();
        signed.set_query(Some(&query));
        let request =
            http.post(signed).header("content-type", "text/xml").body(Inbound::probe(now).to_xml());
        Ok(Prepared { request, sensitive: vec![query] })
    };
    transport.call("probe", clock, prepare, decode).await
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

fn decode(Received { status, text, retry_after, .. }: Received) -> Result<String, ClientError> {
    match serde_json::from_str::<Probed>(&text) {
        Ok(probed) if status == 200 => Ok(probed.version),
        _ => Err(Answer { status, errcode: None, errmsg: excerpt(&text), retry_after }.into_error()),
    }
}
