//! Activity: what a replica did in each minute, for statistics over time.

use bytes::Bytes;

use crate::clock::UnixMillis;

/// The number of spans of activity that are kept: eight days of one replica, whatever the clock shows.
pub const KEPT_ACTIVITY: usize = 11_520;

/// The activity of one replica in one span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// The time at which the span begins.
    pub at: UnixMillis,
    /// The name of the replica.
    pub replica: String,
    /// The numbers, in a form that the journal does not know.
    pub body: Bytes,
}
