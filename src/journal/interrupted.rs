//! Entries that were in work when a process died: which of them is tried again, and when.
//!
//! One of them may be what ended the process. So they come back later and few at a time, until it is found: only what is
//! in work beside it can be drawn in again.
//!
//! # Design
//!
//! An entry that was interrupted once starts a slow start: one at first, and one more for each that has ended since. One
//! that was interrupted more than once in a row is tried alone. With a slow start for all, half of those that were
//! drawn in once would be drawn in again each time, and some would be out of attempts before the one that kills is.

use std::{collections::HashMap, time::Duration};

use super::{EntryId, fingerprint::Fingerprint, time::Step};
use crate::clock::UnixMillis;

/// How long an entry waits that was interrupted once; each further time in a row makes it so many times as long.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const GROWTH: u32 = 3;
const LONGEST_DELAY: Duration = Duration::from_hours(1);

/// The entries of one queue that were interrupted and have not ended an attempt since.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupted {
    entries: HashMap<EntryId, Suspect>,
    /// How many have ended an attempt since the journal was opened.
    ended: usize,
}

/// An entry that was interrupted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suspect {
    pub(super) conversation: Fingerprint,
    /// How often in a row.
    times: u32,
    /// The wall clock's time before which the entry is not tried.
    pub(super) not_before: UnixMillis,
}

impl Suspect {
    /// An entry that was interrupted so many times in a row, in a journal that is opened at `opened_at`.
    pub(super) fn new(conversation: Fingerprint, times: u32, opened_at: UnixMillis) -> Self {
        Self { conversation, times, not_before: opened_at.plus(delay(times)) }
    }
}

impl Interrupted {
    pub(super) fn add(&mut self, id: EntryId, suspect: Suspect) {
        self.entries.insert(id, suspect);
    }

    pub(super) fn get(&self, id: EntryId) -> Option<&Suspect> {
        // Nearly always there is none, and this is asked for every change of the schedule.
        if self.entries.is_empty() { None } else { self.entries.get(&id) }
    }

    /// An attempt at the entry has ended, and the process with it has not: it is an entry like any other.
    pub(super) fn end(&mut self, id: EntryId) {
        if self.entries.remove(&id).is_some() {
            self.ended += 1;
        }
    }

    /// Whether the entry may be tried while those are in work for which `is_in_work` holds.
    pub(super) fn may_try(&self, id: EntryId, is_in_work: impl Fn(EntryId, &Suspect) -> bool) -> bool {
        let Some(next) = self.entries.get(&id) else { return false };
        let in_work = self.entries.iter().filter(|(id, suspect)| is_in_work(**id, suspect));
        let (count, worst) =
            in_work.fold((0, 0), |(count, worst), (_, suspect)| (count + 1, worst.max(suspect.times)));
        let most = if next.times.max(worst) > 1 { 1 } else { 1 + self.ended };
        count < most
    }

    /// The wall clock was set: what is to come moves with it.
    pub(super) fn step(&mut self, step: Step) {
        for suspect in self.entries.values_mut() {
            suspect.not_before = step.applied_to(suspect.not_before);
        }
    }
}

fn delay(times: u32) -> Duration {
    let factor = GROWTH.saturating_pow(times.saturating_sub(1));
    FIRST_DELAY.saturating_mul(factor).min(LONGEST_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Queue, fingerprint::Fingerprints};

    const NOW: UnixMillis = UnixMillis(0);

    fn suspects(times: &[u32]) -> Interrupted {
        let line = Fingerprints::new().of(Queue::Inbox, "a");
        let mut interrupted = Interrupted::default();
        for (number, times) in (1..).zip(times) {
            interrupted.add(EntryId(number), Suspect::new(line, *times, NOW));
        }
        interrupted
    }

    #[test]
    fn the_delay_grows_with_each_time_in_a_row_up_to_an_hour() {
        let seconds: Vec<_> = (1..=9).map(|times| delay(times).as_secs()).collect();
        assert_eq!(seconds, [1, 3, 9, 27, 81, 243, 729, 2187, 3600]);
        assert_eq!(delay(u32::MAX), LONGEST_DELAY);
    }

    #[test]
    fn one_is_tried_at_first_and_one_more_for_each_that_has_ended() {
        let mut interrupted = suspects(&[1; 8]);
        let may = |interrupted: &Interrupted, next: i64, in_work: &[i64]| {
            interrupted.may_try(EntryId(next), |id, _| in_work.contains(&id.0))
        };
        assert!(may(&interrupted, 1, &[]) && !may(&interrupted, 2, &[1]));
        interrupted.end(EntryId(1));
        assert!(may(&interrupted, 3, &[2]) && !may(&interrupted, 4, &[2, 3]));
        interrupted.end(EntryId(2));
        interrupted.end(EntryId(2));
        assert!(may(&interrupted, 5, &[3, 4]) && !may(&interrupted, 6, &[3, 4, 5]));
        assert!(!may(&interrupted, 1, &[]), "it is an entry like any other");
    }

    #[test]
    fn what_was_interrupted_twice_is_tried_alone() {
        let mut interrupted = suspects(&[1, 1, 1, 2, 2]);
        interrupted.end(EntryId(1));
        interrupted.end(EntryId(2));
        for (next, in_work, expected) in [(4, 3, false), (3, 4, false), (5, 4, false)] {
            let may = interrupted.may_try(EntryId(next), |id, _| id.0 == in_work);
            assert_eq!(may, expected, "{next} beside {in_work}");
        }
        assert!(interrupted.may_try(EntryId(4), |_, _| false));
    }
}
