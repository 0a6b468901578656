//! The contents of a journal in memory, in plain maps.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};

use super::{conversations::Conversations, operations::Operations, search::Records};
use crate::{
    clock::UnixMillis,
    journal::{
        attempts::{AttemptFailure, FailedAttempt, KEPT_ATTEMPTS},
        changes::Changes,
        conversation_state::{ConversationState, Revision, StateFilter, StateStep},
        entry::{Appended, Entry, EntryId, Lease, NewEntry, Record, State},
        entry_key::EntryKey,
        error::JournalError,
        options::Options,
        outcome::{ConversationChange, Outcome},
        queue::Queue,
        queue_state::{QueueStates, SettledCounts},
        stats::Stats,
        time::{ClockStep, JournalTime, Moment, Timekeeper},
    },
};

/// The contents of an open journal.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) options: Options,
    pub(super) records: Records,
    /// The failed attempts at each entry, oldest first.
    attempts: BTreeMap<EntryId, VecDeque<FailedAttempt>>,
    keys: HashMap<(Queue, EntryKey), EntryId>,
    /// When each settled entry was settled, in the journal's own time.
    pub(super) settled: BTreeMap<EntryId, JournalTime>,
    /// When each entry was accepted, likewise.
    accepted: BTreeMap<EntryId, JournalTime>,
    conversations: Conversations,
    pub(super) operations: Operations,
    last_id: i64,
    pub(super) queues: QueueStates,
    time: Timekeeper,
}

impl Contents {
    pub(super) fn new(options: Options, changes: Changes) -> Self {
        Self {
            records: Records::new(),
            attempts: BTreeMap::new(),
            keys: HashMap::new(),
            settled: BTreeMap::new(),
            accepted: BTreeMap::new(),
            conversations: Conversations::default(),
            operations: Operations::default(),
            last_id: 0,
            queues: QueueStates::new(options.max_pending, changes),
            time: Timekeeper::new(options.clock.clone()),
            options,
        }
    }

    /// Does `work` as one step, at the present time.
    pub(super) fn step<T>(
        &mut self,
        work: impl FnOnce(&mut Self, Moment) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let (moment, clock_step) = self.time.read();
        if let Some(clock_step) = clock_step {
            self.follow_clock(clock_step);
        }
        self.time.note(moment);
        let result = work(self, moment);
        // Work that is refused may have found out that its lease is over.
        self.queues.commit(moment.now);
        result
    }

    pub(super) fn stats(&self) -> Stats {
        self.queues.stats()
    }

    pub(super) fn show(&self, id: EntryId) -> Option<Record> {
        self.records.get(&id).cloned()
    }

    pub(super) fn find(&self, queue: Queue, keys: &[EntryKey]) -> Vec<Record> {
        let wanted = |record: &&Record| record.queue == queue && keys.contains(&record.key);
        self.records.values().filter(wanted).cloned().collect()
    }

    /// Adds an entry, unless its key is known; refuses a new one for which the Inbox has no room.
    pub(super) fn append(&mut self, entry: NewEntry, moment: Moment) -> Result<Appended, JournalError> {
        let is_known = self.keys.contains_key(&(entry.queue, entry.key));
        if entry.adds_to_inbox() && !is_known && self.queues.room() == 0 {
            return Err(self.queues.full_error());
        }
        Ok(self.insert(entry, None, moment))
    }

    /// Adds an entry whose key is new.
    fn insert(&mut self, entry: NewEntry, answers: Option<EntryId>, moment: Moment) -> Appended {
        let key = (entry.queue, entry.key);
        if self.keys.contains_key(&key) {
            return Appended::Duplicate;
        }
        self.last_id += 1;
        let id = EntryId(self.last_id);
        self.keys.insert(key, id);
        self.accepted.insert(id, moment.elapsed);
        self.queues.add(id, &entry, moment.now);
        if entry.dead.is_some() {
            self.settled.insert(id, moment.elapsed);
        }
        self.records.insert(id, Record::accepted(id, entry, answers, moment.now));
        Appended::New
    }

    pub(super) fn lease(
        &mut self,
        queue: Queue,
        limit: usize,
        moment: Moment,
        until: UnixMillis,
    ) -> Vec<Entry> {
        if queue == Queue::Inbox {
            self.append_due(moment);
        }
        let mut entries = Vec::new();
        while entries.len() < limit {
            let Some((lease, takes_over)) = self.queues.lease(queue, moment.now, until) else { break };
            if let Some(record) = self.records.get_mut(&lease.id) {
                record.attempts += u32::from(takes_over);
                let accepted = self.accepted.get(&lease.id).copied().unwrap_or_default();
                let state = match queue {
                    Queue::Inbox => self.conversations.leased(&record.conversation, accepted, moment),
                    Queue::Outbox => None,
                };
                entries.push(record.leased(&lease, state));
            }
        }
        entries
    }

    /// Appends the scheduled entries that are due, and announces the states that have expired.
    fn append_due(&mut self, moment: Moment) {
        while let Some((entry, answers)) =
            self.conversations.take_due(moment.now, self.queues.room() > 0)
        {
            self.insert(entry, answers, moment);
        }
    }

