//! The way to the server under test: signed callbacks, 5 s for an answer, three retries; the only user of reqwest here.
//!
//! Each delivery goes its own way, so that a slow or failing one delays no other: as the platform, this one promises
//! no order between two messages of one user. A 200 ends a delivery; anything else, or nothing, is tried again.

use std::{error::Error as _, io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::Frame;
use reqwest::{Body, redirect, retry};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout},
};

use super::{
    forgery::{self, Forgery},
    platform::Platform,
    records::{Attempt, Delivery, DeliveryFault, DeliveryState},
};
use crate::signature::signed_query;

/// A delivery once it has ended; never, if the sandbox ends before it.
pub(super) type Delivered = oneshot::Receiver<Delivery>;

/// How often a message is delivered again when it was not accepted (总共重试三次).
const RETRIES: u32 = 3;
/// How many attempts a delivery remembers.
const MOST_ATTEMPTS: usize = 50;
/// How much of an answer is kept, in characters.
const EXCERPT: usize = 500;
/// In how many pieces a slow network brings a body.
const PIECES: u32 = 8;

/// Sends callbacks.
#[derive(Debug)]
pub(super) struct Pusher {
    http: reqwest::Client,
    /// How long the platform waits for an answer.
    pub(super) timeout: Duration,
    /// How long it waits before it tries again.
    pub(super) pause: Duration,
}

/// A request that is ready to go.
struct Request {
    url: String,
    /// The signature, as a query string.
    query: String,
    body: String,
}

/// What came of a request.
struct Outcome {
    status: Option<u16>,
    answer: String,
    error: Option<String>,
    took: Duration,
}

impl Pusher {
    pub(super) fn new(timeout: Duration, pause: Duration) -> io::Result<Self> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls().map_err(io::Error::other)?)
            // One connection a callback: a server may close an idle one just when the next callback goes out on it.
            .pool_max_idle_per_host(0)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .build()
            .map_err(io::Error::other)?;
        Ok(Self { http, timeout, pause })
    }

    async fn post(&self, request: Request, slow: Duration) -> Outcome {
        let started = Instant::now();
        let joint = if request.url.contains('?') { '&' } else { '?' };
        let exchange = async {
            let response = self
                .http
                .post(format!("{}{joint}{}", request.url, request.query))
                .header("content-type", "text/xml; charset=utf-8")
                .body(body(request.body, slow))
                .send()
                .await?;
            let status = response.status().as_u16();
            Ok((status, response.text().await?))
        };
        let result: Result<Result<_, reqwest::Error>, _> = timeout(self.timeout, exchange).await;
        let (status, answer, error) = match result {
            Ok(Ok((status, text))) => (Some(status), text.chars().take(EXCERPT).collect(), None),
            Ok(Err(error)) => (None, String::new(), Some(cause(&error))),
            Err(_) => (None, String::new(), Some(format!("no answer within {:?}", self.timeout))),
        };
        Outcome { status, answer, error, took: started.elapsed() }
    }
}

/// Delivers until the server accepts it or the retries are used up, with all the faults that it meets.
pub(super) async fn deliver(platform: &Arc<Platform>, mut delivery: Delivery) -> Delivery {
    if delivery.state == DeliveryState::NotSent {
        return delivery;
    }
    let first = delivery.attempts.last().map_or(1, |attempt| attempt.number + 1);
    let before = forgery::before(&mut platform.state().injector);
    for fault in before {
        let forgery = forgery::forge(fault, platform, &delivery);
        forged(platform, &mut delivery, first, fault, forgery).await;
    }
    let mut accepted = None;
    for number in first..=first + RETRIES {
        if number > first {
            sleep(platform.pusher.pause).await;
        }
        accepted = try_once(platform, &mut delivery, number, number == first + RETRIES).await;
        if accepted.is_some() {
            break;
        }
    }
    if let Some((number, query)) = &accepted {
        let after = forgery::after(&mut platform.state().injector);
        for fault in after {
            let forgery = forgery::repeat(fault, platform, &delivery, query);
            forged(platform, &mut delivery, *number, fault, forgery).await;
        }
    }
    let honest =
        |attempt: &&Attempt| attempt.fault.is_none_or(|fault| fault == DeliveryFault::DropAnswer);
    let last = delivery.attempts.iter().rev().find(honest);
    delivery.reason = match (&accepted, last) {
        (Some(_), _) | (None, None) => None,
        (None, Some(last)) => Some(failure(last)),
    };
    delivery.state = if accepted.is_some() { DeliveryState::Accepted } else { DeliveryState::Failed };
    platform.state().update(&delivery);
    delivery
}

