//! The work on one queue: what the [`Pump`](super::Pump) does with each of its entries.

use super::outcome::AttemptOutcome;
use crate::journal::{Entry, Queue};

/// The work on the entries of one queue.
pub(crate) trait Work: Send + Sync + 'static {
    /// The queue.
    const QUEUE: Queue;

    /// Makes one attempt at an entry. A panic and a time-out are failed attempts, too.
    fn run(&self, entry: &Entry) -> impl Future<Output = AttemptOutcome> + Send;
}
