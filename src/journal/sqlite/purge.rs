//! Removing what has been kept long enough: in small steps between the commits, and as fast as entries come.

use std::time::{Duration, Instant};

use rusqlite::{Connection, Result, params};
use tokio::sync::oneshot;

use super::command::{Call, Command, Order};
use crate::journal::{
    EntryId, JournalError, Options, Queue, State,
    books::Counts,
    time::{JournalTime, Moment},
};

/// How many entries a step looks at that is in no hurry, and most of any step.
const STEP: i64 = 256;
const LONGEST_STEP: i64 = 4096;
/// The longest time between two sweeps.
const EVERY: Duration = Duration::from_mins(1);
/// While commands come, the time between two steps of a sweep.
const PACE: Duration = Duration::from_millis(20);

/// The entries that a step looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    after: EntryId,
    length: i64,
}

impl Stretch {
    /// A few entries after this one.
    pub(super) fn after(id: EntryId) -> Self {
        Self { after: id, length: STEP }
    }
}

/// What a step did.
#[derive(Debug)]
pub(super) struct Purged {
    /// Where the next step begins; none after the last.
    pub(super) next: Option<EntryId>,
    /// What was removed from each queue.
    pub(super) gone: [(Queue, Counts); 2],
}

impl Purged {
    /// How many entries it removed.
    pub(super) fn count(&self) -> u64 {
        self.gone.iter().map(|(_, gone)| gone.done + gone.dead).sum()
    }
}

/// Removes what has been kept long enough among the entries of `stretch`.
///
/// A purge goes by number and ends at the first entry that was accepted too short a time ago to be removed whatever its
/// state, so that it needs no index, which every `finish` would have to pay for. The number of done entries is the
/// caller's.
pub(super) fn purge(
    connection: &Connection,
    stretch: Stretch,
    options: &Options,
    moment: Moment,
) -> Result<Purged> {
    // What was settled before this was recorded has no such time.
    let mut look = connection.prepare_cached(
        "select id, queue, state, accepted_elapsed, coalesce(settled_elapsed, 0) from entry
         where id > ?1 order by id limit ?2",
    )?;
    let mut delete = connection.prepare_cached("delete from entry where id = ?1")?;
    let mut purged =
        Purged { next: None, gone: [Queue::Inbox, Queue::Outbox].map(|it| (it, Counts::default())) };
    let mut rows = look.query(params![stretch.after, stretch.length])?;
    let now = moment.elapsed;
    let youngest = now.minus(options.keep.min(options.keep_dead));
    let mut old = Vec::new();
    let mut seen = 0;
    while let Some(row) = rows.next()? {
        let (id, queue, state): (EntryId, Queue, State) = (row.get(0)?, row.get(1)?, row.get(2)?);
        // Times ascend with the numbers, but for the minute that a crash may take back.
        if row.get::<_, JournalTime>(3)? > youngest {
            break;
        }
        if options.is_over(state, row.get(4)?, now) {
            old.push((id, queue));
            purged.gone[queue as usize].1.add(state, 1);
        }
        seen += 1;
        purged.next = (seen == stretch.length).then_some(id);
    }
    drop(rows);
    for (id, queue) in old {
        delete.execute([id])?;
        connection
            .prepare_cached("update tally set purged_to = max(purged_to, ?2) where queue = ?1")?
            .execute(params![queue, id])?;
    }
    Ok(purged)
}

/// A purge that goes through the file in steps between the commits.
#[derive(Debug)]
pub(super) struct Sweep {
    every: Duration,
    begun_at: Instant,
    stepped_at: Instant,
    /// The last entry that there was at the last step.
    last_id: i64,
    next: Option<EntryId>,
}

/// Where the result of a step arrives.
pub(super) type Step = oneshot::Receiver<std::result::Result<Purged, JournalError>>;

impl Sweep {
    pub(super) fn new(options: &Options) -> Self {
        let every = EVERY.min(options.keep).min(options.keep_dead);
        Self { every, begun_at: Instant::now(), stepped_at: Instant::now(), last_id: 0, next: None }
    }

    pub(super) fn is_running(&self) -> bool {
        self.next.is_some()
    }

    /// The next step, if it is time for one; `last_id` is the last entry that there is.
    pub(super) fn step(&mut self, idle: bool, last_id: i64) -> Option<(Vec<Order>, Step)> {
        if self.next.is_none() && self.begun_at.elapsed() >= self.every {
            self.begun_at = Instant::now();
            self.last_id = last_id;
            self.next = Some(EntryId(0));
        }
        let after = self.next?;
        let length = length(idle || self.stepped_at.elapsed() >= PACE, last_id - self.last_id)?;
        (self.stepped_at, self.last_id) = (Instant::now(), last_id);
        let (call, answer) = Call::new(Stretch { after, length });
        Some((vec![Order { command: Command::Purge(call), home: None }], answer))
    }

    /// Notes where the next step begins; after a failure, where this one did.
    pub(super) fn stepped(&mut self, mut answer: Step) {
        if let Ok(Ok(purged)) = answer.try_recv() {
            self.next = purged.next;
        }
    }
}

/// How many entries to look at after `accepted` new ones; none if it is not time yet.
///
/// Twice as many as have come: a sweep gets to the end however fast they do, and half of the time may pass between two.
fn length(due: bool, accepted: i64) -> Option<i64> {
    (due || accepted >= STEP).then(|| (2 * accepted).clamp(STEP, LONGEST_STEP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_looks_at_twice_as_many_entries_as_have_come() {
        for (due, accepted, expected) in [
            (false, 0, None),
            (true, 0, Some(STEP)),
            (false, STEP - 1, None),
            (true, STEP - 1, Some(2 * (STEP - 1))),
            (false, STEP, Some(2 * STEP)),
            // As many as a batch of the writer's can bring.
            (false, 2048, Some(4096)),
            (true, 1_000_000, Some(LONGEST_STEP)),
        ] {
            assert_eq!(length(due, accepted), expected, "{due}, {accepted}");
        }
    }
}
