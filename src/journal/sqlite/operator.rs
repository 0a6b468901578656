//! The journal as an operator has it: its entries can be seen and their state changed, and nothing is taken in.

use std::path::PathBuf;

use rusqlite::Connection;

use super::{
    connection::connect,
    conversations,
    failure::Failure,
    operations::{self, write},
    purge::{PurgeRange, purge},
    readers::Readers,
    search, statements,
};
use crate::journal::{
    ConversationChange, ConversationState, EntryId, EntryKey, Filter, JournalError, Options, Pending,
    Queue, Record, Records, Revision, StateFilter, Stats,
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
    pub(super) path: PathBuf,
    pub(super) options: Options,
    pub(super) readers: Readers,
}

impl Operator {
    /// Makes sure that the file is a journal of this version.
    pub(super) fn open(path: PathBuf, options: Options) -> Result<Self, JournalError> {
        connect(&path, Access::Operator)?;
        Ok(Self { readers: Readers::start(&path)?, path, options })
    }

    /// Changes the file as a server would find it: an operator changes nothing of which no server would take notice.
    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, Moment, &Options) -> rusqlite::Result<T> + Send + 'static,
    ) -> Pending<'_, T> {
        write(&self.path, &self.options, Access::Server, work)
    }

    /// Like [`write`](Self::write) for work that may be refused, and that changes nothing if it is.
    pub(super) fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, Moment) -> Result<T, Failure> + Send + 'static,
    ) -> Pending<'_, T> {
        Box::pin(async move {
            let written = self.write(move |connection, moment, _| match work(connection, moment) {
                Ok(result) => Ok(Ok(result)),
                Err(Failure::Refused(refusal)) => Ok(Err(refusal)),
                Err(Failure::Store(error)) => Err(error),
            });
            written.await?
        })
    }
}

/// Makes a dead letter pending again.
pub(super) fn revive(connection: &Connection, id: EntryId, moment: Moment) -> Result<(), Failure> {
    let revived = statements::revive(connection, id, moment)?;
    Ok(revived.map(drop).ok_or_else(|| no_dead_letter_error(id))?)
}

/// Marks a pending or dead entry as done.
pub(super) fn discard(connection: &Connection, id: EntryId, moment: Moment) -> Result<(), Failure> {
    let found = statements::discard(connection, id, moment)?;
    let (queue, ..) = found.ok_or_else(|| nothing_to_discard_error(id))?;
    Ok(statements::add_done(connection, queue, 1)?)
}

impl Records for Operator {
    fn stats(&self) -> Pending<'_, Stats> {
        self.readers.read(statements::stats)
    }

    fn list(&self, filter: Filter) -> Pending<'_, Vec<Record>> {
        self.readers.read(move |connection| search::list(connection, &filter))
    }

    fn show(&self, id: EntryId) -> Pending<'_, Option<Record>> {
        self.readers.read(move |connection| operations::show(connection, id))
    }

    fn find(&self, queue: Queue, keys: Vec<EntryKey>) -> Pending<'_, Vec<Record>> {
        self.readers.read(move |connection| operations::find(connection, queue, &keys))
    }

    fn revive(&self, id: EntryId) -> Pending<'_, ()> {
        self.change(move |connection, moment| revive(connection, id, moment))
    }

    fn discard(&self, id: EntryId) -> Pending<'_, ()> {
        self.change(move |connection, moment| discard(connection, id, moment))
    }

    fn states(&self, filter: StateFilter) -> Pending<'_, Vec<ConversationState>> {
        self.readers.read(move |connection| conversations::states(connection, &filter))
    }

    /// Changes the state at once. A server that runs beside finds what is scheduled at its next look for changes.
    fn change_conversation(&self, change: ConversationChange) -> Pending<'_, ()> {
        self.change(move |connection, Moment { now, .. }| {
            let ConversationChange { conversation, seen, state, scheduled } = &change;
            if conversations::revision(connection, conversation)? != *seen {
                return Err(JournalError::Conflict.into());
            }
            conversations::change(connection, conversation, state, Revision::of_operator(), now)?;
            conversations::schedule(connection, conversation, scheduled, None, now)?;
            Ok(())
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
        self.readers.close()
    }
}
