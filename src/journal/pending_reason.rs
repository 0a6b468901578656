//! Why a pending entry is not done yet, as far as the journal knows.

use super::entry::EntryId;
use crate::clock::UnixMillis;

/// Why a pending entry is not done yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PendingReason {
    /// An earlier entry of its conversation in its queue is pending: the first of them.
    Behind(EntryId),
    /// The entry is due later.
    Due(UnixMillis),
    /// A server is at work on it.
    Leased {
        /// The name of the server, if it is known.
        by: Option<String>,
        /// The time at which the lease ends.
        until: UnixMillis,
    },
    /// The conversation waits for the end of a lease whose entry was discarded meanwhile.
    Blocked(UnixMillis),
    /// The entry may be leased at once: no worker has taken it yet.
    Ready,
    /// The journal's store does not know: a server that has it open keeps its leases in its memory.
    Unknown,
}
