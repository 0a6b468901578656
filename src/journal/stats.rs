//! How much is in a journal.

use serde::Serialize;

use super::queue::PerQueue;
use crate::clock::UnixMillis;

/// How much is in one queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct QueueStats {
    /// Entries that are neither done nor dead.
    pub pending: u64,
    /// Pending entries that are leased; a lease that another process holds is not counted.
    pub leased: u64,
    /// Finished entries that are still kept.
    pub done: u64,
    /// Dead letters.
    pub dead: u64,
    /// The time at which the oldest pending entry was made durable.
    pub oldest_pending: Option<UnixMillis>,
}

/// How much is in each queue of a journal.
pub type Stats = PerQueue<QueueStats>;
