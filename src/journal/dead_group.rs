//! Dead letters by reason.

use super::{
    entry::{EntryId, Record},
    queue::Queue,
    reason_group::ReasonGroup,
};
use crate::clock::UnixMillis;

/// A group of dead letters.
#[derive(Debug, Clone)]
pub struct DeadGroup {
    /// The group's number.
    pub group: ReasonGroup,
    /// The queue of its dead letters.
    pub queue: Queue,
    /// How many dead letters are in it.
    pub count: u64,
    /// The one that was accepted first.
    pub oldest: EntryId,
    /// The time at which that one was accepted.
    pub oldest_at: UnixMillis,
    /// The one that was accepted last.
    pub newest: Record,
}
