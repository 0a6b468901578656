//! The writing connection, and what it needs between commits: checkpoints, others' changes.

use std::sync::Arc;

use rusqlite::Connection;

use super::{
    place::{Claim, Place},
    rows, schema,
    wal::{self, Wal},
};
use crate::journal::{JournalError, books::Books, driver::access::Access};

/// The only connection that writes, as long as it can be trusted.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) connection: Connection,
    pub(super) last_id: i64,
    place: Arc<Place>,
    wal: Wal,
    /// Moves when another connection has changed the file.
    data_version: i64,
    /// Must come after `connection`, which is closed first.
    _claim: Claim,
}

impl Store {
    /// Opens the file, makes sure that what the WAL holds is on disk, and reads the backlog.
    ///
    /// Unless it may `create` the file, one that is gone, with the disk it was on perhaps, is an error.
    pub(super) fn open(
        place: &Arc<Place>,
        create: bool,
        books: &mut Books,
    ) -> Result<Self, JournalError> {
        let open = if create { schema::create } else { schema::connect };
        let mut connection = open(&place.path, Access::Server)?;
        // Before anything else is read: what changes after it is noticed. It also opens the WAL.
        let data_version = data_version(&connection).map_err(unavailable)?;
        let claim = place.claim()?;
        wal::secure(&mut connection, &place.wal())?;
        rows::load(&connection, |rows, counts| books.reload(rows, counts)).map_err(unavailable)?;
        let last_id = rows::last_id(&connection).map_err(unavailable)?;
        let (place, wal) = (Arc::clone(place), Wal::new(place.wal()));
        Ok(Self { connection, last_id, place, wal, data_version, _claim: claim })
    }

    /// Writes everything into the database's own file and closes it.
    pub(super) fn close(self) -> Result<(), JournalError> {
        // What a reader holds up here is done by whoever opens the file next.
        self.connection
            .query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))
            .map_err(unavailable)?;
        self.connection.close().map_err(|(_, error)| unavailable(error))
    }

    /// Whether the files are still those that were opened.
    pub(super) fn is_in_place(&self) -> bool {
        self.place.is_in_place()
    }

    pub(super) fn has_wal(&self) -> bool {
        self.wal.is_waiting()
    }

    /// Carries the WAL over into the database if it is time, without waiting for readers.
    pub(super) fn checkpoint(&mut self, idle: bool) -> rusqlite::Result<()> {
        self.wal.checkpoint(&self.connection, idle)
    }

    /// Brings the books up to date if another process has changed the file.
    pub(super) fn notice(&mut self, books: &mut Books) -> rusqlite::Result<bool> {
        let seen = data_version(&self.connection)?;
        if seen == self.data_version {
            return Ok(false);
        }
        // It may have put back an older state, in which some of the recent keys are not.
        self.place.recent.forget();
        rows::load(&self.connection, |rows, counts| books.merge(rows, counts))?;
        // Only now: what could not be read has to be read again. What changes after this is noticed the next time.
        self.data_version = seen;
        Ok(true)
    }
}

/// The store cannot do it now.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(super) fn unavailable(error: rusqlite::Error) -> JournalError {
    JournalError::Unavailable(error.to_string().into())
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
        journal::{EntryId, NewEntry, Queue, books::Changes, recent::Recent, time::Timekeeper},
    };

    #[test]
    fn what_could_not_be_read_when_it_was_noticed_is_read_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let place = Arc::new(Place::new(path.clone(), Recent::new(0, Duration::ZERO)));
        let mut books = Books::new(10, Changes::new());
        let mut store = Store::open(&place, true, &mut books).unwrap();
        let entry = NewEntry {
            queue: Queue::Inbox,
            key: "1".to_owned(),
            conversation: "a".to_owned(),
            body: "1".into(),
            dead: None,
        };
        let operator = schema::connect(&path, Access::Server).unwrap();
        let (moment, _) = Timekeeper::new(Clock::manual(UnixMillis(0))).read();
        rows::insert(&operator, EntryId(1), &entry, moment).unwrap();

        store.connection.execute_batch("create temp view entry as select 1 as other").unwrap();
        store.notice(&mut books).unwrap_err();
        store.connection.execute_batch("drop view temp.entry").unwrap();
        assert!(store.notice(&mut books).unwrap());
        books.commit(UnixMillis(0));
        assert_eq!(books.stats().inbox.pending, 1);
        assert!(!store.notice(&mut books).unwrap(), "nothing has changed since");
    }
}
