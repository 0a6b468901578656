//! The time for a journal: by the wall clock, and by how long servers have run on it.

use std::time::Duration;

use crate::clock::{Clock, UnixMillis};

/// A difference between the wall clock and the time that has passed is a step only beyond this; below it the clock is
/// merely being adjusted.
const JITTER: Duration = Duration::from_secs(1);

/// How long servers have run on a journal, in milliseconds.
///
/// Nobody can set this time, and it stands still while no server runs: an entry that was kept for a span of it was kept
/// for that long at least, whatever the wall clock showed meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct JournalTime(pub(super) i64);

/// One reading of both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// The wall clock: when something happened, for people, and when something is due.
    pub(super) now: UnixMillis,
    /// The time by which entries age.
    pub(super) elapsed: JournalTime,
    /// The latest that `elapsed` can be, where it is known from a server's last note only.
    pub(super) elapsed_at_most: JournalTime,
}

/// The milliseconds from now until something is due, which mean the same after a step of the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DueIn(i64);

/// By how many milliseconds the wall clock was set; negative if it was set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClockStep(i64);

/// Both clocks of an open journal: it tells a step of the wall clock from time that has passed.
#[derive(Debug)]
pub(super) struct Timekeeper {
    clock: Clock,
    /// The journal's time when it was opened, and what the process's clock showed then.
    opened: (JournalTime, Duration),
    /// Both clocks when the latest step was looked for.
    seen: (UnixMillis, Duration),
}

impl JournalTime {
    pub(super) fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    pub(super) fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }
}

impl DueIn {
    /// Something is due now.
    pub(super) const NOW: Self = Self(0);

    /// The time from `now` to `due_at`, which may lie before it.
    pub(super) fn between(now: UnixMillis, due_at: UnixMillis) -> Self {
        Self(due_at.0.saturating_sub(now.0))
    }
}

impl Moment {
    pub(super) fn plus(self, DueIn(millis): DueIn) -> UnixMillis {
        UnixMillis(self.now.0.saturating_add(millis))
    }

    /// The time that the wall clock, as it is set now, would have shown when the journal's time was `elapsed`.
    pub(super) fn at(self, elapsed: JournalTime) -> UnixMillis {
        UnixMillis(self.now.0.saturating_sub(self.elapsed.0.saturating_sub(elapsed.0).max(0)))
    }
}

impl ClockStep {
    /// A time from before the step, moved so that it keeps its distance from now.
    pub(super) fn applied_to(self, time: UnixMillis) -> UnixMillis {
        UnixMillis(time.0.saturating_add(self.0))
    }

    /// Tells the operator of the step.
    pub(super) fn log(self) {
        let by = Duration::from_millis(self.0.unsigned_abs());
        let direction = if self.0 < 0 { "back" } else { "forward" };
        tracing::warn!(
            ?by,
            "the clock was set {direction}: what is due later moves with it, and what was accepted and settled keeps its dates"
        );
    }

    pub(super) fn as_millis(self) -> i64 {
        self.0
    }
}

impl Timekeeper {
    /// A timekeeper of a journal that begins now.
    pub(super) fn new(clock: Clock) -> Self {
        let now = clock.now();
        Self::resume(clock, JournalTime::default(), now)
    }

    /// A timekeeper of a journal on which servers have run for `elapsed`, when the wall clock showed `seen_at`.
    pub(super) fn resume(clock: Clock, elapsed: JournalTime, seen_at: UnixMillis) -> Self {
        let passed = clock.elapsed();
        // How long nobody ran is not known: only a clock that shows less than before was certainly set.
        let seen_at = seen_at.max(clock.now());
        Self { clock, opened: (elapsed, passed), seen: (seen_at, passed) }
    }

    /// The wall clock's time by which what is due was written last.
    pub(super) fn seen_at(&self) -> UnixMillis {
        self.seen.0
    }

    /// Reads both clocks, and the step that the wall clock has made since they were last [noted](Self::note).
    pub(super) fn read(&self) -> (Moment, Option<ClockStep>) {
        let (now, passed) = (self.clock.now(), self.clock.elapsed());
        let (elapsed, opened_at) = self.opened;
        let elapsed = elapsed.plus(passed.saturating_sub(opened_at));
        let (seen_at, seen_passed) = self.seen;
        let step = now.0.saturating_sub(seen_at.plus(passed.saturating_sub(seen_passed)).0);
        let is_step = step.unsigned_abs() > JITTER.as_millis().try_into().unwrap_or(u64::MAX);
        (Moment { now, elapsed, elapsed_at_most: elapsed }, is_step.then_some(ClockStep(step)))
    }

    /// Takes note that what moves with the wall clock has been moved to `moment`.
    pub(super) fn note(&mut self, moment: Moment) {
        let (elapsed, opened_at) = self.opened;
        let since = Duration::from_millis((moment.elapsed.0 - elapsed.0).try_into().unwrap_or(0));
        self.seen = (moment.now, opened_at + since);
    }
}

fn millis(span: Duration) -> i64 {
    span.as_millis().try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixMillis = UnixMillis(1_700_000_000_000);
    const DAY: Duration = Duration::from_hours(24);

    #[test]
    fn a_step_is_told_from_time_that_passes_either_way() {
        let clock = Clock::manual(START);
        let mut time = Timekeeper::new(clock.clone());
        for (set, passes, expected) in [
            (0, 500, None),
            (0, 86_400_000, None),
            (999, 10, None),
            (-1000, 0, None),
            (-86_400_000, 5_000, Some(-86_400_000)),
            (86_400_000, 0, Some(86_400_000)),
            (1_001, 60_000, Some(1_001)),
        ] {
            clock.advance(Duration::from_millis(passes));
            clock.set(UnixMillis(clock.now().0 + set));
            let (moment, step) = time.read();
            assert_eq!(step.map(ClockStep::as_millis), expected, "{set} {passes}");
            assert_eq!(moment.now, clock.now());
            time.note(moment);
            assert_eq!(time.read().1, None, "it is reported once");
        }
        assert_eq!(time.read().0.elapsed, JournalTime(500 + 86_400_000 + 10 + 5_000 + 60_000));
    }

    #[test]
    fn a_clock_that_shows_less_than_before_was_set_back_and_one_that_shows_more_may_have_stood_by() {
        let clock = Clock::manual(START);
        let before = JournalTime(7);
        let time = Timekeeper::resume(clock.clone(), before, START.plus(DAY));
        assert_eq!(time.read().1.map(ClockStep::as_millis), Some(-86_400_000));
        let time = Timekeeper::resume(clock.clone(), before, START.minus(DAY));
        let (moment, step) = time.read();
        assert_eq!((moment.elapsed, step), (before, None));
    }
}
