//! What a driver knows of its entries without asking its store: turns, counts and bounds of both queues.

use tokio::sync::watch;

use super::{
    EntryId, JournalError, Lease, NewEntry, Queue, QueueStats, State, Stats,
    fingerprint::{Fingerprint, Fingerprints},
    interrupted::Suspect,
    schedule::{Schedule, Times},
    time::Step,
};
use crate::clock::UnixMillis;

/// Both queues, in step with a store.
///
/// Changes are taken back by [`rollback`](Self::rollback) until [`commit`](Self::commit).
#[derive(Debug)]
pub(super) struct Books {
    queues: [Book; 2],
    fingerprints: Fingerprints,
    max_pending: u64,
    changes: Changes,
}

#[derive(Debug, Default)]
struct Book {
    schedule: Schedule,
    counts: Counts,
    committed: Counts,
    touched: bool,
    /// Those who lease were told, and nobody has leased since: they will, and need not be told again.
    told: bool,
}

/// Settled entries of a queue that are still kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) done: u64,
    pub(super) dead: u64,
}

/// A pending entry as a store remembers it.
#[derive(Debug)]
pub(super) struct PendingRow {
    pub(super) id: EntryId,
    pub(super) queue: Queue,
    pub(super) conversation: String,
    pub(super) times: Times,
}

/// Tells those who lease that there may be something new.
#[derive(Debug, Clone)]
pub(super) struct Changes([watch::Sender<u64>; 2]);

impl Changes {
    pub(super) fn new() -> Self {
        Self([watch::Sender::new(0), watch::Sender::new(0)])
    }

    pub(super) fn subscribe(&self, queue: Queue) -> watch::Receiver<u64> {
        self.0[queue as usize].subscribe()
    }

    pub(super) fn notify(&self, queue: Queue) {
        self.0[queue as usize].send_modify(|count| *count += 1);
    }
}

impl Books {
    pub(super) fn new(max_pending: u64, changes: Changes) -> Self {
        Self { queues: <[Book; 2]>::default(), fingerprints: Fingerprints::new(), max_pending, changes }
    }

    /// The wall clock was set: all that is pending keeps its distance from now. Cannot be taken back.
    pub(super) fn step(&mut self, step: Step) {
        for book in &mut self.queues {
            book.schedule.step(step);
        }
    }

    /// How many more pending entries the Inbox takes.
    pub(super) fn room(&self) -> u64 {
        self.max_pending.saturating_sub(self.pending(Queue::Inbox))
    }

    /// The refusal of what does not fit.
    pub(super) fn full(&self) -> JournalError {
        JournalError::Full(self.pending(Queue::Inbox))
    }

    /// A new entry is in the store.
    pub(super) fn accepted(&mut self, id: EntryId, entry: &NewEntry, now: UnixMillis) {
        if entry.dead.is_some() {
            self.book(entry.queue).counts.dead += 1;
            return;
        }
        let times = Times { due_at: now, accepted_at: now };
        self.insert(id, entry.queue, &entry.conversation, times);
    }

    /// Leases the next entry; none of the Inbox while the Outbox is full, since each may add to it.
    pub(super) fn lease(&mut self, queue: Queue, now: UnixMillis, until: UnixMillis) -> Option<Lease> {
        self.queues[queue as usize].told = false;
        if queue == Queue::Inbox && self.pending(Queue::Outbox) >= self.max_pending {
            return None;
        }
        let (id, conversation, fence) = self.queues[queue as usize].schedule.lease(now, until)?;
        Some(Lease { id, queue, conversation, fence })
    }

    /// Whether the lease is still its holder's.
    pub(super) fn check(&self, lease: &Lease) -> Result<(), JournalError> {
        self.queues[lease.queue as usize].schedule.check(lease)
    }

    /// The leased entry was finished (`done`) or buried (`dead`).
    pub(super) fn settled(&mut self, lease: &Lease, state: State) -> Result<(), JournalError> {
        let book = self.book(lease.queue);
        book.schedule.check(lease)?;
        book.schedule.settle(lease.conversation, lease.id);
        book.counts.add(state, 1);
        Ok(())
    }

    /// The leased entry is due again at `until`.
    pub(super) fn postponed(&mut self, lease: &Lease, until: UnixMillis) -> Result<(), JournalError> {
        let book = self.book(lease.queue);
        book.schedule.check(lease)?;
        book.schedule.postpone(lease.conversation, lease.id, until);
        Ok(())
    }

    /// Somebody else has settled the entry in the store, and the counts will be read from there.
    pub(super) fn forget(&mut self, lease: &Lease) {
        let book = self.book(lease.queue);
        if book.schedule.check(lease).is_ok() {
            book.schedule.settle(lease.conversation, lease.id);
        }
    }

    /// A dead letter is pending again.
    pub(super) fn revived(&mut self, row: &PendingRow) {
        let counts = &mut self.book(row.queue).counts;
        counts.dead = counts.dead.saturating_sub(1);
        self.insert(row.id, row.queue, &row.conversation, row.times);
    }

