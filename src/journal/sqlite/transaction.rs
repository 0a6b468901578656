//! The journal's verbs within the writer's transaction: the file's rows and the state of the queues in step.
//!
//! A verb that refuses has changed nothing that its refusal does not name, so that no savepoint is needed; a verb whose
//! statement fails takes the whole batch with it.

use rusqlite::Connection;

use super::{
    attempts,
    conversation_index::Gathered,
    conversations,
    failure::Failure,
    jobs,
    purge::{PurgeRange, purge},
    statements,
};
use crate::{
    clock::UnixMillis,
    journal::{
        Appended, AttemptFailure, ConversationChange, Entry, EntryId, Job, JobAction, JobStep,
        JournalError, Lease, NewEntry, NewScheduled, Options, Outcome, Queue, Revision, State,
        StateChange,
        driver::purge::PurgeResult,
        error::{no_dead_letter_error, nothing_to_discard_error},
        queue_state::QueueStates,
        time::{DueIn, Moment},
    },
};

/// An open transaction of the writer, and what its verbs work on.
#[derive(Debug)]
pub(super) struct Transaction<'a> {
    pub(super) connection: &'a Connection,
    pub(super) queues: &'a mut QueueStates,
    pub(super) last_id: &'a mut i64,
    /// The newest entries, which the index by conversation has not yet.
    pub(super) gathered: &'a mut Gathered,
    /// The last entry that was there when the process started.
    pub(super) last_found: EntryId,
    /// The time at which something that is scheduled is due next, or a state expires.
    pub(super) next_due: UnixMillis,
    pub(super) options: &'a Options,
    pub(super) moment: Moment,
}

