//! The operations of an operator: entries are counted, listed, found, revived and discarded.

use std::sync::LazyLock;

use tokio_postgres::{Client, Error, Row, types::ToSql};

use super::{
    filter::clauses,
    fragments::{ADD_TO_TALLY, NOW, WALL_CLOCK},
    key_hash::KeyHash,
    maintenance::{CHANNEL, OPERATOR},
    records::{RECORD, count, queue, record},
    retry::BEGIN,
    statements::{ALIGN, LOCK},
};
use crate::{
    clock::UnixMillis,
    journal::{
        EntryId, EntryKey, Filter, Queue, QueueStats, Record, Stats, driver::numbers::queue_number,
        entry::DISCARDED,
    },
};

/// The most journal time that may have passed since a server recorded it, in milliseconds.
const MARGIN: i64 = 10_000;

/// The statement that makes a dead letter pending again.
static REVIVE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with revived as (
            update entry set state = 0, attempts = 0, due_at = {NOW}, settled_at = null, settled_elapsed = 0,
                reason_group = null
            where id = $2 and state = 2
            returning queue
        ), counted as (select 0::bigint, queue, 1, 0, -1 from revived), tallied as ({ADD_TO_TALLY})
        select queue from revived"
    )
});

/// The statement that marks a pending or dead entry as done.
static DISCARD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with old as (
            select queue, state from entry where id = $2 and state <> 1 for update
        ), discarded as (
            update entry
            set state = 1, settled_at = {WALL_CLOCK}, reason = $4::bytea, reason_group = null,
                settled_elapsed = coalesce($3::bigint, (select elapsed from version) + {MARGIN})
            where id = $2 and exists (select from old)
        ), counted as (
            select 0::bigint, queue, case state when 0 then -1 else 0 end, 1, case state when 2 then -1 else 0 end
            from old
        ), tallied as ({ADD_TO_TALLY})
        select queue from old"
    )
});

/// The statement that takes an entry from its holder, who may be at work on it: the conversation's next entry waits until
/// the holder is done with it or the lease runs out.
const TAKE_FROM_HOLDER: &str = "
    update conversation set leased_entry = null
    where queue = $1 and conversation_hash = $2 and leased_entry = $3";

/// The statement that counts the entries of each queue, and tells when the oldest pending one was accepted; the heads of
/// the conversations include it.
const STATS: &str = "
    select q.queue, coalesce(sum(t.pending), 0)::bigint, coalesce(sum(t.done), 0)::bigint,
        coalesce(sum(t.dead), 0)::bigint,
        (select e.accepted_at from entry e
         where e.id = (select min(head) from conversation c where c.queue = q.queue))
    from (values (0::smallint), (1::smallint)) q (queue) left join tally t on t.queue = q.queue
    group by q.queue";

/// Counts the entries of both queues; `leased` counts the leases of this process.
pub(super) async fn stats(client: &Client, leased: impl Fn(Queue) -> u64) -> Result<Stats, Error> {
    let mut stats = Stats::default();
    for row in client.query(STATS, &[]).await? {
        let queue = queue(&row, 0)?;
        stats[queue] = QueueStats {
            pending: count(row.try_get(1)?),
            leased: leased(queue),
            done: count(row.try_get(2)?),
            dead: count(row.try_get(3)?),
            oldest_pending: row.try_get::<_, Option<i64>>(4)?.map(UnixMillis),
        };
    }
    Ok(stats)
}

/// The entries that a filter admits.
pub(super) async fn list(client: &Client, filter: &Filter) -> Result<Vec<Record>, Error> {
    let (clauses, values) = clauses(filter);
    let parameters: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| &**value as _).collect();
    records(client, &format!("select {RECORD} from entry {clauses}"), &parameters).await
}

/// The entries of a queue that have one of these keys, in order of acceptance.
pub(super) async fn find(
    client: &Client,
    queue: Queue,
    keys: &[EntryKey],
) -> Result<Vec<Record>, Error> {
    let sql = format!("select {RECORD} from entry where queue = $1 and key = any($2) order by id");
    records(client, &sql, &[&queue_number(queue), &keys]).await
}

/// Entries after `after`, oldest first.
pub(super) async fn page(client: &Client, after: EntryId, limit: usize) -> Result<Vec<Record>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = format!("select {RECORD} from entry where id > $1 order by id limit $2");
    records(client, &sql, &[&after.0, &limit]).await
}

/// One entry.
pub(super) async fn show(client: &Client, id: EntryId) -> Result<Option<Record>, Error> {
    let sql = format!("select {RECORD} from entry where id = $1");
    Ok(records(client, &sql, &[&id.0]).await?.pop())
}

async fn records(
    client: &Client,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Record>, Error> {
    client.query(sql, parameters).await?.iter().map(record).collect()
}

/// Makes a dead letter pending again; returns its queue, or none if there is no such dead letter.
pub(super) async fn revive(
    client: &Client,
    id: EntryId,
    now: Option<UnixMillis>,
) -> Result<Option<Queue>, Error> {
    let now = now.map(|now| now.0);
    change(client, id, now, async || client.query_opt(REVIVE.as_str(), &[&now, &id.0]).await).await
}

/// Marks a pending or dead entry as done, at `elapsed` in journal time if that is known; returns its queue, or none if
/// there is no such entry.
pub(super) async fn discard(
    client: &Client,
    id: EntryId,
    now: Option<UnixMillis>,
    elapsed: Option<i64>,
) -> Result<Option<Queue>, Error> {
    let now = now.map(|now| now.0);
    let reason = DISCARDED.as_bytes();
    let discard = async || client.query_opt(DISCARD.as_str(), &[&now, &id.0, &elapsed, &reason]).await;
    change(client, id, now, discard).await
}

/// Changes one entry by `statement` while its conversation is locked, and tells all replicas.
async fn change(
    client: &Client,
    id: EntryId,
    now: Option<i64>,
    statement: impl AsyncFnOnce() -> Result<Option<Row>, Error>,
) -> Result<Option<Queue>, Error> {
    let Some(row) =
        client.query_opt("select queue, conversation_hash from entry where id = $1", &[&id.0]).await?
    else {
        return Ok(None);
    };
    let queue = queue(&row, 0)?;
    let (number, conversation): (i16, KeyHash) = (row.try_get(0)?, row.try_get(1)?);
    let (numbers, conversations, no_fences) = (vec![number], vec![conversation], Vec::<i64>::new());
    client.batch_execute(BEGIN).await?;
    client.execute(LOCK.as_str(), &[&now, &numbers, &conversations]).await?;
    if statement().await?.is_none() {
        // A lease of the conversation is not an operator's to end.
        client.batch_execute("rollback").await?;
        return Ok(None);
    }
    client.execute(TAKE_FROM_HOLDER, &[&number, &conversation, &id.0]).await?;
    client.execute(ALIGN.as_str(), &[&now, &numbers, &conversations, &no_fences]).await?;
    let hint = format!("{} {OPERATOR}", queue.as_str());
    client.execute("select pg_notify($1, $2)", &[&CHANNEL, &hint]).await?;
    client.batch_execute("commit").await?;
    Ok(Some(queue))
}
