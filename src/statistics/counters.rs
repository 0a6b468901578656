//! The counters of one server. Counting is one addition without any lock or wait.

use std::{
    array,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{
    ack_times::{BUCKETS, bucket},
    counted::Counted,
    numbers::Numbers,
};

/// The counters of one server since its start.
#[derive(Debug, Default)]
pub struct Counters {
    counts: [AtomicU64; Counted::ALL.len()],
    ack_times: [AtomicU64; BUCKETS],
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
