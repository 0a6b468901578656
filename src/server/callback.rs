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
use axum::{
    body::Body,
    extract::{ConnectInfo, Request},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
    request::Parts,
};
use ipnet::IpNet;
use tokio::{
    sync::Semaphore,
    time::{Instant, error::Elapsed, timeout_at},
};
use tracing::{Level, debug, warn};

use super::{
    binding::Bindings, body, conflicts::Conflicts, forwarded, letter, listener::Arrival,
    rejection::Rejection, sieve::Sieve,
};
use crate::{
    clock::Clock,
    config::{AppSection, ServerSection},
    failpoint::{self, Point},
    ids::AppKey,
    journal::{Appended, JournalError, NewEntry, Queue, Queues, SignatureBinding},
    metrics,
    protocol::{Inbound, parse},
    signature::{Verified, Verifier},
};

/// How a signed probe is answered: what tells us from anything else that answers 200, and our version.
const PROBED: &str = concat!("{\"rongcloud-callback\":\"", env!("CARGO_PKG_VERSION"), "\"}");

/// What receives the callbacks of each app.
pub(super) fn receivers(
    section: &ServerSection,
    apps: &[AppSection],
    journal: Arc<dyn Queues>,
    clock: Clock,
) -> impl Iterator<Item = Arc<Receiver>> {
    let shared = Arc::new(Shared {
        journal,
        clock,
        max_body: usize::try_from(section.max_body.as_u64()).unwrap_or(usize::MAX),
        body_timeout: section.body_timeout,
        answer_timeout: section.answer_timeout,
        bond_span: section.timestamp_tolerance.saturating_mul(2),
        waiting: places(section.max_connections.div_ceil(2)),
        in_flight: places(section.max_in_flight),
        trusted_proxies: section.trusted_proxies.clone(),
        ack_seconds: metrics::ack_seconds(),
    });
    apps.iter().map(move |app| {
        Arc::new(Receiver {
            key: app.key.clone(),
            path: app.path.clone(),
            verifier: Verifier::new(app.secrets.clone(), section.timestamp_tolerance)
                .with_timestamps(app.timestamps),
            bindings: Bindings::new(section.signature_memory),
            conflicts: Conflicts::new(),
            outcomes: Outcomes::new(&app.key),
            shared: Arc::clone(&shared),
        })
    })
}

/// As many places, as far as they can be counted.
fn places(count: usize) -> Semaphore {
    Semaphore::new(count.min(Semaphore::MAX_PERMITS))
}

/// What receives the callbacks of one app.
pub(super) struct Receiver {
    key: AppKey,
    path: String,
    verifier: Verifier,
    bindings: Bindings,
    conflicts: Conflicts,
    outcomes: Outcomes,
    shared: Arc<Shared>,
}

/// What all apps share: the journal and the bounds.
struct Shared {
    journal: Arc<dyn Queues>,
    clock: Clock,
    max_body: usize,
    /// From the request's arrival to the end of its body.
    body_timeout: Duration,
    /// From the request's arrival to the journal's word.
    answer_timeout: Duration,
    /// How long a signature that was seen can be accepted again.
    bond_span: Duration,
    /// Places of those that wait for the rest of their bodies.
    waiting: Semaphore,
    /// Places of those that wait for the journal. A stranger whose body does not come has none of them.
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
enum Ack {
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

    /// Answers one callback.
    pub(super) fn respond(self: Arc<Self>, request: Request) -> impl Future<Output = Response> + Send {
        // Before the future begins, which would hold the request a second time.
        let (request, body) = request.into_parts();
        // Our own listener has taken the time; a foreign one has not.
        let arrival = request.extensions.get().copied().unwrap_or_else(Arrival::now);
        async move {
            match self.callback(&request, body, arrival).await {
                Ok(ack) => self.ack(&ack, arrival.at),
                Err(rejection) => self.refuse(&rejection, &request),
            }
        }
    }

