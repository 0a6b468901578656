//! The deliveries: three retries, the faults that they meet, and what is remembered of each request.
//!
//! Each goes its own way, so that a slow or failing one delays no other: as the platform, this one promises no order
//! between two messages of one user. A 200 ends a delivery; anything else, or nothing, is tried again.

use std::time::Duration;

use tokio::{sync::oneshot, time::sleep};

use super::{
    forgery::{self, Forgery},
    platform::Platform,
    push::Request,
    records::{Attempt, Delivery, DeliveryFault, DeliveryState, ErrorKind, ReasonKind},
};
use crate::signature::signed_query;

/// A delivery once it has ended; never, if the sandbox ends before it.
pub(super) type Delivered = oneshot::Receiver<Delivery>;

/// How often a message is delivered again when it was not accepted (总共重试三次).
const RETRIES: u32 = 3;
/// How many attempts a delivery remembers.
const MOST_ATTEMPTS: usize = 50;

/// A delivery in progress.
struct Round<'p> {
    platform: &'p Platform,
    delivery: Delivery,
    /// Whether somebody asked for it by hand.
    resent: bool,
}

/// Delivers until the server accepts it or the retries are used up, with all the faults that it meets.
pub(super) async fn deliver(platform: &Platform, delivery: Delivery, resent: bool) -> Delivery {
    if delivery.state == DeliveryState::NotSent {
        return delivery;
    }
    let mut round = Round { platform, delivery, resent };
    let before = forgery::before(&mut platform.state().injector);
    for fault in before {
        round.come_along(fault, forgery::forge(fault, platform, &round.delivery)).await;
    }
    let accepted = round.tries().await;
    if let Some(query) = &accepted {
        let after = forgery::after(&mut platform.state().injector);
        for fault in after {
            round.come_along(fault, forgery::repeat(fault, platform, &round.delivery, query)).await;
        }
    }
    round.settle(accepted.is_some())
}

impl Round<'_> {
    /// The message itself, until it is accepted; then the signature that it was accepted with.
    async fn tries(&mut self) -> Option<String> {
        let first = self.delivery.attempts.iter().map(|attempt| attempt.number).max().unwrap_or(0) + 1;
        for number in first..=first + RETRIES {
            if number > first {
                sleep(self.platform.pusher.pause).await;
            }
            let accepted = self.try_once(number, number == first + RETRIES).await;
            if accepted.is_some() {
                return accepted;
            }
        }
        None
    }

    /// One try, perhaps as two requests at once; its signature if it was accepted.
    async fn try_once(&mut self, number: u32, is_last: bool) -> Option<String> {
        let (twin, dropped) = {
            let injector = &mut self.platform.state().injector;
            (
                injector.meets(DeliveryFault::Simultaneous),
                injector.meets(DeliveryFault::DropAnswer) && !is_last,
            )
        };
        let query = self.sign();
        let mut attempt = if twin {
            let double = self.ask(self.sign(), self.delivery.xml.clone());
            let honest = self.ask(query.clone(), self.delivery.xml.clone());
            let (attempt, other) = tokio::join!(honest, double);
            self.record(Attempt { fault: Some(DeliveryFault::Simultaneous), ..other });
            attempt
        } else {
            self.ask(query.clone(), self.delivery.xml.clone()).await
        };
        attempt.number = number;
        if dropped && attempt.status.is_some() {
            attempt.error = Some("answer dropped".to_owned());
            attempt.error_kind = Some(ErrorKind::Dropped);
            attempt.fault = Some(DeliveryFault::DropAnswer);
        }
        let accepted = attempt.status == Some(200) && attempt.error.is_none();
        self.record(attempt);
        accepted.then_some(query)
    }

    /// A request that comes along with the message.
    async fn come_along(&mut self, fault: DeliveryFault, Forgery { query, body }: Forgery) {
        let xml = (body != self.delivery.xml).then(|| body.clone());
        let attempt = self.ask(query, body).await;
        self.record(Attempt { fault: Some(fault), expected: fault.expected(), xml, ..attempt });
    }

    async fn ask(&self, query: String, body: String) -> Attempt {
        let at = self.platform.clock.now();
        let slow = Duration::from_millis(self.platform.state().injector.switches().slow_ms);
        let request = Request { url: self.delivery.url.clone(), query: query.clone(), body };
        let outcome = self.platform.pusher.post(request, slow).await;
        let (error_kind, error) = outcome.error.unzip();
        Attempt {
            number: 0,
            resent: self.resent,
            method: "POST",
            query,
            headers: outcome.headers,
            at,
            ms: outcome.took.as_millis().try_into().unwrap_or(u64::MAX),
            status: outcome.status,
            answer: outcome.answer,
            error,
            error_kind,
            fault: None,
            expected: 200,
            xml: None,
        }
    }

    fn record(&mut self, attempt: Attempt) {
        if self.delivery.attempts.len() == MOST_ATTEMPTS {
            self.delivery.attempts.remove(0);
        }
        self.delivery.attempts.push(attempt);
        self.platform.state().update(&self.delivery);
    }

    fn settle(mut self, accepted: bool) -> Delivery {
        let last = self.delivery.attempts.iter().rev().find(|attempt| attempt.number > 0);
        let failure = last.filter(|_| !accepted).map(failure);
        (self.delivery.reason_kind, self.delivery.reason) = failure.unzip();
        self.delivery.state = if accepted { DeliveryState::Accepted } else { DeliveryState::Failed };
        self.platform.state().end(&self.delivery, self.platform.clock.now());
        self.delivery
    }

    /// A signature of now.
    fn sign(&self) -> String {
        signed_query(&self.platform.secret, &forgery::nonce(), self.platform.clock.now())
    }
}

/// Why the last try was not accepted.
fn failure(last: &Attempt) -> (ReasonKind, String) {
    match (&last.error, last.error_kind, last.status) {
        (Some(error), Some(kind), _) => (kind.into(), error.clone()),
        (_, _, Some(status)) => (ReasonKind::Answered, format!("answered {status}")),
        (_, _, None) => (ReasonKind::Broken, "no answer".to_owned()),
    }
}
