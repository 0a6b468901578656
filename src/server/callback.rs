//! A callback's way: verify → bind → parse → accept → ack, with every bound that it meets on it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use ::metrics::{Counter, Histogram};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{StatusCode, header::CONTENT_TYPE, request::Parts},
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use ipnet::IpNet;
use sha2::{Digest, Sha256};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use tracing::{Level, debug, warn};

use super::{binding::Bindings, body, forwarded, rejection::Rejection};
use crate::{
    clock::Clock,
    config::{AppSection, ServerSection},
    ids::{AccountId, AppKey, UserId},
    journal::{Appended, Journal, NewEntry, Queue},
    metrics,
    protocol::{Conversation, Inbound, ParseError, parse},
    signature::Verifier,
};

/// How a signed probe is answered: what tells us from anything else that answers 200, and our version.
const PROBED: &str = concat!("{\"rongcloud-callback\":\"", env!("CARGO_PKG_VERSION"), "\"}");

/// Answers the callbacks of `apps`, each at its own path, and keeps what they bring in `journal`.
///
/// Every bound of `section` on a message is kept in here, so the router can be nested in any `axum` program.
/// There, the client's address in the log needs `into_make_service_with_connect_info::<SocketAddr>()`.
///
/// # Panics
///
/// If two apps have the same path, or a path is not one (a loaded configuration is checked for that).
pub fn router(
    section: &ServerSection,
    apps: &[AppSection],
    journal: Arc<dyn Journal>,
    clock: Clock,
) -> Router {
    let shared = Arc::new(Shared {
        journal,
        clock,
        max_body: usize::try_from(section.max_body.as_u64()).unwrap_or(usize::MAX),
        body_timeout: section.body_timeout,
        answer_timeout: section.answer_timeout,
        in_flight: Semaphore::new(section.max_in_flight),
        trusted_proxies: section.trusted_proxies.clone(),
        ack_seconds: metrics::ack_seconds(),
    });
    apps.iter().fold(Router::new(), |router, app| {
        let receiver = Receiver {
            key: app.key.clone(),
            path: app.path.clone(),
            verifier: Verifier::new(app.secrets.clone(), section.timestamp_tolerance),
            bindings: Bindings::new(section.signature_memory),
            outcomes: Outcomes::new(&app.key),
            shared: Arc::clone(&shared),
        };
        router.route(&app.path, post(receive).with_state(Arc::new(receiver)))
    })
}

/// What receives the callbacks of one app.
struct Receiver {
    key: AppKey,
    path: String,
    verifier: Verifier,
    bindings: Bindings,
    outcomes: Outcomes,
    shared: Arc<Shared>,
}

/// What all apps share: the journal and the bounds.
struct Shared {
    journal: Arc<dyn Journal>,
    clock: Clock,
    max_body: usize,
    /// From the request's arrival to the end of its body.
    body_timeout: Duration,
    /// From the request's arrival to the journal's word.
    answer_timeout: Duration,
    in_flight: Semaphore,
    trusted_proxies: Vec<IpNet>,
    ack_seconds: Histogram,
}

/// An answer that the platform need not follow up.
enum Ack {
    /// It is durable now.
    Accepted,
    /// It has been durable before.
    Duplicate,
    /// An operator's question whether we would accept; nothing was kept.
    Probed,
}

fn receive(
    State(receiver): State<Arc<Receiver>>,
    request: Request,
) -> impl Future<Output = Response> + Send {
    let arrived_at = Instant::now();
    // Before the future begins, or it would hold the request a second time. It is allocated for each callback, and
    // allocators are much quicker below 1 KiB: what is large or rare stays out of it.
    let (request, body) = request.into_parts();
    async move {
        match receiver.callback(&request, body, arrived_at).await {
            Ok(ack) => receiver.ack(&ack, arrived_at),
            Err(rejection) => receiver.refuse(rejection, &request),
        }
    }
}

impl Receiver {
    /// The whole path: what returns `Ok` is durable, or a probe.
    async fn callback(
        &self,
        request: &Parts,
        body: Body,
        arrived_at: Instant,
    ) -> Result<Ack, Rejection> {
        let Shared { clock, in_flight, max_body, body_timeout, answer_timeout, .. } = &*self.shared;
        let deadline = arrived_at + *answer_timeout;

        let signature = self.verifier.verify(request.uri.query().unwrap_or_default(), clock.now())?;
        // Not before: a body costs memory and time, and is only worth it once the platform is behind it.
        let _permit = in_flight.try_acquire().map_err(|_| Rejection::Overloaded)?;
        let body = timeout_at(arrived_at + *body_timeout, body::read(body, *max_body));
        let body = body.await.map_err(|_| Rejection::SlowBody)??;
        self.bindings.bind(signature, &body)?;

        let inbound = match parse(&body) {
            Ok(inbound) => inbound,
            Err(error) => return Err(Box::pin(self.bury(body, error, deadline)).await),
        };
        if inbound.is_probe() {
            return Box::pin(self.probe(deadline)).await;
        }
        let entry = self.entry(&inbound, body);
        let told = tracing::enabled!(Level::DEBUG).then(|| Box::new(inbound));
        let appended = self.append(entry, deadline).await?;
        if let Some(inbound) = told {
            self.tell(&inbound, appended);
        }
        Ok(match appended {
            Appended::New => Ack::Accepted,
            Appended::Duplicate => Ack::Duplicate,
        })
    }

