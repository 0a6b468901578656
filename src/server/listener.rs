//! The accept loop: time limits, how many connections at once, and the drain.

use std::{
    io,
    net::{SocketAddr, TcpStream as StdStream},
    sync::Arc,
    time::Duration,
};

use ::metrics::Gauge;
use axum::{Router, extract::ConnectInfo};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{rt::TokioIo, server::graceful::Watcher};
use rustix::process::{Resource, getrlimit};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::Service;
use tracing::{debug, warn};

use super::{
    backlog::Backlog,
    lanes::Lanes,
    sieve::Sieve,
    stream::Stream,
    timer::{ConnectionTimer, Room},
};
use crate::config::ServerSection;

/// Most header fields of a request, and most bytes of them; beyond either it is answered 431.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// Connections that wait to be accepted, if the system allows so many; beyond it a client tries again after a second.
const BACKLOG: u32 = 4096;
/// Pause after an accept that failed for want of something, usually file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Files that the process may open beside this listener's connections, at least: the journal, its own calls, the operators.
const OTHER_FILES: u64 = 256;
/// Lines in each window of the log about accepts that failed.
const ACCEPT_LINES: u64 = 1;

/// A bound socket that is ready to serve.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
    open: Gauge,
    lanes: Lanes,
}

/// How a request came; an extension of each request that a [`Listener`] serves.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// When its headers were there.
    pub at: Instant,
    /// It has waited for so long already that, where it can come again, it should be refused.
    pub is_late: bool,
}

impl Arrival {
    /// A request that is here now, and has not waited.
    pub(super) fn now() -> Self {
        Self { at: Instant::now(), is_late: false }
    }
}

/// The bounds of a listener's connections.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// A request's headers must be complete within this time; it also closes idle connections, and those
    /// whose peer reads no answer. Once more than half of the connections are taken, it is shortened.
    pub header_timeout: Duration,
    /// Beyond this number connections wait in the operating system's queue, and so do those for which the process may
    /// open no more files.
    pub max_connections: usize,
    /// How long open requests may go on once the listener is to stop.
    pub drain_timeout: Duration,
}

impl From<&ServerSection> for ConnectionLimits {
    fn from(section: &ServerSection) -> Self {
        Self {
            header_timeout: section.header_timeout,
            max_connections: section.max_connections,
            // The longest that a request can take once its headers are here.
            drain_timeout: section.body_timeout + section.answer_timeout,
        }
    }
}

impl Default for ConnectionLimits {
    /// For operators' endpoints: few connections, short requests.
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(15),
            max_connections: 256,
            drain_timeout: Duration::from_secs(2),
        }
    }
}

impl Listener {
    /// Binds `address`, to serve with `threads` threads of its own; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// The operating system's: in use, not permitted, not an address of this machine, no thread to be had.
    pub async fn bind(address: SocketAddr, threads: usize) -> io::Result<Self> {
        let lanes = Lanes::start(threads)?;
        let tcp =
            lanes.first().spawn(async move { listen(address) }).await.map_err(io::Error::other)??;
        let address = tcp.local_addr()?;
        Ok(Self { tcp, address, open: Gauge::noop(), lanes })
    }

    /// Whether `address` could be bound, but for a program that listens there now.
    ///
    /// # Errors
    ///
    /// The operating system's: not permitted, not an address of this machine.
    pub fn check(address: SocketAddr) -> io::Result<()> {
        // Nobody can connect to it, and nobody who binds the address at this moment is kept from it.
        match socket(address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(()),
            checked => checked.map(drop),
        }
    }

    /// Counts the open connections on `gauge`.
    #[must_use]
    pub fn counted_on(self, gauge: Gauge) -> Self {
        Self { open: gauge, ..self }
    }

    /// The address that it listens on, with the port that it got.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves `router` until `stop` is cancelled, then drains. Handlers find the peer in [`ConnectInfo`], and how their
    /// request came in an extension, [`Arrival`].
    ///
    /// Returns when no connection is left: idle ones are closed at once, open requests have
    /// [`drain_timeout`](ConnectionLimits::drain_timeout) to end, and what is left then is cut.
    ///
    /// # Errors
    ///
    /// It has ended by itself, which is a fault in this program: nothing is accepted any more.
    pub async fn serve(
        self,
        router: Router,
        limits: ConnectionLimits,
        stop: CancellationToken,
    ) -> io::Result<()> {
        let (lane, address) = (self.lanes.first().clone(), self.address);
        // Ends it if this future is dropped.
        let mut serving = JoinSet::new();
        serving.spawn_on(self.accept(router, limits, stop), &lane);
        match serving.join_next().await {
            Some(Err(error)) => {
                Err(io::Error::other(format!("nothing listens on {address} any more: {error}")))
            }
            _ => Ok(()),
        }
    }

