//! The records of a journal in memory, by number.
//!
//! # Design
//!
//! Numbers ascend: a new record goes to the end of the last page, with nothing to search or to allocate for most of
//! them while everybody else waits for the lock. A plain `BTreeMap` searches through all its levels for each, and as it
//! grows at one end only, leaves its nodes half empty.

use std::collections::BTreeMap;

use crate::journal::{EntryId, Record};

/// How many numbers a page has.
const PAGE: u16 = 64;

/// Pages by number, never empty; the records of each in ascending order.
#[derive(Debug, Default)]
pub(super) struct Records(BTreeMap<i64, Vec<Record>>);

impl Records {
    /// Adds a record whose number is higher than all others.
    pub(super) fn push(&mut self, record: Record) {
        let page = self.0.entry(page_of(record.id));
        page.or_insert_with(|| Vec::with_capacity(PAGE.into())).push(record);
    }

    pub(super) fn get(&self, id: EntryId) -> Option<&Record> {
        let page = self.0.get(&page_of(id))?;
        page.get(place(page, id)?)
    }

    pub(super) fn get_mut(&mut self, id: EntryId) -> Option<&mut Record> {
        let page = self.0.get_mut(&page_of(id))?;
        let at = place(page, id)?;
        page.get_mut(at)
    }

    /// In ascending order.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.0.values().flatten()
    }

    /// In ascending order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Record> {
        self.0.values_mut().flatten()
    }

    /// Takes out those that are `over`.
    pub(super) fn extract(&mut self, mut over: impl FnMut(&Record) -> bool) -> Vec<Record> {
        let mut gone = Vec::new();
        self.0.retain(|_, page| {
            gone.extend(page.extract_if(.., |record| over(record)));
            // Few records may be left of many for long, such as dead letters.
            page.shrink_to_fit();
            !page.is_empty()
        });
        gone
    }
}

fn page_of(id: EntryId) -> i64 {
    id.0.div_euclid(PAGE.into())
}

fn place(page: &[Record], id: EntryId) -> Option<usize> {
    page.binary_search_by_key(&id, |record| record.id).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::UnixMillis,
        journal::{NewEntry, Queue},
    };

    fn record(id: i64) -> Record {
        let (key, conversation) = (id.to_string(), String::new());
        let entry = NewEntry { queue: Queue::Inbox, key, conversation, body: "".into(), dead: None };
        Record::accepted(EntryId(id), entry, UnixMillis(0))
    }

    fn ids<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<i64> {
        records.map(|record| record.id.0).collect()
    }

    #[test]
    fn each_record_is_found_by_its_number_until_it_is_taken_out() {
        let mut records = Records::default();
        (1..=200).for_each(|id| records.push(record(id)));
        let gone = records.extract(|record| record.id.0 % 3 == 0 || record.id.0 < 130);
        assert_eq!(gone.len(), 129 + 23);
        let left: Vec<_> = (130..=200).filter(|id| id % 3 != 0).collect();
        assert_eq!(ids(records.iter()), left);
        assert_eq!(ids(records.iter_mut().map(|record| &*record)), left);
        for id in 0..=300 {
            let found = records.get(EntryId(id)).map(|record| record.key.clone());
            assert_eq!(found, left.contains(&id).then(|| id.to_string()));
            assert_eq!(records.get_mut(EntryId(id)).is_some(), found.is_some());
        }
        assert_eq!(records.0.len(), 2, "pages without a record are gone");
    }
}
