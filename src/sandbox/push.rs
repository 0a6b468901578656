//! The way to the server under test: one signed POST, 5 s for an answer; the only user of reqwest here.

use std::{error::Error, io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http_body_util::StreamBody;
use hyper::body::Frame;
use reqwest::{Body, redirect, retry};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::time::{Instant, sleep, timeout};
use url::Position;

use super::records::ErrorKind;

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
pub(super) struct Request {
    pub(super) url: String,
    /// The signature, as a query string.
    pub(super) query: String,
    pub(super) body: String,
}

/// What came of a request.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) headers: Vec<(String, String)>,
    pub(super) status: Option<u16>,
    pub(super) answer: String,
    pub(super) error: Option<(ErrorKind, String)>,
    pub(super) took: Duration,
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

    /// Makes a request whose body arrives at once, or over `slow`.
    pub(super) async fn post(&self, request: Request, slow: Duration) -> Outcome {
        let started = Instant::now();
        let request = match self.prepare(request, slow) {
            Ok(request) => request,
            Err(error) => {
                return Outcome { error: Some((kind(&error), cause(&error))), ..Outcome::default() };
            }
        };
        let headers = headers(&request);
        let exchange = async {
            let response = self.http.execute(request).await?;
            let status = response.status().as_u16();
            Ok((status, response.text().await?))
        };
        let result: Result<Result<_, reqwest::Error>, _> = timeout(self.timeout, exchange).await;
        let (status, answer, error) = match result {
            Ok(Ok((status, text))) => (Some(status), text.chars().take(EXCERPT).collect(), None),
            Ok(Err(error)) => (None, String::new(), Some((kind(&error), cause(&error)))),
            Err(_) => {
                let late = format!("no answer within {:?}", self.timeout);
                (None, String::new(), Some((ErrorKind::Timeout, late)))
            }
        };
        Outcome { headers, status, answer, error, took: started.elapsed() }
    }

    fn prepare(&self, request: Request, slow: Duration) -> reqwest::Result<reqwest::Request> {
        let Request { url, query, body: text } = request;
        let joint = if url.contains('?') { '&' } else { '?' };
        self.http
            .post(format!("{url}{joint}{query}"))
            .header(CONTENT_TYPE, "text/xml; charset=utf-8")
            .header(ACCEPT, "*/*")
            .body(body(text, slow))
            .build()
    }
}

/// The headers of a request, those included that the client adds on the way.
fn headers(request: &reqwest::Request) -> Vec<(String, String)> {
    let host = &request.url()[Position::BeforeHost..Position::AfterPort];
    let length = request.body().and_then(Body::as_bytes).map(<[u8]>::len);
    let framing = match length {
        Some(length) => (CONTENT_LENGTH, length.to_string()),
        None => (TRANSFER_ENCODING, "chunked".to_owned()),
    };
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let own = request.headers().iter().map(|(name, value)| (name.clone(), text(value)));
    [(HOST, host.to_owned())]
        .into_iter()
        .chain(own)
        .chain([framing])
        .map(|(name, value)| (name.to_string(), value))
        .collect()
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

/// The kind of an error, from whichever of its causes tells it.
fn kind(error: &reqwest::Error) -> ErrorKind {
    if error.is_timeout() {
        return ErrorKind::Timeout;
    }
    causes(error).find_map(told).unwrap_or(ErrorKind::Broken)
}

fn told(cause: &(dyn Error + 'static)) -> Option<ErrorKind> {
    if cause.is::<rustls::Error>() {
        return Some(ErrorKind::Tls);
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        if error.kind() == io::ErrorKind::ConnectionRefused {
            return Some(ErrorKind::Refused);
        }
        // What an `io::Error` wraps is not among its sources.
        return error.get_ref().and_then(|inner| told(inner));
    }
    // The connector's error has no other mark.
    (cause.to_string() == "dns error").then_some(ErrorKind::Dns)
}

/// The innermost cause in words; the outer ones repeat the address with its signature.
fn cause(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| "the request could not be made".to_owned(), ToString::to_string)
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}
