//! One end of a copy: entries are read out of a journal, or put into it.

use std::path::PathBuf;

use rusqlite::Connection;

use super::{
    attempts, audit,
    connection::{connect, create},
    conversations,
    error::{open_error, unavailable_error},
    file_lock::{FileLock, lock_journal, lock_wal},
    marks::{Mark, begin_copy},
    operations::{self, write},
    pauses,
    readers::Readers,
    statements,
};
use crate::journal::{
    AuditRecord, ConversationState, EntryId, FailedAttempt, JournalError, Options, Pause, Pending,
    Record, Scheduled, State, StateFilter, Transfer, driver::access::Access, time::Moment,
};

/// One end of a copy.
#[derive(Debug)]
pub(super) struct CopyEnd {
    path: PathBuf,
    options: Options,
    access: Access,
    readers: Readers,
    /// The lock that keeps servers away for as long as the copy goes on.
    _lock: FileLock,
}

impl CopyEnd {
    /// Opens the file and keeps servers away from it.
    pub(super) fn open(path: PathBuf, options: Options, access: Access) -> Result<Self, JournalError> {
        if access == Access::Source {
            // Before the lock, whose file would be left beside a journal that is not there.
            connect(&path, access)?;
        }
        let lock = lock_journal(&path)?;
        let connection = match access {
            Access::Target => create(&path, access)?,
            _ => connect(&path, access)?,
        };
        // The file of the first lock may have been removed under a server, which holds the WAL's lock as well; the query
        // opens the WAL.
        connection.query_row("select count(*) from tally", [], |_| Ok(())).map_err(unavailable_error)?;
        drop(lock_wal(&path)?);
        Ok(Self { readers: Readers::start(&path)?, path, options, access, _lock: lock })
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, Moment, &Options) -> rusqlite::Result<T> + Send + 'static,
    ) -> Pending<'_, T> {
        write(&self.path, &self.options, self.access, work)
    }
}

impl Transfer for CopyEnd {
    fn page(&self, after: EntryId, limit: usize) -> Pending<'_, Vec<Record>> {
        self.readers.read(move |connection| operations::page(connection, after, limit))
    }

    fn restore(&self, records: Vec<Record>) -> Pending<'_, ()> {
        self.write(move |connection, _, _| {
            for record in &records {
                operations::restore(connection, record)?;
                if record.state == State::Done {
                    statements::add_done(connection, record.queue, 1)?;
                }
            }
            Ok(())
        })
    }

    fn attempts(&self, first: EntryId, last: EntryId) -> Pending<'_, Vec<(EntryId, FailedAttempt)>> {
        self.readers.read(move |connection| attempts::of_entries(connection, first, last))
    }

    fn restore_attempts(&self, attempts: Vec<(EntryId, FailedAttempt)>) -> Pending<'_, ()> {
        self.write(move |connection, _, _| {
            attempts.iter().try_for_each(|(id, attempt)| attempts::restore(connection, *id, attempt))
        })
    }

    fn states(&self, filter: StateFilter) -> Pending<'_, Vec<ConversationState>> {
        self.readers.read(move |connection| conversations::states(connection, &filter))
    }

    fn restore_states(&self, states: Vec<ConversationState>) -> Pending<'_, ()> {
        self.write(move |connection, _, _| {
            states.iter().try_for_each(|state| conversations::restore_state(connection, state))
        })
    }

    fn scheduled(&self, after: i64, limit: usize) -> Pending<'_, Vec<Scheduled>> {
        self.readers.read(move |connection| conversations::scheduled_page(connection, after, limit))
    }

    fn restore_scheduled(&self, scheduled: Vec<Scheduled>) -> Pending<'_, ()> {
        self.write(move |connection, _, _| {
            scheduled.iter().try_for_each(|entry| conversations::restore_scheduled(connection, entry))
        })
    }

    fn audit(&self, after: i64, limit: usize) -> Pending<'_, Vec<AuditRecord>> {
        self.readers.read(move |connection| audit::page(connection, after, limit))
    }

    fn restore_audit(&self, records: Vec<AuditRecord>) -> Pending<'_, ()> {
        self.write(move |connection, _, _| {
            records.iter().try_for_each(|record| audit::restore(connection, record))
        })
    }

    fn pauses(&self) -> Pending<'_, Vec<Pause>> {
        self.readers.read(pauses::list)
    }

    fn restore_pauses(&self, pauses: Vec<Pause>) -> Pending<'_, ()> {
        self.write(move |connection, _, _| {
            pauses.iter().try_for_each(|Pause { account, by, since }| {
                pauses::add(connection, account, by, *since)
            })
        })
    }

    fn begin_copy(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            if self.write(|connection, _, _| begin_copy(connection)).await? {
                return Ok(());
            }
            Err(open_error(&format!(
                "the journal {} is not empty: name a new file",
                self.path.display()
            )))
        })
    }

    fn end_copy(&self) -> Pending<'_, ()> {
        self.write(|connection, _, _| Mark::None.write(connection))
    }

    fn move_to(&self, target: String) -> Pending<'_, ()> {
        self.write(move |connection, _, _| Mark::Moved(target).write(connection))
    }

    fn close(&self) -> Pending<'_, ()> {
        self.readers.close()
    }
}
