//! The readable reference: a journal that lives and dies with its process.

mod records;

use std::{
    collections::{BTreeMap, HashMap, hash_map},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use self::records::Records;
use super::{
    Appended, Entry, EntryId, Filter, JournalError, Lease, NewEntry, Options, Order, Pending, Queue,
    Queues, Record, SignatureBinding, State, Stats,
    books::{Books, Changes, Counts, PendingRow},
    entry::DISCARDED,
    error::{closed_error, no_dead_letter_error, nothing_to_discard_error},
    fingerprint::{Fingerprint, Fingerprints},
    schedule::Times,
    time::{JournalTime, Moment, Step, Timekeeper},
};
use crate::{clock::UnixMillis, identity_hasher::BuildIdentityHasher};

/// A journal in memory.
#[derive(Debug)]
pub(super) struct Memory {
    options: Options,
    changes: Changes,
    fingerprints: Fingerprints,
    shelf: Mutex<Option<Shelf>>,
}

/// Everything there is; gone once closed.
#[derive(Debug)]
struct Shelf {
    records: Records,
    keys: HashMap<Fingerprint, EntryId, BuildIdentityHasher>,
    /// When each settled entry was settled, in the journal's own time.
    settled: BTreeMap<EntryId, JournalTime>,
    fingerprints: Fingerprints,
    last_id: i64,
    books: Books,
    time: Timekeeper,
}

/// An entry and the fingerprint of its key.
type Keyed = (Fingerprint, NewEntry);

impl Memory {
    pub(super) fn new(options: Options) -> Self {
        let changes = Changes::new();
        let fingerprints = Fingerprints::new();
        let shelf = Shelf {
            records: Records::default(),
            keys: HashMap::default(),
            settled: BTreeMap::new(),
            fingerprints: fingerprints.clone(),
            last_id: 0,
            books: Books::new(options.max_pending, changes.clone()),
            time: Timekeeper::new(options.clock.clone()),
        };
        Self { options, changes, fingerprints, shelf: Mutex::new(Some(shelf)) }
    }

    /// Does `verb` at once, when the future is first polled.
    fn with<'a, T: Send + 'a>(
        &'a self,
        verb: impl FnOnce(&mut Shelf, Moment) -> Result<T, JournalError> + Send + 'a,
    ) -> Pending<'a, T> {
        Box::pin(async move {
            let mut shelf = self.lock();
            let shelf = shelf.as_mut().ok_or_else(closed_error)?;
            let (moment, step) = shelf.time.read();
            if let Some(step) = step {
                shelf.step(step);
            }
            shelf.time.note(moment);
            let result = verb(shelf, moment);
            // A verb that refuses may have found out that its lease is over.
            shelf.books.commit(moment.now);
            result
        })
    }

    /// Before the lock is taken, so that it is held for less time.
    fn keyed(&self, entry: NewEntry) -> Keyed {
        (self.fingerprints.of(entry.queue, &entry.key), entry)
    }

    fn all_keyed(&self, entries: Vec<NewEntry>) -> Vec<Keyed> {
        entries.into_iter().map(|entry| self.keyed(entry)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Shelf>> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queues for Memory {
    fn append(&self, entry: NewEntry, _: Option<SignatureBinding>) -> Pending<'_, Appended> {
        let entry = self.keyed(entry);
        self.with(move |shelf, moment| {
            shelf.admit(&entry)?;
            Ok(shelf.insert(entry, moment))
        })
    }

    fn lease(&self, queue: Queue, limit: usize, until: UnixMillis) -> Pending<'_, Vec<Entry>> {
        self.with(move |shelf, moment| Ok(shelf.lease(queue, limit, moment.now, until)))
    }

    fn finish(&self, lease: Lease, follow_ups: Vec<NewEntry>) -> Pending<'_, ()> {
        let follow_ups = self.all_keyed(follow_ups);
        self.with(move |shelf, moment| {
            shelf.settle(&lease, State::Done, moment)?;
            for entry in follow_ups {
                shelf.insert(entry, moment);
            }
            Ok(())
        })
    }

    fn postpone(&self, lease: Lease, until: UnixMillis, reason: String) -> Pending<'_, ()> {
        self.with(move |shelf, _| shelf.postpone(&lease, until, reason).map(drop))
    }

    fn release(&self, lease: Lease, until: UnixMillis, reason: String) -> Pending<'_, ()> {
        self.with(move |shelf, _| {
            shelf.postpone(&lease, until, reason)?.attempts -= 1;
            Ok(())
        })
    }

    fn bury(&self, lease: Lease, reason: String) -> Pending<'_, ()> {
        self.with(move |shelf, moment| {
            shelf.settle(&lease, State::Dead, moment)?;
            shelf.record(lease.id)?.reason = Some(reason);
            Ok(())
        })
    }

    fn changes(&self, queue: Queue) -> watch::Receiver<u64> {
        self.changes.subscribe(queue)
    }
}

