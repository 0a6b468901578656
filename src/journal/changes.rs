//! The counters that tell workers that there may be something new to lease.

use tokio::sync::watch;

use super::queue::{PerQueue, Queue};

/// A counter for each queue. How workers use them is described at [the journal](super#how-workers-are-woken).
#[derive(Debug, Clone)]
pub(super) struct Changes(PerQueue<watch::Sender<u64>>);

impl Changes {
    pub(super) fn new() -> Self {
        Self(PerQueue::new(|_| watch::Sender::new(0)))
    }

    /// The counter of a queue, for a worker.
    pub(super) fn subscribe(&self, queue: Queue) -> watch::Receiver<u64> {
        self.0[queue].subscribe()
    }

    /// Counts up, which wakes the workers that wait.
    pub(super) fn notify(&self, queue: Queue) {
        self.0[queue].send_modify(|count| *count += 1);
    }
}
