//! The journal's time in the file: noted once a minute, and followed while a server runs.

use std::time::Duration;

use rusqlite::{Connection, Result, Transaction, TransactionBehavior, params};

use super::{conversations, store::Store};
use crate::{
    clock::{Clock, UnixMillis},
    journal::{
        queue_state::QueueStates,
        time::{ClockStep, JournalTime, Moment, Timekeeper},
    },
};

/// How often a server notes the journal's time; after a crash, entries are kept for as much longer as was not noted.
const NOTED_EVERY: Duration = Duration::from_mins(1);

/// The time of the file that a server has open.
#[derive(Debug)]
pub(super) struct FileTime {
    clock: Clock,
    keeper: Timekeeper,
    /// The journal's time as it was noted last.
    noted: JournalTime,
}

impl FileTime {
    /// The time of a file, which goes on where the file's last note ends.
    pub(super) fn open(connection: &Connection, clock: Clock) -> Result<Self> {
        let (noted, seen_at) = read(connection)?;
        let keeper = Timekeeper::resume(clock.clone(), noted, seen_at);
        Ok(Self { clock, keeper, noted })
    }

    /// Goes on with a file that was opened again; the time of another file in its place is that file's.
    pub(super) fn reopen(&mut self, connection: &Connection) -> Result<()> {
        if read(connection)?.0 != self.noted {
            *self = Self::open(connection, self.clock.clone())?;
        }
        Ok(())
    }

    /// The wall clock's time by which what is due was written last.
    pub(super) fn seen_at(&self) -> UnixMillis {
        self.keeper.seen_at()
    }

    /// Reads the clocks; where the wall clock was set, what is due moves with it, in the file and in `queues`.
    pub(super) fn follow(&mut self, store: &mut Store, queues: &mut QueueStates) -> Result<Moment> {
        let (moment, step) = self.keeper.read();
        if let Some(step) = step {
            let transaction = Transaction::new(&mut store.connection, TransactionBehavior::Immediate)?;
            move_due(&transaction, step)?;
            note(&transaction, moment)?;
            transaction.commit()?;
            self.noted = moment.elapsed;
            queues.follow_clock(step);
            store.next_due = step.applied_to(store.next_due);
            step.log();
        }
        self.keeper.note(moment);
        Ok(moment)
    }

    /// Whether it is time for a note.
    pub(super) fn is_due(&self, moment: Moment) -> bool {
        moment.elapsed >= self.noted.plus(NOTED_EVERY)
    }

    /// Keeps in mind that a note was committed.
    pub(super) fn set_noted(&mut self, moment: Moment) {
        self.noted = moment.elapsed;
    }
}

/// Writes the time into the file.
pub(super) fn note(connection: &Connection, moment: Moment) -> Result<()> {
    let mut statement =
        connection.prepare_cached("update journal_time set elapsed = ?1, seen_at = ?2")?;
    statement.execute(params![moment.elapsed, moment.now]).map(drop)
}

/// The moment for an operator, beside whom a server may run that has not noted the time for a while.
pub(super) fn operator_moment(connection: &Connection, clock: &Clock) -> Result<Moment> {
    let (elapsed, _) = read(connection)?;
    // Twice as much: the time is noted with the first transaction after that interval.
    Ok(Moment { now: clock.now(), elapsed, elapsed_at_most: elapsed.plus(NOTED_EVERY * 2) })
}

/// The journal's time as it was noted last, and what the wall clock showed then.
fn read(connection: &Connection) -> Result<(JournalTime, UnixMillis)> {
    let mut statement = connection.prepare_cached("select elapsed, seen_at from journal_time")?;
    statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Moves what is due with the wall clock; all other times stay as they were written.
fn move_due(connection: &Connection, step: ClockStep) -> Result<()> {
    let mut statement = connection
        .prepare_cached("update entry set due_at = due_at + ?1 where state = 0 and state <> 1")?;
    statement.execute([step.as_millis()])?;
    conversations::move_due(connection, step.as_millis())
}
