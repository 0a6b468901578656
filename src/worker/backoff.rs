//! How long an entry waits for its next attempt: growing bounds, full jitter.

use std::time::Duration;

use crate::config::PumpSection;

/// Each bound is this many times the one before.
const GROWTH: u32 = 3;

/// Bound of the first delay after an attempt that failed on the way.
const FIRST_ON_THE_WAY: Duration = Duration::from_secs(1);

/// A random delay after the `attempt`th attempt (from 1), between zero and that attempt's bound.
///
/// Full jitter: entries that failed together do not come back together.
pub(super) fn delay(section: &PumpSection, attempt: u32) -> Duration {
    rand::random_range(Duration::ZERO..=bound(section, attempt))
}

/// The same, but not before `after` is over, unless that is beyond the maximum.
///
/// It is added rather than the later of both taken: those who were all told to wait as long do not come back together.
pub(super) fn delay_after(section: &PumpSection, attempt: u32, after: Duration) -> Duration {
    delay(section, attempt).saturating_add(after).min(section.max_backoff)
}

/// A random delay after an attempt that failed on the way, such as on a connection that was cut.
///
/// Most of these are over at once, and a conversation waits: the first delay is within a second.
pub(super) fn delay_on_the_way(section: &PumpSection, attempt: u32) -> Duration {
    match attempt {
        ..=1 => delay(section, attempt).min(rand::random_range(Duration::ZERO..=FIRST_ON_THE_WAY)),
        _ => delay(section, attempt),
    }
}

fn bound(section: &PumpSection, attempt: u32) -> Duration {
    let factor = GROWTH.saturating_pow(attempt.saturating_sub(1));
    section.backoff.saturating_mul(factor).min(section.max_backoff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section() -> PumpSection {
        PumpSection {
            concurrency: 1,
            timeout: Duration::from_secs(30),
            attempts: 8,
            backoff: Duration::from_secs(5),
            max_backoff: Duration::from_hours(1),
        }
    }

    #[test]
    fn the_bounds_triple_up_to_the_maximum() {
        let bounds: Vec<_> = (1..=8).map(|attempt| bound(&section(), attempt).as_secs()).collect();
        assert_eq!(bounds, [5, 15, 45, 135, 405, 1215, 3600, 3600]);
        assert_eq!(bound(&section(), u32::MAX).as_secs(), 3600);
    }

    #[test]
    fn eight_attempts_take_about_an_hour() {
        let longest: Duration = (1..8).map(|attempt| bound(&section(), attempt)).sum();
        let expected = longest / 2;
        assert!((40..=100).contains(&(expected.as_secs() / 60)), "{expected:?}");
    }

    #[test]
    fn a_delay_that_was_asked_for_is_kept_and_bounded() {
        let minute = Duration::from_mins(1);
        let delays: Vec<_> = (0..1000).map(|_| delay_after(&section(), 1, minute)).collect();
        assert!(delays.iter().all(|delay| (minute..=minute + section().backoff).contains(delay)));
        assert!(delays.iter().any(|delay| *delay > minute + Duration::from_secs(1)));
        assert_eq!(delay_after(&section(), 1, Duration::MAX), section().max_backoff);
    }

    #[test]
    fn the_first_delay_after_a_failure_on_the_way_is_within_a_second_and_the_others_are_as_usual() {
        let most = |attempt| (0..1000).map(|_| delay_on_the_way(&section(), attempt)).max().unwrap();
        assert!(most(1) <= Duration::from_secs(1), "{:?}", most(1));
        assert!(most(2) > Duration::from_secs(10), "{:?}", most(2));
    }

    #[test]
    fn delays_are_spread_over_the_whole_bound() {
        let delays: Vec<_> = (0..1000).map(|_| delay(&section(), 1)).collect();
        assert!(delays.iter().all(|delay| *delay <= Duration::from_secs(5)));
        assert!(delays.iter().any(|delay| *delay < Duration::from_secs(1)));
        assert!(delays.iter().any(|delay| *delay > Duration::from_secs(4)));
    }
}
