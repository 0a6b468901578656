//! The way of a call: one base address after the other, until one is able to answer.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use rustls::ClientConfig;

use super::{
    base_address::BaseAddress,
    connection_pool::ConnectionPool,
    dry_run::Unsent,
    error::ClientError,
    exchange::{RawAnswer, exchange},
    options::Options,
    request::Request,
};
use crate::{
    clock::Clock,
    metrics,
    tls::{self, Roots},
};

/// The base addresses of an API, and the connections to them.
pub(crate) struct Transport {
    pools: Vec<ConnectionPool>,
    /// Index of the base address that the next call begins with: the one that answered last, or, if that has failed
    /// since, the one after it.
    preferred: AtomicUsize,
    options: Options,
    tls: ClientConfig,
}

/// A call's attempt at one base address.
///
/// Unless the base address answers, the next call begins with the one after it; also if the call is cut off here, for
/// then nobody is left to say so.
struct Attempt<'t> {
    transport: &'t Transport,
    index: usize,
    is_answered: bool,
}

impl Transport {
    /// A transport to `bases`. No connection is made yet.
    ///
    /// # Errors
    ///
    /// [`ClientError::Setup`]: no base address, or a system without certificates where they are needed.
    pub(crate) fn new(bases: Vec<BaseAddress>, options: Options) -> Result<Self, ClientError> {
        if bases.is_empty() {
            return Err(ClientError::Setup("an API needs at least one base address".to_owned()));
        }
        let pools: Vec<_> = bases.into_iter().map(ConnectionPool::new).collect();
        // The system's certificates are read only where they are needed: a slim image may have none.
        let is_encrypted = pools.iter().any(ConnectionPool::is_encrypted);
        let tls = tls::client_config(if is_encrypted { Roots::System } else { Roots::None })
            .map_err(|error| ClientError::Setup(format!("TLS cannot be set up: {error}")))?;
        Ok(Self { pools, preferred: AtomicUsize::new(0), options, tls })
    }

    /// Calls one base address after the other, each at most once, until one is able to answer, and counts the call.
    ///
    /// `prepare` makes the request for an attempt, and `decode` reads its answer.
    ///
    /// # Errors
    ///
    /// The last error, of `prepare`, of `decode` or of the way.
    pub(crate) async fn call<T>(
        &self,
        path: &'static str,
        clock: &Clock,
        prepare: impl Fn() -> Result<Request, ClientError>,
        decode: impl Fn(RawAnswer) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let started = Instant::now();
        // An answer that can be read came whole, whatever became of the connection after it.
        let decode = |answer, interruption: Option<ClientError>| {
            decode(answer).map_err(|error| interruption.unwrap_or(error))
        };
        let result = self.try_bases(clock, prepare, decode).await;
        count_call(path, started, result.as_ref().map_or_else(ClientError::class, |_| "ok"));
        result
    }

    /// Makes a call whose answer its caller decodes, whatever its status; the caller counts the call, too.
    ///
    /// # Errors
    ///
    /// [`ClientError::Transport`] if no answer came, or an error of `prepare`.
    pub(crate) async fn call_raw(
        &self,
        clock: &Clock,
        prepare: impl Fn() -> Result<Request, ClientError>,
    ) -> Result<RawAnswer, ClientError> {
        let decode = |answer, interruption: Option<_>| interruption.map_or(Ok(answer), Err);
        self.try_bases(clock, prepare, decode).await
    }

    /// Makes the request of a call's first attempt, and sends nothing.
    ///
    /// # Errors
    ///
    /// Always: [`ClientError::Unsent`] with the request, or the reason why there is none.
    pub(crate) fn dry_run<T>(
        &self,
        clock: &Clock,
        prepare: impl Fn() -> Result<Request, ClientError>,
    ) -> Result<T, ClientError> {
        let pool = &self.pools[self.preferred.load(Ordering::Relaxed)];
        let http = pool.young_connections(&self.options, &self.tls, clock.now())?;
        let request = prepare()?;
        let unsent = Unsent::new(&request.build(&http, pool.base())?, request.sensitive());
        Err(ClientError::Unsent(Box::new(unsent)))
    }

    async fn try_bases<T>(
        &self,
        clock: &Clock,
        prepare: impl Fn() -> Result<Request, ClientError>,
        decode: impl Fn(RawAnswer, Option<ClientError>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let first = self.preferred.load(Ordering::Relaxed);
        let mut last = None;
        for index in (first..first + self.pools.len()).map(|index| index % self.pools.len()) {
            let pool = &self.pools[index];
            let http = pool.young_connections(&self.options, &self.tls, clock.now())?;
            let request = prepare()?;
            let call = pool.base().call(request.path());
            let built = request.build(&http, pool.base())?;
            let attempt = Attempt { transport: self, index, is_answered: false };
            let received = exchange(&http, built, call, request.sensitive(), clock).await;
            let received = received.map_err(|error| pool.with_proxy(error));
            match received.and_then(|(answer, interruption)| decode(answer, interruption)) {
                Err(error) if error.is_servers_fault() => last = Some(error),
                settled => {
                    attempt.mark_answered();
                    return settled;
                }
            }
        }
        Err(last.unwrap_or_else(|| ClientError::Setup("no base address".to_owned())))
    }
}

impl Attempt<'_> {
    /// Makes the next call begin with this base address.
    fn mark_answered(mut self) {
        self.is_answered = true;
        self.transport.preferred.store(self.index, Ordering::Relaxed);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            let next = (self.index + 1) % self.transport.pools.len();
            // Of many calls that fail at the same base address, one moves on.
            let preferred = &self.transport.preferred;
            let _ = preferred.compare_exchange(self.index, next, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

/// Counts a call that began at `started`.
pub(crate) fn count_call(call: &'static str, started: Instant, outcome: &'static str) {
    metrics::call_seconds(call).record(started.elapsed());
    metrics::calls(call, outcome).increment(1);
}
