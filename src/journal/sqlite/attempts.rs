//! The statements on failed attempts.

use std::time::Duration;

use rusqlite::{Connection, Result, Row, params};

use crate::{
    clock::UnixMillis,
    journal::{AttemptFailure, EntryId, FailedAttempt, KEPT_ATTEMPTS},
};

const ATTEMPT: &str = "entry, number, ended_at, took, reason, replica";

/// Keeps the failure of the attempt that the entry has counted last.
pub(super) fn add(
    connection: &Connection,
    id: EntryId,
    failure: &AttemptFailure,
    replica: &str,
    now: UnixMillis,
) -> Result<()> {
    let number = "select attempts from entry where id = ?1";
    let number = connection.prepare_cached(number)?.query_row([id], |row| row.get(0))?;
    let AttemptFailure { reason, took } = failure.clone();
    let attempt = FailedAttempt { number, ended_at: now, took, reason, replica: replica.to_owned() };
    restore(connection, id, &attempt)
}

/// Puts in a failed attempt as the newest one of its entry, and takes out those that are too many.
pub(super) fn restore(connection: &Connection, id: EntryId, attempt: &FailedAttempt) -> Result<()> {
    let FailedAttempt { number, ended_at, took, reason, replica } = attempt;
    let took = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
    let mut insert = connection.prepare_cached(
        "insert into attempt (entry, position, number, ended_at, took, reason, replica)
         values (?1, coalesce((select max(position) from attempt where entry = ?1), 0) + 1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    insert.execute(params![id, number, ended_at, took, reason, replica])?;
    let mut delete = connection.prepare_cached(
        "delete from attempt where entry = ?1
             and position <= (select max(position) from attempt where entry = ?1) - ?2",
    )?;
    delete.execute(params![id, i64::try_from(KEPT_ATTEMPTS).unwrap_or(i64::MAX)]).map(drop)
}

/// The failed attempts at the entries from one number to another, both included: entry by entry, oldest first.
pub(super) fn of_entries(
    connection: &Connection,
    first: EntryId,
    last: EntryId,
) -> Result<Vec<(EntryId, FailedAttempt)>> {
    let mut statement = connection.prepare(&format!(
        "select {ATTEMPT} from attempt where entry between ?1 and ?2 order by entry, position"
    ))?;
    statement.query_map([first, last], attempt)?.collect()
}

/// The failed attempts at one entry, oldest first.
pub(super) fn of_entry(connection: &Connection, id: EntryId) -> Result<Vec<FailedAttempt>> {
    Ok(of_entries(connection, id, id)?.into_iter().map(|(_, attempt)| attempt).collect())
}

/// Removes the attempts at the entries after one number up to another that are not there any more.
pub(super) fn purge(connection: &Connection, after: EntryId, last: EntryId) -> Result<()> {
    let mut delete = connection.prepare_cached(
        "delete from attempt where entry > ?1 and entry <= ?2
             and not exists (select 1 from entry where entry.id = attempt.entry)",
    )?;
    delete.execute([after, last]).map(drop)
}

fn attempt(row: &Row<'_>) -> Result<(EntryId, FailedAttempt)> {
    let attempt = FailedAttempt {
        number: row.get(1)?,
        ended_at: row.get(2)?,
        took: Duration::from_millis(row.get::<_, i64>(3)?.try_into().unwrap_or(0)),
        reason: row.get(4)?,
        replica: row.get(5)?,
    };
    Ok((row.get(0)?, attempt))
}
