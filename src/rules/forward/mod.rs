//! Handing messages on to a service: one signed request, and what its answer means.

mod answer;
mod envelope;
mod webhook;

use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use tokio::{sync::Semaphore, time::timeout};

pub(super) use self::envelope::Envelope;
use crate::{
    client::{
        ClientError,
        transport::{self, Prepared, Transport},
    },
    clock::Clock,
    config::ClientSection,
    handler::{HandlerError, HandlerResult},
    rules::language::Forward,
};

/// A service, and the connections to it.
pub(super) struct Target {
    section: Forward,
    transport: Transport,
    /// Bounds what comes down on a service that has just come back.
    turns: Semaphore,
}

impl Target {
    pub(super) fn new(section: &Forward, connect_timeout: Duration) -> Result<Self, ClientError> {
        let times = ClientSection {
            connect_timeout: connect_timeout.min(section.timeout),
            timeout: section.timeout,
        };
        // The query belongs to the request, not to the base address.
        let mut base = section.url.clone();
        base.set_query(None);
        Ok(Self {
            transport: Transport::new([base], &times)?,
            turns: Semaphore::new(section.concurrency),
            section: section.clone(),
        })
    }

    pub(super) fn is_for(&self, section: &Forward) -> bool {
        self.section.is_same(section)
    }

    /// Makes one attempt.
    pub(super) async fn hand_on(&self, message: &Envelope<'_>, clock: &Clock) -> HandlerResult {
        let body = serde_json::to_vec(message).map_err(HandlerError::permanent)?;
        let Forward { url, secrets, concurrency, .. } = &self.section;
        let shown = self.section.shown_url();
        let Ok(Ok(_turn)) = timeout(self.section.timeout, self.turns.acquire()).await else {
            let busy = format!(
                "{shown} has not had time for it: {concurrency} requests were under way all along"
            );
            return Err(HandlerError::retryable(busy));
        };
        let prepare = |http: &reqwest::Client, _base: &_| {
            let timestamp = webhook::timestamp(clock.now());
            let signatures = webhook::signatures(secrets, &message.id, &timestamp, &body);
            let request = http
                .post(url.clone())
                .header(CONTENT_TYPE, "application/json")
                .header("webhook-id", &message.id)
                .header("webhook-timestamp", timestamp)
                .header("webhook-signature", &signatures)
                .body(body.clone());
            Ok(Prepared { request, sensitive: signatures.split(' ').map(ToOwned::to_owned).collect() })
        };
        let started = Instant::now();
        let (outcome, result) = match self.transport.ask(clock, prepare).await {
            Ok(received) => {
                let result = answer::read(&received, &self.section);
                (answer::class(&received, &result), result)
            }
            Err(error) => (error.class(), Err(unanswered(&shown, error))),
        };
        transport::count("forward", started, outcome);
        result
    }
}

/// An attempt of which no answer came, or none that can be read.
fn unanswered(url: &str, error: ClientError) -> HandlerError {
    let what = match (&error, error.answer()) {
        (ClientError::Transport(lost), _) => format!("no answer from {url}: {}", lost.cause),
        (_, Some(answer)) => format!("{url} answered {answer}"),
        (_, None) => return error.into(),
    };
    if error.is_retryable() { HandlerError::retryable(what) } else { HandlerError::permanent(what) }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.section.fmt(f)
    }
}
