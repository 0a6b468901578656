//! The counters of one server. Counting is one addition without any lock or wait.

use std::{
    array,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{
    ack_times::{BUCKETS, bucket},
    numbers::Numbers,
};

/// An event that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// A callback whose message is new.
    Accepted,
    /// A callback whose message was accepted before.
    Duplicates,
    /// A callback that was refused.
    Refused,
    /// A message that is done.
    Handled,
    /// A failed attempt at a message.
    Failed,
    /// A message or reply that became a dead letter after its last attempt.
    Dead,
    /// A reply that was sent.
    Sent,
    /// A failed attempt at a reply.
    SendFailed,
}

/// The counters of one server since its start.
#[derive(Debug, Default)]
pub struct Counters {
    counts: [AtomicU64; Counted::ALL.len()],
    ack_times: [AtomicU64; BUCKETS],
}

impl Counted {
    /// All of them, each at its own index.
    pub(super) const ALL: [Self; 8] = [
        Self::Accepted,
        Self::Duplicates,
        Self::Refused,
        Self::Handled,
        Self::Failed,
        Self::Dead,
        Self::Sent,
        Self::SendFailed,
    ];

    /// The name in the journal.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicates => "duplicates",
            Self::Refused => "refused",
            Self::Handled => "handled",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Sent => "sent",
            Self::SendFailed => "send_failed",
        }
    }
}

impl Counters {
    /// Counts one event.
    pub fn count(&self, event: Counted) {
        self.counts[event as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the time from a callback's arrival to its acknowledgement.
    pub fn count_ack_time(&self, time: Duration) {
        self.ack_times[bucket(time)].fetch_add(1, Ordering::Relaxed);
    }

    /// The numbers since the start of the server.
    pub(super) fn numbers(&self) -> Numbers {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Numbers {
            counts: array::from_fn(|index| load(&self.counts[index])),
            ack_times: array::from_fn(|index| load(&self.ack_times[index])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_stands_at_its_index() {
        for (index, event) in Counted::ALL.into_iter().enumerate() {
            assert_eq!(event as usize, index);
        }
    }
}
