//! One attempt at forwarding a message: a signed request, and the reading of its answer.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::{sync::Semaphore, time::timeout};

use super::{answer, envelope::Envelope, service_answer::ServiceAnswer, webhook};
use crate::{
    clock::Clock,
    handler::HandlerError,
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
pub(in crate::rules) struct Target {
    /// The service as its rule describes it.
    forward: Forward,
    transport: Transport,
    /// Permits for requests at once, so that a service that has just come back is not flooded.
    permits: Semaphore,
}

impl Target {
    /// The service that `forward` describes. No connection is made yet.
    ///
    /// # Errors
    ///
    /// [`ClientError::Setup`]: a system without certificates.
    pub(in crate::rules) fn new(
        forward: &Forward,
        connect_timeout: Duration,
    ) -> Result<Self, ClientError> {
        let options =
            Options { connect_timeout: connect_timeout.min(forward.timeout), timeout: forward.timeout };
        // The query belongs to the request, not to the base address.
        let mut base = forward.url.clone();
        base.set_query(None);
        let base = BaseAddress::new(base)?.shown_as(&forward.shown_url());
        Ok(Self {
            transport: Transport::new(vec![base], options)?,
            permits: Semaphore::new(forward.concurrency),
            forward: forward.clone(),
        })
    }

    /// Whether `forward` describes the same service, called in the same way.
    pub(in crate::rules) fn is_for(&self, forward: &Forward) -> bool {
        self.forward.is_same(forward)
    }

    /// Makes one attempt at forwarding a message.
    pub(in crate::rules) async fn forward(
        &self,
        message: &Envelope<'_>,
        clock: &Clock,
    ) -> Result<ServiceAnswer, HandlerError> {
        let body: Bytes = serde_json::to_vec(message).map_err(HandlerError::permanent)?.into();
        let Forward { url, secrets, concurrency, .. } = &self.forward;
        let shown = self.forward.shown_url();
        let Ok(Ok(_permit)) = timeout(self.forward.timeout, self.permits.acquire()).await else {
            let busy = format!(
                "{shown} has not had time for it: {concurrency} requests were under way all along"
            );
            return Err(HandlerError::retryable(busy));
        };
        let prepare = || {
            // The service compares the timestamp with its own clock.
            let timestamp = webhook::timestamp(clock.now_outside());
            let signatures = webhook::signatures(secrets, &message.id, &timestamp, &body);
            let request = Request::post("")
                .with_raw_query(url.query().unwrap_or_default().to_owned())
                .with_header("webhook-id", message.id.clone())
                .with_header("webhook-timestamp", timestamp)
                .with_header("webhook-signature", signatures.clone())
                .with_bytes("application/json", body.clone());
            let signatures = signatures.split(' ').map(ToOwned::to_owned);
            signatures.fold(request, Request::with_sensitive)
        };
        let started = Instant::now();
        let (outcome, result) = match self.transport.call_raw(clock, prepare).await {
            Ok(answer) => {
                let result = answer::read(&answer, &self.forward, message.asker());
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
        self.forward.fmt(f)
    }
}
