//! Forwarding of messages to a service: one signed request, and the reading of its answer.

mod answer;
mod envelope;
mod webhook;

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::{sync::Semaphore, time::timeout};

pub(super) use self::envelope::Envelope;
use crate::{
    clock::Clock,
    handler::{HandlerError, HandlerResult},
    http::{
        base_address::BaseAddress,
        error::ClientError,
        options::Options,
        request::Request,
        transport::{Transport, count_call},
    },
    rules::language::Forward,
};

/// A service that messages are forwarded to, and the connections to it.
pub(super) struct Target {
    section: Forward,
    transport: Transport,
    /// Permits for requests at once, so that a service that has just come back is not flooded.
    permits: Semaphore,
}

impl Target {
    pub(super) fn new(section: &Forward, connect_timeout: Duration) -> Result<Self, ClientError> {
        let options =
            Options { connect_timeout: connect_timeout.min(section.timeout), timeout: section.timeout };
        // The query belongs to the request, not to the base address.
        let mut base = section.url.clone();
        base.set_query(None);
        let base = BaseAddress::new(base)?.shown_as(&section.shown_url());
        Ok(Self {
            transport: Transport::new(vec![base], options)?,
            permits: Semaphore::new(section.concurrency),
            section: section.clone(),
        })
    }

    pub(super) fn is_for(&self, section: &Forward) -> bool {
        self.section.is_same(section)
    }

    /// Makes one attempt at forwarding a message.
    pub(super) async fn forward(&self, message: &Envelope<'_>, clock: &Clock) -> HandlerResult {
        let body: Bytes = serde_json::to_vec(message).map_err(HandlerError::permanent)?.into();
        let Forward { url, secrets, concurrency, .. } = &self.section;
        let shown = self.section.shown_url();
        let Ok(Ok(_permit)) = timeout(self.section.timeout, self.permits.acquire()).await else {
            let busy = format!(
                "{shown} has not had time for it: {concurrency} requests were under way all along"
            );
            return Err(HandlerError::retryable(busy));
        };
        let prepare = || {
            let timestamp = webhook::timestamp(clock.now());
            let signatures = webhook::signatures(secrets, &message.id, &timestamp, &body);
            let request = Request::post("")
                .with_raw_query(url.query().unwrap_or_default().to_owned())
                .with_header("webhook-id", message.id.clone())
                .with_header("webhook-timestamp", timestamp)
                .with_header("webhook-signature", signatures.clone())
                .with_bytes("application/json", body.clone());
            let signatures = signatures.split(' ').map(ToOwned::to_owned);
            Ok(signatures.fold(request, Request::with_sensitive))
        };
        let started = Instant::now();
        let (outcome, result) = match self.transport.call_raw(clock, prepare).await {
            Ok(answer) => {
                let result = answer::read(&answer, &self.section);
                (answer::class(&answer, &result), result)
            }
            Err(error) => (error.class(), Err(error.into())),
        };
        count_call("forward", started, outcome);
        result
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.section.fmt(f)
    }
}
