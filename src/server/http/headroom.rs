//! The headroom of a listener: how many more connections it can take, and how long one may be idle therefore.
//!
//! # Design
//!
//! A crowd of idle or slow connections must not keep others out for as long as each of them may be idle. So once less
//! than half of the slots are free, the time limits shrink with the square of the free share: of a crowd that takes all
//! slots at once, one connection in eight is gone again after a second. No connection has to be searched for and cut off,
//! and the idle connections of a proxy last while there is headroom.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;

/// Shortest time limit: every client has this time to send its headers, however few slots are free.
const SHORTEST_LIMIT: Duration = Duration::from_secs(1);

/// The free connection slots of a listener; clones share them.
#[derive(Debug, Clone)]
pub(super) struct ConnectionHeadroom {
    slots: Arc<Semaphore>,
    /// The number of all slots.
    size: usize,
}

impl ConnectionHeadroom {
    /// The headroom of a listener whose slots are all free now.
    pub(super) fn new(slots: Arc<Semaphore>) -> Self {
        Self { size: slots.available_permits(), slots }
    }

    /// Whether less than half of the slots are free, so that time limits are shorter.
    pub(super) fn is_scarce(&self) -> bool {
        self.share() < 1.0
    }

    /// The time limit that holds now for a connection whose limit is `limit` where there is headroom.
    pub(super) fn shorten(&self, limit: Duration) -> Duration {
        let share = self.share();
        if share < 1.0 { limit.mul_f64(share * share).max(SHORTEST_LIMIT.min(limit)) } else { limit }
    }

    /// The number of free slots, divided by half of all slots.
    #[expect(clippy::cast_precision_loss, reason = "a share of the connections")]
    fn share(&self) -> f64 {
        self.slots.available_permits() as f64 / (self.size as f64 / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn time_limits_shrink_once_half_of_the_slots_are_taken() {
        let headroom = ConnectionHeadroom::new(Arc::new(Semaphore::new(1000)));
        for (taken, seconds) in
            [(0, 15.0), (500, 15.0), (600, 9.6), (750, 3.75), (900, 1.0), (1000, 1.0)]
        {
            let _slots = headroom.slots.try_acquire_many(taken).unwrap();
            let shortened = headroom.shorten(SECOND * 15);
            assert_eq!(shortened, Duration::from_secs_f64(seconds), "{taken} taken");
            assert_eq!(headroom.shorten(SECOND / 10), SECOND / 10, "nothing is made longer");
        }
    }
}