impl Transaction<'_> {
    /// Adds an entry, unless its key is known; refuses a new one for which the Inbox has no room.
    pub(super) fn append(&mut self, entry: &NewEntry) -> Result<Appended, Failure> {
        let is_full = entry.adds_to_inbox() && self.queues.room() == 0;
        if is_full && !statements::is_known(self.connection, entry.queue, entry.key)? {
            return Err(self.queues.full_error().into());
        }
        Ok(self.insert(entry, None)?)
    }

    pub(super) fn lease(
        &mut self,
        queue: Queue,
        limit: usize,
        until: DueIn,
    ) -> Result<Vec<Entry>, Failure> {
        if queue == Queue::Inbox {
            self.append_due()?;
        }
        let (mut entries, until) = (Vec::new(), self.moment.plus(until));
        while entries.len() < limit {
            let Some((lease, takes_over)) = self.queues.lease(queue, self.moment.now, until) else {
                break;
            };
            match self.begin_attempt(&lease, takes_over)? {
                Some(entry) => entries.push(entry),
                None => self.queues.remove(&lease),
            }
        }
        Ok(entries)
    }

    /// Reads a leased entry; none if it is not pending any more.
    ///
    /// The beginning of an attempt is marked in the file only for an entry that an earlier process has left, as it may be
    /// what ended that process. Any other attempt is counted when it ends, or its lease has run out. So an entry that ends
    /// every process that tries it is marked from the second process on, and each of its attempts but the first counts.
    fn begin_attempt(&mut self, lease: &Lease, takes_over: bool) -> rusqlite::Result<Option<Entry>> {
        let Some(mut entry) = statements::leased_entry(self.connection, lease, self.moment)? else {
            return Ok(None);
        };
        if lease.id <= self.last_found {
            statements::mark_begun(self.connection, lease.id)?;
        } else if takes_over {
            statements::count_run_out(self.connection, lease.id)?;
            entry.attempt += 1;
        }
        Ok(Some(entry))
    }

    pub(super) fn finish(&mut self, lease: &Lease, outcome: &Outcome) -> Result<(), Failure> {
        self.queues.check(lease)?;
        if !statements::finish(self.connection, lease, outcome, self.moment)? {
            return Err(self.not_finished_error(lease)?);
        }
        self.queues.settle(lease, State::Done)?;
        let Outcome { follow_ups, state, scheduled, ending: _ } = outcome;
        for entry in follow_ups {
            self.insert(entry, Some(lease.id))?;
        }
        if *state != StateChange::Keep || !scheduled.is_empty() {
            let conversation = statements::conversation(self.connection, lease.id)?;
            self.change(&conversation, state, lease.id.into())?;
            self.schedule(&conversation, scheduled, Some(lease.id))?;
        }
        Ok(())
    }

    /// Why a leased entry could not be finished. If the state of its conversation has changed since, it is due again.
    fn not_finished_error(&mut self, lease: &Lease) -> Result<Failure, Failure> {
        if !statements::is_pending(self.connection, lease.id)? {
            return Ok(self.lost_error(lease));
        }
        let error = JournalError::StateChanged(lease.id);
        self.release(lease, DueIn::NOW, &error.to_string())?;
        Ok(error.into())
    }

    /// Changes the state of a conversation and what is scheduled for it, as an operator does.
    pub(super) fn change_conversation(&mut self, change: &ConversationChange) -> Result<(), Failure> {
        let ConversationChange { conversation, seen, state, scheduled } = change;
        if conversations::revision(self.connection, conversation)? != *seen {
            return Err(JournalError::Conflict.into());
        }
        self.change(conversation, state, Revision::of_operator())?;
        self.schedule(conversation, scheduled, None)?;
        Ok(self.append_due()?)
    }

    fn change(
        &mut self,
        conversation: &str,
        change: &StateChange,
        revision: Revision,
    ) -> rusqlite::Result<()> {
        let expires_at =
            conversations::change(self.connection, conversation, change, revision, self.moment.now)?;
        self.next_due = self.next_due.min(expires_at);
        Ok(())
    }

    fn schedule(
        &mut self,
        conversation: &str,
        entries: &[NewScheduled],
        answers: Option<EntryId>,
    ) -> rusqlite::Result<()> {
        let due_at =
            conversations::schedule(self.connection, conversation, entries, answers, self.moment.now)?;
        self.next_due = self.next_due.min(due_at);
        Ok(())
    }

    /// Appends the scheduled entries that are due, and announces the states that have expired.
    fn append_due(&mut self) -> rusqlite::Result<()> {
        if self.next_due > self.moment.now {
            return Ok(());
        }
        let has_room = self.queues.room() > 0;
        for due in conversations::due(self.connection, self.moment.now, has_room)? {
            if due.queue() == Queue::Inbox && self.queues.room() == 0 {
                continue;
            }
            if let Some((entry, answers)) = due.take(self.connection)? {
                self.insert(&entry, answers)?;
            }
        }
        self.next_due = conversations::next_due(self.connection)?;
        Ok(())
    }

    pub(super) fn postpone(
        &mut self,
        lease: &Lease,
        until: DueIn,
        failure: &AttemptFailure,
    ) -> Result<(), Failure> {
        self.postpone_uncounted(lease, until, &failure.reason, 0)?;
        Ok(self.keep_attempt(lease.id, failure)?)
    }

    pub(super) fn release(&mut self, lease: &Lease, until: DueIn, reason: &str) -> Result<(), Failure> {
        self.postpone_uncounted(lease, until, reason, 1)
    }

    pub(super) fn bury(&mut self, lease: &Lease, failure: &AttemptFailure) -> Result<(), Failure> {
        self.queues.check(lease)?;
        if !statements::bury(self.connection, lease, &failure.reason, self.moment)? {
            return Err(self.lost_error(lease));
        }
        self.keep_attempt(lease.id, failure)?;
        Ok(self.queues.settle(lease, State::Dead)?)
    }

    fn keep_attempt(&self, id: EntryId, failure: &AttemptFailure) -> rusqlite::Result<()> {
        attempts::add(self.connection, id, failure, &self.options.replica, self.moment.now)
    }

    pub(super) fn revive(&mut self, id: EntryId) -> Result<(), Failure> {
        let row = statements::revive(self.connection, id, self.moment)?;
        self.queues.add_revived(&row.ok_or_else(|| no_dead_letter_error(id))?);
        Ok(())
    }

    pub(super) fn discard(&mut self, id: EntryId) -> Result<(), Failure> {
        let found = statements::discard(self.connection, id, self.moment)?;
        let (queue, conversation, from) = found.ok_or_else(|| nothing_to_discard_error(id))?;
        self.queues.discard(id, queue, &conversation, from);
        Ok(())
    }

    /// Does a step of a job.
    pub(super) fn advance_job(&mut self, step: &JobStep) -> Result<Job, Failure> {
        jobs::advance(self.connection, step, self.moment.now, |action, id| match action {
            JobAction::Revive => self.revive(id),
            JobAction::Discard => self.discard(id),
        })
    }

    pub(super) fn purge(&mut self, range: PurgeRange) -> rusqlite::Result<PurgeResult> {
        let removed = purge(self.connection, range, self.options, self.moment)?;
        for (queue, counts) in removed.counts.iter() {
            self.queues.remove_settled(queue, *counts);
        }
        Ok(PurgeResult { next: removed.next, count: removed.count() })
    }

    /// Writes down what the batch did to the number of done entries, once for all of its commands.
    pub(super) fn write_tally(&self) -> rusqlite::Result<()> {
        for queue in Queue::ALL {
            match self.queues.newly_done(queue) {
                0 => {}
                count => statements::add_done(self.connection, queue, count)?,
            }
        }
        Ok(())
    }

    /// Makes the entry due again at `until`; `uncounted` of its attempts do not count.
    fn postpone_uncounted(
        &mut self,
        lease: &Lease,
        until: DueIn,
        reason: &str,
        uncounted: u32,
    ) -> Result<(), Failure> {
        self.queues.check(lease)?;
        let until = self.moment.plus(until);
        if !statements::postpone(self.connection, lease.id, until, reason, uncounted)? {
            return Err(self.lost_error(lease));
        }
        Ok(self.queues.postpone(lease, until)?)
    }

    /// The failure of a lease whose entry an operator's process has settled meanwhile, which will be noticed as a whole.
    fn lost_error(&mut self, lease: &Lease) -> Failure {
        self.queues.remove(lease);
        JournalError::LeaseLost(lease.id).into()
    }

    fn insert(&mut self, entry: &NewEntry, answers: Option<EntryId>) -> rusqlite::Result<Appended> {
        let id = EntryId(*self.last_id + 1);
        if !statements::insert(self.connection, id, entry, answers, self.moment)? {
            return Ok(Appended::Duplicate);
        }
        *self.last_id = id.0;
        self.queues.add(id, entry, self.moment.now);
        self.gathered.add(id, &entry.conversation);
        Ok(Appended::New)
    }
}
