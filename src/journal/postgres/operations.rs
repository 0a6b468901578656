//! What operators ask and do, on the reader's connection.

use tokio_postgres::{Client, Error, Row, types::ToSql};

use super::{
    filter::clauses,
    key_hash::KeyHash,
    maintenance::CHANNEL,
    records::{RECORD, count, queue, queue_number, record, state_number},
    retry::BEGIN,
    statements::{ALIGN, LOCK, STATS, text},
};
use crate::{
    clock::UnixMillis,
    journal::{EntryId, Filter, Queue, QueueStats, Record, Stats, entry::DISCARDED},
};

/// How much more journal time may have passed than is written of it, in milliseconds: servers write it more often.
const MARGIN: &str = "10000";

const REVIVE: &str = "
    with revived as (
        update entry set state = 0, attempts = 0, due_at = NOW, settled_at = null, settled_elapsed = 0
        where id = $2 and state = 2
        returning queue
    ), counted as (select 0::bigint, queue, 1, 0, -1 from revived), tallied as (COUNT)
    select queue from revived";

const DISCARD: &str = "
    with old as (
        select queue, state from entry where id = $2 and state <> 1 for update
    ), discarded as (
        update entry
        set state = 1, settled_at = WALL, reason = $4::bytea,
            settled_elapsed = coalesce($3::bigint, (select elapsed from version) + MARGIN)
        where id = $2 and exists (select from old)
    ), counted as (
        select 0::bigint, queue, case state when 0 then -1 else 0 end, 1, case state when 2 then -1 else 0 end from old
    ), tallied as (COUNT)
    select queue from old";

/// Takes an entry from its holder, who may be at work on it: the conversation's next one waits until the holder is done
/// with it or the lease runs out.
const UNHOLD: &str = "
    update conversation set held = null
    where queue = $1 and line = $2 and held = $3";

