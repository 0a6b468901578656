//! The state that the pumps of both queues share.

use std::sync::Arc;

use super::progress::Observers;
use crate::{clock::Clock, journal::Queues, statistics::Counters};

/// The means that the pumps of both queues share.
#[derive(Debug, Clone)]
pub(crate) struct SharedState {
    /// The journal that entries are leased from and settled in. The code that opened the journal closes it after the pumps
    /// have returned.
    pub(crate) journal: Arc<dyn Queues>,
    /// The clock that retries go by.
    pub(crate) clock: Clock,
    /// The observers that are told of each step of an entry.
    pub(crate) observers: Observers,
    /// The counters of attempts, for the statistics.
    pub(crate) counters: Arc<Counters>,
}
