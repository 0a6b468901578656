//! The limit on log-ins that fail.

use std::{sync::Mutex, time::Duration};

use crate::{clock::Clock, lock::lock};

/// The most log-ins that may fail within [`WINDOW`], over all who try.
const MAX_FAILURES: u32 = 5;
const WINDOW: Duration = Duration::from_secs(1);

/// The limit on log-ins that fail, so that nobody can try many tokens.
#[derive(Debug)]
pub(super) struct Throttle {
    clock: Clock,
    window: Mutex<Window>,
}

/// The failures since a moment.
#[derive(Debug, Default)]
struct Window {
    began: Duration,
    failures: u32,
}

impl Throttle {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, window: Mutex::default() }
    }

    /// Whether somebody may try to log in now.
    pub(super) fn may_try(&self) -> bool {
        self.current().failures < MAX_FAILURES
    }

    /// Counts a log-in that has failed.
    pub(super) fn count_failure(&self) {
        self.current().failures += 1;
    }

    /// The window of this moment.
    fn current(&self) -> std::sync::MutexGuard<'_, Window> {
        let mut window = lock(&self.window);
        let now = self.clock.elapsed();
        if now.saturating_sub(window.began) >= WINDOW {
            *window = Window { began: now, failures: 0 };
        }
        window
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixMillis;

    #[test]
    fn five_log_ins_may_fail_in_a_second() {
        let clock = Clock::manual(UnixMillis(0));
        let throttle = Throttle::new(clock.clone());
        for _ in 0..2 {
            for _ in 0..MAX_FAILURES {
                assert!(throttle.may_try());
                throttle.count_failure();
            }
            clock.advance(WINDOW.saturating_sub(Duration::from_millis(1)));
            assert!(!throttle.may_try());
            clock.advance(Duration::from_millis(1));
        }
    }
}
