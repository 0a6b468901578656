//! Rows as our types, our types as SQLite's values, and the statements for whole records.

use rusqlite::{
    Connection, OptionalExtension as _, Result, Row, ToSql, params, params_from_iter,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};

use super::filter::clauses;
use crate::{
    clock::UnixMillis,
    journal::{
        EntryId, Filter, Queue, Record, State,
        conversation_queue::Times,
        driver::numbers::{queue, queue_number, state, state_number},
        queue_state::PendingEntry,
        time::JournalTime,
    },
};

/// The columns of [`record`].
const RECORD: &str =
    "id, queue, state, attempts, due_at, accepted_at, settled_at, conversation, key, reason, body";

/// The entries that a filter admits.
pub(super) fn list(connection: &Connection, filter: &Filter) -> Result<Vec<Record>> {
    let (clauses, values) = clauses(filter);
    let mut statement = connection.prepare(&format!("select {RECORD} from entry {clauses}"))?;
    statement.query_map(params_from_iter(values), record)?.collect()
}

/// The entries of a queue that have one of these keys, in order of acceptance.
pub(super) fn find(connection: &Connection, queue: Queue, keys: &[String]) -> Result<Vec<Record>> {
    let mut statement =
        connection.prepare(&format!("select {RECORD} from entry where queue = ?1 and key = ?2"))?;
    let one = |key| statement.query_row(params![queue, key], record).optional().transpose();
    let mut found = keys.iter().filter_map(one).collect::<Result<Vec<_>>>()?;
    found.sort_unstable_by_key(|record| record.id);
    Ok(found)
}

/// Entries after `after`, oldest first.
pub(super) fn page(connection: &Connection, after: EntryId, limit: usize) -> Result<Vec<Record>> {
    let mut statement =
        connection.prepare(&format!("select {RECORD} from entry where id > ?1 order by id limit ?2"))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    statement.query_map(params![after, limit], record)?.collect()
}

/// Puts in an entry of another journal as it was; a settled entry is kept as if it had been settled just now.
pub(super) fn restore(connection: &Connection, record: &Record) -> Result<()> {
    let Record { id, queue, state, attempts, due_at, accepted_at, settled_at, .. } = record;
    let (conversation, key, reason, body) =
        (&record.conversation, &record.key, &record.reason, &record.body[..]);
    let mut statement = connection.prepare_cached(&format!(
        "insert into entry ({RECORD}, accepted_elapsed, settled_elapsed)
         select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, elapsed, iif(?3 = 0, null, elapsed) from journal_time"
    ))?;
    statement
        .execute(params![
            id,
            queue,
            state,
            attempts,
            due_at,
            accepted_at,
            settled_at,
            conversation,
            key,
            reason,
            body
        ])
        .map(drop)
}

/// One entry.
pub(super) fn show(connection: &Connection, id: EntryId) -> Result<Option<Record>> {
    let sql = format!("select {RECORD} from entry where id = ?1");
    connection.query_row(&sql, [id], record).optional()
}

/// The pending entry of a row with the columns `id, queue, conversation, due_at, accepted_at`.
pub(super) fn pending_entry(row: &Row<'_>) -> Result<PendingEntry> {
    Ok(PendingEntry {
        id: row.get(0)?,
        queue: row.get(1)?,
        conversation: row.get(2)?,
        times: Times { due_at: row.get(3)?, accepted_at: row.get(4)? },
    })
}

/// The record of a row.
fn record(row: &Row<'_>) -> Result<Record> {
    Ok(Record {
        id: row.get(0)?,
        queue: row.get(1)?,
        state: row.get(2)?,
        attempts: row.get(3)?,
        due_at: row.get(4)?,
        accepted_at: row.get(5)?,
        settled_at: row.get(6)?,
        conversation: row.get(7)?,
        key: row.get(8)?,
        reason: row.get(9)?,
        body: row.get::<_, Vec<u8>>(10)?.into(),
    })
}

/// A count from a column: SQLite's integers are signed.
pub(super) fn count(row: &Row<'_>, column: usize) -> Result<u64> {
    Ok(row.get::<_, i64>(column)?.try_into().unwrap_or(0))
}

impl ToSql for Queue {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(queue_number(*self).into())
    }
}

impl FromSql for Queue {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        queue(value.as_i64()?).map_err(FromSqlError::other)
    }
}

impl ToSql for State {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(state_number(*self).into())
    }
}

impl FromSql for State {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        state(value.as_i64()?).map_err(FromSqlError::other)
    }
}

impl ToSql for EntryId {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for EntryId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self)
    }
}

impl ToSql for UnixMillis {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for UnixMillis {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self)
    }
}

impl ToSql for JournalTime {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for JournalTime {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self)
    }
}
