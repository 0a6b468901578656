//! The readable reference: a journal that lives and dies with its process.

mod records;

use std::{
    collections::{HashMap, HashSet, hash_map},
    slice,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use self::records::Records;
use super::{
    Appended, Bond, Entry, EntryId, Filter, Journal, JournalError, Lease, NewEntry, Options, Pending,
    Queue, Record, State, Stats,
    books::{Books, Changes, Counts, PendingRow},
    fingerprint::{Fingerprint, Fingerprints},
    schedule::Times,
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
    fingerprints: Fingerprints,
    last_id: i64,
    books: Books,
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
            fingerprints: fingerprints.clone(),
            last_id: 0,
            books: Books::new(options.max_pending, changes.clone()),
        };
        Self { options, changes, fingerprints, shelf: Mutex::new(Some(shelf)) }
    }

    /// Does `verb` at once, when the future is first polled.
    fn with<'a, T: Send + 'a>(
        &'a self,
        verb: impl FnOnce(&mut Shelf, UnixMillis) -> Result<T, JournalError> + Send + 'a,
    ) -> Pending<'a, T> {
        Box::pin(async move {
            let now = self.options.clock.now();
            let mut shelf = self.lock();
            let shelf = shelf.as_mut().ok_or_else(JournalError::closed)?;
            if let Some(by) = shelf.books.set_back_by(now) {
                shelf.set_back(by, now);
            }
            let result = verb(shelf, now)?;
            shelf.books.commit(now);
            Ok(result)
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

impl Journal for Memory {
    fn append(&self, entries: Vec<NewEntry>) -> Pending<'_, Vec<Appended>> {
        let entries = self.all_keyed(entries);
        self.with(move |shelf, now| {
            shelf.admit(&entries)?;
            Ok(entries.into_iter().map(|entry| shelf.insert(entry, now)).collect())
        })
    }

    fn append_bound(&self, _bond: Bond, entry: NewEntry) -> Pending<'_, Appended> {
        let entry = self.keyed(entry);
        self.with(move |shelf, now| {
            shelf.admit(slice::from_ref(&entry))?;
            Ok(shelf.insert(entry, now))
        })
    }

    fn lease(&self, queue: Queue, limit: usize, until: UnixMillis) -> Pending<'_, Vec<Entry>> {
        self.with(move |shelf, now| Ok(shelf.lease(queue, limit, now, until)))
    }

    fn finish(&self, lease: Lease, follow_ups: Vec<NewEntry>) -> Pending<'_, ()> {
        let follow_ups = self.all_keyed(follow_ups);
        self.with(move |shelf, now| {
            shelf.settle(&lease, State::Done, now)?;
            for entry in follow_ups {
                shelf.insert(entry, now);
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
        self.with(move |shelf, now| {
            shelf.settle(&lease, State::Dead, now)?;
            shelf.record(lease.id)?.reason = Some(reason);
            Ok(())
        })
    }

    fn changes(&self, queue: Queue) -> watch::Receiver<u64> {
        self.changes.subscribe(queue)
    }

    fn stats(&self) -> Pending<'_, Stats> {
        self.with(|shelf, _| Ok(shelf.books.stats()))
    }

    fn list(&self, filter: Filter) -> Pending<'_, Vec<Record>> {
        self.with(move |shelf, _| {
            let newest_first = shelf.records.iter().rev();
            let listed = newest_first.filter(|record| filter.admits(record)).take(filter.limit);
            Ok(listed.cloned().collect())
        })
    }

    fn show(&self, id: EntryId) -> Pending<'_, Option<Record>> {
        self.with(move |shelf, _| Ok(shelf.records.get(id).cloned()))
    }

    fn revive(&self, id: EntryId) -> Pending<'_, ()> {
        self.with(move |shelf, now| shelf.revive(id, now))
    }

    fn discard(&self, id: EntryId) -> Pending<'_, ()> {
        self.with(move |shelf, now| shelf.discard(id, now))
    }

    fn purge(&self) -> Pending<'_, u64> {
        self.with(|shelf, now| Ok(shelf.purge(&self.options, now)))
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async {
            *self.lock() = None;
            Ok(())
        })
    }
}

