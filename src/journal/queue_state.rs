//! The state of both queues in memory: turns, counts and bounds, known without asking the store.

use super::{
    changes::Changes,
    conversation_queue::Times,
    entry::{EntryId, Lease, NewEntry, State},
    error::JournalError,
    fingerprint::{Fingerprint, Fingerprints},
    interrupted::Suspect,
    pending_reason::PendingReason,
    queue::{PerQueue, Queue},
    schedule::{NewLease, Schedule},
    stats::{QueueStats, Stats},
    time::ClockStep,
};
use crate::clock::UnixMillis;

/// The state of both queues, in step with a store.
///
/// Changes are taken back by [`rollback`](Self::rollback) until [`commit`](Self::commit).
#[derive(Debug)]
pub(super) struct QueueStates {
    queues: PerQueue<QueueState>,
    fingerprints: Fingerprints,
    max_pending: u64,
    changes: Changes,
}

/// The state of one queue.
#[derive(Debug, Default)]
struct QueueState {
    schedule: Schedule,
    counts: SettledCounts,
    /// The counts as of the last commit.
    committed: SettledCounts,
    /// Whether the queue has changed since the last commit.
    changed: bool,
    /// Whether the workers were notified and none has leased since: they need no further notification.
    notified: bool,
}

/// Settled entries of a queue that are still kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct SettledCounts {
    pub(super) done: u64,
    pub(super) dead: u64,
}

/// A pending entry as a store remembers it.
#[derive(Debug)]
pub(super) struct PendingEntry {
    pub(super) id: EntryId,
    pub(super) queue: Queue,
    pub(super) conversation: String,
    pub(super) times: Times,
}

impl QueueStates {
    pub(super) fn new(max_pending: u64, changes: Changes) -> Self {
        Self { queues: PerQueue::default(), fingerprints: Fingerprints::new(), max_pending, changes }
    }

    /// Moves all that is pending with the wall clock, so that it keeps its distance from now. Cannot be taken back.
    pub(super) fn follow_clock(&mut self, step: ClockStep) {
        for (_, queue) in self.queues.iter_mut() {
            queue.schedule.follow_clock(step);
        }
    }

    /// How many more pending entries the Inbox takes.
    pub(super) fn room(&self) -> u64 {
        self.max_pending.saturating_sub(self.pending(Queue::Inbox))
    }

    /// The error of an entry for which the Inbox has no room.
    pub(super) fn full_error(&self) -> JournalError {
        JournalError::Full(self.pending(Queue::Inbox))
    }

    /// Adds an entry that is new in the store.
    pub(super) fn add(&mut self, id: EntryId, entry: &NewEntry, now: UnixMillis) {
        if entry.dead.is_some() {
            self.change(entry.queue).counts.dead += 1;
            return;
        }
        let times = Times { due_at: now, accepted_at: now };
        self.insert(id, entry.queue, &entry.conversation, times);
    }

    /// Leases the next entry; nothing of the Inbox is leased while the Outbox is full, since each entry may add to it.
    ///
    /// The flag says whether an earlier lease of the entry ran out, whose attempt has not ended.
    pub(super) fn lease(
        &mut self,
        queue: Queue,
        now: UnixMillis,
        until: UnixMillis,
    ) -> Option<(Lease, bool)> {
        self.queues[queue].notified = false;
        if queue == Queue::Inbox && self.pending(Queue::Outbox) >= self.max_pending {
            return None;
        }
        let NewLease { id, conversation, fence, takes_over } =
            self.queues[queue].schedule.lease(now, until)?;
        Some((Lease { id, queue, conversation: conversation.into(), fence, revision: None }, takes_over))
    }

    /// Checks that the lease is still its holder's.
    pub(super) fn check(&self, lease: &Lease) -> Result<(), JournalError> {
        self.queues[lease.queue].schedule.check(lease)
    }

    /// Removes a leased entry that was finished (`done`) or buried (`dead`).
    pub(super) fn settle(&mut self, lease: &Lease, state: State) -> Result<(), JournalError> {
        let queue = self.change(lease.queue);
        queue.schedule.check(lease)?;
        queue.schedule.settle(lease.conversation.into(), lease.id);
        queue.counts.add(state, 1);
        Ok(())
    }

    /// Ends the lease of an entry that is due again at `until`.
    pub(super) fn postpone(&mut self, lease: &Lease, until: UnixMillis) -> Result<(), JournalError> {
        let state = self.change(lease.queue);
        state.schedule.check(lease)?;
        state.schedule.postpone(lease.conversation.into(), lease.id, until);
        Ok(())
    }

    /// Removes a leased entry that somebody else has settled in the store, from which the counts will be read.
    pub(super) fn remove(&mut self, lease: &Lease) {
        let state = self.change(lease.queue);
        if state.schedule.check(lease).is_ok() {
            state.schedule.settle(lease.conversation.into(), lease.id);
        }
    }

    /// Adds a dead letter that is pending again.
    pub(super) fn add_revived(&mut self, entry: &PendingEntry) {
        let counts = &mut self.change(entry.queue).counts;
        counts.dead = counts.dead.saturating_sub(1);
        self.insert(entry.id, entry.queue, &entry.conversation, entry.times);
    }

    /// Counts an entry that was in state `from` as done; its holder finds out by settling it.
    pub(super) fn discard(&mut self, id: EntryId, queue: Queue, conversation: &str, from: State) {
        let conversation = self.fingerprint(queue, conversation);
        let state = self.change(queue);
        if from == State::Dead {
            state.counts.dead = state.counts.dead.saturating_sub(1);
        }
        state.schedule.withdraw(conversation, id);
        state.counts.done += 1;
    }

