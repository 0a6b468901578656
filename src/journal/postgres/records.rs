//! Rows of the tables as entries.

use tokio_postgres::{
    Error, Row,
    types::{FromSql, Type, accepts},
};

use super::key_hash::KeyHash;
use crate::{
    clock::UnixMillis,
    journal::{
        Entry, EntryId, Lease, LeasedState, PastState, Queue, Record, Revision, State, StateStep,
        driver::numbers,
    },
};

type BoxedError = Box<dyn std::error::Error + Sync + Send>;

/// The columns of [`record`]. The time when an entry is due is shown by the clock as it is set now.
pub(super) const RECORD: &str = "id, queue, state, key, conversation, body, attempts, accepted_at,
    due_at + (select clock_steps from version), settled_at, reason, answers, ending, state_dialogue, state_version,
    state_body, state_before";

/// The queue whose number is in a column.
pub(super) fn queue(row: &Row, column: usize) -> Result<Queue, Error> {
    row.try_get(column).map(|Numbered(queue)| queue)
}

/// A queue or a state that was read as its number. An unknown number is an error.
struct Numbered<T>(T);

impl<'a> FromSql<'a> for Numbered<Queue> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, BoxedError> {
        Ok(Self(numbers::queue(i16::from_sql(kind, raw)?.into())?))
    }

    accepts!(INT2);
}

impl<'a> FromSql<'a> for Numbered<State> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, BoxedError> {
        Ok(Self(numbers::state(i16::from_sql(kind, raw)?.into())?))
    }

    accepts!(INT2);
}

/// The entry in a row with the columns [`RECORD`].
pub(super) fn record(row: &Row) -> Result<Record, Error> {
    let Numbered(state) = row.try_get(2)?;
    Ok(Record {
        id: EntryId(row.try_get(0)?),
        queue: queue(row, 1)?,
        state,
        key: row.try_get(3)?,
        conversation: text(row.try_get(4)?),
        body: row.try_get::<_, Vec<u8>>(5)?.into(),
        attempts: attempts(row.try_get(6)?),
        accepted_at: UnixMillis(row.try_get(7)?),
        due_at: UnixMillis(row.try_get(8)?),
        settled_at: row.try_get::<_, Option<i64>>(9)?.map(UnixMillis),
        reason: row.try_get::<_, Option<Vec<u8>>>(10)?.map(text),
        answers: row.try_get::<_, Option<i64>>(11)?.map(EntryId),
        ending: row.try_get::<_, Option<Vec<u8>>>(12)?.map(text),
        state_step: state_step(row)?,
    })
}

/// The step from one state to the next in a row with the columns [`RECORD`].
fn state_step(row: &Row) -> Result<Option<StateStep>, Error> {
    let Some(dialogue) = row.try_get::<_, Option<Vec<u8>>>(13)? else { return Ok(None) };
    let after = match row.try_get::<_, Option<i64>>(14)? {
        Some(number) => {
            let body: Vec<u8> = row.try_get(15)?;
            Some(PastState { dialogue: text(dialogue), version: version(number), body: body.into() })
        }
        None => None,
    };
    Ok(Some(StateStep { before: row.try_get::<_, Option<i64>>(16)?.map(Revision), after }))
}

/// The entries that were leased, in the order in which they became ready.
pub(super) fn leased_entries(queue: Queue, rows: &[Row]) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let id = EntryId(row.try_get(3)?);
        let state = leased_state(row)?;
        let lease = Lease {
            id,
            queue,
            conversation: row.try_get::<_, KeyHash>(0)?.into(),
            fence: count(row.try_get(1)?),
            revision: state.as_ref().map(|state| state.revision),
        };
        let entry = Entry {
            lease,
            id,
            answers: row.try_get::<_, Option<i64>>(4)?.map(EntryId),
            conversation: text(row.try_get(5)?),
            body: row.try_get::<_, Vec<u8>>(6)?.into(),
            attempt: attempts(row.try_get(7)?),
            accepted_at: UnixMillis(row.try_get(8)?),
            state,
        };
        entries.push((row.try_get::<_, i64>(2)?, entry));
    }
    entries.sort_by_key(|(ready_at, entry)| (*ready_at, entry.id));
    Ok(entries.into_iter().map(|(_, entry)| entry).collect())
}

/// The state of a leased entry's conversation.
fn leased_state(row: &Row) -> Result<Option<LeasedState>, Error> {
    let Some(revision) = row.try_get(9)? else { return Ok(None) };
    Ok(Some(LeasedState {
        revision: Revision(revision),
        dialogue: text(row.try_get(10)?),
        version: version(row.try_get(11)?),
        body: row.try_get::<_, Vec<u8>>(12)?.into(),
        is_expired: row.try_get(13)?,
    }))
}

/// The version of the form in which a state is written.
pub(super) fn version(number: i64) -> u32 {
    number.try_into().unwrap_or(u32::MAX)
}

/// The string whose bytes are in the table. A column of type `text` could not hold every string.
pub(super) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn attempts(number: i32) -> u32 {
    number.try_into().unwrap_or(0)
}

/// A count, which the database keeps as a signed number.
pub(super) fn count(number: i64) -> u64 {
    number.try_into().unwrap_or(0)
}
