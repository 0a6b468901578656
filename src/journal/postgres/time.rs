//! Journal time and the steps of the database's clock, found out without trusting any clock that can be set.

use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use crate::{clock::Clock, lock::lock};

/// The least difference that counts as a step of a clock, in milliseconds: two readings never happen at one moment.
pub(super) const LEAST_STEP: i64 = 1000;

/// Journal time: the milliseconds that servers are known to have run on this journal.
///
/// Each replica adds the time that has passed for itself to the journal time that it has read, and records the greatest
/// that is known. The result is a lower bound of the true time, too low by the time between two recordings at most.
#[derive(Debug)]
pub(super) struct JournalTime {
    clock: Clock,
    read: Mutex<Read>,
}

/// The journal time that was known at a moment, and that moment by the process's own time.
#[derive(Debug, Clone, Copy)]
struct Read {
    elapsed: i64,
    at: Duration,
}

impl JournalTime {
    pub(super) fn new(clock: Clock) -> Self {
        let read = Read { elapsed: 0, at: clock.elapsed() };
        Self { clock, read: Mutex::new(read) }
    }

    /// The journal time that is known now.
    pub(super) fn known(&self) -> i64 {
        self.passed_since(&self.lock())
    }

    /// Takes over the journal time that some replica has recorded, if it is more than is known here.
    pub(super) fn learn(&self, elapsed: i64) {
        let mut read = self.lock();
        let elapsed = elapsed.max(self.passed_since(&read));
        *read = Read { elapsed, at: self.clock.elapsed() };
    }

    fn passed_since(&self, read: &Read) -> i64 {
        read.elapsed.saturating_add(millis(self.clock.elapsed().saturating_sub(read.at)))
    }

    fn lock(&self) -> MutexGuard<'_, Read> {
        lock(&self.read)
    }
}

/// Logs that the database's clock was set, by so many milliseconds.
pub(super) fn log_step(step: i64) {
    tracing::warn!(
        milliseconds = step,
        "the database's clock was set: what is due, and what is in work, goes by the time that has passed"
    );
}

/// A reading of the database's clock by a replica, beside the time that passes for the replica itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClockReading {
    pub(super) wall: i64,
    /// The sum of the steps that any replica had recorded before.
    pub(super) stepped: i64,
    /// The process's own time before the database was asked, and after it had answered.
    pub(super) asked: Duration,
    pub(super) answered: Duration,
}

impl ClockReading {
    /// The step of the clock since `before`, forward or back, that no replica has recorded; zero if there was none.
    pub(super) fn step_since(&self, before: &Self) -> i64 {
        let seen = (self.wall - before.wall) - (self.moment() - before.moment());
        let unnoticed = seen - (self.stepped - before.stepped);
        let least = LEAST_STEP + self.doubt() + before.doubt();
        // A step that others have recorded, and after which this replica began, is no step back.
        if seen.abs() > least && unnoticed.abs() > least { unnoticed } else { 0 }
    }

    fn moment(&self) -> i64 {
        millis((self.asked + self.answered) / 2)
    }

    fn doubt(&self) -> i64 {
        millis(self.answered.saturating_sub(self.asked))
    }
}

fn millis(span: Duration) -> i64 {
    span.as_millis().try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn reading(second: u64, wall: i64, stepped: i64) -> ClockReading {
        let asked = Duration::from_secs(second);
        ClockReading { wall, stepped, asked, answered: asked + Duration::from_millis(10) }
    }

    #[test]
    fn a_step_of_the_clock_is_noticed_either_way_and_its_running_is_not() {
        let before = reading(10, 5_000_000, 0);
        assert_eq!(reading(12, 5_002_003, 0).step_since(&before), 0);
        assert_eq!(reading(12, 5_002_000 + HOUR, 0).step_since(&before), HOUR);
        assert_eq!(reading(12, 5_002_000 - HOUR, 0).step_since(&before), -HOUR);
    }

    #[test]
    fn a_step_that_another_replica_has_noticed_is_not_noticed_again() {
        let before = reading(10, 5_000_000, 0);
        assert_eq!(reading(12, 5_002_000 + HOUR, HOUR + 4).step_since(&before), 0);
        // The first reading was made when the clock had been set already.
        assert_eq!(reading(12, 5_002_000, HOUR).step_since(&before), 0);
    }

    #[test]
    fn an_answer_that_took_long_is_not_taken_for_a_step() {
        let before = reading(10, 5_000_000, 0);
        let slow = ClockReading { answered: Duration::from_secs(20), ..reading(12, 5_010_000, 0) };
        assert_eq!(slow.step_since(&before), 0);
    }

    #[test]
    fn journal_time_passes_with_the_replicas_own_and_is_never_less_than_was_known() {
        let clock = Clock::manual(crate::clock::UnixMillis(0));
        let time = JournalTime::new(clock.clone());
        time.learn(500);
        clock.advance(Duration::from_secs(1));
        assert_eq!(time.known(), 1500);
        time.learn(700);
        assert_eq!(time.known(), 1500);
        clock.set(crate::clock::UnixMillis(HOUR));
        assert_eq!(time.known(), 1500);
    }
}