    /// An entry that was in state `from` is done; whoever holds it finds out when they settle it.
    pub(super) fn discarded(&mut self, id: EntryId, queue: Queue, conversation: &str, from: State) {
        let conversation = self.fingerprint(queue, conversation);
        let book = self.book(queue);
        if from == State::Dead {
            book.counts.dead = book.counts.dead.saturating_sub(1);
        }
        book.schedule.withdraw(conversation, id);
        book.counts.done += 1;
    }

    /// Settled entries were removed.
    pub(super) fn purged(&mut self, queue: Queue, gone: Counts) {
        let counts = &mut self.book(queue).counts;
        counts.done = counts.done.saturating_sub(gone.done);
        counts.dead = counts.dead.saturating_sub(gone.dead);
    }

    /// How many entries have become done since the last commit; negative after a purge.
    pub(super) fn newly_done(&self, queue: Queue) -> i64 {
        let book = &self.queues[queue as usize];
        book.counts.done.cast_signed().wrapping_sub(book.committed.done.cast_signed())
    }

    /// Keeps every change, and tells those who may lease something because of them.
    pub(super) fn commit(&mut self, now: UnixMillis) {
        let [inbox, outbox] = &mut self.queues;
        let touched = [inbox.touched || outbox.touched, outbox.touched];
        for (book, (queue, touched)) in
            self.queues.iter_mut().zip([Queue::Inbox, Queue::Outbox].into_iter().zip(touched))
        {
            book.schedule.commit();
            book.committed = book.counts;
            book.touched = false;
            if touched && !book.told && book.schedule.is_ready(now) {
                self.changes.notify(queue);
                book.told = true;
            }
        }
    }

    /// Takes back every change since the last commit.
    pub(super) fn rollback(&mut self) {
        for book in &mut self.queues {
            book.schedule.rollback();
            book.counts = book.committed;
            book.touched = false;
        }
    }

    /// Starts again from what the store says; leases of what is still pending go on.
    ///
    /// After an error nothing is changed.
    pub(super) fn reload<E>(
        &mut self,
        rows: impl IntoIterator<Item = Result<PendingRow, E>>,
        counts: [Counts; 2],
    ) -> Result<(), E> {
        self.load(rows, counts, false)
    }

    /// Starts again like [`reload`](Self::reload) after somebody else has changed the store: all leases go on, so that
    /// nothing begins beside an entry in work that was discarded.
    pub(super) fn merge<E>(
        &mut self,
        rows: impl IntoIterator<Item = Result<PendingRow, E>>,
        counts: [Counts; 2],
    ) -> Result<(), E> {
        self.load(rows, counts, true)
    }

    fn load<E>(
        &mut self,
        rows: impl IntoIterator<Item = Result<PendingRow, E>>,
        counts: [Counts; 2],
        withdrawn_too: bool,
    ) -> Result<(), E> {
        let mut schedules = self.queues.each_ref().map(|book| book.schedule.successor());
        for row in rows {
            let PendingRow { id, queue, conversation, times } = row?;
            let schedule = &mut schedules[queue as usize];
            schedule.insert(self.fingerprint(queue, &conversation), id, times);
            schedule.commit();
        }
        for ((book, counts), mut schedule) in self.queues.iter_mut().zip(counts).zip(schedules) {
            schedule.adopt(&book.schedule, withdrawn_too);
            (book.schedule, book.counts, book.touched) = (schedule, counts, true);
        }
        Ok(())
    }

    /// A pending entry was in work when the process before died, so many times in a row; the wall clock shows `now`.
    pub(super) fn interrupted(&mut self, row: &PendingRow, times: u32, now: UnixMillis) {
        let suspect = Suspect::new(self.fingerprint(row.queue, &row.conversation), times, now);
        self.book(row.queue).schedule.interrupt(row.id, suspect);
    }

    /// The entries of which somebody has a lease.
    pub(super) fn leased(&self) -> impl Iterator<Item = EntryId> {
        self.queues.iter().flat_map(|book| book.schedule.leased_entries())
    }

    pub(super) fn stats(&self) -> Stats {
        let [inbox, outbox] = &self.queues;
        Stats { inbox: inbox.stats(), outbox: outbox.stats() }
    }

    fn insert(&mut self, id: EntryId, queue: Queue, conversation: &str, times: Times) {
        let conversation = self.fingerprint(queue, conversation);
        self.book(queue).schedule.insert(conversation, id, times);
    }

    fn fingerprint(&self, queue: Queue, conversation: &str) -> Fingerprint {
        self.fingerprints.of(queue, conversation)
    }

    fn pending(&self, queue: Queue) -> u64 {
        self.queues[queue as usize].schedule.pending()
    }

    fn book(&mut self, queue: Queue) -> &mut Book {
        let book = &mut self.queues[queue as usize];
        book.touched = true;
        book
    }
}

impl Book {
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

impl Counts {
    pub(super) fn add(&mut self, state: State, count: u64) {
        match state {
            State::Pending => {}
            State::Done => self.done += count,
            State::Dead => self.dead += count,
        }
    }
}
