//! One conversation of one queue in memory: its pending entries in order, and its lease.

use std::collections::VecDeque;

use super::entry::EntryId;
use crate::clock::UnixMillis;

/// A conversation's pending entries and its lease.
#[derive(Debug, Default)]
pub(super) struct ConversationQueue {
    pub(super) entries: PendingEntries,
    pub(super) lease: Option<ActiveLease>,
}

/// A conversation's lease. After its end it stays until somebody else is given one: until then its holder may still
/// settle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ActiveLease {
    pub(super) id: EntryId,
    pub(super) fence: u64,
    pub(super) until: UnixMillis,
}

/// The times of a pending entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) due_at: UnixMillis,
    pub(super) accepted_at: UnixMillis,
}

/// The pending entries of a conversation, in order of acceptance.
///
/// The head decides the conversation's turn, and is nearly always the only entry: kept apart from the others, it costs
/// no allocation.
#[derive(Debug, Default)]
pub(super) struct PendingEntries {
    head: Option<(EntryId, Times)>,
    others: VecDeque<(EntryId, Times)>,
}

impl ConversationQueue {
    /// Whether a pending entry is leased; a lease of an entry that was withdrawn is nobody's work any more.
    pub(super) fn is_leased(&self) -> bool {
        self.lease.is_some_and(|lease| self.entries.has(lease.id))
    }

    /// Whether nothing is pending or leased.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.head.is_none() && self.lease.is_none()
    }
}

impl PendingEntries {
    /// The entry that was accepted first.
    pub(super) fn head(&self) -> Option<(EntryId, Times)> {
        self.head
    }

    pub(super) fn has(&self, id: EntryId) -> bool {
        self.place(id).is_ok()
    }

    /// Puts an entry's times in place of the present ones, or takes the entry out; returns the present ones.
    pub(super) fn replace(
        &mut self,
        id: EntryId,
        change: impl FnOnce(Option<Times>) -> Option<Times>,
    ) -> [Option<Times>; 2] {
        let place = self.place(id);
        let before = place.ok().and_then(|at| self.get(at));
        let after = change(before);
        match (place, after) {
            (Ok(at), Some(times)) => self.set(at, times),
            (Err(at), Some(times)) => self.insert(at, (id, times)),
            (Ok(at), None) => self.remove(at),
            (Err(_), None) => {}
        }
        [before, after]
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut (EntryId, Times)> {
        self.head.iter_mut().chain(&mut self.others)
    }

    /// Where an entry stands, or where it would; 0 is the head.
    fn place(&self, id: EntryId) -> Result<usize, usize> {
        match (self.head, self.others.back()) {
            (None, _) => Err(0),
            (Some((head, _)), _) if id == head => Ok(0),
            (Some((head, _)), _) if id < head => Err(0),
            (Some(_), Some((last, _))) if id > *last => Err(1 + self.others.len()),
            (Some(_), _) => {
                let place = self.others.binary_search_by_key(&id, |(id, _)| *id);
                place.map(|at| 1 + at).map_err(|at| 1 + at)
            }
        }
    }

    fn get(&self, at: usize) -> Option<Times> {
        let entry = match at.checked_sub(1) {
            Some(at) => self.others.get(at),
            None => self.head.as_ref(),
        };
        entry.map(|(_, times)| *times)
    }

    fn set(&mut self, at: usize, times: Times) {
        let entry = match at.checked_sub(1) {
            Some(at) => self.others.get_mut(at),
            None => self.head.as_mut(),
        };
        if let Some((_, old)) = entry {
            *old = times;
        }
    }

    fn insert(&mut self, at: usize, entry: (EntryId, Times)) {
        match at.checked_sub(1) {
            Some(at) => self.others.insert(at, entry),
            None => {
                if let Some(second) = self.head.replace(entry) {
                    self.others.push_front(second);
                }
            }
        }
    }

    fn remove(&mut self, at: usize) {
        match at.checked_sub(1) {
            Some(at) => drop(self.others.remove(at)),
            None => self.head = self.others.pop_front(),
        }
    }
}
