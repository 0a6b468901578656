//! The delivery of one message: up to three retries, with all the faults that are injected into it.
//!
//! Each delivery is a task of its own, so that a slow or failing one delays no other: like the platform, the sandbox
//! promises no order between two messages of one user. A 200 ends a delivery; after any other answer, or none, the
//! message is pushed again.

use std::time::Duration;

use tokio::time::sleep;

use super::{
    history::{Attempt, Delivery, DeliveryFault, DeliveryState, ErrorKind, ReasonKind},
    injected_requests::{
        FAULTS_AFTER, FAULTS_BEFORE, InjectedRequest, repeated_request, separate_request,
    },
    push::{PushRequest, Pusher},
    shared_state::SharedState,
    signer::Signer,
};
use crate::clock::Clock;

/// How often a message is delivered again when it was not accepted (总共重试三次).
const RETRIES: u32 = 3;
/// The largest number of attempts that a delivery keeps.
const MAX_ATTEMPTS: usize = 50;

/// The way of messages to the server under test.
#[derive(Debug)]
pub(super) struct Deliverer {
    pub(super) signer: Signer,
    pub(super) pusher: Pusher,
    /// The time between two attempts.
    pub(super) retry_pause: Duration,
    pub(super) clock: Clock,
    /// The state in which each attempt is noted, and whose faults are injected.
    pub(super) state: SharedState,
}

/// A delivery in progress.
struct DeliveryRun<'d> {
    deliverer: &'d Deliverer,
    delivery: Delivery,
    /// Whether a person asked for this delivery again, after it had ended.
    is_resent: bool,
}

impl Deliverer {
    /// Delivers a message until the server accepts it or the retries are used up.
    pub(super) async fn deliver(&self, delivery: Delivery, is_resent: bool) -> Delivery {
        if delivery.state == DeliveryState::NotSent {
            return delivery;
        }
        let mut run = DeliveryRun { deliverer: self, delivery, is_resent };
        for fault in self.roll_faults(&FAULTS_BEFORE) {
            run.send_injected(fault, separate_request(fault, &self.signer, &run.delivery)).await;
        }
        let accepted = run.attempt_until_accepted().await;
        if let Some(query) = &accepted {
            for fault in self.roll_faults(&FAULTS_AFTER) {
                let request = repeated_request(fault, &self.signer, &run.delivery, query);
                run.send_injected(fault, request).await;
            }
        }
        run.finish(accepted.is_some())
    }

    /// Picks the faults of `faults` that are injected into this delivery.
    fn roll_faults(&self, faults: &[DeliveryFault]) -> Vec<DeliveryFault> {
        let injector = &mut self.state.lock().injector;
        faults.iter().copied().filter(|fault| injector.roll(*fault)).collect()
    }
}

impl DeliveryRun<'_> {
    /// Pushes the message until it is accepted; returns the signature that was accepted, or none.
    async fn attempt_until_accepted(&mut self) -> Option<String> {
        let first = self.delivery.attempts.iter().map(|attempt| attempt.number).max().unwrap_or(0) + 1;
        for number in first..=first + RETRIES {
            if number > first {
                sleep(self.deliverer.retry_pause).await;
            }
            let accepted = self.attempt(number, number == first + RETRIES).await;
            if accepted.is_some() {
                return accepted;
            }
        }
        None
    }

    /// Pushes the message once, or twice at once; returns the signature if it was accepted.
    async fn attempt(&mut self, number: u32, is_last: bool) -> Option<String> {
        let (is_doubled, is_dropped) = {
            let injector = &mut self.deliverer.state.lock().injector;
            (
                injector.roll(DeliveryFault::Simultaneous),
                injector.roll(DeliveryFault::DropAnswer) && !is_last,
            )
        };
        let query = self.deliverer.signer.sign_now();
        let mut attempt = if is_doubled {
            let double = self.push(self.deliverer.signer.sign_now(), self.delivery.xml.clone());
            let honest = self.push(query.clone(), self.delivery.xml.clone());
            let (attempt, other) = tokio::join!(honest, double);
            self.record(Attempt { fault: Some(DeliveryFault::Simultaneous), ..other });
            attempt
        } else {
            self.push(query.clone(), self.delivery.xml.clone()).await
        };
        attempt.number = number;
        if is_dropped && attempt.status.is_some() {
            attempt.error = Some("answer dropped".to_owned());
            attempt.error_kind = Some(ErrorKind::Dropped);
            attempt.fault = Some(DeliveryFault::DropAnswer);
        }
        let is_accepted = attempt.status == Some(200) && attempt.error.is_none();
        self.record(attempt);
        is_accepted.then_some(query)
    }

    /// Sends a request that accompanies the message.
    async fn send_injected(&mut self, fault: DeliveryFault, request: InjectedRequest) {
        let InjectedRequest { query, body } = request;
        let xml = (body != self.delivery.xml).then(|| body.clone());
        let attempt = self.push(query, body).await;
        self.record(Attempt { fault: Some(fault), expected: fault.expected(), xml, ..attempt });
    }

    /// Makes one request to the server under test.
    async fn push(&self, query: String, body: String) -> Attempt {
        let at = self.deliverer.clock.now();
        let slow = Duration::from_millis(self.deliverer.state.lock().injector.faults().slow_ms);
        let request = PushRequest { url: self.delivery.url.clone(), query: query.clone(), body };
        let result = self.deliverer.pusher.post(request, slow).await;
        let (error_kind, error) = result.error.unzip();
        Attempt {
            number: 0,
            resent: self.is_resent,
            method: "POST",
            query,
            headers: result.headers,
            at,
            ms: result.took.as_millis().try_into().unwrap_or(u64::MAX),
            status: result.status,
            answer: result.answer,
            error,
            error_kind,
            fault: None,
            expected: 200,
            xml: None,
        }
    }

    fn record(&mut self, attempt: Attempt) {
        if self.delivery.attempts.len() == MAX_ATTEMPTS {
            self.delivery.attempts.remove(0);
        }
        self.delivery.attempts.push(attempt);
        self.deliverer.state.lock().update_delivery(&self.delivery);
    }

    fn finish(mut self, is_accepted: bool) -> Delivery {
        let last = self.delivery.attempts.iter().rev().find(|attempt| attempt.number > 0);
        let reason = last.filter(|_| !is_accepted).map(failure_reason);
        (self.delivery.reason_kind, self.delivery.reason) = reason.unzip();
        self.delivery.state = if is_accepted { DeliveryState::Accepted } else { DeliveryState::Failed };
        let now = self.deliverer.clock.now();
        self.deliverer.state.lock().finish_delivery(&self.delivery, now);
        self.delivery
    }
}

/// The reason why the last attempt was not accepted.
fn failure_reason(last: &Attempt) -> (ReasonKind, String) {
    match (&last.error, last.error_kind, last.status) {
        (Some(error), Some(kind), _) => (kind.into(), error.clone()),
        (_, _, Some(status)) => (ReasonKind::Answered, format!("answered {status}")),
        (_, _, None) => (ReasonKind::Broken, "no answer".to_owned()),
    }
}
