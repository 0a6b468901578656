//! The bounds and times of a journal.

use std::time::Duration;

use super::{entry::State, time::JournalTime};
use crate::clock::Clock;

const DAY: Duration = Duration::from_hours(24);

/// The bounds and times of a journal.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a finished entry, and with it its duplicate key, is kept: time during which no server runs is added.
    pub keep: Duration,
    /// How long a dead letter is kept, likewise.
    pub keep_dead: Duration,
    /// The most pending entries a queue may hold: beyond it the Inbox refuses new ones, and a full
    /// Outbox stops leases of the Inbox.
    pub max_pending: u64,
    /// How many recent duplicate keys are answered from memory.
    pub recent_keys: usize,
    /// The clock that the journal goes by.
    pub clock: Clock,
    /// The name of this server among those that share the journal, for operators.
    pub replica: String,
}

impl Default for Options {
    /// The values that a configuration has by default, on the system's clock.
    fn default() -> Self {
        Self {
            keep: DAY,
            keep_dead: 30 * DAY,
            max_pending: 1_000_000,
            recent_keys: 100_000,
            clock: Clock::system(),
            replica: String::new(),
        }
    }
}

impl Options {
    /// Whether an entry that came to `state` at `settled_at` has been kept long enough.
    pub(super) fn is_over(&self, state: State, settled_at: JournalTime, now: JournalTime) -> bool {
        match state {
            State::Pending => false,
            State::Done => settled_at <= now.minus(self.keep),
            State::Dead => settled_at <= now.minus(self.keep_dead),
        }
    }
}