/// One try, perhaps as two requests at once; the number and the signature of the one that was accepted.
async fn try_once(
    platform: &Arc<Platform>,
    delivery: &mut Delivery,
    number: u32,
    is_last: bool,
) -> Option<(u32, String)> {
    let (twin, dropped) = {
        let injector = &mut platform.state().injector;
        (
            injector.meets(DeliveryFault::Simultaneous),
            injector.meets(DeliveryFault::DropAnswer) && !is_last,
        )
    };
    let query = sign(platform);
    let honest = request(platform, delivery, query.clone());
    let mut attempt = if twin {
        let double = request(platform, delivery, sign(platform));
        let (mut attempt, mut other) = tokio::join!(honest, double);
        (attempt.number, other.number, other.fault) =
            (number, number, Some(DeliveryFault::Simultaneous));
        record(platform, delivery, other);
        attempt
    } else {
        honest.await
    };
    attempt.number = number;
    if dropped && attempt.status.is_some() {
        (attempt.error, attempt.fault) =
            (Some("answer dropped".to_owned()), Some(DeliveryFault::DropAnswer));
    }
    let accepted = attempt.status == Some(200) && attempt.error.is_none();
    record(platform, delivery, attempt);
    accepted.then_some((number, query))
}

/// A request of `delivery` under the signature `query`.
fn request(platform: &Platform, delivery: &Delivery, query: String) -> impl Future<Output = Attempt> {
    let (url, body) = (delivery.url.clone(), delivery.xml.clone());
    ask(platform, Request { url, query, body })
}

/// A request that the server has not asked for.
async fn forged(
    platform: &Platform,
    delivery: &mut Delivery,
    number: u32,
    fault: DeliveryFault,
    Forgery { query, body }: Forgery,
) {
    let xml = (body != delivery.xml).then(|| body.clone());
    let attempt = ask(platform, Request { url: delivery.url.clone(), query, body }).await;
    let attempt = Attempt { number, fault: Some(fault), expected: fault.expected(), xml, ..attempt };
    record(platform, delivery, attempt);
}

async fn ask(platform: &Platform, request: Request) -> Attempt {
    let at = platform.clock.now();
    let slow = Duration::from_millis(platform.state().injector.switches().slow_ms);
    let Outcome { status, answer, error, took } = platform.pusher.post(request, slow).await;
    let ms = took.as_millis().try_into().unwrap_or(u64::MAX);
    Attempt { number: 0, at, ms, status, answer, error, fault: None, expected: 200, xml: None }
}

fn record(platform: &Platform, delivery: &mut Delivery, attempt: Attempt) {
    if delivery.attempts.len() == MOST_ATTEMPTS {
        delivery.attempts.remove(0);
    }
    delivery.attempts.push(attempt);
    platform.state().update(delivery);
}

/// A signature of now.
fn sign(platform: &Platform) -> String {
    signed_query(&platform.secret, &forgery::nonce(), platform.clock.now())
}

fn failure(last: &Attempt) -> String {
    match (&last.error, last.status) {
        (Some(error), _) => error.clone(),
        (None, Some(status)) => format!("answered {status}"),
        (None, None) => "no answer".to_owned(),
    }
}

/// A body that arrives at once, or in pieces over `slow`.
fn body(text: String, slow: Duration) -> Body {
    if slow.is_zero() {
        return text.into();
    }
    let whole = Bytes::from(text);
    let size = whole.len().div_ceil(PIECES as usize).max(1);
    let pieces = stream::unfold(whole, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        sleep(slow / PIECES).await;
        let piece = rest.split_to(size.min(rest.len()));
        Some((Ok::<_, io::Error>(Frame::data(piece)), rest))
    });
    Body::wrap(StreamBody::new(pieces))
}

/// The system's certificates if it has any: most routes of a sandbox are plain HTTP.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let builder = || {
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
    };
    let builder = match builder()?.with_platform_verifier() {
        Ok(verified) => verified,
        Err(_) => builder()?.with_root_certificates(RootCertStore::empty()),
    };
    Ok(builder.with_no_client_auth())
}

/// The innermost cause in words; the outer ones repeat the address with its signature.
fn cause(error: &reqwest::Error) -> String {
    let mut innermost = error.source();
    while let Some(inner) = innermost.and_then(std::error::Error::source) {
        innermost = Some(inner);
    }
    innermost.map_or_else(|| "the request could not be made".to_owned(), ToString::to_string)
}
