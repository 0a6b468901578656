//! The path of one callback: verify → shed → permit → read → bind → parse → append → ack.

use std::{pin::pin, sync::Arc};

use axum::body::Body;
use bytes::Bytes;
use futures_util::FutureExt;
use http::request::Parts;
use tokio::time::{Instant, timeout_at};
use tracing::debug;

use super::{
    ack::Ack, body, conflicts::Conflicts, dead_letter, options::EndpointOptions,
    parsed_body::ParsedBody, rejection::Rejection, replay::SignatureBindings, shared_state::SharedState,
};
use crate::{
    failpoint::{self, Point},
    ids::AppKey,
    journal::{Appended, EntryKey, JournalError, NewEntry, Queue, SignatureBinding},
    protocol::Inbound,
    server::http::Arrival,
    signature::{Verified, Verifier},
};

/// The receiver of one app's callbacks.
#[derive(Debug)]
pub(super) struct Receiver {
    app: AppKey,
    verifier: Verifier,
    bindings: SignatureBindings,
    conflicts: Conflicts,
    shared: Arc<SharedState>,
}

impl Receiver {
    pub(super) fn new(endpoint: &EndpointOptions, shared: Arc<SharedState>) -> Self {
        Self {
            app: endpoint.app.clone(),
            verifier: Verifier::new(endpoint.secrets.clone(), shared.timestamp_tolerance)
                .with_timestamps(endpoint.timestamps),
            bindings: SignatureBindings::new(shared.signature_memory),
            conflicts: Conflicts::new(),
            shared,
        }
    }

    /// Receives one callback. Once this returns an [`Ack`], the message is durable, or the callback was a probe.
    pub(super) async fn receive(
        &self,
        request: &Parts,
        body: Body,
        arrival: Arrival,
    ) -> Result<Ack, Rejection> {
        let deadline = arrival.at + self.shared.answer_timeout;

        // Verify. A body costs memory and time, so none is read before the platform is known to be the sender.
        let query = request.uri.query().unwrap_or_default();
        let signature = self.verifier.verify(query, self.shared.clock.now())?;

        // Shed. The platform sends a callback that is refused here again.
        if arrival.should_shed {
            return Err(Rejection::Overloaded);
        }

        // Permit. The retries of one callback need few places, so an address that was stolen gets no more either.
        body::check_encoding(&request.headers)?;
        let _place = self.bindings.enter(signature)?;

        // Read. Only a callback whose body is there takes one of the places that wait for the journal.
        let body = self.read(body, arrival.at).await?;
        let _permit = self.shared.in_flight.try_acquire().map_err(|_| Rejection::Overloaded)?;

        // Bind. The signature does not cover the body, so it may come with this body only.
        if self.bindings.bind(signature, &body).is_err() {
            return Err(self.keep_conflicting_body(body, signature, deadline).await);
        }

        // Parse.
        let inbound = match ParsedBody::parse(&body) {
            ParsedBody::Message(inbound) => inbound,
            ParsedBody::Probe => return self.answer_probe(&body, signature, deadline).await,
            ParsedBody::Unreadable(rejection) => {
                return Err(self.keep_unreadable_body(body, rejection, signature, deadline).await);
            }
        };
        failpoint::reach(Point::Parsed).map_err(JournalError::from)?;

        // Append.
        let entry = NewEntry {
            queue: Queue::Inbox,
            key: EntryKey::of(&inbound.dedup_key(&self.app)),
            conversation: inbound.conversation_key(&self.app),
            body,
            dead: None,
        };
        let appended = self.append(entry, signature, deadline).await?;

        // Ack.
        self.log_accepted(&inbound, appended);
        Ok(match appended {
            Appended::New => Ack::Accepted,
            Appended::Duplicate => Ack::Duplicate,
        })
    }

    /// Reads the body. A body that is not there yet takes a waiting place until it is; nearly every body is there.
    async fn read(&self, body: Body, arrived_at: Instant) -> Result<Bytes, Rejection> {
        let SharedState { max_body, body_timeout, waiting_bodies, .. } = &*self.shared;
        let mut reading = pin!(body::read(body, *max_body));
        if let Some(body) = reading.as_mut().now_or_never() {
            return body;
        }
        let _place = waiting_bodies.try_acquire().map_err(|_| Rejection::Overloaded)?;
        timeout_at(arrived_at + *body_timeout, reading).await.map_err(|_| Rejection::SlowBody)?
    }

    /// Makes `entry` durable. Dropping this future is safe: the commit does not live in it, and a message that was
    /// committed without an acknowledgement is a duplicate when the platform sends it again.
    async fn append(
        &self,
        entry: NewEntry,
        signature: Verified,
        deadline: Instant,
    ) -> Result<Appended, Rejection> {
        let body = entry.body.clone();
        let appending = self.shared.journal.append(entry, Some(self.binding(signature)));
        match timeout_at(deadline, appending).await.map_err(|_| Rejection::SlowJournal)? {
            Ok(appended) => Ok(appended),
            // Another server on the same journal was first, so the binding in this server's memory is wrong.
            Err(JournalError::SignatureReused) => {
                self.bindings.unbind(signature);
                Err(self.keep_conflicting_body(body, signature, deadline).await)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps an authentic body that cannot be accepted as a dead letter, for the operator.
    async fn keep_unreadable_body(
        &self,
        body: Bytes,
        rejection: Rejection,
        signature: Verified,
        deadline: Instant,
    ) -> Rejection {
        let letter = dead_letter::unreadable_body(&self.app, body, rejection.errmsg());
        self.append(letter, signature, deadline).await.err().unwrap_or(rejection)
    }

    /// Keeps a body whose signature came with another body as a dead letter, unless enough of them are kept.
    async fn keep_conflicting_body(
        &self,
        body: Bytes,
        signature: Verified,
        deadline: Instant,
    ) -> Rejection {
        let dropped = Rejection::Replayed { is_kept: false };
        if !self.conflicts.admit(signature, self.bindings.fingerprint(&body)) {
            return dropped;
        }
        let Some(letter) = dead_letter::conflicting_body(&self.app, body) else { return dropped };
        match timeout_at(deadline, self.shared.journal.append(letter, None)).await {
            Ok(Ok(_)) => Rejection::Replayed { is_kept: true },
            Ok(Err(error)) => error.into(),
            Err(_) => Rejection::SlowJournal,
        }
    }

    /// Answers a probe, once the journal has answered. The signature of the probe is bound to the probe for all servers on
    /// the journal, so that it can carry no message.
    async fn answer_probe(
        &self,
        body: &[u8],
        signature: Verified,
        deadline: Instant,
    ) -> Result<Ack, Rejection> {
        let journal = &self.shared.journal;
        let checking = async {
            journal.bind_signature(self.binding(signature), body).await?;
            journal.stats().await
        };
        timeout_at(deadline, checking).await.map_err(|_| Rejection::SlowJournal)??;
        Ok(Ack::Probe)
    }

    /// The journal's binding of `signature`, which lasts for as long as the signature can be accepted again.
    fn binding(&self, signature: Verified) -> SignatureBinding {
        SignatureBinding {
            signature: signature.0,
            span: self.shared.timestamp_tolerance.saturating_mul(2),
        }
    }

    fn log_accepted(&self, inbound: &Inbound, appended: Appended) {
        debug!(
            // None of the ids is long: see `id_limit`.
            app = %self.app, account = inbound.account.as_str(), user = inbound.user.as_str(),
            message_id = inbound.message_id.as_ref().map(AsRef::as_ref), kind = inbound.kind(),
            duplicate = appended == Appended::Duplicate, "callback accepted"
        );
    }
}
