//! HTTP below both APIs: pooled connections that do not grow old, several base addresses, bounded answers.

use std::{
    error::Error as _,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::{
    RequestBuilder,
    header::{HeaderMap, RETRY_AFTER},
    redirect, retry,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt as _;
use url::Url;

use super::{
    Answer, Call, ClientError, NoAnswer, Unsent,
    proxies::{is_loopback, proxy},
    retry_after,
};
use crate::{
    clock::{Clock, UnixMillis},
    config::ClientSection,
    metrics,
};

/// The platform asks for connections no older than this, so that its load balancing works.
const MAX_AGE: Duration = Duration::from_mins(1);
/// No answer of either API comes near this size.
const MAX_ANSWER: usize = 1 << 20;
/// How much of an unreadable answer an error shows, in characters.
const EXCERPT: usize = 200;

/// Base addresses and the connections to them.
pub(crate) struct Transport {
    bases: Vec<Base>,
    /// Index of the base that the next call begins with: the one that answered last, or the one after it if it has not
    /// answered since.
    first: AtomicUsize,
    section: ClientSection,
    tls: ClientConfig,
}

/// A base address and the connections to it.
struct Base {
    url: Url,
    /// The proxy on the way to it.
    proxy: Option<String>,
    connections: Mutex<Option<Connections>>,
}

/// A pool of connections, all of them made after `since`.
struct Connections {
    http: reqwest::Client,
    since: UnixMillis,
}

/// A request that is ready to be sent.
pub(crate) struct Prepared {
    /// The request.
    pub(crate) request: RequestBuilder,
    /// What must not come back in an error, should the server echo it.
    pub(crate) sensitive: Vec<String>,
}

/// What a server answered: HTTP status and body.
pub(crate) struct Received {
    /// What was answered.
    pub(crate) call: Call,
    /// HTTP status.
    pub(crate) status: u16,
    /// How long it asks to wait before the next call (`Retry-After`).
    pub(crate) retry_after: Option<Duration>,
    /// All of its headers.
    pub(crate) headers: HeaderMap,
    /// The body, UTF-8 errors replaced.
    pub(crate) text: String,
    /// Whether there were none to replace.
    pub(crate) is_utf8: bool,
}

/// A call's turn at a base address. Unless the base answers, the next call begins with the one after it; also if the
/// call is cut off here, for then nobody is left to say so.
struct Turn<'t> {
    transport: &'t Transport,
    index: usize,
    answered: bool,
}

impl Transport {
    /// Connects to nothing yet.
    pub(crate) fn new(
        bases: impl IntoIterator<Item = Url>,
        section: &ClientSection,
    ) -> Result<Self, ClientError> {
        let bases: Vec<Url> = bases.into_iter().collect();
        if bases.is_empty() {
            return Err(ClientError::Setup("an API needs at least one base address".to_owned()));
        }
        if let Some(base) = bases.iter().find(|base| !is_usable(base)) {
            let scheme = base.scheme();
            return Err(ClientError::Setup(format!(
                "a base address must be http:// or https:// with neither query nor fragment; this one is {scheme}:"
            )));
        }
        let base = |url: Url| Base { proxy: proxy(&url), url, connections: Mutex::new(None) };
        let bases: Vec<Base> = bases.into_iter().map(base).collect();
        let certificates = |base: &Base| {
            let proxy = base.proxy.as_deref().unwrap_or_default();
            base.url.scheme() == "https" || proxy.starts_with("https:")
        };
        let tls = tls(bases.iter().any(certificates))?;
        Ok(Self { bases, first: AtomicUsize::new(0), section: section.clone(), tls })
    }

    /// Calls one base address after the other, each at most once, until one is able to answer.
    ///
    /// `call` is the path below a base address, `prepare` makes the request for one, and `decode` reads the answer.
    pub(crate) async fn call<T>(
        &self,
        call: &'static str,
        clock: &Clock,
        prepare: impl Fn(&reqwest::Client, &Url) -> Result<Prepared, ClientError>,
        decode: impl Fn(Received) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let started = Instant::now();
        // An answer that can be read came whole, whatever became of the connection after it.
        let decode = |received, lost: Option<ClientError>| {
            decode(received).map_err(|unread| lost.unwrap_or(unread))
        };
        let result = self.over_bases(call, clock, prepare, decode).await;
        count(call, started, result.as_ref().map_or_else(ClientError::class, |_| "ok"));
        result
    }

    /// The same without a word on what the answer means: the caller reads it, and counts the call.
    pub(crate) async fn ask(
        &self,
        clock: &Clock,
        prepare: impl Fn(&reqwest::Client, &Url) -> Result<Prepared, ClientError>,
    ) -> Result<Received, ClientError> {
        self.over_bases("", clock, prepare, |received, lost| lost.map_or(Ok(received), Err)).await
    }

    /// The request that the first try of a call would be, as an error: nothing is sent.
    pub(crate) fn unsent(
        &self,
        clock: &Clock,
        prepare: impl Fn(&reqwest::Client, &Url) -> Result<Prepared, ClientError>,
    ) -> ClientError {
        let base = &self.bases[self.first.load(Ordering::Relaxed)];
        let request = self.fresh(base, clock.now()).and_then(|http| prepare(&http, &base.url));
        let unsent = request.and_then(Unsent::new);
        unsent.map_or_else(|error| error, |unsent| ClientError::Unsent(Box::new(unsent)))
    }

    async fn over_bases<T>(
        &self,
        path: &'static str,
        clock: &Clock,
        prepare: impl Fn(&reqwest::Client, &Url) -> Result<Prepared, ClientError>,
        decode: impl Fn(Received, Option<ClientError>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let first = self.first.load(Ordering::Relaxed);
        let mut last = None;
        for index in (first..first + self.bases.len()).map(|index| index % self.bases.len()) {
            let base = &self.bases[index];
            let prepared = prepare(&self.fresh(base, clock.now())?, &base.url)?;
            let turn = Turn { transport: self, index, answered: false };
            let call = Call::new(&base.url, path);
            let received = receive(prepared, clock, call).await.map_err(|error| error.on_the_way(base));
            match received.and_then(|(received, lost)| decode(received, lost)) {
                Err(error) if error.is_servers_fault() => last = Some(error),
                settled => {
                    turn.answered();
                    return settled;
                }
            }
        }
        Err(last.unwrap_or_else(|| ClientError::Setup("no base address".to_owned())))
    }

    /// Connections to a base that are young enough. Older ones finish what they are doing and close.
    fn fresh(&self, base: &Base, now: UnixMillis) -> Result<reqwest::Client, ClientError> {
        let mut connections = base.connections.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back says nothing about the age.
        let young = |c: &&Connections| now >= c.since && now.since(c.since) < MAX_AGE;
        if let Some(connections) = connections.as_ref().filter(young) {
            return Ok(connections.http.clone());
        }
        let http = connect(&self.section, &self.tls, base)?;
        *connections = Some(Connections { http: http.clone(), since: now });
        Ok(http)
    }
}

impl Turn<'_> {
    /// The next call begins here.
    fn answered(mut self) {
        self.answered = true;
        self.transport.first.store(self.index, Ordering::Relaxed);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.answered {
            let next = (self.index + 1) % self.transport.bases.len();
            // Of many calls that fail at the same base, one moves on.
            let first = &self.transport.first;
            let _ = first.compare_exchange(self.index, next, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

impl ClientError {
    /// The same error, with the proxy that was on the way.
    fn on_the_way(self, base: &Base) -> Self {
        match (self, &base.proxy) {
            (Self::Transport(NoAnswer { call, cause }), Some(proxy)) => {
                let cause = format!("{cause} (through the proxy {proxy})");
                Self::Transport(NoAnswer { call, cause })
            }
            (error, _) => error,
        }
    }
}

/// Counts a call that began at `started`.
pub(crate) fn count(call: &'static str, started: Instant, outcome: &'static str) {
    metrics::call_seconds(call).record(started.elapsed());
    metrics::calls(call, outcome).increment(1);
}

/// The address of a call: `path` below `base`, whether or not that ends with a slash.
pub(crate) fn address(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}

/// How an answer begins, on one line.
pub(crate) fn excerpt(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(EXCERPT).collect()
}

fn is_usable(base: &Url) -> bool {
    matches!(base.scheme(), "http" | "https") && base.query().is_none() && base.fragment().is_none()
}

/// The system's certificates are read only where they are needed: a slim image may have none.
fn tls(certificates: bool) -> Result<ClientConfig, ClientError> {
    let refused = |error: rustls::Error| ClientError::Setup(format!("TLS cannot be set up: {error}"));
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(refused)?;
    let builder = if certificates {
        builder.with_platform_verifier().map_err(refused)?
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(builder.with_no_client_auth())
}

fn connect(
    section: &ClientSection,
    tls: &ClientConfig,
    base: &Base,
) -> Result<reqwest::Client, ClientError> {
    let builder = reqwest::Client::builder();
    // Otherwise the environment is looked at, as `proxy` does.
    let builder = if is_loopback(&base.url) { builder.no_proxy() } else { builder };
    builder
        .tls_backend_preconfigured(tls.clone())
        .connect_timeout(section.connect_timeout)
        .timeout(section.timeout)
        .pool_idle_timeout(MAX_AGE)
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(retry::never())
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| {
            ClientError::Setup(format!("the HTTP client cannot be set up: {}", cause(&error)))
        })
}

/// `text` without what nobody must see.
pub(crate) fn mask(text: &str, sensitive: &[String]) -> String {
    sensitive.iter().fold(text.to_owned(), |text, sensitive| text.replace(sensitive, "…"))
}

/// Sends a request; gives what came back, and what ended it early.
async fn receive(
    Prepared { request, sensitive }: Prepared,
    clock: &Clock,
    call: Call,
) -> Result<(Received, Option<ClientError>), ClientError> {
    let lost = |error: reqwest::Error| {
        ClientError::Transport(NoAnswer { call: call.clone(), cause: cause(&error) })
    };
    let mut response = request.send().await.map_err(lost)?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|value| retry_after::read(value, clock.now()));
    let headers = response.headers().clone();
    let mut body = Vec::new();
    let ended = loop {
        match response.chunk().await {
            Ok(None) => break None,
            Ok(Some(chunk)) if body.len() + chunk.len() > MAX_ANSWER => {
                let errmsg = format!("larger than {MAX_ANSWER} bytes");
                return Err(Answer { call, status, errcode: None, errmsg, retry_after }.into_error());
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) => break Some(lost(error)),
        }
    };
    let text = mask(&String::from_utf8_lossy(&body), &sensitive);
    let is_utf8 = str::from_utf8(&body).is_ok();
    Ok((Received { call, status, retry_after, headers, text, is_utf8 }, ended))
}

/// The innermost cause in words; the outer ones repeat the address, which may carry a signature.
pub(super) fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    let mut innermost = error.source();
    while let Some(inner) = innermost.and_then(std::error::Error::source) {
        innermost = Some(inner);
    }
    innermost.map_or_else(|| "the request could not be made".to_owned(), ToString::to_string)
}
