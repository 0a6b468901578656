//! A callback's way: verify → bind → parse → accept → ack, with every bound that it meets on it.

use std::{
    collections::HashMap,
    future::poll_fn,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use ::metrics::{Counter, Histogram};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE, request::Parts};
use http_body_util::Full;
use hyper::body::Body;
use ipnet::IpNet;
use sha2::{Digest, Sha256};
use tokio::{
    sync::Semaphore,
    time::{Instant, error::Elapsed, timeout_at},
};
use tracing::{Level, debug, warn};

use super::{binding::Bindings, body, callbacks::empty, forwarded, rejection::Rejection, sieve::Sieve};
use crate::{
    clock::Clock,
    config::{AppSection, ServerSection},
    failpoint::{self, Point},
    ids::{AccountId, AppKey, UserId},
    journal::{Appended, Bond, Journal, JournalError, NewEntry, Queue},
    metrics,
    protocol::{Conversation, Inbound, ParseError, parse, sender},
    signature::{Verified, Verifier},
};

/// How a signed probe is answered: what tells us from anything else that answers 200, and our version.
const PROBED: &str = concat!("{\"rongcloud-callback\":\"", env!("CARGO_PKG_VERSION"), "\"}");

/// What receives the callbacks of each app.
pub(super) fn receivers(
    section: &ServerSection,
    apps: &[AppSection],
    journal: Arc<dyn Journal>,
    clock: Clock,
) -> impl Iterator<Item = Receiver> {
    let shared = Arc::new(Shared {
        journal,
        clock,
        max_body: usize::try_from(section.max_body.as_u64()).unwrap_or(usize::MAX),
        body_timeout: section.body_timeout,
        answer_timeout: section.answer_timeout,
        bond_span: section.timestamp_tolerance.saturating_mul(2),
        in_flight: Semaphore::new(section.max_in_flight),
        trusted_proxies: section.trusted_proxies.clone(),
        ack_seconds: metrics::ack_seconds(),
    });
    apps.iter().map(move |app| Receiver {
        key: app.key.clone(),
        path: app.path.clone(),
        verifier: Verifier::new(app.secrets.clone(), section.timestamp_tolerance),
        bindings: Bindings::new(section.signature_memory),
        outcomes: Outcomes::new(&app.key),
        shared: Arc::clone(&shared),
    })
}

/// What receives the callbacks of one app.
pub(super) struct Receiver {
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
    /// How long a signature that was seen can be accepted again.
    bond_span: Duration,
    in_flight: Semaphore,
    trusted_proxies: Vec<IpNet>,
    ack_seconds: Histogram,
}

/// What has to be known of a message to accept it.
struct Understood {
    key: String,
    conversation: String,
    /// What the log tells of it, if it does.
    told: Option<Box<Inbound>>,
}

/// An answer that the platform need not follow up.
pub(super) enum Ack {
    /// It is durable now.
    Accepted,
    /// It has been durable before.
    Duplicate,
    /// An operator's question whether we would accept; nothing was kept.
    Probed,
}

