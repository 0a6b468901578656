//! The write connection, and what it needs between commits: checkpoints, and the changes of other processes.

use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior};

use super::{
    connection::{connect, create},
    conversation_index::Gathered,
    conversations,
    error::unavailable_error,
    place::{Claim, Place},
    statements,
    wal::{self, Wal},
};
use crate::{
    clock::UnixMillis,
    journal::{JournalError, driver::access::Access, queue_state::QueueStates},
};

/// The only connection that writes, as long as it can be trusted.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) connection: Connection,
    /// The highest number that an entry has or had.
    pub(super) last_id: i64,
    /// The time at which something that is scheduled is due next, or a state expires.
    pub(super) next_due: UnixMillis,
    /// The newest entries, which the index by conversation has not yet.
    pub(super) gathered: Gathered,
    place: Arc<Place>,
    wal: Wal,
    /// SQLite's number of changes by other connections, as of the last look.
    data_version: i64,
    /// The claim on the files; it comes after `connection`, which is closed first.
    _claim: Claim,
}

impl Store {
    /// Opens the file, makes sure that what the WAL holds is on disk, and reads the backlog.
    ///
    /// Unless it `may_create` the file, a file that is gone, with the disk it was on perhaps, is an error.
    pub(super) fn open(
        place: &Arc<Place>,
        may_create: bool,
        queues: &mut QueueStates,
    ) -> Result<Self, JournalError> {
        let open = if may_create { create } else { connect };
        let mut connection = open(&place.path, Access::Server)?;
        // Before anything else is read, so that a change after it is noticed. It also opens the WAL.
        let data_version = data_version(&connection).map_err(unavailable_error)?;
        let claim = place.claim()?;
        wal::secure(&mut connection, &place.wal())?;
        statements::load(&connection, |rows, counts| queues.reload(rows, counts))
            .map_err(unavailable_error)?;
        let last_id = statements::last_id(&connection).map_err(unavailable_error)?;
        let next_due = conversations::next_due(&connection).map_err(unavailable_error)?;
        let gathered = gather(&mut connection).map_err(unavailable_error)?;
        let (place, wal) = (Arc::clone(place), Wal::new(place.wal()));
        Ok(Self { connection, last_id, next_due, gathered, place, wal, data_version, _claim: claim })
    }

    /// Writes everything into the database's own file and closes it.
    pub(super) fn close(self) -> Result<(), JournalError> {
        // Pages that a reader holds up here are carried over by whoever opens the file next.
        self.connection
            .query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))
            .map_err(unavailable_error)?;
        self.connection.close().map_err(|(_, error)| unavailable_error(error))
    }

    /// Whether the files are still those that were opened.
    pub(super) fn is_in_place(&self) -> bool {
        self.place.is_in_place()
    }

    /// Whether the WAL holds pages that are not in the database yet.
    pub(super) fn has_wal(&self) -> bool {
        self.wal.is_waiting()
    }

    /// Carries the WAL over into the database if it is time, without waiting for readers.
    pub(super) fn checkpoint(&mut self, idle: bool) -> rusqlite::Result<()> {
        self.wal.checkpoint(&self.connection, idle)
    }

    /// Brings the state of the queues up to date if another process has changed the file.
    pub(super) fn read_changes(&mut self, queues: &mut QueueStates) -> rusqlite::Result<bool> {
        let seen = data_version(&self.connection)?;
        if seen == self.data_version {
            return Ok(false);
        }
        // That process may have put back an older state, in which some of the recent keys are not.
        self.place.recent.forget();
        statements::load(&self.connection, |rows, counts| queues.merge(rows, counts))?;
        self.next_due = conversations::next_due(&self.connection)?;
        // Only now: a change that could not be read has to be read again. A change after this is noticed the next time.
        self.data_version = seen;
        Ok(true)
    }
}

/// Brings the index by conversation up to date, and gathers what it has not.
fn gather(connection: &mut Connection) -> rusqlite::Result<Gathered> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let gathered = Gathered::open(&transaction)?;
    transaction.commit()?;
    Ok(gathered)
}

/// Notes the entries that were in work when the process before died.
pub(super) fn read_interrupted(
    connection: &Connection,
    queues: &mut QueueStates,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    let mut entries = 0;
    statements::read_interrupted(connection, |entry, times| {
        queues.note_interrupted(&entry, times, now);
        entries += 1;
    })?;
    if entries > 0 {
        tracing::warn!(
            entries,
            "the process before died while these were in work: they are tried again a little later and few at a time, \
             for one of them may have ended it; all others go on"
        );
    }
    Ok(())
}

fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("pragma data_version")?.query_row([], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        clock::{Clock, UnixMillis},
        journal::{
            EntryId, EntryKey, NewEntry, Queue, changes::Changes, recent_keys::RecentKeys,
            time::Timekeeper,
        },
    };

    #[test]
    fn what_could_not_be_read_when_it_was_noticed_is_read_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let place =
            Arc::new(Place::new(path.clone(), RecentKeys::new(0, Duration::ZERO), Arc::default()));
        let mut queues = QueueStates::new(10, Changes::new());
        let mut store = Store::open(&place, true, &mut queues).unwrap();
        let entry = NewEntry {
            queue: Queue::Inbox,
            key: EntryKey::of("1"),
            conversation: "a".to_owned(),
            body: "1".into(),
            dead: None,
        };
        let operator = connect(&path, Access::Server).unwrap();
        let (moment, _) = Timekeeper::new(Clock::manual(UnixMillis(0))).read();
        statements::insert(&operator, EntryId(1), &entry, None, moment).unwrap();

        store.connection.execute_batch("create temp view entry as select 1 as other").unwrap();
        store.read_changes(&mut queues).unwrap_err();
        store.connection.execute_batch("drop view temp.entry").unwrap();
        assert!(store.read_changes(&mut queues).unwrap());
        queues.commit(UnixMillis(0));
        assert_eq!(queues.stats().inbox.pending, 1);
        assert!(!store.read_changes(&mut queues).unwrap(), "nothing has changed since");
    }
}
