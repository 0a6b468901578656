//! Core runtimes: one single-threaded runtime for each core. One thread serves a request from its first byte to its last.
//!
//! # Design
//!
//! The program's own runtime does not serve callbacks: its threads hand tasks to each other, which costs more than
//! verifying a callback, and a handler that blocks one of them would delay acknowledgements.

use std::{io, mem, thread};

use futures_util::future::join_all;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::lag_probe::LagProbe;

/// All core runtimes of a listener. Dropping them ends their threads, and the tasks on them.
#[derive(Debug)]
pub(super) struct CoreRuntimes {
    cores: Vec<CoreRuntime>,
    /// The guard whose drop ends the threads.
    _end: DropGuard,
}

/// One runtime and its connections.
#[derive(Debug)]
pub(super) struct CoreRuntime {
    /// The handle to spawn tasks on the runtime.
    pub(super) runtime: Handle,
    /// The probe of the runtime's queue delay, which its connections ask with each request.
    pub(super) lag_probe: LagProbe,
    /// The connections of the runtime: their number, and the signal that closes them. Each runtime has one of its own,
    /// so that no request writes to memory of another core.
    pub(super) connections: GracefulShutdown,
}

impl CoreRuntimes {
    /// Starts `count` runtimes, and at least one.
    ///
    /// # Errors
    ///
    /// The operating system gives no thread, or no file descriptor for its events.
    pub(super) fn start(count: usize) -> io::Result<Self> {
        let end = CancellationToken::new();
        let cores =
            (0..count.max(1)).map(|_| CoreRuntime::start(end.clone())).collect::<io::Result<_>>();
        let end = end.drop_guard();
        Ok(Self { cores: cores?, _end: end })
    }

    /// The runtime that the accept loop runs on.
    pub(super) fn first(&self) -> &Handle {
        &self.cores[0].runtime
    }

    /// The runtime with the fewest connections.
    pub(super) fn least_loaded(&self) -> &CoreRuntime {
        self.cores.iter().min_by_key(|core| core.connections.count()).unwrap_or(&self.cores[0])
    }

    /// Closes every connection after the request in progress, and waits until none is left.
    pub(super) async fn drain(&mut self) {
        join_all(self.cores.iter_mut().map(|core| mem::take(&mut core.connections).shutdown())).await;
    }
}

impl CoreRuntime {
    fn start(end: CancellationToken) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            // An acknowledgement is not to wait behind all later requests. Later requests wait in the operating system's
            // list of ready connections; the runtime takes few of them at a time (and 61 turns pass before it
            // takes the next), so that its own queue stays short. The queue for wake-ups from other threads, of which
            // by default one in 31 has its turn, is looked at each time. At overload either wait would take seconds.
            .max_io_events_per_tick(16)
            .global_queue_interval(1)
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let lag_probe = LagProbe::start(&runtime)?;
        thread::Builder::new()
            .name("http".to_owned())
            .spawn(move || runtime.block_on(end.cancelled_owned()))?;
        Ok(Self { runtime: handle, lag_probe, connections: GracefulShutdown::new() })
    }
}
