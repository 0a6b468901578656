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
    if !selection.must_confirm() {
        filter = Filter { limit: paging.limit, scan: MAX_SCAN, ..filter };
        let page = journal.search(filter).await?;
        return Ok(Found::new(page.records, page.end));
    }
    let (mut found, mut end) = (Vec::new(), PageEnd::Complete);
    let mut steps = Steps::new(MAX_SCAN);
    while let Some(scan) = steps.next() {
        // No step ends before it has looked at all its entries, so that their number is known.
        let page = journal.search(Filter { limit: scan, scan, ..filter.clone() }).await?;
        steps.note_found(page.records.len());
        for record in page.records {
            if !selection.admits(&record) {
                continue;
            }
            if found.len() == paging.limit {
                let end = found.last().map_or(PageEnd::Complete, |last: &Record| PageEnd::Full(last.id));
                return Ok(Found::new(found, end));
            }
            found.push(record);
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
}
