//! Rows of the file as our types, and our types as SQLite's values.

use rusqlite::{
    Result, Row, ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};

use crate::{
    clock::UnixMillis,
    journal::{
        EntryId, EntryKey, PastState, Queue, ReasonGroup, Record, Revision, State, StateStep,
        conversation_queue::Times,
        driver::numbers::{queue, queue_number, state, state_number},
        queue_state::PendingEntry,
        time::JournalTime,
    },
};

/// The columns of [`record`].
pub(super) const RECORD: &str =
    "id, queue, state, attempts, due_at, accepted_at, settled_at, conversation, key, reason, body,
    answers, ending, reason_group, state_before, state_dialogue, state_version, state_body";

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
pub(super) fn record(row: &Row<'_>) -> Result<Record> {
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
        answers: row.get(11)?,
        ending: row.get(12)?,
        state_step: state_step(row)?,
    })
}

/// The step from one state to the next of a row with the columns [`RECORD`].
fn state_step(row: &Row<'_>) -> Result<Option<StateStep>> {
    let before = row.get::<_, Option<i64>>(14)?.map(Revision);
    let after = match row.get::<_, Option<String>>(15)? {
        Some(dialogue) => {
            let body: Vec<u8> = row.get(17)?;
            Some(PastState { dialogue, version: row.get(16)?, body: body.into() })
        }
        None => None,
    };
    Ok((before.is_some() || after.is_some()).then_some(StateStep { before, after }))
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

impl ToSql for ReasonGroup {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for ReasonGroup {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self)
    }
}

impl ToSql for EntryKey {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.as_bytes().into())
    }
}

impl FromSql for EntryKey {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            // Somebody has put the entry in by hand, under a text.
            ValueRef::Text(text) => Ok(Self::of_bytes(text)),
            _ => <[u8; Self::LENGTH]>::column_result(value).map(Self::from),
        }
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
