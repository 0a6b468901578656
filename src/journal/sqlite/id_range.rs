//! The range of numbers in which the entries of a span of time are.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Result};

use crate::{
    clock::UnixMillis,
    journal::{EntryId, Filter},
};

/// How far the clock may have been set back so that every entry of a span of time is found all the same.
const SET_BACK: Duration = Duration::from_secs(10);

/// A range of numbers, without its two ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct IdRange {
    pub(super) after: i64,
    pub(super) before: i64,
}

impl IdRange {
    /// The numbers that the filter names.
    pub(super) fn of(filter: &Filter) -> Self {
        let after = filter.after.map_or(i64::MIN, |id| id.0);
        let before = filter.before.map_or(i64::MAX, |id| id.0);
        Self { after, before }
    }
}

/// The range of numbers that a filter's numbers and times leave.
///
/// Times ascend with the numbers but for steps of the clock, so that a binary search finds where a time is crossed. A
/// little before and behind it there may be entries of that time too; the search still compares the time of each.
pub(super) fn id_range(connection: &Connection, filter: &Filter) -> Result<IdRange> {
    let IdRange { mut after, mut before } = IdRange::of(filter);
    if let Some(since) = filter.since {
        after = after.max(first_at(connection, since.minus(SET_BACK))?.saturating_sub(1));
    }
    if let Some(until) = filter.until {
        before = before.min(first_at(connection, until.plus(SET_BACK))?);
    }
    Ok(IdRange { after, before })
}

/// A number from which on an entry was accepted at `at` or later, while the entry before it was accepted earlier.
fn first_at(connection: &Connection, at: UnixMillis) -> Result<i64> {
    let mut probe = connection
        .prepare_cached("select id, accepted_at from entry where id >= ?1 order by id limit 1")?;
    let last = "select coalesce(max(id), 0) from entry";
    let last: i64 = connection.query_row(last, [], |row| row.get(0))?;
    // The entry with the number `early`, or the next one below it, is earlier; that at `late` or next above is not.
    let (mut early, mut late) = (0, last.saturating_add(1));
    while late - early > 1 {
        let middle = early + (late - early) / 2;
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let found: Option<(EntryId, UnixMillis)> = probe.query_row([middle], read).optional()?;
        match found {
            Some((id, accepted_at)) if accepted_at < at => early = id.0,
            _ => late = middle,
        }
    }
    Ok(late)
}
