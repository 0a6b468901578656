//! The listening socket, and how many connections the process can have open.

use std::{io, net::SocketAddr};

use rustix::process::{Resource, getrlimit};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::Semaphore,
};
use tracing::warn;

/// Most connections that wait to be accepted, if the operating system allows so many. A client beyond this number tries
/// again after a second.
const ACCEPT_QUEUE: u32 = 4096;
/// Files that the process may need beside a listener's connections: the journal, outgoing calls, operators' connections.
const OTHER_FILES: u64 = 256;

/// Listens on `address`.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    bind(address)?.listen(ACCEPT_QUEUE)
}

/// Binds a socket to `address` without listening on it.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart does not wait for the connections of the last run.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// The number of connections to take: `wanted`, but no more than the process may have files open.
///
/// An accept that fails for want of a file descriptor leaves all clients in the accept queue for as long as idle
/// connections may stay, and [`ConnectionHeadroom`](super::headroom::ConnectionHeadroom) would not notice the shortage.
pub(super) fn affordable_connections(wanted: usize) -> usize {
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
