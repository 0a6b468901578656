//! New entries of a selection, while somebody looks on (`--follow`).

use std::{collections::BTreeSet, time::Duration};

use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    console::api::{EntriesQuery, EntryPaging},
    journal::{EntryId, Filter, Order, State},
};

use super::{
    entry::Entry,
    selection::Selection,
    server::failure,
    source::{Local, Source},
};
use crate::failure::Failure;

/// Number of ids below the highest one at which entries may still appear: where several servers share a journal, entries
/// need not become durable in the order of their numbers. A server is not asked for them: each entry that it shows is in
/// its audit list.
const LATE_NUMBERS: i64 = 1000;
/// Number of looks without a new entry after which late numbers are no longer looked for.
const LATE_LOOKS: u32 = 20;
/// Number of a server's newest dead letters among which new ones are looked for.
const NEWEST: usize = 200;
/// Time by which a dead letter may be older than the newest one that was seen before it.
const LATE: Duration = Duration::from_mins(10);

/// An entry and the time at which it was given up: a dead letter that was revived may come again.
type Key = (i64, Option<UnixMillis>);

/// A watch for new entries of a selection: dead letters as they are given up, others as they are accepted.
pub(super) struct Watch<'a> {
    source: &'a Source,
    selection: &'a Selection,
    /// Whether a server is to give the bodies.
    bodies: bool,
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
        source: &'a Source,
        selection: &'a Selection,
        bodies: bool,
    ) -> Result<Self, Failure> {
        let mut watch = Self {
            source,
            selection,
            bodies,
            highest: highest(source).await?,
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
        let highest = highest(self.source).await?;
        self.unchanged = if highest == self.highest { self.unchanged + 1 } else { 0 };
        if self.unchanged > self.late_looks() && !self.is_of_dead_letters() {
            return Ok(Vec::new());
        }
        let mut entries = self.latest().await?;
        if !self.is_of_dead_letters() {
            self.seen = self.seen.split_off(&(self.highest.0 - LATE_NUMBERS, None));
        }
        self.highest = highest;
        entries.retain(|entry| self.seen.insert(self.key(entry)));
        let given_up_at = entries.iter().filter_map(|entry| entry.row.settled_at).max();
        self.given_up_at = self.given_up_at.max(given_up_at.unwrap_or(self.given_up_at));
        Ok(entries)
    }

    /// The latest entries, among which are the new ones, oldest first.
    async fn latest(&self) -> Result<Vec<Entry>, Failure> {
        let is_local = matches!(self.source, Source::Journal(_));
        let newest = Filter { limit: NEWEST, ..self.selection.filter() };
        let filter = Filter { order: Order::OldestFirst, ..self.selection.filter() };
        let filter = match (self.is_of_dead_letters(), is_local) {
            (true, true) => {
                // The earlier of the two, as the clock may be set back.
                let since = self.given_up_at.min(Clock::system().now()).minus(LATE);
                Filter { settled_since: Some(since), ..filter }
            }
            (true, false) => newest,
            (false, true) => Filter { after: Some(EntryId(self.highest.0 - LATE_NUMBERS)), ..filter },
            (false, false) => Filter { after: Some(self.highest), ..filter },
        };
        let is_newest_first = filter.order == Order::NewestFirst;
        let mut entries = self.selection.pages(self.source, filter, self.bodies).rest().await?;
        if is_newest_first {
            entries.reverse();
        }
        Ok(entries)
    }

    /// Number of looks without a new entry after which nothing is looked for.
    fn late_looks(&self) -> u32 {
        match self.source {
            Source::Journal(_) => LATE_LOOKS,
            Source::Server(_) => 0,
        }
    }

    fn key(&self, entry: &Entry) -> Key {
        let (id, settled_at) = entry.settled();
        (id, settled_at.filter(|_| self.is_of_dead_letters()))
    }

    fn is_of_dead_letters(&self) -> bool {
        self.selection.state() == Some(State::Dead)
    }
}

/// The highest number of all entries.
async fn highest(source: &Source) -> Result<EntryId, Failure> {
    let newest = match source {
        Source::Journal(Local { journal, .. }) => {
            let newest = journal.list(Filter { limit: 1, ..Filter::default() }).await?;
            newest.first().map(|record| record.id)
        }
        Source::Server(server) => {
            let paging = EntryPaging { limit: Some(1), ..EntryPaging::default() };
            let query = EntriesQuery { paging, ..EntriesQuery::default() };
            let page = server.client.entries(&query).await.map_err(failure)?;
            page.entries.first().map(|row| EntryId(row.id))
        }
    };
    Ok(newest.unwrap_or(EntryId(0)))
}
