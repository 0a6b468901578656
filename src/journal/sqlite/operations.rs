//! An operator's side of the file: looking, reviving, discarding and purging beside a running server, and copying.

use std::{
    future::ready,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{
    connection::{connect, connect_reader, create},
    error::{open_error, unavailable_error},
    file_lock::{FileLock, lock_journal, lock_wal},
    maintenance::{PurgeRange, purge},
    marks::{Mark, begin_copy},
    records, statements,
    time::operator_moment,
};
use crate::journal::{
    EntryId, Filter, JournalError, Options, Pending, Queue, Record, Records, State, Stats, Transfer,
    driver::{
        access::Access,
        purge::{PurgeResult, purge_all},
    },
    error::{no_dead_letter_error, nothing_to_discard_error},
    time::Moment,
};

/// An operator's view of the file, which takes nothing in and leases nothing.
#[derive(Debug)]
pub(super) struct Operator {
    path: PathBuf,
    options: Options,
}

/// One end of a copy.
#[derive(Debug)]
pub(super) struct CopyEnd {
    path: PathBuf,
    options: Options,
    access: Access,
    /// The lock that keeps servers away for as long as the copy goes on.
    _lock: FileLock,
}

impl Operator {
    /// Makes sure that the file is a journal of this version.
    pub(super) fn open(path: PathBuf, options: Options) -> Result<Self, JournalError> {
        connect(&path, Access::Operator)?;
        Ok(Self { path, options })
    }

    /// Changes the file as a server would find it: an operator changes nothing of which no server would take notice.
    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, Moment, &Options) -> rusqlite::Result<T> + Send + 'static,
    ) -> Pending<'_, T> {
        write(&self.path, &self.options, Access::Server, work)
    }
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
        Ok(Self { path, options, access, _lock: lock })
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, Moment, &Options) -> rusqlite::Result<T> + Send + 'static,
    ) -> Pending<'_, T> {
        write(&self.path, &self.options, self.access, work)
    }
}

/// One transaction on a connection of its own; a server notices it.
fn write<T: Send + 'static>(
    path: &Path,
    options: &Options,
    access: Access,
    work: impl FnOnce(&Connection, Moment, &Options) -> rusqlite::Result<T> + Send + 'static,
) -> Pending<'static, T> {
    let (path, options) = (path.to_owned(), options.clone());
    blocking(move || {
        let mut connection = connect(&path, access)?;
        let write = |connection: &mut Connection| {
            let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
            let moment = operator_moment(&transaction, &options.clock)?;
            let result = work(&transaction, moment, &options)?;
            transaction.commit()?;
            Ok(result)
        };
        write(&mut connection).map_err(unavailable_error)
    })
}

/// Reads one state of the file at `path`, on a connection of its own, away from the async threads and the writer's.
pub(super) fn read<T: Send + 'static>(
    path: &Path,
    verb: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Pending<'static, T> {
    let path = path.to_owned();
    blocking(move || {
        let read = || {
            let mut connection = connect_reader(&path)?;
            let snapshot = connection.transaction()?;
            verb(&snapshot)
        };
        read().map_err(unavailable_error)
    })
}

pub(super) fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, JournalError> + Send + 'static,
) -> Pending<'static, T> {
    Box::pin(async {
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|panic| Err(JournalError::Unavailable(panic.to_string().into())))
    })
}

impl Records for Operator {
    fn stats(&self) -> Pending<'_, Stats> {
        read(&self.path, statements::stats)
    }

    fn list(&self, filter: Filter) -> Pending<'_, Vec<Record>> {
        read(&self.path, move |connection| records::list(connection, &filter))
    }

    fn show(&self, id: EntryId) -> Pending<'_, Option<Record>> {
        read(&self.path, move |connection| records::show(connection, id))
    }

    fn find(&self, queue: Queue, keys: Vec<String>) -> Pending<'_, Vec<Record>> {
        read(&self.path, move |connection| records::find(connection, queue, &keys))
    }

    fn revive(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(async move {
            let revived = self
                .write(move |connection, moment, _| statements::revive(connection, id, moment))
                .await?;
            revived.map(drop).ok_or_else(|| no_dead_letter_error(id))
        })
    }

    fn discard(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(async move {
            let discarded = self.write(move |connection, moment, _| {
                let found = statements::discard(connection, id, moment)?;
                if let Some((queue, ..)) = &found {
                    statements::add_done(connection, *queue, 1)?;
                }
                Ok(found)
            });
            discarded.await?.map(drop).ok_or_else(|| nothing_to_discard_error(id))
        })
    }

    fn purge(&self) -> Pending<'_, u64> {
        let step = |after| {
            self.write(move |connection, moment, options| {
                let removed = purge(connection, PurgeRange::after(after), options, moment)?;
                for (queue, counts) in removed.counts.iter() {
                    statements::add_done(connection, queue, -counts.done.cast_signed())?;
                }
                Ok(PurgeResult { next: removed.next, count: removed.count() })
            })
        };
        Box::pin(purge_all(step))
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(ready(Ok(())))
    }
}

impl Transfer for CopyEnd {
    fn page(&self, after: EntryId, limit: usize) -> Pending<'_, Vec<Record>> {
        read(&self.path, move |connection| records::page(connection, after, limit))
    }

    fn restore(&self, records: Vec<Record>) -> Pending<'_, ()> {
        self.write(move |connection, _, _| {
            for record in &records {
                records::restore(connection, record)?;
                if record.state == State::Done {
                    statements::add_done(connection, record.queue, 1)?;
                }
            }
            Ok(())
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
        Box::pin(ready(Ok(())))
    }
}