impl Shelf {
    /// Refuses `entries` if there is no room for what is new among them.
    fn admit(&self, entries: &[Keyed]) -> Result<(), JournalError> {
        let room = self.books.room();
        if entries.len() as u64 > room && self.fresh(entries) > room {
            return Err(self.books.full());
        }
        Ok(())
    }

    /// How many of `entries` would add to the Inbox's backlog.
    fn fresh(&self, entries: &[Keyed]) -> u64 {
        let adding = entries.iter().filter(|(_, entry)| entry.adds_to_inbox());
        let keys: HashSet<_> = adding.map(|(key, _)| key).collect();
        keys.into_iter().filter(|key| !self.keys.contains_key(key)).count() as u64
    }

    fn insert(&mut self, (key, entry): Keyed, now: UnixMillis) -> Appended {
        let hash_map::Entry::Vacant(place) = self.keys.entry(key) else { return Appended::Duplicate };
        self.last_id += 1;
        let id = *place.insert(EntryId(self.last_id));
        self.books.accepted(id, &entry, now);
        self.records.push(Record::accepted(id, entry, now));
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

    fn settle(&mut self, lease: &Lease, state: State, now: UnixMillis) -> Result<(), JournalError> {
        self.books.settled(lease, state)?;
        let record = self.record(lease.id)?;
        record.state = state;
        record.settled_at = Some(now);
        Ok(())
    }

    fn postpone(
        &mut self,
        lease: &Lease,
        until: UnixMillis,
        reason: String,
    ) -> Result<&mut Record, JournalError> {
        self.books.postponed(lease, until)?;
        let record = self.record(lease.id)?;
        record.due_at = until;
        record.reason = Some(reason);
        Ok(record)
    }

    fn revive(&mut self, id: EntryId, now: UnixMillis) -> Result<(), JournalError> {
        let record = self.records.get_mut(id).filter(|record| record.state == State::Dead);
        let record = record.ok_or_else(|| JournalError::no_dead_letter(id))?;
        record.state = State::Pending;
        record.attempts = 0;
        record.due_at = now;
        record.settled_at = None;
        self.books.revived(&PendingRow {
            id,
            queue: record.queue,
            conversation: record.conversation.clone(),
            times: Times { due_at: now, accepted_at: record.accepted_at },
        });
        Ok(())
    }

    fn discard(&mut self, id: EntryId, now: UnixMillis) -> Result<(), JournalError> {
        let record = self.records.get_mut(id).filter(|record| record.state != State::Done);
        let record = record.ok_or_else(|| JournalError::nothing_to_discard(id))?;
        self.books.discarded(id, record.queue, &record.conversation, record.state);
        record.state = State::Done;
        record.settled_at = Some(now);
        record.reason = Some("discarded".to_owned());
        Ok(())
    }

    fn purge(&mut self, options: &Options, now: UnixMillis) -> u64 {
        let old = self.records.extract(|record| {
            record.settled_at.is_some_and(|settled_at| options.is_over(record.state, settled_at, now))
        });
        for record in &old {
            let mut gone = Counts::default();
            gone.add(record.state, 1);
            self.books.purged(record.queue, gone);
            self.keys.remove(&self.fingerprints.of(record.queue, &record.key));
        }
        old.len() as u64
    }

    /// The clock was set back: what is pending keeps its distance from now, and nothing came from the future.
    fn set_back(&mut self, by: Duration, now: UnixMillis) {
        self.books.set_back(by, now);
        for record in self.records.iter_mut().filter(|record| record.state != State::Done) {
            record.due_at = record.due_at.minus(by);
            record.accepted_at = now.min(record.accepted_at);
            record.settled_at = record.settled_at.map(|settled_at| now.min(settled_at));
        }
    }

    fn record(&mut self, id: EntryId) -> Result<&mut Record, JournalError> {
        self.records.get_mut(id).ok_or(JournalError::LeaseLost(id))
    }
}
