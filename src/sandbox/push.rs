//! One push to the server under test: a signed POST with a limited time for its answer; the only user of reqwest here.

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

use super::history::ErrorKind;

/// The largest length of an answer that is kept, in characters.
const MAX_EXCERPT: usize = 500;
/// The number of pieces in which a slow network brings a body.
const PIECES: u32 = 8;

/// The HTTP client that pushes callbacks.
#[derive(Debug)]
pub(super) struct Pusher {
    http: reqwest::Client,
    /// The time in which the server must answer.
    timeout: Duration,
}

/// A request to the server under test.
pub(super) struct PushRequest {
    pub(super) url: String,
    /// The signature, as a query string.
    pub(super) query: String,
    pub(super) body: String,
}

/// The result of a request.
#[derive(Default)]
pub(super) struct PushResult {
    pub(super) headers: Vec<(String, String)>,
    pub(super) status: Option<u16>,
    pub(super) answer: String,
    pub(super) error: Option<(ErrorKind, String)>,
    pub(super) took: Duration,
}

impl Pusher {
    pub(super) fn new(timeout: Duration) -> io::Result<Self> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls_config().map_err(io::Error::other)?)
            // One connection for each callback: a server may close an idle one just when the next callback goes out on it.
            .pool_max_idle_per_host(0)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .build()
            .map_err(io::Error::other)?;
        Ok(Self { http, timeout })
    }

    /// Makes a request whose body arrives at once, or over `slow`.
    pub(super) async fn post(&self, request: PushRequest, slow: Duration) -> PushResult {
        let started = Instant::now();
        let request = match self.prepare(request, slow) {
            Ok(request) => request,
            Err(error) => {
                return PushResult { error: Some(describe(&error)), ..PushResult::default() };
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
            Ok(Ok((status, text))) => (Some(status), text.chars().take(MAX_EXCERPT).collect(), None),
            Ok(Err(error)) => (None, String::new(), Some(describe(&error))),
            Err(_) => {
                let late = format!("no answer within {:?}", self.timeout);
                (None, String::new(), Some((ErrorKind::Timeout, late)))
            }
        };
        PushResult { headers, status, answer, error, took: started.elapsed() }
    }

    fn prepare(&self, request: PushRequest, slow: Duration) -> reqwest::Result<reqwest::Request> {
        let PushRequest { url, query, body: text } = request;
        let separator = if url.contains('?') { '&' } else { '?' };
        self.http
            .post(format!("{url}{separator}{query}"))
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

/// TLS with the system's certificates, or with none where it has none: most routes of a sandbox are plain HTTP.
fn tls_config() -> Result<ClientConfig, rustls::Error> {
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

/// The kind of an error and its innermost cause; the outer causes repeat the address with its signature.
fn describe(error: &reqwest::Error) -> (ErrorKind, String) {
    let cause = causes(error).last();
    let text = cause.map_or_else(|| "the request could not be made".to_owned(), ToString::to_string);
    (error_kind(error), text)
}

/// The kind of an error, by the first of its causes that shows it.
fn error_kind(error: &reqwest::Error) -> ErrorKind {
    if error.is_timeout() {
        return ErrorKind::Timeout;
    }
    causes(error).find_map(cause_kind).unwrap_or(ErrorKind::Broken)
}

fn cause_kind(cause: &(dyn Error + 'static)) -> Option<ErrorKind> {
    if cause.is::<rustls::Error>() {
        return Some(ErrorKind::Tls);
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        if error.kind() == io::ErrorKind::ConnectionRefused {
            return Some(ErrorKind::Refused);
        }
        // The error inside an `io::Error` is not among its sources.
        return error.get_ref().and_then(|inner| cause_kind(inner));
    }
    // The connector's error has no type of its own for this.
    (cause.to_string() == "dns error").then_some(ErrorKind::Dns)
}

/// The sources of an error, the outermost first.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}
