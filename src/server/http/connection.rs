//! The task of one connection: from its accept until it is closed, drained or cut.

use std::{
    io,
    net::{SocketAddr, TcpStream as StdStream},
};

use ::metrics::Gauge;
use axum::{Router, extract::ConnectInfo};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{rt::TokioIo, server::graceful::Watcher};
use tokio::{net::TcpStream, sync::OwnedSemaphorePermit, time::Instant};
use tower::Service;
use tracing::{debug, warn};

use super::{
    arrival::Arrival, headroom::ConnectionHeadroom, lag_probe::LagProbe, limits::ConnectionLimits,
    stream::WatchedStream, timer::ConnectionTimer,
};

/// Most header fields of a request, and most bytes of them. A request beyond either is answered 431.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// An accepted connection, with all that its task needs.
pub(super) struct Connection {
    /// The socket, which becomes part of the runtime that [`serve`](Self::serve) runs on.
    pub(super) stream: StdStream,
    /// The address of the client.
    pub(super) peer: SocketAddr,
    /// The router that answers the requests.
    pub(super) router: Router,
    /// The probe of the connection's core, which says whether a request should be refused to shed load.
    pub(super) lag_probe: LagProbe,
    /// The free connections, which decide how long this one may be idle.
    pub(super) headroom: ConnectionHeadroom,
    /// The signal that closes the connection after the request in progress. The drain waits until it is dropped.
    pub(super) drain: Watcher,
    /// The slot of the connection, free again when the task ends.
    pub(super) open: OpenConnection,
}

/// The slot of an open connection, counted on the gauge for as long as it exists.
pub(super) struct OpenConnection {
    _slot: Option<OwnedSemaphorePermit>,
    gauge: Gauge,
}

impl Connection {
    /// Serves the requests of the connection on the runtime of the caller.
    pub(super) async fn serve(self, limits: ConnectionLimits) {
        let Self { stream, peer, router, lag_probe, headroom, drain, open } = self;
        let stream = match register(stream) {
            Ok(stream) => TokioIo::new(WatchedStream::new(stream, limits.header_timeout)),
            Err(error) => {
                warn!(%error, "cannot serve a connection");
                return;
            }
        };
        let service = service_fn(move |mut request: Request<Incoming>| {
            let at = Instant::now();
            let extensions = request.extensions_mut();
            extensions.insert(ConnectInfo(peer));
            extensions.insert(Arrival { at, should_shed: lag_probe.should_shed(at) });
            // A router is always ready.
            router.clone().call(request)
        });
        let serving = http1_builder(limits, headroom).serve_connection(stream, service);
        if let Err(error) = drain.watch(serving).await {
            // The cause lies with the peer: a time limit, a reset, or bytes that are not HTTP.
            debug!(%error, "connection ended early");
        }
        drop(open);
    }
}

/// Binds a socket to the runtime of the caller.
fn register(stream: StdStream) -> io::Result<TcpStream> {
    let stream = TcpStream::from_std(stream)?;
    // An answer is one small write: without this it may wait for the acknowledgement of the last one.
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn http1_builder(limits: ConnectionLimits, headroom: ConnectionHeadroom) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(ConnectionTimer::new(headroom))
        .header_read_timeout(limits.header_timeout)
        .max_headers(MAX_HEADERS)
        // An answer is short: one plain write is quicker.
        .writev(false)
        .max_buf_size(MAX_HEADER_BYTES);
    http
}

impl OpenConnection {
    pub(super) fn new(slot: Option<OwnedSemaphorePermit>, gauge: Gauge) -> Self {
        gauge.increment(1.0);
        Self { _slot: slot, gauge }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.gauge.decrement(1.0);
    }
}