    pub(super) fn finish(
        &mut self,
        lease: &Lease,
        outcome: Outcome,
        moment: Moment,
    ) -> Result<(), JournalError> {
        self.check(lease)?;
        let conversation = self.record(lease.id)?.conversation.clone();
        if lease.queue == Queue::Inbox && self.conversations.revision(&conversation) != lease.revision {
            let reason = JournalError::StateChanged(lease.id);
            self.release(lease, moment.now, reason.to_string())?;
            return Err(reason);
        }
        let record = self.settle(lease, State::Done, moment)?;
        let Outcome { follow_ups, state, scheduled, ending } = outcome;
        record.ending = ending;
        record.state_step = StateStep::of(&state, lease.revision);
        for entry in follow_ups {
            self.insert(entry, Some(lease.id), moment);
        }
        self.conversations.change(&conversation, state, lease.id.into(), moment.now);
        self.conversations.schedule(&conversation, scheduled, Some(lease.id), moment.now);
        Ok(())
    }

    pub(super) fn states(&self, filter: &StateFilter) -> Vec<ConversationState> {
        self.conversations.list(filter)
    }

    pub(super) fn change_conversation(
        &mut self,
        change: ConversationChange,
        moment: Moment,
    ) -> Result<(), JournalError> {
        let ConversationChange { conversation, seen, state, scheduled } = change;
        if self.conversations.revision(&conversation) != seen {
            return Err(JournalError::Conflict);
        }
        self.conversations.change(&conversation, state, Revision::of_operator(), moment.now);
        self.conversations.schedule(&conversation, scheduled, None, moment.now);
        self.append_due(moment);
        Ok(())
    }

    pub(super) fn bury(
        &mut self,
        lease: &Lease,
        failure: AttemptFailure,
        moment: Moment,
    ) -> Result<(), JournalError> {
        self.settle(lease, State::Dead, moment)?.reason = Some(failure.reason.clone());
        self.keep_attempt(lease.id, failure, moment.now)
    }

    fn settle(
        &mut self,
        lease: &Lease,
        state: State,
        moment: Moment,
    ) -> Result<&mut Record, JournalError> {
        self.check(lease)?;
        self.queues.settle(lease, state)?;
        self.settled.insert(lease.id, moment.elapsed);
        let record = self.record(lease.id)?;
        record.state = state;
        record.attempts += 1;
        record.settled_at = Some(moment.now);
        Ok(record)
    }

    /// Makes a leased entry due again at `until`, after an attempt that failed.
    pub(super) fn postpone(
        &mut self,
        lease: &Lease,
        until: UnixMillis,
        failure: AttemptFailure,
        moment: Moment,
    ) -> Result<(), JournalError> {
        self.make_due(lease, until, failure.reason.clone())?;
        self.keep_attempt(lease.id, failure, moment.now)
    }

    /// Makes a leased entry due again at `until`, without an attempt.
    pub(super) fn release(
        &mut self,
        lease: &Lease,
        until: UnixMillis,
        reason: String,
    ) -> Result<(), JournalError> {
        self.make_due(lease, until, reason)?.attempts -= 1;
        Ok(())
    }

    /// Keeps the failure of the attempt that the entry has counted last.
    fn keep_attempt(
        &mut self,
        id: EntryId,
        failure: AttemptFailure,
        now: UnixMillis,
    ) -> Result<(), JournalError> {
        let AttemptFailure { reason, took } = failure;
        let (number, replica) = (self.record(id)?.attempts, self.options.replica.clone());
        let took = Duration::from_millis(took.as_millis().try_into().unwrap_or(u64::MAX));
        let kept = self.attempts.entry(id).or_default();
        kept.push_back(FailedAttempt { number, ended_at: now, took, reason, replica });
        if kept.len() > KEPT_ATTEMPTS {
            kept.pop_front();
        }
        Ok(())
    }

    pub(super) fn attempts(&self, id: EntryId) -> Vec<FailedAttempt> {
        self.attempts.get(&id).into_iter().flatten().cloned().collect()
    }

    fn make_due(
        &mut self,
        lease: &Lease,
        until: UnixMillis,
        reason: String,
    ) -> Result<&mut Record, JournalError> {
        self.check(lease)?;
        self.queues.postpone(lease, until)?;
        let record = self.record(lease.id)?;
        record.attempts += 1;
        record.due_at = until;
        record.reason = Some(reason);
        Ok(record)
    }

    /// Checks that the lease is still its holder's, and the entry still to be settled: an operator may have discarded it.
    fn check(&mut self, lease: &Lease) -> Result<(), JournalError> {
        self.queues.check(lease)?;
        if self.records.get(&lease.id).is_some_and(|record| record.state == State::Pending) {
            return Ok(());
        }
        self.queues.remove(lease);
        Err(JournalError::LeaseLost(lease.id))
    }

    fn record(&mut self, id: EntryId) -> Result<&mut Record, JournalError> {
        self.records.get_mut(&id).ok_or(JournalError::LeaseLost(id))
    }

    pub(super) fn purge(&mut self, now: JournalTime) -> u64 {
        let Self { options, records, settled, .. } = self;
        let is_over = |id: &EntryId, record: &mut Record| {
            let settled_at = settled.get(id);
            settled_at.is_some_and(|settled_at| options.is_over(record.state, *settled_at, now))
        };
        let removed: Vec<_> = records.extract_if(.., is_over).collect();
        for (id, record) in &removed {
            self.queues.remove_settled(record.queue, SettledCounts::one(record.state));
            self.settled.remove(id);
            self.accepted.remove(id);
            self.attempts.remove(id);
            self.keys.remove(&(record.queue, record.key));
        }
        removed.len() as u64
    }

    /// Moves what is pending with the wall clock, so that it keeps its distance from now.
    fn follow_clock(&mut self, step: ClockStep) {
        step.log();
        self.queues.follow_clock(step);
        self.conversations.follow_clock(step);
        for record in self.records.values_mut().filter(|record| record.state == State::Pending) {
            record.due_at = step.applied_to(record.due_at);
        }
    }
}
