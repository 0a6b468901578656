//! The journal's verbs within the writer's transaction: the rows and the books in step.
//!
//! A verb that refuses has changed nothing, so that no savepoint is needed; one whose statement fails takes
//! the whole batch with it.

use rusqlite::Connection;

use super::{
    purge::{self, Purged, Stretch},
    rows,
};
use crate::journal::{
    Appended, Entry, EntryId, JournalError, Lease, NewEntry, Options, Queue, State,
    books::Books,
    error::{no_dead_letter_error, nothing_to_discard_error},
    time::{Ahead, Moment},
};

/// Why a command was not done.
#[derive(Debug)]
pub(super) enum Fault {
    /// It cannot be done; the others can.
    Refused(JournalError),
    /// The store failed.
    Store(rusqlite::Error),
}

impl From<JournalError> for Fault {
    fn from(error: JournalError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

/// What the verbs work on.
#[derive(Debug)]
pub(super) struct Verbs<'a> {
    pub(super) connection: &'a Connection,
    pub(super) books: &'a mut Books,
    pub(super) last_id: &'a mut i64,
    pub(super) options: &'a Options,
    pub(super) moment: Moment,
}

impl Verbs<'_> {
    /// Adds an entry, unless its key is known; refuses a new one for which the Inbox has no room.
    pub(super) fn append(&mut self, entry: &NewEntry) -> Result<Appended, Fault> {
        let is_full = entry.adds_to_inbox() && self.books.room() == 0;
        if is_full && !rows::is_known(self.connection, entry.queue, &entry.key)? {
            return Err(self.books.full().into());
        }
        Ok(self.insert(entry)?)
    }

    pub(super) fn lease(
        &mut self,
        queue: Queue,
        limit: usize,
        until: Ahead,
    ) -> Result<Vec<Entry>, Fault> {
        let (mut entries, until) = (Vec::new(), self.moment.plus(until));
        while entries.len() < limit {
            let Some(lease) = self.books.lease(queue, self.moment.now, until) else { break };
            match rows::begin_attempt(self.connection, lease)? {
                Ok(entry) => entries.push(entry),
                Err(gone) => self.books.forget(&gone),
            }
        }
        Ok(entries)
    }

    pub(super) fn finish(&mut self, lease: &Lease, follow_ups: &[NewEntry]) -> Result<(), Fault> {
        self.settle(lease, State::Done, None)?;
        for entry in follow_ups {
            self.insert(entry)?;
        }
        Ok(())
    }

    pub(super) fn postpone(&mut self, lease: &Lease, until: Ahead, reason: &str) -> Result<(), Fault> {
        self.later(lease, until, reason, 0)
    }

    pub(super) fn release(&mut self, lease: &Lease, until: Ahead, reason: &str) -> Result<(), Fault> {
        self.later(lease, until, reason, 1)
    }

    pub(super) fn bury(&mut self, lease: &Lease, reason: &str) -> Result<(), Fault> {
        self.settle(lease, State::Dead, Some(reason))
    }

    pub(super) fn revive(&mut self, id: EntryId) -> Result<(), Fault> {
        let row = rows::revive(self.connection, id, self.moment)?;
        self.books.revived(&row.ok_or_else(|| no_dead_letter_error(id))?);
        Ok(())
    }

    pub(super) fn discard(&mut self, id: EntryId) -> Result<(), Fault> {
        let found = rows::discard(self.connection, id, self.moment)?;
        let (queue, conversation, from) = found.ok_or_else(|| nothing_to_discard_error(id))?;
        self.books.discarded(id, queue, &conversation, from);
        Ok(())
    }

    pub(super) fn purge(&mut self, stretch: Stretch) -> Result<Purged, Fault> {
        let purged = purge::purge(self.connection, stretch, self.options, self.moment)?;
        for (queue, gone) in purged.gone {
            self.books.purged(queue, gone);
        }
        Ok(purged)
    }

    /// Writes down what the batch did to the number of done entries, once for all of its commands.
    pub(super) fn tally(&self) -> rusqlite::Result<()> {
        for queue in [Queue::Inbox, Queue::Outbox] {
            match self.books.newly_done(queue) {
                0 => {}
                count => rows::add_done(self.connection, queue, count)?,
            }
        }
        Ok(())
    }

    /// The entry is due again at `until`; so many of its attempts do not count.
    fn later(&mut self, lease: &Lease, until: Ahead, reason: &str, uncounted: u32) -> Result<(), Fault> {
        self.books.check(lease)?;
        let until = self.moment.plus(until);
        if !rows::postpone(self.connection, lease.id, until, reason, uncounted)? {
            return Err(self.lost(lease));
        }
        Ok(self.books.postponed(lease, until)?)
    }

    fn settle(&mut self, lease: &Lease, state: State, reason: Option<&str>) -> Result<(), Fault> {
        self.books.check(lease)?;
        if !rows::settle(self.connection, lease.id, state, reason, self.moment)? {
            return Err(self.lost(lease));
        }
        Ok(self.books.settled(lease, state)?)
    }

    /// An operator's process has settled it meanwhile; that it did will be noticed as a whole.
    fn lost(&mut self, lease: &Lease) -> Fault {
        self.books.forget(lease);
        JournalError::LeaseLost(lease.id).into()
    }

    fn insert(&mut self, entry: &NewEntry) -> rusqlite::Result<Appended> {
        let id = EntryId(*self.last_id + 1);
        if !rows::insert(self.connection, id, entry, self.moment)? {
            return Ok(Appended::Duplicate);
        }
        *self.last_id = id.0;
        self.books.accepted(id, entry, self.moment.now);
        Ok(Appended::New)
    }
}
