//! What a driver knows of its entries without asking its store: turns, counts and bounds of both queues.

use std::time::Duration;

use tokio::sync::watch;

use super::{
    EntryId, JournalError, Lease, NewEntry, Queue, QueueStats, State, Stats,
    fingerprint::{Fingerprint, Fingerprints},
    schedule::{Schedule, Times},
};
use crate::clock::UnixMillis;

/// A clock that goes back by less is merely being adjusted.
const JITTER: Duration = Duration::from_secs(1);

/// Both queues, in step with a store.
///
/// Changes are taken back by [`rollback`](Self::rollback) until [`commit`](Self::commit).
#[derive(Debug)]
pub(super) struct Books {
    queues: [Book; 2],
    fingerprints: Fingerprints,
    max_pending: u64,
    changes: Changes,
    /// The latest time that the clock has shown, as far as is known.
    latest: UnixMillis,
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
        Self {
            queues: <[Book; 2]>::default(),
            fingerprints: Fingerprints::new(),
            max_pending,
            changes,
            latest: UnixMillis(i64::MIN),
        }
    }

    /// By how much the clock was set back since it was last read, or since the newest entry was accepted.
    ///
    /// To be asked before anything is done at `now`.
    pub(super) fn set_back_by(&mut self, now: UnixMillis) -> Option<Duration> {
        let by = self.latest.since(now);
        self.latest = self.latest.max(now);
        (by > JITTER).then_some(by)
    }

    /// All that is pending keeps its distance from now, and nothing came from the future. Cannot be taken back.
    pub(super) fn set_back(&mut self, by: Duration, now: UnixMillis) {
        for book in &mut self.queues {
            book.schedule.set_back(by, now);
        }
        self.latest = now;
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

    /// An entry that was in state `from` is done.
    pub(super) fn discarded(&mut self, id: EntryId, queue: Queue, conversation: &str, from: State) {
        let conversation = self.fingerprint(queue, conversation);
        let book = self.book(queue);
        if from == State::Dead {
            book.counts.dead = book.counts.dead.saturating_sub(1);
        }
        book.schedule.settle(conversation, id);
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

    /// Starts again from what the store says; nobody holds a lease after it.
    ///
    /// After an error neither the entries nor the counts are right.
    pub(super) fn reload<E>(
        &mut self,
        rows: impl IntoIterator<Item = Result<PendingRow, E>>,
        counts: [Counts; 2],
    ) -> Result<(), E> {
        for (book, counts) in self.queues.iter_mut().zip(counts) {
            book.schedule.clear();
            book.counts = counts;
        }
        for row in rows {
            let row = row?;
            self.latest = self.latest.max(row.times.accepted_at);
            self.insert(row.id, row.queue, &row.conversation, row.times);
            self.book(row.queue).schedule.commit();
        }
        Ok(())
    }

    /// Like [`reload`](Self::reload), but leases of what is still pending go on.
    pub(super) fn merge<E>(
        &mut self,
        rows: impl IntoIterator<Item = Result<PendingRow, E>>,
        counts: [Counts; 2],
    ) -> Result<(), E> {
        let old = self.queues.each_mut().map(|book| std::mem::take(&mut book.schedule));
        let reloaded = self.reload(rows, counts);
        for (book, old) in self.queues.iter_mut().zip(&old) {
            book.schedule.adopt(old);
        }
        reloaded
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
