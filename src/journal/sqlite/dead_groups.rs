//! The statements on dead letters by the groups of their reasons.

use rusqlite::{Connection, Result};

use super::records::{RECORD, count, record};
use crate::journal::{DeadGroup, ReasonGroup};

/// The dead letters by reason, the largest groups first.
pub(super) fn list(connection: &Connection, limit: usize) -> Result<Vec<DeadGroup>> {
    // Counted alone, since SQLite takes twice the time for each further number of a group.
    let mut counts = connection.prepare(
        "select reason_group, count(*) from entry indexed by dead_group
         where state = 2 and reason_group is not null group by reason_group order by 2 desc, 1 limit ?1",
    )?;
    let groups = counts.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
        Ok((row.get::<_, ReasonGroup>(0)?, count(row, 1)?))
    })?;
    let end = |columns: &str, order: &str| {
        connection.prepare(&format!(
            "select {columns} from entry indexed by dead_group
             where state = 2 and reason_group = ?1 order by id {order} limit 1"
        ))
    };
    let (mut first, mut last) = (end("id, accepted_at", "asc")?, end(RECORD, "desc")?);
    let mut found = Vec::new();
    for group in groups {
        let (group, count) = group?;
        let (oldest, oldest_at) = first.query_row([group], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let newest = last.query_row([group], record)?;
        found.push(DeadGroup { group, queue: newest.queue, count, oldest, oldest_at, newest });
    }
    Ok(found)
}
