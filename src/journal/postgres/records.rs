//! Our types as PostgreSQL's values, and rows as our types; the numbers stand in the tables for good.

use tokio_postgres::{Error, Row};

use crate::{
    clock::UnixMillis,
    journal::{EntryId, Queue, Record, State},
};

/// The columns of [`record`]. When an entry is due is shown by the clock as it is set now.
pub(super) const RECORD: &str = "id, queue, state, key, conversation, body, attempts, accepted_at,
    due_at + (select stepped from version), settled_at, reason";

pub(super) fn queue_number(queue: Queue) -> i16 {
    match queue {
        Queue::Inbox => 0,
        Queue::Outbox => 1,
    }
}

pub(super) fn queue(number: i16) -> Queue {
    if number == 0 { Queue::Inbox } else { Queue::Outbox }
}

pub(super) fn state_number(state: State) -> i16 {
    match state {
        State::Pending => 0,
        State::Done => 1,
        State::Dead => 2,
    }
}

pub(super) fn record(row: &Row) -> Result<Record, Error> {
    Ok(Record {
        id: EntryId(row.try_get(0)?),
        queue: queue(row.try_get(1)?),
        state: match row.try_get::<_, i16>(2)? {
            0 => State::Pending,
            1 => State::Done,
            _ => State::Dead,
        },
        key: text(row.try_get(3)?),
        conversation: text(row.try_get(4)?),
        body: row.try_get::<_, Vec<u8>>(5)?.into(),
        attempts: attempts(row.try_get(6)?),
        accepted_at: UnixMillis(row.try_get(7)?),
        due_at: UnixMillis(row.try_get(8)?),
        settled_at: row.try_get::<_, Option<i64>>(9)?.map(UnixMillis),
        reason: row.try_get::<_, Option<Vec<u8>>>(10)?.map(text),
    })
}

/// It came from a string.
pub(super) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

pub(super) fn attempts(number: i32) -> u32 {
    number.try_into().unwrap_or(0)
}

pub(super) fn count(number: i64) -> u64 {
    number.try_into().unwrap_or(0)
}
