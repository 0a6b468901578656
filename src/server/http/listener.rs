//! The accept loop: it limits how many connections there are at once, and drains them at the end.

use std::{
    io,
    net::{SocketAddr, TcpStream as StdStream},
    sync::Arc,
    time::Duration,
};

use ::metrics::Gauge;
use axum::Router;
use tokio::{
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    connection::{Connection, OpenConnection},
    cores::CoreRuntimes,
    headroom::ConnectionHeadroom,
    limits::ConnectionLimits,
    socket,
};
use crate::log_limit::LogRateLimit;

/// Pause after an accept that failed for want of something, usually file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Limit of the log lines about failed accepts: one line in each window.
const ACCEPT_LINES: u64 = 1;
const ACCEPT_LINES_WINDOW: Duration = Duration::from_secs(10);

/// A bound socket that is ready to serve.
#[derive(Debug)]
pub struct Listener {
    /// The listening socket. The accept loop closes it to refuse new connections when the drain begins.
    tcp: TcpListener,
    /// The bound address, with the port that the operating system chose for port 0.
    address: SocketAddr,
    /// The gauge of open connections.
    open_connections: Gauge,
    /// The runtimes that the accept loop and all connections run on. Dropping them ends whatever still runs.
    cores: CoreRuntimes,
}

impl Listener {
    /// Binds `address`, to serve with `threads` threads of its own; port 0 takes a free port.
    ///
    /// # Errors
    ///
    /// The error of the operating system: in use, not permitted, not an address of this machine, no thread to be had.
    pub async fn bind(address: SocketAddr, threads: usize) -> io::Result<Self> {
        let cores = CoreRuntimes::start(threads)?;
        let listening = cores.first().spawn(async move { socket::listen(address) });
        let tcp = listening.await.map_err(io::Error::other)??;
        let address = tcp.local_addr()?;
        Ok(Self { tcp, address, open_connections: Gauge::noop(), cores })
    }

    /// Checks that `address` could be bound, unless another program listens there now.
    ///
    /// # Errors
    ///
    /// The error of the operating system: not permitted, not an address of this machine.
    pub fn check(address: SocketAddr) -> io::Result<()> {
        // The socket does not listen, so nobody can connect to it, and nobody is kept from binding the address.
        match socket::bind(address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(()),
            checked => checked.map(drop),
        }
    }

    /// Counts the open connections on `gauge`.
    #[must_use]
    pub fn with_gauge(self, gauge: Gauge) -> Self {
        Self { open_connections: gauge, ..self }
    }

    /// The bound address, with its port.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves `router` until `stop` is cancelled, then drains. Handlers find the peer in
    /// [`ConnectInfo`](axum::extract::ConnectInfo), and the request's [`Arrival`](super::Arrival) in an extension.
    ///
    /// The call returns when no connection is left: idle connections are closed at once, open requests have
    /// [`drain_timeout`](ConnectionLimits::drain_timeout) to end, and the remaining ones are cut.
    ///
    /// # Errors
    ///
    /// The accept loop has ended by itself, which is a fault in this program. No connection is accepted any more.
    pub async fn serve(
        self,
        router: Router,
        limits: ConnectionLimits,
        stop: CancellationToken,
    ) -> io::Result<()> {
        let (runtime, address) = (self.cores.first().clone(), self.address);
        // The set ends the accept loop if this future is dropped.
        let mut serving = JoinSet::new();
        serving.spawn_on(self.accept_connections(router, limits, stop), &runtime);
        match serving.join_next().await {
            Some(Err(error)) => {
                Err(io::Error::other(format!("nothing listens on {address} any more: {error}")))
            }
            _ => Ok(()),
        }
    }

    async fn accept_connections(
        self,
        router: Router,
        limits: ConnectionLimits,
        stop: CancellationToken,
    ) {
        let Self { tcp, open_connections, mut cores, .. } = self;
        let slots = Arc::new(Semaphore::new(socket::affordable_connections(limits.max_connections)));
        let headroom = ConnectionHeadroom::new(Arc::clone(&slots));
        let log_limit = LogRateLimit::new(ACCEPT_LINES, ACCEPT_LINES_WINDOW);
        let mut connections = JoinSet::new();
        while let Some((slot, stream, peer)) =
            stop.run_until_cancelled(next_connection(&tcp, &slots, &log_limit)).await
        {
            let core = cores.least_loaded();
            let connection = Connection {
                stream,
                peer,
                router: router.clone(),
                lag_probe: core.lag_probe.clone(),
                headroom: headroom.clone(),
                drain: core.connections.watcher(),
                open: OpenConnection::new(slot, open_connections.clone()),
            };
            connections.spawn_on(connection.serve(limits), &core.runtime);
            while connections.try_join_next().is_some() {}
        }
        // New connections are refused from here on, instead of waiting for an answer that does not come.
        drop(tcp);
        if timeout(limits.drain_timeout, cores.drain()).await.is_err() {
            warn!("the time to drain is over: cutting the connections that are still open");
        }
        connections.shutdown().await;
    }
}

/// Waits for a free slot, then for a connection.
async fn next_connection(
    tcp: &TcpListener,
    slots: &Arc<Semaphore>,
    log_limit: &LogRateLimit,
) -> (Option<OwnedSemaphorePermit>, StdStream, SocketAddr) {
    // The semaphore is never closed, so a slot comes in the end.
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    loop {
        match accept(tcp).await {
            Ok((stream, peer)) => return (slot, stream, peer),
            Err(error) if is_peer_gone(&error) => {}
            Err(error) => {
                if let Some(unlogged) = log_limit.admit() {
                    let unlogged = (unlogged > 0).then_some(unlogged);
                    warn!(%error, unlogged, "cannot accept connections: those that wait are tried again all the time");
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Accepts a connection. The socket is not bound to a runtime yet, because another core may serve the connection.
async fn accept(tcp: &TcpListener) -> io::Result<(StdStream, SocketAddr)> {
    let (stream, peer) = tcp.accept().await?;
    Ok((stream.into_std()?, peer))
}

/// Whether an accept failed because the peer had closed the connection already.
fn is_peer_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