/// How much there is; the leases are those of this process.
pub(super) async fn stats(client: &Client, leased: impl Fn(Queue) -> u64) -> Result<Stats, Error> {
    let mut stats = Stats::default();
    for row in client.query(STATS, &[]).await? {
        let queue = queue(row.try_get(0)?);
        let found = QueueStats {
            pending: count(row.try_get(1)?),
            leased: leased(queue),
            done: count(row.try_get(2)?),
            dead: count(row.try_get(3)?),
            oldest_pending: row.try_get::<_, Option<i64>>(4)?.map(UnixMillis),
        };
        match queue {
            Queue::Inbox => stats.inbox = found,
            Queue::Outbox => stats.outbox = found,
        }
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
pub(super) async fn find(client: &Client, queue: Queue, keys: &[String]) -> Result<Vec<Record>, Error> {
    let digests: Vec<_> = keys.iter().map(|key| KeyHash::of(key.as_bytes())).collect();
    let sql =
        format!("select {RECORD} from entry where queue = $1 and key_digest = any($2) order by id");
    records(client, &sql, &[&queue_number(queue), &digests]).await
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

/// A dead letter is pending again; none if there is none.
pub(super) async fn revive(
    client: &Client,
    id: EntryId,
    now: Option<UnixMillis>,
) -> Result<Option<Queue>, Error> {
    let now = now.map(|now| now.0);
    change(client, id, now, async || client.query_opt(&text(REVIVE), &[&now, &id.0]).await).await
}

/// A pending or dead entry is done, at `elapsed` in journal time if that is known; none if there is none.
pub(super) async fn discard(
    client: &Client,
    id: EntryId,
    now: Option<UnixMillis>,
    elapsed: Option<i64>,
) -> Result<Option<Queue>, Error> {
    let now = now.map(|now| now.0);
    let statement = text(DISCARD).replace("MARGIN", MARGIN);
    let reason = DISCARDED.as_bytes();
    let discard = async || client.query_opt(&statement, &[&now, &id.0, &elapsed, &reason]).await;
    change(client, id, now, discard).await
}

async fn change(
    client: &Client,
    id: EntryId,
    now: Option<i64>,
    statement: impl AsyncFnOnce() -> Result<Option<Row>, Error>,
) -> Result<Option<Queue>, Error> {
    let Some(row) = client.query_opt("select queue, line from entry where id = $1", &[&id.0]).await?
    else {
        return Ok(None);
    };
    let (number, line): (i16, KeyHash) = (row.try_get(0)?, row.try_get(1)?);
    let (numbers, lines, no_fences) = (vec![number], vec![line], Vec::<i64>::new());
    client.batch_execute(BEGIN).await?;
    client.execute(&text(LOCK), &[&now, &numbers, &lines]).await?;
    if statement().await?.is_none() {
        // Not even its lease, if it has one, is an operator's to end.
        client.batch_execute("rollback").await?;
        return Ok(None);
    }
    client.execute(UNHOLD, &[&number, &line, &id.0]).await?;
    client.execute(&text(ALIGN), &[&now, &numbers, &lines, &no_fences]).await?;
    let queue = queue(number);
    // From nobody, so that everybody heeds it.
    let notice = format!("{} 0", queue.as_str());
    client.execute("select pg_notify($1, $2)", &[&CHANNEL, &notice]).await?;
    client.batch_execute("commit").await?;
    Ok(Some(queue))
}

const RESTORE: &str = "
    with added as (
        insert into entry (accepted_elapsed, settled_elapsed, id, queue, state, attempts, due_at, accepted_at, settled_at,
            key_digest, line, conversation, key, reason, body)
        select elapsed, elapsed, id, queue, state, attempts, due_at - stepped, accepted_at, settled_at, key_digest, line,
            conversation, key, reason, body
        from version, unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::integer[], $5::bigint[], $6::bigint[],
            $7::bigint[], $8::bytea[], $9::bytea[], $10::bytea[], $11::bytea[], $12::bytea[], $13::bytea[])
            r (id, queue, state, attempts, due_at, accepted_at, settled_at, key_digest, line, conversation, key, reason,
               body)
        returning queue, state
    ), counted as (
        select 0::bigint, queue, count(*) filter (where state = 0), count(*) filter (where state = 1),
            count(*) filter (where state = 2)
        from added group by queue
    ), tallied as (COUNT)
    select setval('entry_id', greatest(nextval('entry_id'), $14::bigint))";

/// Puts in what was read out of another journal, to be kept as long as if it had been settled now.
pub(super) async fn restore(client: &Client, records: &[Record]) -> Result<(), Error> {
    let all = |of: &dyn Fn(&Record) -> i64| records.iter().map(of).collect::<Vec<_>>();
    let bytes = |of: fn(&Record) -> &[u8]| records.iter().map(of).collect::<Vec<_>>();
    let small = |of: fn(&Record) -> i16| records.iter().map(of).collect::<Vec<_>>();
    let ids = all(&|it| it.id.0);
    let attempts: Vec<_> = records.iter().map(|it| it.attempts.cast_signed()).collect();
    let settled_at: Vec<_> = records.iter().map(|it| it.settled_at.map(|at| at.0)).collect();
    let digests: Vec<_> = records.iter().map(|it| KeyHash::of(it.key.as_bytes())).collect();
    let lines: Vec<_> = records.iter().map(|it| KeyHash::of(it.conversation.as_bytes())).collect();
    let reasons: Vec<_> = records.iter().map(|it| it.reason.as_ref().map(String::as_bytes)).collect();
    let queues = small(|it| queue_number(it.queue));
    let last = ids.iter().copied().max().unwrap_or(0);
    client.batch_execute(BEGIN).await?;
    client
        .execute(
            &text(RESTORE),
            &[
                &ids,
                &queues,
                &small(|it| state_number(it.state)),
                &attempts,
                &all(&|it| it.due_at.0),
                &all(&|it| it.accepted_at.0),
                &settled_at,
                &digests,
                &lines,
                &bytes(|it| it.conversation.as_bytes()),
                &bytes(|it| it.key.as_bytes()),
                &reasons,
                &bytes(|it| &it.body),
                &last,
            ],
        )
        .await?;
    let mut touched: Vec<_> = queues.into_iter().zip(lines).collect();
    touched.sort_unstable();
    touched.dedup();
    let (queues, lines): (Vec<_>, Vec<_>) = touched.into_iter().unzip();
    client.execute(&text(LOCK), &[&None::<i64>, &queues, &lines]).await?;
    client.execute(&text(ALIGN), &[&None::<i64>, &queues, &lines, &Vec::<i64>::new()]).await?;
    client.batch_execute("commit").await
}
