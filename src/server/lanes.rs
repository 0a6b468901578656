//! Single-threaded runtimes, one for each core: a request is served on one thread from its first byte to its last.
//!
//! # Design
//!
//! Not the program's own runtime: its threads hand tasks to each other, which costs more than verifying a callback,
//! and a handler that blocks one of them would delay acknowledgements.

use std::{io, mem, thread};

use futures_util::future::join_all;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::backlog::Backlog;

/// The runtimes, each on a thread of its own; what runs on them is dropped with them.
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: Vec<Lane>,
    _end: DropGuard,
}

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) runtime: Handle,
    /// The requests that wait for this lane.
    pub(super) backlog: Backlog,
    /// Tells its connections to close, and counts them. One for all lanes would have each request of one wait for the
    /// other cores.
    pub(super) draining: GracefulShutdown,
}

impl Lanes {
    /// Starts `count` of them, at least one.
    ///
    /// # Errors
    ///
    /// The operating system gives no thread, or no file descriptor for its events.
    pub(super) fn start(count: usize) -> io::Result<Self> {
        let end = CancellationToken::new();
        let lanes = (0..count.max(1)).map(|_| Lane::start(end.clone())).collect::<io::Result<_>>();
        let end = end.drop_guard();
        Ok(Self { lanes: lanes?, _end: end })
    }

    /// The lane that accepts.
    pub(super) fn first(&self) -> &Handle {
        &self.lanes[0].runtime
    }

    /// The lane with the fewest connections.
    pub(super) fn least_loaded(&self) -> &Lane {
        self.lanes.iter().min_by_key(|lane| lane.draining.count()).unwrap_or(&self.lanes[0])
    }

    /// Closes every connection after the request in progress, and waits until none is left.
    pub(super) async fn drain(&mut self) {
        join_all(self.lanes.iter_mut().map(|lane| mem::take(&mut lane.draining).shutdown())).await;
    }
}

impl Lane {
    fn start(end: CancellationToken) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            // An acknowledgement is not to wait behind all requests that have come since: these wait in the operating
            // system's list, of which so few are taken at a time (there are 61 turns until the next ones) that the
            // runtime's own queue stays short. Nor is it to wait in the queue from outside, of which by default one in
            // 31 has its turn. At overload either takes seconds.
            .max_io_events_per_tick(16)
            .global_queue_interval(1)
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let backlog = Backlog::of(&runtime)?;
        thread::Builder::new()
            .name("callbacks".to_owned())
            .spawn(move || runtime.block_on(end.cancelled_owned()))?;
        Ok(Self { runtime: handle, backlog, draining: GracefulShutdown::new() })
    }
}