    async fn accept(self, router: Router, limits: ConnectionLimits, stop: CancellationToken) {
        let Self { tcp, open, mut lanes, .. } = self;
        let slots = Arc::new(Semaphore::new(most_connections(limits.max_connections)));
        let room = Room::new(Arc::clone(&slots));
        let sieve = Sieve::of(ACCEPT_LINES);
        let mut connections = JoinSet::new();
        while let Some((slot, stream, peer)) = stop.run_until_cancelled(next(&tcp, &slots, &sieve)).await
        {
            let lane = lanes.least_loaded();
            let guard = Open::new(slot, open.clone());
            let (router, room) = (router.clone(), room.clone());
            let (backlog, draining) = (lane.backlog.clone(), lane.draining.watcher());
            let connection = Connection { stream, peer, router, backlog, room, draining };
            connections.spawn_on(connection.run(limits, guard), &lane.runtime);
            while connections.try_join_next().is_some() {}
        }
        // New connections are refused from here on, instead of waiting for an answer that does not come.
        drop(tcp);
        if timeout(limits.drain_timeout, lanes.drain()).await.is_err() {
            warn!("the time to drain is over: cutting the connections that are still open");
        }
        connections.shutdown().await;
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    socket(address)?.listen(BACKLOG)
}

/// A socket that is bound and does not listen yet.
fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart does not wait for the connections of the last run.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// How many connections there may be: as many as are wanted, and never more than the process may have open.
///
/// An accept that fails for want of a file descriptor leaves everybody in the queue for as long as a crowd of idle
/// connections may stay, and [`Room`] could not see that there is none.
fn most_connections(wanted: usize) -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let left = files.saturating_sub(OTHER_FILES.min(files / 2)).max(1);
    let left = usize::try_from(left).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
    if left < wanted {
        warn!(
            open_files = files,
            max_connections = left,
            "fewer files may be open than so many connections need, so fewer are taken: raise `ulimit -Hn` (LimitNOFILE= of \
             systemd, --ulimit nofile= of docker), or lower server.max_connections"
        );
    }
    wanted.min(left)
}

/// How a connection speaks HTTP/1.
fn builder(limits: ConnectionLimits, room: Room) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(ConnectionTimer::new(room))
        .header_read_timeout(limits.header_timeout)
        .max_headers(MAX_HEADERS)
        // An answer is short: one plain write is quicker.
        .writev(false)
        .max_buf_size(MAX_HEADER_BYTES);
    http
}

/// Waits for a free slot, then for a connection.
async fn next(
    tcp: &TcpListener,
    slots: &Arc<Semaphore>,
    sieve: &Sieve,
) -> (Option<OwnedSemaphorePermit>, StdStream, SocketAddr) {
    // The semaphore is never closed: there is always a slot in the end.
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    loop {
        match accept(tcp).await {
            Ok((stream, peer)) => return (slot, stream, peer),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                if let Some(unlogged) = sieve.pass() {
                    let unlogged = (unlogged > 0).then_some(unlogged);
                    warn!(%error, unlogged, "cannot accept connections: those that wait are tried again all the time");
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Accepts a connection, not bound to a runtime yet.
async fn accept(tcp: &TcpListener) -> io::Result<(StdStream, SocketAddr)> {
    let (stream, peer) = tcp.accept().await?;
    Ok((stream.into_std()?, peer))
}

/// Whether an accept failed because the peer was gone already.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// One connection's task: begins when it is accepted, ends when it is closed, drained or cut.
struct Connection {
    stream: StdStream,
    peer: SocketAddr,
    router: Router,
    backlog: Backlog,
    room: Room,
    /// Tells it to close after the request in progress; held until it has.
    draining: Watcher,
}

impl Connection {
    async fn run(self, limits: ConnectionLimits, open: Open) {
        let Self { stream, peer, router, backlog, room, draining } = self;
        let stream = match prepared(stream) {
            Ok(stream) => TokioIo::new(Stream::new(stream, limits.header_timeout)),
            Err(error) => {
                warn!(%error, "cannot serve a connection");
                return;
            }
        };
        let service = service_fn(move |mut request: Request<Incoming>| {
            let at = Instant::now();
            let extensions = request.extensions_mut();
            extensions.insert(ConnectInfo(peer));
            extensions.insert(Arrival { at, is_late: backlog.is_late(at) });
            // A router is always ready.
            router.clone().call(request)
        });
        let serving = builder(limits, room).serve_connection(stream, service);
        if let Err(error) = draining.watch(serving).await {
            // Time limits, resets, what is not HTTP: the peer's affair.
            debug!(%error, "connection ended early");
        }
        drop(open);
    }
}

/// Binds a socket to the lane that this runs on.
fn prepared(stream: StdStream) -> io::Result<TcpStream> {
    let stream = TcpStream::from_std(stream)?;
    // An answer is one small write: without this it may wait for the acknowledgement of the last one.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A connection's slot, counted for as long as it exists.
struct Open {
    _slot: Option<OwnedSemaphorePermit>,
    gauge: Gauge,
}

impl Open {
    fn new(slot: Option<OwnedSemaphorePermit>, gauge: Gauge) -> Self {
        gauge.increment(1.0);
        Self { _slot: slot, gauge }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.gauge.decrement(1.0);
    }
}