impl Receiver {
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The whole path: what returns `Ok` is durable, or a probe.
    pub(super) async fn callback(
        &self,
        request: &Parts,
        body: impl Body<Data = Bytes> + Send + Unpin,
        arrived_at: Instant,
        is_late: bool,
    ) -> Result<Ack, Rejection> {
        let Shared { clock, in_flight, max_body, body_timeout, answer_timeout, .. } = &*self.shared;
        let deadline = arrived_at + *answer_timeout;

        let signature = self.verifier.verify(request.uri.query().unwrap_or_default(), clock.now())?;
        // Not before: a body costs memory and time, and is only worth it once the platform is behind it.
        if is_late {
            return Err(Rejection::Overloaded);
        }
        let _permit = in_flight.try_acquire().map_err(|_| Rejection::Overloaded)?;
        let body = {
            let reading = pin!(body::read(body, *max_body));
            within(arrived_at + *body_timeout, reading).await.map_err(|_| Rejection::SlowBody)??
        };
        self.bindings.bind(signature, &body)?;

        let meaning = match self.understand(&body) {
            Ok(meaning) => meaning,
            Err(error) => return Err(Box::pin(self.bury(body, error, signature, deadline)).await),
        };
        let Some(Understood { key, conversation, told }) = meaning else {
            return Box::pin(self.probe(&body, signature, deadline)).await;
        };
        failpoint::reach(Point::Parsed).map_err(JournalError::from)?;
        let entry = NewEntry { queue: Queue::Inbox, key, conversation, body, dead: None };
        let appended = self.append(entry, signature, deadline).await?;
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
            app = %self.key, account = inbound.account.as_str(), user = inbound.user.as_str(),
            message_id = inbound.message_id.as_ref().map(AsRef::as_ref), kind = inbound.kind(),
            duplicate = appended == Appended::Duplicate, "callback accepted"
        );
    }

    /// Reads a body; `None` is a probe. Not in the future of a callback, which would hold the whole message.
    fn understand(&self, body: &[u8]) -> Result<Option<Understood>, ParseError> {
        let inbound = parse(body)?;
        Ok((!inbound.is_probe()).then(|| Understood {
            key: inbound.dedup_key(&self.key),
            conversation: inbound.conversation_key(&self.key),
            told: tracing::enabled!(Level::DEBUG).then(|| Box::new(inbound)),
        }))
    }

    /// Makes `entry` durable. Dropping this future is safe: the commit does not live in it, and what was
    /// committed without an answer is a duplicate when the platform asks again.
    fn append(
        &self,
        entry: NewEntry,
        signature: Verified,
        deadline: Instant,
    ) -> impl Future<Output = Result<Appended, Rejection>> + Send {
        let appending = self.shared.journal.append_bound(self.bond(signature), entry);
        async move { Ok(within(deadline, appending).await.map_err(|_| Rejection::SlowJournal)??) }
    }

    /// Keeps an authentic body that was not understood as a dead letter, for the operator.
    async fn bury(
        &self,
        body: Bytes,
        error: ParseError,
        signature: Verified,
        deadline: Instant,
    ) -> Rejection {
        // The digest of the body is what makes it a duplicate.
        let digest = hex::encode(Sha256::digest(&body));
        // With its user's other messages; where it does not say for certain whose it is, in a conversation of its own.
        let (account, user) =
            sender(&body).unwrap_or_else(|| (AccountId::new(""), UserId::new(digest.as_str())));
        let conversation = Conversation { app: self.key.clone(), account, user };
        let letter = NewEntry {
            queue: Queue::Inbox,
            key: format!("{}\u{1f}b\u{1f}{digest}", self.key),
            conversation: conversation.encode(),
            body,
            dead: Some(error.to_string()),
        };
        match self.append(letter, signature, deadline).await {
            Ok(_) => Rejection::NotUnderstood(error),
            Err(rejection) => rejection,
        }
    }

    /// Answers a probe: whether the journal is there. Its signature carries nothing else to another replica either.
    async fn probe(
        &self,
        body: &[u8],
        signature: Verified,
        deadline: Instant,
    ) -> Result<Ack, Rejection> {
        let Shared { journal, .. } = &*self.shared;
        let asked = async {
            journal.bind(self.bond(signature), body).await?;
            journal.stats().await
        };
        timeout_at(deadline, asked).await.map_err(|_| Rejection::SlowJournal)??;
        Ok(Ack::Probed)
    }

    fn bond(&self, signature: Verified) -> Bond {
        Bond { signature: signature.0, span: self.shared.bond_span }
    }

    /// Says in metrics and to the platform what became of a callback.
    pub(super) fn ack(&self, ack: &Ack, arrived_at: Instant) -> Response<Full<Bytes>> {
        match ack {
            Ack::Accepted => self.outcomes.accepted.increment(1),
            Ack::Duplicate => self.outcomes.duplicate.increment(1),
            Ack::Probed => {
                self.outcomes.probed.increment(1);
                return probed();
            }
        }
        self.shared.ack_seconds.record(arrived_at.elapsed());
        empty(StatusCode::OK)
    }

    /// Says in log, metrics and to the platform, or whoever is at `peer`, why a callback was refused.
    pub(super) fn refuse(
        &self,
        rejection: &Rejection,
        request: &Parts,
        peer: Option<SocketAddr>,
    ) -> Response<Full<Bytes>> {
        let reason = rejection.label();
        let Some((counter, sieve)) = self.outcomes.refused.get(reason) else {
            return rejection.response();
        };
        counter.increment(1);
        if let Some(unlogged) = sieve.pass() {
            // Nobody's, if the server that the router is nested in does not say who its peer is.
            let client =
                peer.map(|peer| forwarded::client(peer, &request.headers, &self.shared.trusted_proxies));
            warn!(
                app = %self.key, path = %self.path, client = client.map(tracing::field::display),
                reason, error = %rejection, unlogged = (unlogged > 0).then_some(unlogged), "callback refused"
            );
        }
        rejection.response()
    }
}

/// Like [`timeout_at`], whose timer costs something where nothing has to be waited for.
async fn within<F: Future + Unpin>(deadline: Instant, mut future: F) -> Result<F::Output, Elapsed> {
    match poll_fn(|context| Poll::Ready(Pin::new(&mut future).poll(context))).await {
        Poll::Ready(output) => Ok(output),
        Poll::Pending => timeout_at(deadline, future).await,
    }
}

fn probed() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(PROBED));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// One counter for each thing that can become of an app's callback.
struct Outcomes {
    accepted: Counter,
    duplicate: Counter,
    probed: Counter,
    /// By reason; not all of them are logged.
    refused: HashMap<&'static str, (Counter, Sieve)>,
}

impl Outcomes {
    fn new(app: &AppKey) -> Self {
        let counter = |outcome| metrics::callbacks(app.as_str(), outcome);
        Self {
            accepted: counter("accepted"),
            duplicate: counter("duplicate"),
            probed: counter("probe"),
            refused: Rejection::LABELS
                .into_iter()
                .map(|label| (label, (counter(label), Sieve::new())))
                .collect(),
        }
    }
}
