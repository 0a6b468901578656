//! Searching the journal for the entries that a request means, in pages.

use super::{api::Scanned, selection::Selection};
use crate::journal::{
    Administration, EntryId, Filter, JournalError, Order, Page, PageEnd, Record, State,
};

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
        let page = match halves(&filter, scan) {
            Some(halves) => search_halves(journal, halves).await?,
            None => journal.search(Filter { limit, scan, ..filter.clone() }).await?,
        };
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

/// Two halves of a step, for two cores: the entries with the next numbers, and as many entries behind these.
///
/// A short step has none, and so has one where few of the numbers belong to entries that are looked at: dead letters, a group,
/// a conversation, a user.
fn halves(filter: &Filter, scan: usize) -> Option<[Filter; 2]> {
    let has_halves = scan > STEP
        && matches!(filter.state, None | Some(State::Done))
        && filter.entries_of().is_none()
        && filter.reason_group.is_none();
    let half = scan / 2;
    let numbers = i64::try_from(half).ok().filter(|_| has_halves)?;
    let (mut near, mut far) = (filter.clone(), filter.clone());
    match filter.order {
        Order::NewestFirst => {
            let first = filter.before?.0.saturating_sub(numbers);
            near.after = near.after.max(Some(EntryId(first.saturating_sub(1))));
            far.before = Some(EntryId(first));
        }
        Order::OldestFirst => {
            let last = filter.after?.0.saturating_add(numbers);
            let behind = EntryId(last.saturating_add(1));
            near.before = Some(near.before.map_or(behind, |before| before.min(behind)));
            far.after = Some(EntryId(last));
        }
    }
    Some([near, far].map(|filter| Filter { limit: half, scan: half, ..filter }))
}

/// Searches both halves of a step; it ends where the second of them does.
async fn search_halves(
    journal: &dyn Administration,
    [near, far]: [Filter; 2],
) -> Result<Page, JournalError> {
    let (Page { mut records, .. }, far) = tokio::try_join!(journal.search(near), journal.search(far))?;
    records.extend(far.records);
    Ok(Page { records, end: far.end })
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
    use std::time::Duration;

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

    #[test]
    fn the_halves_of_a_step_are_next_to_each_other_and_next_to_what_was_looked_at() {
        let numbers = |filter: &Filter| (filter.after.map(|id| id.0), filter.before.map(|id| id.0));
        let newest = Filter { before: Some(EntryId(9000)), ..Filter::default() };
        let oldest =
            Filter { order: Order::OldestFirst, after: Some(EntryId(9000)), ..Filter::default() };
        for (filter, near, far) in [
            (newest.clone(), (Some(6999), Some(9000)), (None, Some(7000))),
            // Where the search ends before the first half does.
            (
                Filter { after: Some(EntryId(8000)), ..newest },
                (Some(8000), Some(9000)),
                (Some(8000), Some(7000)),
            ),
            (oldest.clone(), (Some(9000), Some(11_001)), (Some(11_000), None)),
            (
                Filter { before: Some(EntryId(10_000)), ..oldest },
                (Some(9000), Some(10_000)),
                (Some(11_000), Some(10_000)),
            ),
        ] {
            let halves = halves(&filter, 4000).unwrap();
            assert_eq!([numbers(&halves[0]), numbers(&halves[1])], [near, far]);
            assert!(halves.iter().all(|half| (half.limit, half.scan) == (2000, 2000)));
        }
        assert!(halves(&Filter::default(), 4000).is_none());
    }

    #[tokio::test]
    async fn pages_in_several_steps_have_each_entry_that_is_meant_once() {
        const ENTRIES: i64 = 20_000;
        const LIMIT: usize = 4000;
        let options = journal::Options { keep: Duration::ZERO, ..journal::Options::default() };
        let journal = journal::open_server("memory:", options).await.unwrap();
        let is_meant = |number: &i64| number % 3 == 1;
        let entry = |number: i64| NewEntry {
            queue: Queue::Inbox,
            key: EntryKey::of(&number.to_string()),
            conversation: "conversation".to_owned(),
            body: "body".into(),
            dead: is_meant(&number).then(|| format!("{number} of them")),
        };
        for number in 1..=ENTRIES {
            journal.append(entry(number), None).await.unwrap();
        }
        // Numbers are missing among the older ones.
        for number in (1..=ENTRIES / 2).filter(|number| number % 3 == 0) {
            journal.discard(EntryId(number)).await.unwrap();
        }
        assert_ne!(journal.purge().await.unwrap(), 0);
        let given = EntryFilter { reason: Some("of them".to_owned()), ..EntryFilter::default() };
        let selection = Selection::read(&given).unwrap();
        for order in [Order::NewestFirst, Order::OldestFirst] {
            let mut expected: Vec<_> = (1..=ENTRIES).filter(is_meant).collect();
            if order == Order::NewestFirst {
                expected.reverse();
            }
            let mut paging = Paging { before: None, after: None, order, limit: LIMIT };
            while !expected.is_empty() {
                let page = search(&*journal, &selection, paging).await.unwrap();
                let ids: Vec<_> = page.records.iter().map(|record| record.id.0).collect();
                assert_eq!(ids, expected.drain(..LIMIT.min(expected.len())).collect::<Vec<_>>());
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