    /// Counts settled entries that were removed.
    pub(super) fn remove_settled(&mut self, queue: Queue, gone: SettledCounts) {
        let counts = &mut self.change(queue).counts;
        counts.done = counts.done.saturating_sub(gone.done);
        counts.dead = counts.dead.saturating_sub(gone.dead);
    }

    /// How many entries have become done since the last commit; negative after a purge.
    pub(super) fn newly_done(&self, queue: Queue) -> i64 {
        let state = &self.queues[queue];
        state.counts.done.cast_signed().wrapping_sub(state.committed.done.cast_signed())
    }

    /// Keeps every change, and notifies the workers that may lease something because of them.
    pub(super) fn commit(&mut self, now: UnixMillis) {
        // Room in the Outbox lets the Inbox go on.
        self.queues.inbox.changed |= self.queues.outbox.changed;
        for (queue, state) in self.queues.iter_mut() {
            state.schedule.commit();
            state.committed = state.counts;
            let changed = std::mem::take(&mut state.changed);
            if changed && !state.notified && state.schedule.is_ready(now) {
                self.changes.notify(queue);
                state.notified = true;
            }
        }
    }

    /// Takes back every change since the last commit.
    pub(super) fn rollback(&mut self) {
        for (_, queue) in self.queues.iter_mut() {
            queue.schedule.rollback();
            queue.counts = queue.committed;
            queue.changed = false;
        }
    }

    /// Starts again from what the store says; leases of what is still pending go on.
    ///
    /// After an error nothing is changed.
    pub(super) fn reload<E>(
        &mut self,
        entries: impl IntoIterator<Item = Result<PendingEntry, E>>,
        counts: PerQueue<SettledCounts>,
    ) -> Result<(), E> {
        self.load(entries, counts, false)
    }

    /// Starts again like [`reload`](Self::reload) after another process has changed the store: all leases go on, so
    /// that nothing begins beside an entry in work that was discarded.
    pub(super) fn merge<E>(
        &mut self,
        entries: impl IntoIterator<Item = Result<PendingEntry, E>>,
        counts: PerQueue<SettledCounts>,
    ) -> Result<(), E> {
        self.load(entries, counts, true)
    }

    fn load<E>(
        &mut self,
        entries: impl IntoIterator<Item = Result<PendingEntry, E>>,
        counts: PerQueue<SettledCounts>,
        withdrawn_too: bool,
    ) -> Result<(), E> {
        let mut schedules = PerQueue::new(|queue| self.queues[queue].schedule.successor());
        for entry in entries {
            let PendingEntry { id, queue, conversation, times } = entry?;
            let schedule = &mut schedules[queue];
            schedule.insert(self.fingerprints.of(queue, &conversation), id, times);
            schedule.commit();
        }
        for (queue, state) in self.queues.iter_mut() {
            let mut schedule = std::mem::take(&mut schedules[queue]);
            schedule.adopt(&state.schedule, withdrawn_too);
            (state.schedule, state.counts, state.changed) = (schedule, counts[queue], true);
        }
        Ok(())
    }

    /// Notes a pending entry that was in work when the process before died, `times` times in a row; the wall clock shows
    /// `now`.
    pub(super) fn note_interrupted(&mut self, entry: &PendingEntry, times: u32, now: UnixMillis) {
        let suspect = Suspect::new(self.fingerprint(entry.queue, &entry.conversation), times, now);
        self.change(entry.queue).schedule.interrupt(entry.id, suspect);
    }

    /// The entries that somebody has a lease of.
    pub(super) fn leased(&self) -> impl Iterator<Item = EntryId> {
        self.queues.iter().flat_map(|(_, queue)| queue.schedule.leased_entries())
    }

    /// Why entries are pending, where the leases here are those of the server `replica`.
    pub(super) fn pending_reasons(
        &self,
        entries: &[PendingEntry],
        now: UnixMillis,
        replica: &str,
    ) -> Vec<(EntryId, PendingReason)> {
        let reason = |entry: &PendingEntry| {
            let conversation = self.fingerprint(entry.queue, &entry.conversation);
            let schedule = &self.queues[entry.queue].schedule;
            Some((entry.id, schedule.pending_reason(conversation, entry.id, now, replica)?))
        };
        entries.iter().filter_map(reason).collect()
    }

    pub(super) fn stats(&self) -> Stats {
        PerQueue::new(|queue| self.queues[queue].stats())
    }

    fn insert(&mut self, id: EntryId, queue: Queue, conversation: &str, times: Times) {
        let conversation = self.fingerprint(queue, conversation);
        self.change(queue).schedule.insert(conversation, id, times);
    }

    fn fingerprint(&self, queue: Queue, conversation: &str) -> Fingerprint {
        self.fingerprints.of(queue, conversation)
    }

    fn pending(&self, queue: Queue) -> u64 {
        self.queues[queue].schedule.pending()
    }

    /// The state of a queue, which is about to change.
    fn change(&mut self, queue: Queue) -> &mut QueueState {
        let state = &mut self.queues[queue];
        state.changed = true;
        state
    }
}

impl QueueState {
    fn stats(&self) -> QueueStats {
        QueueStats {
            pending: self.schedule.pending(),
            leased: self.schedule.leased(),
            done: self.counts.done,
            dead: self.counts.dead,
            oldest_pending: self.schedule.oldest(),
        }
    }
}

impl SettledCounts {
    /// One entry that came to `state`.
    pub(super) fn one(state: State) -> Self {
        let mut counts = Self::default();
        counts.add(state, 1);
        counts
    }

    /// Adds entries that came to `state`.
    pub(super) fn add(&mut self, state: State, count: u64) {
        match state {
            State::Pending => {}
            State::Done => self.done += count,
            State::Dead => self.dead += count,
        }
    }
}
