//! Wall-clock time in milliseconds, and time that has passed; the only file that reads the clocks.

use std::{
    fmt,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lock::lock;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "console", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// This moment plus `span`, saturating at the end of time.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// This moment minus `span`, saturating at the beginning of time.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }

    /// The span from `earlier` to this moment; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).try_into().unwrap_or(0))
    }

    /// This moment as a person reads it, to the minute: `2023-11-14 22:13 UTC`.
    pub fn to_utc(self) -> String {
        match Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => timestamp.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            Err(_) => format!("{} ms after 1970", self.0),
        }
    }
}

/// A span as a person says it, in the one unit that fits: `90 s`, `6 min`, `3 years`.
pub fn in_words(span: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let seconds = span.as_secs();
    // From two of a unit on.
    let units =
        [(365 * DAY, "years"), (30 * DAY, "months"), (DAY, "days"), (HOUR, "hours"), (MINUTE, "min")];
    let fitting = units.into_iter().find(|(unit, _)| seconds >= 2 * unit);
    let (unit, name) = fitting.unwrap_or((1, "s"));
    format!("{} {name}", seconds / unit)
}

impl fmt::Debug for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0)
    }
}

fn millis(span: Duration) -> i64 {
    span.as_millis().try_into().unwrap_or(i64::MAX)
}

/// The source of the time for a component: the system's clock, the same one with time added to it, or one that a test sets.
#[derive(Debug, Clone, Default)]
pub struct Clock(Source);

/// The origin of a clock's readings.
#[derive(Debug, Clone, Default)]
enum Source {
    #[default]
    System,
    /// The system's clock, and the milliseconds that were added to it.
    Advanced(Arc<AtomicU64>),
    Manual(Arc<Mutex<Manual>>),
}

/// The readings of a manual clock.
#[derive(Debug)]
struct Manual {
    now: UnixMillis,
    elapsed: Duration,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that runs like the system's, and that a test can [`advance`](Self::advance); clones show the same time.
    pub fn advanceable() -> Self {
        Self(Source::Advanced(Arc::default()))
    }

    /// A clock that stands at `now` until it is [`set`](Self::set); clones show the same time.
    pub fn manual(now: UnixMillis) -> Self {
        Self(Source::Manual(Arc::new(Mutex::new(Manual { now, elapsed: Duration::ZERO }))))
    }

    /// The wall clock's time. Somebody may set it forward or back at any moment.
    pub fn now(&self) -> UnixMillis {
        match &self.0 {
            Source::System => system_now(),
            Source::Advanced(added) => system_now().plus(load(added)),
            Source::Manual(manual) => lock(manual).now,
        }
    }

    /// The time that has passed since some moment of this process. Setting the wall clock does not change it.
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Source::System => system_elapsed(),
            Source::Advanced(added) => system_elapsed().saturating_add(load(added)),
            Source::Manual(manual) => lock(manual).elapsed,
        }
    }

    /// The wall clock's time for programs outside of a test, which do not see that this clock was advanced.
    pub fn now_outside(&self) -> UnixMillis {
        match &self.0 {
            Source::Advanced(_) => system_now(),
            Source::System | Source::Manual(_) => self.now(),
        }
    }

    /// The time of a manual clock; `None` for the system's clock, advanced or not.
    pub fn manual_now(&self) -> Option<UnixMillis> {
        match &self.0 {
            Source::System | Source::Advanced(_) => None,
            Source::Manual(manual) => Some(lock(manual).now),
        }
    }

    /// Sets a manual clock, as an administrator would: no time passes. Without effect on other clocks.
    pub fn set(&self, now: UnixMillis) {
        if let Source::Manual(manual) = &self.0 {
            lock(manual).now = now;
        }
    }

    /// Lets time pass; without effect on the system's clock.
    pub fn advance(&self, span: Duration) {
        match &self.0 {
            Source::System => {}
            Source::Advanced(added) => {
                let millis = span.as_millis().try_into().unwrap_or(u64::MAX);
                added.update(Ordering::Relaxed, Ordering::Relaxed, |added| added.saturating_add(millis));
            }
            Source::Manual(manual) => {
                let manual = &mut *lock(manual);
                manual.now = manual.now.plus(span);
                manual.elapsed = manual.elapsed.saturating_add(span);
            }
        }
    }

    /// Whether [`advance`](Self::advance) has an effect.
    pub fn can_advance(&self) -> bool {
        !matches!(self.0, Source::System)
    }
}

fn load(added: &AtomicU64) -> Duration {
    Duration::from_millis(added.load(Ordering::Relaxed))
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
fn system_now() -> UnixMillis {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(span) => UnixMillis(millis(span)),
        Err(before) => UnixMillis(-millis(before.duration())),
    }
}

fn system_elapsed() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_when_a_manual_clock_is_advanced_and_not_when_it_is_set() {
        let clock = Clock::manual(UnixMillis(1_000));
        let clone = clock.clone();
        clock.advance(Duration::from_secs(2));
        clock.set(UnixMillis(500));
        assert_eq!((clone.now(), clone.elapsed()), (UnixMillis(500), Duration::from_secs(2)));
    }

    #[test]
    fn a_manual_clock_and_its_clones_show_the_same_time() {
        let clock = Clock::manual(UnixMillis(1_000));
        let clone = clock.clone();
        clock.advance(Duration::from_secs(2));
        assert_eq!(clone.now(), UnixMillis(3_000));
    }

    #[test]
    fn an_advanced_clock_runs_on_and_programs_outside_do_not_see_the_advance() {
        const MONTH: Duration = Duration::from_hours(30 * 24);
        let (system, clock) = (Clock::system(), Clock::advanceable());
        let before = (system.now(), system.elapsed());
        clock.clone().advance(MONTH);
        system.advance(MONTH);
        assert!(clock.now() >= before.0.plus(MONTH) && clock.elapsed() >= before.1 + MONTH);
        assert!(clock.now_outside().since(system.now()) < MONTH);
        assert_eq!((clock.can_advance(), system.can_advance()), (true, false));
        assert_eq!((clock.manual_now(), system.now().since(before.0) < MONTH), (None, true));
    }

    #[test]
    fn a_span_towards_the_past_is_zero() {
        assert_eq!(UnixMillis(5).since(UnixMillis(9)), Duration::ZERO);
        assert_eq!(UnixMillis(9).since(UnixMillis(5)), Duration::from_millis(4));
    }

    #[test]
    fn a_span_is_said_in_the_unit_that_fits_and_a_moment_to_the_minute() {
        for (seconds, words) in [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (6 * 60 + 59, "6 min"),
            (7_200, "2 hours"),
            (172_800, "2 days"),
            (5_184_000, "2 months"),
            (63_072_000, "2 years"),
            (95_838_134, "3 years"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
        assert_eq!(UnixMillis(1_700_000_000_000).to_utc(), "2023-11-14 22:13 UTC");
        assert_eq!(UnixMillis(i64::MAX).to_utc(), "9223372036854775807 ms after 1970");
    }

    #[test]
    fn the_system_clock_reads_a_time_after_this_was_written() {
        assert!(Clock::system().now() > UnixMillis(1_760_000_000_000));
    }
}
