//! Searching the journal for the entries that a request means, in pages.

use super::{api::Scanned, selection::Selection};
use crate::journal::{Administration, EntryId, Filter, JournalError, Order, PageEnd, Record};

/// The most entries that one request looks at.
pub(super) const MAX_SCAN: usize = 100_000;
/// How many entries are looked at in the first step, where each that is found needs a look of its own, and in one at most.
const STEP: usize = 2_000;
const LONGEST_STEP: usize = 16_000;

/// The steps of a look at entries. All that one of them finds is in memory, so that they are longer only while they find little.
#[derive(Debug)]
pub(super) struct Steps {
    left: usize,
    next: usize,
}

impl Steps {
    /// The steps of a look at so many entries at most.
    pub(super) fn new(most: usize) -> Self {
        Self { left: most, next: STEP }
    }

    /// How many entries the next step looks at; none behind the last step.
    pub(super) fn next(&mut self) -> Option<usize> {
        let step = self.next.min(self.left);
        self.left -= step;
        (step > 0).then_some(step)
    }

    /// Notes how many entries a step has found.
    pub(super) fn note_found(&mut self, found: usize) {
        self.next = if found < STEP / 2 { LONGEST_STEP.min(2 * self.next) } else { STEP };
    }
}

/// The page that is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paging {
    pub(super) before: Option<EntryId>,
    pub(super) after: Option<EntryId>,
    pub(super) order: Order,
    pub(super) limit: usize,
}

/// A page of entries.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) records: Vec<Record>,
    pub(super) next: Option<EntryId>,
    pub(super) scanned: Scanned,
}

/// Searches for a page of the entries that are meant.
pub(super) async fn search(
    journal: &dyn Administration,
    selection: &Selection,
    paging: Paging,
) -> Result<Found, JournalError> {
    let mut filter = Filter {
        before: paging.before,
        after: paging.after,
        order: paging.order,
        ..selection.filter.clone()
    };
    let (mut found, mut end) = (Vec::new(), PageEnd::Complete);
    let mut steps = Steps::new(MAX_SCAN);
    while let Some(scan) = steps.next() {
        // The first step fills most pages, if each entry that it finds is meant. Every other one looks at all its entries:
        // one that may be full before that, but is not, costs another look for its end.
        let is_filled = scan == STEP && !selection.must_confirm();
        let limit = if is_filled { paging.limit } else { scan };
        let page = journal.search(Filter { limit, scan, ..filter.clone() }).await?;
        steps.note_found(page.records.len());
        for record in page.records.into_iter().filter(|record| selection.admits(record)) {
            let id = record.id;
            found.push(record);
            if found.len() == paging.limit {
                return Ok(Found::new(found, PageEnd::Full(id)));
            }
        }
        let Some(next) = page.end.next() else { return Ok(Found::new(found, PageEnd::Complete)) };
        end = PageEnd::Scanned(next);
        match paging.order {
            Order::NewestFirst => filter.before = Some(next),
            Order::OldestFirst => filter.after = Some(next),
        }
    }
    Ok(Found::new(found, end))
}

impl Found {
    fn new(records: Vec<Record>, end: PageEnd) -> Self {
        Self { records, next: end.next(), scanned: scanned(end) }
    }
}

/// How far was looked, for an answer.
pub(super) fn scanned(end: PageEnd) -> Scanned {
    let to = match end {
        PageEnd::Scanned(EntryId(id)) => Some(id),
        PageEnd::Complete | PageEnd::Full(_) => None,
    };
    Scanned { limit: MAX_SCAN as u64, reached: to.is_some(), to }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        console::api::EntryFilter,
        journal::{self, EntryKey, NewEntry, Queue},
    };

    #[test]
    fn steps_grow_while_they_find_little_and_look_at_as_many_entries_as_they_may() {
        let mut steps = Steps::new(50_000);
        let mut looked_at = Vec::new();
        for found in [0, 999, 3, 0, 1000, 0, 0, 0] {
            looked_at.extend(steps.next());
            steps.note_found(found);
        }
        assert_eq!(looked_at, [2_000, 4_000, 8_000, 16_000, 16_000, 2_000, 2_000]);
        assert_eq!(steps.next(), None);
    }

    #[tokio::test]
    async fn pages_in_several_steps_have_each_entry_that_is_meant_once() {
        const ENTRIES: i64 = 10_000;
        let journal = journal::open_server("memory:", journal::Options::default()).await.unwrap();
        let entry = |number: i64| NewEntry {
            queue: Queue::Inbox,
            key: EntryKey::of(&number.to_string()),
            conversation: "conversation".to_owned(),
            body: "body".into(),
            dead: (number % 1500 == 1).then(|| format!("{number} of them")),
        };
        for number in 1..=ENTRIES {
            journal.append(entry(number), None).await.unwrap();
        }
        let given = EntryFilter { reason: Some("of them".to_owned()), ..EntryFilter::default() };
        let selection = Selection::read(&given).unwrap();
        for (order, mut expected) in [
            (Order::NewestFirst, vec![9001, 7501, 6001, 4501, 3001, 1501, 1]),
            (Order::OldestFirst, vec![1, 1501, 3001, 4501, 6001, 7501, 9001]),
        ] {
            let mut paging = Paging { before: None, after: None, order, limit: 3 };
            for found in [3, 3, 1] {
                let page = search(&*journal, &selection, paging).await.unwrap();
                let ids: Vec<_> = page.records.iter().map(|record| record.id.0).collect();
                assert_eq!(ids, expected.drain(..found).collect::<Vec<_>>());
                assert_eq!(page.next.is_none(), expected.is_empty(), "{:?}", page.next);
                assert!(!page.scanned.reached);
                match order {
                    Order::NewestFirst => paging.before = page.next,
                    Order::OldestFirst => paging.after = page.next,
                }
            }
        }
    }
}