    /// The whole path: what returns `Ok` is durable, or a probe.
    async fn callback(&self, request: &Parts, body: Body, arrival: Arrival) -> Result<Ack, Rejection> {
        let Shared { clock, in_flight, answer_timeout, .. } = &*self.shared;
        let deadline = arrival.at + *answer_timeout;

        let signature = self.verifier.verify(request.uri.query().unwrap_or_default(), clock.now())?;
        // Not before: a body costs memory and time, and is only worth it once the platform is behind it.
        if arrival.is_late {
            return Err(Rejection::Overloaded);
        }
        check_encoding(&request.headers)?;
        let _place = self.bindings.enter(signature)?;
        let body = self.read(body, arrival.at).await?;
        let _permit = in_flight.try_acquire().map_err(|_| Rejection::Overloaded)?;
        if self.bindings.bind(signature, &body).is_err() {
            return Err(Box::pin(self.keep_other_body(body, signature, deadline)).await);
        }

        let meaning = match self.understand(&body) {
            Ok(meaning) => meaning,
            Err(unfit) => return Err(Box::pin(self.bury(body, unfit, signature, deadline)).await),
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

    /// Reads the body, which nearly always is there already; one that is not takes a place until it is.
    async fn read(&self, body: Body, arrived_at: Instant) -> Result<Bytes, Rejection> {
        let Shared { max_body, body_timeout, waiting, .. } = &*self.shared;
        let mut reading = pin!(body::read(body, *max_body));
        if let Poll::Ready(body) = at_once(&mut reading).await {
            return body;
        }
        let _place = waiting.try_acquire().map_err(|_| Rejection::Overloaded)?;
        timeout_at(arrived_at + *body_timeout, reading).await.map_err(|_| Rejection::SlowBody)?
    }

    fn tell(&self, inbound: &Inbound, appended: Appended) {
        debug!(
            // None of them is long: see `letter::LONGEST_ID`.
            app = %self.key, account = inbound.account.as_str(), user = inbound.user.as_str(),
            message_id = inbound.message_id.as_ref().map(AsRef::as_ref), kind = inbound.kind(),
            duplicate = appended == Appended::Duplicate, "callback accepted"
        );
    }

    /// Reads a body; `None` is a probe. Not in the future of a callback, which would hold the whole message.
    fn understand(&self, body: &[u8]) -> Result<Option<Understood>, Rejection> {
        let inbound = parse(body).map_err(Rejection::NotUnderstood)?;
        if let Some(element) = letter::long_id(&inbound) {
            return Err(Rejection::LongId(element));
        }
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
        // Before the future begins, which would hold the entry as well.
        let body = entry.body.clone();
        let appending = self.shared.journal.append(entry, Some(self.binding(signature)));
        async move {
            match within(deadline, appending).await.map_err(|_| Rejection::SlowJournal)? {
                Ok(appended) => Ok(appended),
                // To another body, by another server on the same journal: what was bound here was the second one.
                Err(JournalError::SignatureReused) => {
                    self.bindings.release(signature);
                    Err(Box::pin(self.keep_other_body(body, signature, deadline)).await)
                }
                Err(error) => Err(error.into()),
            }
        }
    }

    /// Keeps an authentic body that cannot be accepted as a dead letter, for the operator.
    async fn bury(
        &self,
        body: Bytes,
        unfit: Rejection,
        signature: Verified,
        deadline: Instant,
    ) -> Rejection {
        let letter = letter::unfit(&self.key, body, &unfit);
        self.append(letter, signature, deadline).await.err().unwrap_or(unfit)
    }

    /// Keeps a body whose signature came with another one as a dead letter, unless there are enough of them.
    async fn keep_other_body(&self, body: Bytes, signature: Verified, deadline: Instant) -> Rejection {
        let dropped = Rejection::Replayed { is_kept: false };
        if !self.conflicts.admit(signature, self.bindings.fingerprint(&body)) {
            return dropped;
        }
        let Some(letter) = letter::under_another_signature(&self.key, body) else { return dropped };
        match timeout_at(deadline, self.shared.journal.append(letter, None)).await {
            Ok(Ok(_)) => Rejection::Replayed { is_kept: true },
            Ok(Err(error)) => error.into(),
            Err(_) => Rejection::SlowJournal,
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
            journal.bind_signature(self.binding(signature), body).await?;
            journal.stats().await
        };
        timeout_at(deadline, asked).await.map_err(|_| Rejection::SlowJournal)??;
        Ok(Ack::Probed)
    }

    fn binding(&self, signature: Verified) -> SignatureBinding {
        SignatureBinding { signature: signature.0, span: self.shared.bond_span }
    }

    /// Says in metrics and to the platform what became of a callback.
    fn ack(&self, ack: &Ack, arrived_at: Instant) -> Response {
        match ack {
            Ack::Accepted => self.outcomes.accepted.increment(1),
            Ack::Duplicate => self.outcomes.duplicate.increment(1),
            Ack::Probed => {
                self.outcomes.probed.increment(1);
                return probed();
            }
        }
        self.shared.ack_seconds.record(arrived_at.elapsed());
        StatusCode::OK.into_response()
    }

    /// Says in log, metrics and to the platform, or whoever is at `peer`, why a callback was refused.
    fn refuse(&self, rejection: &Rejection, request: &Parts) -> Response {
        let reason = rejection.label();
        let Some((counter, sieve)) = self.outcomes.refused.get(reason) else {
            return rejection.response();
        };
        counter.increment(1);
        if let Some(unlogged) = sieve.pass() {
            // Nobody's, if the server that the router is nested in does not say who its peer is.
            let peer = request.extensions.get().map(|&ConnectInfo::<SocketAddr>(peer)| peer);
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

/// The output of a future that need not wait for anything.
async fn at_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context))).await
}

/// Like [`timeout_at`], whose timer costs something where nothing has to be waited for.
async fn within<F: Future + Unpin>(deadline: Instant, mut future: F) -> Result<F::Output, Elapsed> {
    match at_once(&mut future).await {
        Poll::Ready(output) => Ok(output),
        Poll::Pending => timeout_at(deadline, future).await,
    }
}

/// Refuses a body that would have to be decoded: the platform sends none.
fn check_encoding(headers: &HeaderMap) -> Result<(), Rejection> {
    let codings = headers.get_all(CONTENT_ENCODING).iter().map(HeaderValue::as_bytes);
    let mut codings = codings.flat_map(|line| line.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii);
    let encoded = codings.find(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"));
    encoded.map_or(Ok(()), |coding| {
        Err(Rejection::Encoded(coding.escape_ascii().take(32).map(char::from).collect()))
    })
}

fn probed() -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], PROBED).into_response()
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