impl super::Records for Memory {
    fn stats(&self) -> Pending<'_, Stats> {
        self.with(|shelf, _| Ok(shelf.books.stats()))
    }

    fn list(&self, filter: Filter) -> Pending<'_, Vec<Record>> {
        self.with(move |shelf, _| {
            let admitted = shelf.records.iter().filter(|record| filter.admits(record));
            Ok(match filter.order {
                Order::NewestFirst => admitted.rev().take(filter.limit).cloned().collect(),
                Order::OldestFirst => admitted.take(filter.limit).cloned().collect(),
            })
        })
    }

    fn show(&self, id: EntryId) -> Pending<'_, Option<Record>> {
        self.with(move |shelf, _| Ok(shelf.records.get(id).cloned()))
    }

    fn find(&self, queue: Queue, keys: Vec<String>) -> Pending<'_, Vec<Record>> {
        self.with(move |shelf, _| {
            let wanted = |record: &&Record| record.queue == queue && keys.contains(&record.key);
            Ok(shelf.records.iter().filter(wanted).cloned().collect())
        })
    }

    fn revive(&self, id: EntryId) -> Pending<'_, ()> {
        self.with(move |shelf, moment| shelf.revive(id, moment.now))
    }

    fn discard(&self, id: EntryId) -> Pending<'_, ()> {
        self.with(move |shelf, moment| shelf.discard(id, moment))
    }

    fn purge(&self) -> Pending<'_, u64> {
        self.with(|shelf, moment| Ok(shelf.purge(&self.options, moment.elapsed)))
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async {
            *self.lock() = None;
            Ok(())
        })
    }
}

impl Shelf {
    /// Refuses an entry for which the Inbox has no room.
    fn admit(&self, (key, entry): &Keyed) -> Result<(), JournalError> {
        let is_full = entry.adds_to_inbox() && self.books.room() == 0;
        if is_full && !self.keys.contains_key(key) { Err(self.books.full()) } else { Ok(()) }
    }

    fn insert(&mut self, (key, entry): Keyed, moment: Moment) -> Appended {
        let hash_map::Entry::Vacant(place) = self.keys.entry(key) else { return Appended::Duplicate };
        self.last_id += 1;
        let id = *place.insert(EntryId(self.last_id));
        self.books.accepted(id, &entry, moment.now);
        if entry.dead.is_some() {
            self.settled.insert(id, moment.elapsed);
        }
        self.records.push(Record::accepted(id, entry, moment.now));
        Appended::New
    }

    fn lease(&mut self, queue: Queue, limit: usize, now: UnixMillis, until: UnixMillis) -> Vec<Entry> {
        let mut entries = Vec::new();
        while entries.len() < limit {
            let Some(lease) = self.books.lease(queue, now, until) else { break };
            if let Some(record) = self.records.get_mut(lease.id) {
                record.attempts += 1;
                entries.push(record.leased(lease));
            }
        }
        entries
    }

    fn settle(&mut self, lease: &Lease, state: State, moment: Moment) -> Result<(), JournalError> {
        self.check(lease)?;
        self.books.settled(lease, state)?;
        self.settled.insert(lease.id, moment.elapsed);
        let record = self.record(lease.id)?;
        record.state = state;
        record.settled_at = Some(moment.now);
        Ok(())
    }

    fn postpone(
        &mut self,
        lease: &Lease,
        until: UnixMillis,
        reason: String,
    ) -> Result<&mut Record, JournalError> {
        self.check(lease)?;
        self.books.postponed(lease, until)?;
        let record = self.record(lease.id)?;
        record.due_at = until;
        record.reason = Some(reason);
        Ok(record)
    }

    /// Whether the lease is still its holder's, and the entry still to be settled: an operator may have discarded it.
    fn check(&mut self, lease: &Lease) -> Result<(), JournalError> {
        self.books.check(lease)?;
        if self.records.get(lease.id).is_some_and(|record| record.state == State::Pending) {
            return Ok(());
        }
        self.books.forget(lease);
        Err(JournalError::LeaseLost(lease.id))
    }

    fn revive(&mut self, id: EntryId, now: UnixMillis) -> Result<(), JournalError> {
        let record = self.records.get_mut(id).filter(|record| record.state == State::Dead);
        let record = record.ok_or_else(|| no_dead_letter_error(id))?;
        record.state = State::Pending;
        record.attempts = 0;
        record.due_at = now;
        record.settled_at = None;
        self.settled.remove(&id);
        self.books.revived(&PendingRow {
            id,
            queue: record.queue,
            conversation: record.conversation.clone(),
            times: Times { due_at: now, accepted_at: record.accepted_at },
        });
        Ok(())
    }

    fn discard(&mut self, id: EntryId, moment: Moment) -> Result<(), JournalError> {
        let record = self.records.get_mut(id).filter(|record| record.state != State::Done);
        let record = record.ok_or_else(|| nothing_to_discard_error(id))?;
        self.books.discarded(id, record.queue, &record.conversation, record.state);
        self.settled.insert(id, moment.elapsed);
        record.state = State::Done;
        record.settled_at = Some(moment.now);
        record.reason = Some(DISCARDED.to_owned());
        Ok(())
    }

    fn purge(&mut self, options: &Options, now: JournalTime) -> u64 {
        let settled = &self.settled;
        let old = self.records.extract(|record| {
            let settled_at = settled.get(&record.id);
            settled_at.is_some_and(|settled_at| options.is_over(record.state, *settled_at, now))
        });
        for record in &old {
            let mut gone = Counts::default();
            gone.add(record.state, 1);
            self.books.purged(record.queue, gone);
            self.settled.remove(&record.id);
            self.keys.remove(&self.fingerprints.of(record.queue, &record.key));
        }
        old.len() as u64
    }

    /// The wall clock was set: what is pending keeps its distance from now.
    fn step(&mut self, step: Step) {
        step.tell();
        self.books.step(step);
        for record in self.records.iter_mut().filter(|record| record.state == State::Pending) {
            record.due_at = step.applied_to(record.due_at);
        }
    }

    fn record(&mut self, id: EntryId) -> Result<&mut Record, JournalError> {
        self.records.get_mut(id).ok_or(JournalError::LeaseLost(id))
    }
}
