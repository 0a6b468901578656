//! Our types as SQLite's values; the numbers stand in the file for good.

use rusqlite::{
    Error, Result, ToSql, ffi,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};

use crate::{
    clock::UnixMillis,
    failpoint::Injected,
    journal::{EntryId, Queue, State, time::JournalTime},
};

/// As the disk's own failure.
impl From<Injected> for Error {
    fn from(injected: Injected) -> Self {
        Self::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR), Some(injected.to_string()))
    }
}

impl ToSql for Queue {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Inbox => 0,
            Self::Outbox => 1,
        }
        .into())
    }
}

impl FromSql for Queue {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self::Inbox),
            1 => Ok(Self::Outbox),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

impl ToSql for State {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Pending => 0,
            Self::Done => 1,
            Self::Dead => 2,
        }
        .into())
    }
}

impl FromSql for State {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self::Pending),
            1 => Ok(Self::Done),
            2 => Ok(Self::Dead),
            other => Err(FromSqlError::OutOfRange(other)),
        }
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