    fn tell(&self, inbound: &Inbound, appended: Appended) {
        debug!(
            app = %self.key, account = %inbound.account, user = %inbound.user,
            message_id = inbound.message_id.as_ref().map(AsRef::as_ref), kind = inbound.kind(),
            duplicate = appended == Appended::Duplicate, "callback accepted"
        );
    }

    fn entry(&self, inbound: &Inbound, body: Bytes) -> NewEntry {
        NewEntry {
            queue: Queue::Inbox,
            key: inbound.dedup_key(&self.key),
            conversation: inbound.conversation_key(&self.key),
            body,
            dead: None,
        }
    }

    /// Makes `entry` durable. Dropping this future is safe: the commit does not live in it, and what was
    /// committed without an answer is a duplicate when the platform asks again.
    fn append(
        &self,
        entry: NewEntry,
        deadline: Instant,
    ) -> impl Future<Output = Result<Appended, Rejection>> + Send {
        let appending = timeout_at(deadline, self.shared.journal.append(vec![entry]));
        async {
            let answers = appending.await.map_err(|_| Rejection::SlowJournal)??;
            answers.first().copied().ok_or(Rejection::SlowJournal)
        }
    }

    /// Keeps an authentic body that was not understood as a dead letter, for the operator.
    async fn bury(&self, body: Bytes, error: ParseError, deadline: Instant) -> Rejection {
        // Nobody's conversation: named after the body itself, which is also what makes it a duplicate.
        let digest = hex::encode(Sha256::digest(&body));
        let conversation = Conversation {
            app: self.key.clone(),
            account: AccountId::new(""),
            user: UserId::new(digest.as_str()),
        };
        let letter = NewEntry {
            queue: Queue::Inbox,
            key: format!("{}\u{1f}b\u{1f}{digest}", self.key),
            conversation: conversation.encode(),
            body,
            dead: Some(error.to_string()),
        };
        match self.append(letter, deadline).await {
            Ok(_) => Rejection::NotUnderstood(error),
            Err(rejection) => rejection,
        }
    }

    /// Answers a probe: whether the journal is there.
    async fn probe(&self, deadline: Instant) -> Result<Ack, Rejection> {
        timeout_at(deadline, self.shared.journal.stats())
            .await
            .map_err(|_| Rejection::SlowJournal)??;
        Ok(Ack::Probed)
    }

    fn ack(&self, ack: &Ack, arrived_at: Instant) -> Response {
        match ack {
            Ack::Accepted => self.outcomes.accepted.increment(1),
            Ack::Duplicate => self.outcomes.duplicate.increment(1),
            Ack::Probed => {
                self.outcomes.probed.increment(1);
                return ([(CONTENT_TYPE, "application/json")], PROBED).into_response();
            }
        }
        self.shared.ack_seconds.record(arrived_at.elapsed());
        StatusCode::OK.into_response()
    }

    fn refuse(&self, rejection: Rejection, request: &Parts) -> Response {
        let reason = rejection.label();
        if let Some(counter) = self.outcomes.refused.get(reason) {
            counter.increment(1);
        }
        let client = forwarded::client(request, &self.shared.trusted_proxies);
        warn!(
            app = %self.key, path = %self.path, client = client.map(tracing::field::display),
            reason, error = %rejection, "callback refused"
        );
        rejection.into_response()
    }
}

/// One counter for each thing that can become of an app's callback.
struct Outcomes {
    accepted: Counter,
    duplicate: Counter,
    probed: Counter,
    refused: HashMap<&'static str, Counter>,
}

impl Outcomes {
    fn new(app: &AppKey) -> Self {
        let counter = |outcome| metrics::callbacks(app.as_str(), outcome);
        Self {
            accepted: counter("accepted"),
            duplicate: counter("duplicate"),
            probed: counter("probe"),
            refused: Rejection::LABELS.into_iter().map(|label| (label, counter(label))).collect(),
        }
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_future_of_a_callback_stays_below_the_size_from_which_allocators_are_slow() {
        fn size<A, B, F>(_: impl Fn(A, B) -> F) -> usize {
            size_of::<F>()
        }
        assert!(size(receive) <= 960, "{}", size(receive));
    }
}
