//! Entries that were in work when a process died: which of them is tried again, and when.
//!
//! One of these entries may be what ended the process. So they come back later and few at a time, until that entry is
//! found: only an entry in work beside it can be interrupted again.
//!
//! # Design
//!
//! Entries that were interrupted once are tried in a slow start: one at first, and one more for each that has ended
//! since. An entry that was interrupted more than once in a row is tried alone. With a slow start for all, half of the
//! entries that were interrupted once would be interrupted again each time, and some would be out of attempts before the
//! entry that kills is.

use std::{collections::HashMap, time::Duration};

use super::{entry::EntryId, fingerprint::Fingerprint, time::ClockStep};
use crate::clock::UnixMillis;

/// How long an entry that was interrupted once waits; each further time in a row makes the wait `GROWTH` times as long.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const GROWTH: u32 = 3;
const LONGEST_DELAY: Duration = Duration::from_hours(1);

/// The entries of one queue that were interrupted and have not ended an attempt since.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupted {
    entries: HashMap<EntryId, Suspect>,
    /// How many of the entries have ended an attempt since the journal was opened.
    ended: usize,
}

/// An entry that was interrupted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suspect {
    pub(super) conversation: Fingerprint,
    /// How often the entry was interrupted in a row.
    times: u32,
    /// The wall clock's time before which the entry is not tried.
    pub(super) not_before: UnixMillis,
}

impl Suspect {
    /// An entry that was interrupted `times` times in a row, in a journal that is opened at `opened_at`.
    pub(super) fn new(conversation: Fingerprint, times: u32, opened_at: UnixMillis) -> Self {
        Self { conversation, times, not_before: opened_at.plus(delay(times)) }
    }
}

impl Interrupted {
    pub(super) fn add(&mut self, id: EntryId, suspect: Suspect) {
        self.entries.insert(id, suspect);
    }

    pub(super) fn get(&self, id: EntryId) -> Option<&Suspect> {
        // Nearly always there is no such entry, and every change of the schedule asks for it.
        if self.entries.is_empty() { None } else { self.entries.get(&id) }
    }

    /// Notes that an attempt at the entry has ended without the process: it is an entry like any other.
    pub(super) fn end(&mut self, id: EntryId) {
        if self.entries.remove(&id).is_some() {
            self.ended += 1;
        }
    }

    /// Whether the entry may be tried beside the interrupted entries for which `is_in_work` holds.
    pub(super) fn may_try(&self, id: EntryId, is_in_work: impl Fn(EntryId, &Suspect) -> bool) -> bool {
        let Some(next) = self.entries.get(&id) else { return false };
        let in_work = self.entries.iter().filter(|(id, suspect)| is_in_work(**id, suspect));
        let (count, worst) =
            in_work.fold((0, 0), |(count, worst), (_, suspect)| (count + 1, worst.max(suspect.times)));
        let most = if next.times.max(worst) > 1 { 1 } else { 1 + self.ended };
        count < most
    }

    /// Moves what is to come with the wall clock.
    pub(super) fn follow_clock(&mut self, step: ClockStep) {
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
        let conversation = Fingerprints::new().of(Queue::Inbox, "a");
        let mut interrupted = Interrupted::default();
        for (number, times) in (1..).zip(times) {
            interrupted.add(EntryId(number), Suspect::new(conversation, *times, NOW));
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
