//! The arrival of a request: its time, and whether the server is too busy for it.

use tokio::time::Instant;

/// How a request arrived; an extension of each request that a [`Listener`](super::Listener) serves.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// The time at which the headers of the request were complete.
    pub at: Instant,
    /// Whether the server should refuse the request to shed load, if the sender tries again by itself.
    pub should_shed: bool,
}

impl Arrival {
    /// The arrival of a request that a foreign server serves: now, and without load shedding.
    pub(crate) fn now() -> Self {
        Self { at: Instant::now(), should_shed: false }
    }
}
