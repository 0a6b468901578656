//! Purges of what has been kept long enough: in small steps between the commits, and as fast as entries come.

use std::{
    mem,
    time::{Duration, Instant},
};

use rusqlite::{Connection, Result, params};

use super::attempts;
use crate::journal::{
    EntryId, Options, PerQueue, Queue, State,
    driver::purge::PurgeResult,
    queue_state::SettledCounts,
    time::{JournalTime, Moment},
};

/// How many entries a step looks at that is in no hurry.
const STEP: i64 = 256;
/// The most entries that any step looks at.
const LONGEST_STEP: i64 = 4096;
/// The longest time between two purges.
const EVERY: Duration = Duration::from_mins(1);
/// While commands come, the time between two steps of a purge.
const PACE: Duration = Duration::from_millis(20);

/// The entries that one step of a purge looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct PurgeRange {
    pub(super) after: EntryId,
    length: i64,
}

impl PurgeRange {
    /// A few entries after this one.
    pub(super) fn after(id: EntryId) -> Self {
        Self { after: id, length: STEP }
    }
}

/// The entries that one step of a purge removed.
#[derive(Debug)]
pub(super) struct Removed {
    /// The entry after which the next step begins; none after the last step.
    pub(super) next: Option<EntryId>,
    /// The removed entries of each queue.
    pub(super) counts: PerQueue<SettledCounts>,
}

impl Removed {
    /// How many entries the step removed.
    pub(super) fn count(&self) -> u64 {
        self.counts.iter().map(|(_, counts)| counts.done + counts.dead).sum()
    }
}

/// Removes what has been kept long enough among the entries of `range`.
///
/// A purge goes by number and ends at the first entry that was accepted too short a time ago to be removed whatever its
/// state, so that it needs no index, which every `finish` would have to pay for. The number of done entries is the
/// caller's.
pub(super) fn purge(
    connection: &Connection,
    range: PurgeRange,
    options: &Options,
    moment: Moment,
) -> Result<Removed> {
    // An entry that was settled before the journal's time was recorded has no such time.
    let mut look = connection.prepare_cached(
        "select id, queue, state, accepted_elapsed, coalesce(settled_elapsed, 0) from entry
         where id > ?1 order by id limit ?2",
    )?;
    let mut delete = connection.prepare_cached("delete from entry where id = ?1")?;
    let mut removed = Removed { next: None, counts: PerQueue::default() };
    let mut rows = look.query(params![range.after, range.length])?;
    let now = moment.elapsed;
    let youngest = now.minus(options.keep.min(options.keep_dead));
    let (mut old, mut last) = (Vec::new(), range.after);
    let mut seen = 0;
    while let Some(row) = rows.next()? {
        let (id, queue, state): (EntryId, Queue, State) = (row.get(0)?, row.get(1)?, row.get(2)?);
        // Times ascend with the numbers, but for the minute that a crash may take back.
        if row.get::<_, JournalTime>(3)? > youngest {
            break;
        }
        if options.is_over(state, row.get(4)?, now) {
            old.push((id, queue));
            removed.counts[queue].add(state, 1);
        }
        (seen, last) = (seen + 1, id);
        removed.next = (seen == range.length).then_some(id);
    }
    drop(rows);
    let is_none = old.is_empty();
    for (id, queue) in old {
        delete.execute([id])?;
        connection
            .prepare_cached("update tally set purged_to = max(purged_to, ?2) where queue = ?1")?
            .execute(params![queue, id])?;
    }
    if !is_none {
        attempts::purge(connection, range.after, last)?;
    }
    Ok(removed)
}

/// When the writer thread takes the next step of a purge, and which entries that step looks at.
#[derive(Debug)]
pub(super) struct PurgeSchedule {
    every: Duration,
    begun_at: Instant,
    stepped_at: Instant,
    /// The last entry that there was at the last step.
    last_id: i64,
    /// The entry after which the next step begins; none while no purge is under way.
    next: Option<EntryId>,
    /// How many entries the purge that is under way has removed.
    removed: u64,
}

impl PurgeSchedule {
    pub(super) fn new(options: &Options) -> Self {
        let every = EVERY.min(options.keep).min(options.keep_dead);
        Self {
            every,
            begun_at: Instant::now(),
            stepped_at: Instant::now(),
            last_id: 0,
            next: None,
            removed: 0,
        }
    }

    /// Whether a purge is under way.
    pub(super) fn is_running(&self) -> bool {
        self.next.is_some()
    }

    /// The next step, if it is time for one; `last_id` is the last entry that there is.
    pub(super) fn next_step(&mut self, is_idle: bool, last_id: i64) -> Option<PurgeRange> {
        if self.next.is_none() && self.begun_at.elapsed() >= self.every {
            self.begun_at = Instant::now();
            self.last_id = last_id;
            self.next = Some(EntryId(0));
        }
        let after = self.next?;
        let is_time = is_idle || self.stepped_at.elapsed() >= PACE;
        let length = step_length(is_time, last_id - self.last_id)?;
        (self.stepped_at, self.last_id) = (Instant::now(), last_id);
        Some(PurgeRange { after, length })
    }

    /// Notes where the next step begins; returns whether the purge has ended and removed something. After a step that
    /// failed nothing is noted, so that the same step comes again.
    pub(super) fn stepped(&mut self, result: PurgeResult) -> bool {
        self.next = result.next;
        self.removed += result.count;
        result.next.is_none() && mem::take(&mut self.removed) > 0
    }
}

/// How many entries to look at after `accepted` new ones; none if it is not time yet.
///
/// Twice as many as have come: a purge gets to the end however fast they do, and half of the time may pass between two.
fn step_length(is_time: bool, accepted: i64) -> Option<i64> {
    (is_time || accepted >= STEP).then(|| (2 * accepted).clamp(STEP, LONGEST_STEP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_looks_at_twice_as_many_entries_as_have_come() {
        for (is_time, accepted, expected) in [
            (false, 0, None),
            (true, 0, Some(STEP)),
            (false, STEP - 1, None),
            (true, STEP - 1, Some(2 * (STEP - 1))),
            (false, STEP, Some(2 * STEP)),
            // As many as a batch of the writer's can bring.
            (false, 2048, Some(4096)),
            (true, 1_000_000, Some(LONGEST_STEP)),
        ] {
            assert_eq!(step_length(is_time, accepted), expected, "{is_time}, {accepted}");
        }
    }
}
