//! The journal as an operator has it: its entries can be seen and their state changed, and nothing is taken in.

use std::{future::ready, path::PathBuf};

use rusqlite::Connection;

use super::{
    connection::connect,
    conversations,
    operations::{self, read, write},
    purge::{PurgeRange, purge},
    statements,
};
use crate::journal::{
    Administration, ConversationChange, ConversationState, EntryId, EntryKey, Filter, JournalError,
    Options, Pending, Queue, Record, Records, Revision, StateFilter, Stats,
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

impl Administration for Operator {}

impl Records for Operator {
    fn stats(&self) -> Pending<'_, Stats> {
        read(&self.path, statements::stats)
    }

    fn list(&self, filter: Filter) -> Pending<'_, Vec<Record>> {
        read(&self.path, move |connection| operations::list(connection, &filter))
    }

    fn show(&self, id: EntryId) -> Pending<'_, Option<Record>> {
        read(&self.path, move |connection| operations::show(connection, id))
    }

    fn find(&self, queue: Queue, keys: Vec<EntryKey>) -> Pending<'_, Vec<Record>> {
        read(&self.path, move |connection| operations::find(connection, queue, &keys))
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

    fn states(&self, filter: StateFilter) -> Pending<'_, Vec<ConversationState>> {
        read(&self.path, move |connection| conversations::states(connection, &filter))
    }

    /// Changes the state at once. A server that runs beside finds what is scheduled at its next look for changes.
    fn change_conversation(&self, change: ConversationChange) -> Pending<'_, ()> {
        Box::pin(async move {
            let changed = self.write(move |connection, Moment { now, .. }, _| {
                let ConversationChange { conversation, seen, state, scheduled } = change;
                if conversations::revision(connection, &conversation)? != seen {
                    return Ok(false);
                }
                let revision = Revision::of_operator();
                conversations::change(connection, &conversation, &state, revision, now)?;
                conversations::schedule(connection, &conversation, &scheduled, None, now)?;
                Ok(true)
            });
            if changed.await? { Ok(()) } else { Err(JournalError::Conflict) }
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
