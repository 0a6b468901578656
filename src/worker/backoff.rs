//! The delay before an entry's next attempt: growing bounds, full jitter.

use std::time::Duration;

use super::{options::PumpOptions, outcome::Delay};

/// Factor from each bound to the next.
const GROWTH: u32 = 3;

/// Bound of the first delay with [`Delay::QuickBackoff`].
const FIRST_QUICK: Duration = Duration::from_secs(1);

/// Computes the delay after the attempt with the number `attempt`, from 1.
///
/// Random delays lie between zero and the attempt's bound (full jitter), so that entries that failed together do not come
/// back together. For the same reason a time that was asked for is added to the random one, instead of being its minimum.
pub(super) fn delay(options: &PumpOptions, attempt: u32, delay: Delay) -> Duration {
    match delay {
        Delay::QuickBackoff if attempt <= 1 => {
            random(options, attempt).min(rand::random_range(Duration::ZERO..=FIRST_QUICK))
        }
        Delay::Backoff | Delay::QuickBackoff => random(options, attempt),
        Delay::BackoffAfter(time) => {
            random(options, attempt).saturating_add(time).min(options.max_backoff)
        }
        Delay::Exactly(time) | Delay::Uncounted(time) => time,
    }
}

fn random(options: &PumpOptions, attempt: u32) -> Duration {
    rand::random_range(Duration::ZERO..=bound(options, attempt))
}

/// The upper bound of the random delay after an attempt.
fn bound(options: &PumpOptions, attempt: u32) -> Duration {
    let factor = GROWTH.saturating_pow(attempt.saturating_sub(1));
    options.backoff.saturating_mul(factor).min(options.max_backoff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> PumpOptions {
        PumpOptions {
            backoff: Duration::from_secs(5),
            max_backoff: Duration::from_hours(1),
            ..PumpOptions::default()
        }
    }

    #[test]
    fn the_bounds_triple_up_to_the_maximum() {
        let bounds: Vec<_> = (1..=8).map(|attempt| bound(&options(), attempt).as_secs()).collect();
        assert_eq!(bounds, [5, 15, 45, 135, 405, 1215, 3600, 3600]);
        assert_eq!(bound(&options(), u32::MAX).as_secs(), 3600);
    }

    #[test]
    fn eight_attempts_take_about_an_hour() {
        let longest: Duration = (1..8).map(|attempt| bound(&options(), attempt)).sum();
        let expected = longest / 2;
        assert!((40..=100).contains(&(expected.as_secs() / 60)), "{expected:?}");
    }

    #[test]
    fn a_delay_that_was_asked_for_is_kept_and_bounded() {
        let minute = Duration::from_mins(1);
        let delays: Vec<_> =
            (0..1000).map(|_| delay(&options(), 1, Delay::BackoffAfter(minute))).collect();
        assert!(delays.iter().all(|delay| (minute..=minute + options().backoff).contains(delay)));
        assert!(delays.iter().any(|delay| *delay > minute + Duration::from_secs(1)));
        assert_eq!(delay(&options(), 1, Delay::BackoffAfter(Duration::MAX)), options().max_backoff);
    }

    #[test]
    fn the_first_delay_after_a_failure_on_the_way_is_within_a_second_and_the_others_are_as_usual() {
        let longest =
            |attempt| (0..1000).map(|_| delay(&options(), attempt, Delay::QuickBackoff)).max().unwrap();
        assert!(longest(1) <= Duration::from_secs(1), "{:?}", longest(1));
        assert!(longest(2) > Duration::from_secs(10), "{:?}", longest(2));
    }

    #[test]
    fn delays_are_spread_over_the_whole_bound() {
        let delays: Vec<_> = (0..1000).map(|_| delay(&options(), 1, Delay::Backoff)).collect();
        assert!(delays.iter().all(|delay| *delay <= Duration::from_secs(5)));
        assert!(delays.iter().any(|delay| *delay < Duration::from_secs(1)));
        assert!(delays.iter().any(|delay| *delay > Duration::from_secs(4)));
    }
}
