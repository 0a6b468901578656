//! An operator's verbs on the contents of a journal in memory.

use super::contents::Contents;
use crate::{
    clock::UnixMillis,
    journal::{
        conversation_queue::Times,
        entry::{DISCARDED, EntryId, State},
        error::{JournalError, no_dead_letter_error, nothing_to_discard_error},
        jobs::{Job, JobAction, JobEntry, JobState, JobStep},
        pending_reason::PendingReason,
        queue_state::PendingEntry,
        replica::Replica,
        stats::Stats,
        time::Moment,
    },
};

impl Contents {
    pub(super) fn revive(&mut self, id: EntryId, now: UnixMillis) -> Result<(), JournalError> {
        let record = self.records.get_mut(&id).filter(|record| record.state == State::Dead);
        let record = record.ok_or_else(|| no_dead_letter_error(id))?;
        record.state = State::Pending;
        record.attempts = 0;
        record.due_at = now;
        record.settled_at = None;
        self.settled.remove(&id);
        self.queues.add_revived(&PendingEntry {
            id,
            queue: record.queue,
            conversation: record.conversation.clone(),
            times: Times { due_at: now, accepted_at: record.accepted_at },
        });
        Ok(())
    }

    pub(super) fn discard(&mut self, id: EntryId, moment: Moment) -> Result<(), JournalError> {
        let record = self.records.get_mut(&id).filter(|record| record.state != State::Done);
        let record = record.ok_or_else(|| nothing_to_discard_error(id))?;
        self.queues.discard(id, record.queue, &record.conversation, record.state);
        self.settled.insert(id, moment.elapsed);
        record.state = State::Done;
        record.settled_at = Some(moment.now);
        record.reason = Some(DISCARDED.to_owned());
        Ok(())
    }

    /// Does a step of a job.
    pub(super) fn advance_job(&mut self, step: &JobStep, moment: Moment) -> Result<Job, JournalError> {
        let action = self.operations.job_of(step)?.action;
        let mut done = 0;
        for JobEntry { id, settled_at } in &step.entries {
            let is_as_seen = self.records.get(id).is_some_and(|record| record.settled_at == *settled_at);
            let changed = match action {
                JobAction::Revive => is_as_seen && self.revive(*id, moment.now).is_ok(),
                JobAction::Discard => is_as_seen && self.discard(*id, moment).is_ok(),
            };
            done += u64::from(changed);
        }
        let job = self.operations.job_of(step)?;
        job.done += done;
        job.skipped += step.entries.len() as u64 - done;
        job.after = step.to;
        if step.is_last {
            (job.state, job.ended_at) = (JobState::Done, Some(moment.now));
        }
        Ok(job.clone())
    }

    pub(super) fn pending_reasons(
        &self,
        ids: &[EntryId],
        now: UnixMillis,
    ) -> Vec<(EntryId, PendingReason)> {
        let records = ids.iter().filter_map(|id| self.records.get(id));
        let pending: Vec<_> = records
            .filter(|record| record.state == State::Pending)
            .map(|record| PendingEntry {
                id: record.id,
                queue: record.queue,
                conversation: record.conversation.clone(),
                times: Times { due_at: record.due_at, accepted_at: record.accepted_at },
            })
            .collect();
        self.queues.pending_reasons(&pending, now, &self.options.replica)
    }

    /// The server that has the journal, which is the only one.
    pub(super) fn replica(&self) -> Replica {
        let Stats { inbox, outbox } = self.queues.stats();
        let leased = inbox.leased + outbox.leased;
        Replica { name: self.options.replica.clone(), is_this: true, leased }
    }

    pub(super) fn size(&self) -> u64 {
        self.records.values().map(|record| record.body.len() as u64).sum()
    }
}
