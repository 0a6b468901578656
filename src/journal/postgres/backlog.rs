//! The number of pending entries in the Inbox, as far as this replica knows it, and its bound.

use std::sync::{Mutex, MutexGuard};

use crate::lock::lock;

/// The backlog of the Inbox, which the writer keeps within its bound.
#[derive(Debug)]
pub(super) struct Backlog {
    max_pending: u64,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// The pending entries that are committed, rather too many than too few.
    committed: u64,
    /// The entries that transactions under way may add.
    reserved: u64,
    /// The entries that all transactions which have ended may have added.
    ended: u64,
}

/// Room for the entries of one transaction, from its beginning to its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reservation {
    entries: u64,
    /// [`Counts::ended`] when the transaction began.
    ended_before: u64,
}

impl Reservation {
    /// The number of entries for which there is room.
    pub(super) fn entries(&self) -> u64 {
        self.entries
    }
}

impl Backlog {
    pub(super) fn new(max_pending: u64) -> Self {
        Self { max_pending, counts: Mutex::default() }
    }

    /// Reserves room for `entries`; none where they may not fit.
    pub(super) fn reserve(&self, entries: u64) -> Option<Reservation> {
        let mut counts = self.lock();
        let fits = counts.committed + counts.reserved + entries <= self.max_pending;
        (fits || entries == 0).then(|| counts.reserve(entries))
    }

    /// The reservation of a transaction that adds nothing to the Inbox.
    pub(super) fn reserve_none(&self) -> Reservation {
        self.lock().reserve(0)
    }

    /// Reserves room for one entry, which is new or not, beside `committed` ones, which were just counted.
    pub(super) fn reserve_beside(&self, committed: u64, is_new: bool) -> Option<Reservation> {
        let mut counts = self.lock();
        let fits = committed + counts.reserved < self.max_pending;
        (fits || !is_new).then(|| counts.reserve(1))
    }

    /// Reserves room for as many of `entries` as fit beside `committed` ones, which were just counted.
    pub(super) fn reserve_room(&self, committed: u64, entries: u64) -> Reservation {
        let mut counts = self.lock();
        let room = self.max_pending.saturating_sub(committed + counts.reserved);
        counts.reserve(entries.min(room))
    }

    /// Gives room back at the end of a transaction, which counted `committed` entries if it was committed.
    pub(super) fn end(&self, reservation: Reservation, committed: Option<u64>) {
        let mut counts = self.lock();
        if let Some(committed) = committed {
            // Transactions that have ended since this one began may not be in it.
            counts.committed = committed + (counts.ended - reservation.ended_before);
        }
        counts.reserved -= reservation.entries;
        counts.ended += reservation.entries;
    }

    /// Gives all reserved room back. This is for a moment without transactions: a commit that panicked never did so.
    pub(super) fn release_all(&self) {
        self.lock().reserved = 0;
    }

    /// The pending entries that are committed, as far as is known.
    pub(super) fn committed(&self) -> u64 {
        self.lock().committed
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        lock(&self.counts)
    }
}

impl Counts {
    fn reserve(&mut self, entries: u64) -> Reservation {
        self.reserved += entries;
        Reservation { entries, ended_before: self.ended }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_counts_until_its_end() {
        let backlog = Backlog::new(10);
        let first = backlog.reserve(6).unwrap();
        assert!(backlog.reserve(5).is_none());
        assert!(backlog.reserve(4).is_some());
        backlog.end(first, None);
        assert!(backlog.reserve(6).is_some());
    }

    #[test]
    fn what_another_transaction_has_brought_meanwhile_is_not_forgotten() {
        let backlog = Backlog::new(10);
        let [first, second] = [5, 2].map(|entries| backlog.reserve(entries).unwrap());
        backlog.end(first, Some(5));
        // The second one has counted its own entries only.
        backlog.end(second, Some(2));
        assert!(backlog.reserve(4).is_none());
        assert!(backlog.reserve(3).is_some());
    }

    #[test]
    fn room_that_nobody_gave_back_is_released() {
        let backlog = Backlog::new(10);
        backlog.reserve(10).unwrap();
        assert!(backlog.reserve(1).is_none());
        backlog.release_all();
        assert!(backlog.reserve(10).is_some());
    }

    #[test]
    fn a_duplicate_needs_no_room() {
        let backlog = Backlog::new(10);
        assert!(backlog.reserve_beside(10, true).is_none());
        assert!(backlog.reserve_beside(10, false).is_some());
    }
}
