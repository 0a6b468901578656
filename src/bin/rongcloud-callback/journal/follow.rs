//! New entries of a selection, while somebody looks on (`--follow`).

use std::{collections::BTreeSet, time::Duration};

use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    journal::{EntryId, Filter, Order, Records, State},
};

use super::{entry::Entry, selection::Selection};
use crate::failure::Failure;

/// Number of ids below the highest one at which entries may still appear: where several servers share a journal, entries
/// need not become durable in the order of their numbers.
const LATE_NUMBERS: i64 = 1000;
/// Number of looks without a new entry after which late numbers are no longer looked for.
const LATE_LOOKS: u32 = 20;
/// Time by which a dead letter may be older than the newest one that was seen before it.
const LATE: Duration = Duration::from_mins(10);

/// An entry and the time at which it was given up: a dead letter that was revived may come again.
type Key = (EntryId, Option<UnixMillis>);

/// A watch for new entries of a selection: dead letters as they are given up, others as they are accepted.
pub(super) struct Watch<'a> {
    journal: &'a dyn Records,
    selection: &'a Selection,
    /// The highest number of all entries.
    highest: EntryId,
    /// Number of looks since the highest number changed.
    unchanged: u32,
    /// Time at which the newest dead letter was given up.
    given_up_at: UnixMillis,
    seen: BTreeSet<Key>,
}

impl<'a> Watch<'a> {
    /// Begins to watch. Entries that are there already count as seen.
    pub(super) async fn start(
        journal: &'a dyn Records,
        selection: &'a Selection,
    ) -> Result<Self, Failure> {
        let mut watch = Self {
            journal,
            selection,
            highest: highest(journal).await?,
            unchanged: 0,
            given_up_at: Clock::system().now(),
            seen: BTreeSet::new(),
        };
        let there = watch.latest().await?;
        watch.see(&there);
        Ok(watch)
    }

    /// Counts entries as seen.
    pub(super) fn see(&mut self, entries: &[Entry]) {
        let keys = entries.iter().map(|entry| self.key(entry)).collect::<Vec<_>>();
        self.seen.extend(keys);
    }

    /// The entries that are new since the last look, oldest first.
    pub(super) async fn look(&mut self) -> Result<Vec<Entry>, Failure> {
        let highest = highest(self.journal).await?;
        self.unchanged = if highest == self.highest { self.unchanged + 1 } else { 0 };
        if self.unchanged > LATE_LOOKS && !self.is_of_dead_letters() {
            return Ok(Vec::new());
        }
        let mut entries = self.latest().await?;
        if !self.is_of_dead_letters() {
            self.seen = self.seen.split_off(&(EntryId(self.highest.0 - LATE_NUMBERS), None));
        }
        self.highest = highest;
        entries.retain(|entry| self.seen.insert(self.key(entry)));
        let given_up_at = entries.iter().filter_map(|entry| entry.record.settled_at).max();
        self.given_up_at = self.given_up_at.max(given_up_at.unwrap_or(self.given_up_at));
        Ok(entries)
    }

    /// The latest entries, among which are the new ones.
    async fn latest(&self) -> Result<Vec<Entry>, Failure> {
        let filter = Filter { order: Order::OldestFirst, ..self.selection.filter() };
        let filter = if self.is_of_dead_letters() {
            // The earlier of the two, as the clock may be set back.
            let since = self.given_up_at.min(Clock::system().now()).minus(LATE);
            Filter { settled_since: Some(since), ..filter }
        } else {
            Filter { after: Some(EntryId(self.highest.0 - LATE_NUMBERS)), ..filter }
        };
        self.selection.pages(self.journal, filter).rest().await
    }

    fn key(&self, entry: &Entry) -> Key {
        let given_up_at = entry.record.settled_at.filter(|_| self.is_of_dead_letters());
        (entry.record.id, given_up_at)
    }

    fn is_of_dead_letters(&self) -> bool {
        self.selection.state() == Some(State::Dead)
    }
}

/// The highest number of all entries.
async fn highest(journal: &dyn Records) -> Result<EntryId, Failure> {
    let newest = journal.list(Filter { limit: 1, ..Filter::default() }).await?;
    Ok(newest.first().map_or(EntryId(0), |record| record.id))
}
