//! Failed attempts, which are kept with their entries.

use std::{sync::LazyLock, time::Duration};

use tokio_postgres::{Error, Row, types::ToSql};

use super::{
    arrays::{Parameters, Settles, Value, conversation, fence},
    client::Client,
    commands::millis,
    fragments::WALL_CLOCK,
    key_hash::KeyHash,
    records::{count, text},
};
use crate::{
    clock::UnixMillis,
    journal::{EntryId, FailedAttempt, KEPT_ATTEMPTS, driver::numbers::state_number},
};

/// The statement that keeps the failed attempts at the entries whose leases have just counted, by a replica with the name
/// `$2`, in place of the oldest ones where an entry has many.
///
/// The statement is run only where an attempt has failed, and until the conversation is aligned, which still names the
/// entry that was leased.
pub(super) static KEEP_ATTEMPTS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with failed as (
            select e.id, e.attempts, s.took, s.reason, s.place
            from unnest($3::smallint[], $4::bytea[], $5::bigint[], $6::smallint[], $7::bigint[], $8::bytea[])
                with ordinality s (queue, conversation_hash, fence, state, took, reason, place)
            join conversation c on c.queue = s.queue and c.conversation_hash = s.conversation_hash and c.fence = s.fence
            join entry e on e.id = c.leased_entry and e.state = s.state
        ), dropped as (
            delete from attempt a
            using failed f, lateral (
                select o.id from attempt o where o.entry = f.id order by o.id desc offset {before} limit 1
            ) oldest
            where a.entry = f.id and a.id <= oldest.id
        )
        insert into attempt (entry, id, number, ended_at, took, replica, reason)
        select id, nextval('attempt_id'), attempts, {WALL_CLOCK}, took, $2::bytea, reason
        from (select * from failed order by place) f",
        before = KEPT_ATTEMPTS - 1,
    )
});

/// The statement that puts in failed attempts as they were.
const RESTORE_ATTEMPTS: &str = "
    insert into attempt (entry, id, number, ended_at, took, replica, reason)
    select entry, nextval('attempt_id'), number, ended_at, took, replica, reason
    from (
        select * from unnest($1::bigint[], $2::integer[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[])
            with ordinality r (entry, number, ended_at, took, replica, reason, place)
        order by place
    ) r";

/// The failed attempts to keep.
#[derive(Default)]
pub(super) struct AttemptArrays<'a> {
    queues: Vec<i16>,
    conversations: Vec<KeyHash>,
    fences: Vec<i64>,
    states: Vec<i16>,
    spans: Vec<i64>,
    reasons: Vec<Option<&'a [u8]>>,
}

impl<'a> AttemptArrays<'a> {
    pub(super) fn new(settles: &'a Settles) -> Self {
        let mut arrays = Self::default();
        for settle in settles.iter().map(|request| &request.input) {
            let Some(took) = settle.failed_after else { continue };
            let (queue, conversation) = conversation(&settle.lease);
            arrays.queues.push(queue);
            arrays.conversations.push(conversation);
            arrays.fences.push(fence(&settle.lease));
            arrays.states.push(state_number(settle.state));
            arrays.spans.push(millis(took));
            arrays.reasons.push(settle.reason.as_ref().map(String::as_bytes));
        }
        arrays
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fences.is_empty()
    }

    pub(super) fn parameters<'p>(&'p self, now: Value<'p>, replica_name: Value<'p>) -> Parameters<'p> {
        let Self { queues, conversations, fences, states, spans, reasons } = self;
        vec![now, replica_name, queues, conversations, fences, states, spans, reasons]
    }
}

/// The failed attempts at the entries from `first` to `last`: entry by entry, oldest first.
pub(super) async fn of_entries(
    client: &Client,
    first: EntryId,
    last: EntryId,
) -> Result<Vec<(EntryId, FailedAttempt)>, Error> {
    let sql = "select entry, number, ended_at, took, replica, reason from attempt
        where entry between $1 and $2 order by entry, id";
    client.query(sql, &[&first.0, &last.0]).await?.iter().map(attempt).collect()
}

/// Puts in failed attempts at entries that are there, all or none.
pub(super) async fn restore_attempts(
    client: &Client,
    attempts: &[(EntryId, FailedAttempt)],
) -> Result<(), Error> {
    let all = |of: fn(&FailedAttempt) -> i64| attempts.iter().map(|(_, it)| of(it)).collect::<Vec<_>>();
    let bytes =
        |of: fn(&FailedAttempt) -> &[u8]| attempts.iter().map(|(_, it)| of(it)).collect::<Vec<_>>();
    let entries: Vec<_> = attempts.iter().map(|(EntryId(id), _)| *id).collect();
    let numbers: Vec<_> = attempts.iter().map(|(_, it)| it.number.cast_signed()).collect();
    let values: [&(dyn ToSql + Sync); 6] = [
        &entries,
        &numbers,
        &all(|it| it.ended_at.0),
        &all(|it| millis(it.took)),
        &bytes(|it| it.replica.as_bytes()),
        &bytes(|it| it.reason.as_bytes()),
    ];
    client.execute(RESTORE_ATTEMPTS, &values).await.map(drop)
}

fn attempt(row: &Row) -> Result<(EntryId, FailedAttempt), Error> {
    let attempt = FailedAttempt {
        number: row.try_get::<_, i32>(1)?.try_into().unwrap_or(0),
        ended_at: UnixMillis(row.try_get(2)?),
        took: Duration::from_millis(count(row.try_get(3)?)),
        replica: text(row.try_get(4)?),
        reason: text(row.try_get(5)?),
    };
    Ok((EntryId(row.try_get(0)?), attempt))
}
