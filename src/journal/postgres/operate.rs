//! What operators ask and do, on the reader's connection.

use tokio_postgres::{Client, Error, types::ToSql};

use super::{
    digest::Digest,
    keeper::CHANNEL,
    statements::{ALIGN, LOCK, STATS, text},
    values::{RECORD, count, queue, queue_number, record, state_number},
};
use crate::{
    clock::UnixMillis,
    journal::{EntryId, Filter, Queue, QueueStats, Record, Stats},
};

/// A conversation in which an operator has changed something.
pub(super) type Changed = (Queue, Digest);

const REVIVE: &str = "
    with revived as (
        update entry set state = 0, attempts = 0, due_at = NOW, settled_at = null where id = $2 and state = 2
        returning queue
    ), counted as (select 0::bigint, queue, 1, 0, -1 from revived), tallied as (COUNT)
    select queue from revived";

const DISCARD: &str = "
    with old as (
        select queue, state from entry where id = $2 and state <> 1 for update
    ), discarded as (
        update entry set state = 1, settled_at = NOW, reason = convert_to('discarded', 'UTF8')
        where id = $2 and exists (select from old)
    ), counted as (
        select 0::bigint, queue, case state when 0 then -1 else 0 end, 1, case state when 2 then -1 else 0 end from old
    ), tallied as (COUNT)
    select queue from old";

/// Ends the lease of an entry, for the sake of the one after it.
const UNHOLD: &str = "
    update conversation set held = null, holder = null, lease_until = null
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

/// Entries, newest first.
pub(super) async fn list(client: &Client, filter: &Filter) -> Result<Vec<Record>, Error> {
    // Written out, so that the index of the dead letters serves.
    let state = filter.state.map_or_else(String::new, |it| format!("and state = {}", state_number(it)));
    let of = filter.queue.map(queue_number);
    let limit = i64::try_from(filter.limit).unwrap_or(i64::MAX);
    let sql = format!(
        "select {RECORD} from entry where ($1::smallint is null or queue = $1) {state} order by id desc limit $2"
    );
    records(client, &sql, &[&of, &limit]).await
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
) -> Result<Option<Changed>, Error> {
    change(client, id, now, REVIVE).await
}

/// A pending or dead entry is done; none if there is none.
pub(super) async fn discard(
    client: &Client,
    id: EntryId,
    now: Option<UnixMillis>,
) -> Result<Option<Changed>, Error> {
    change(client, id, now, DISCARD).await
}

async fn change(
    client: &Client,
    id: EntryId,
    now: Option<UnixMillis>,
    statement: &str,
) -> Result<Option<Changed>, Error> {
    let now = now.map(|now| now.0);
    let Some(row) = client.query_opt("select queue, line from entry where id = $1", &[&id.0]).await?
    else {
        return Ok(None);
    };
    let (number, line): (i16, Digest) = (row.try_get(0)?, row.try_get(1)?);
    let (numbers, lines, no_fences) = (vec![number], vec![line], Vec::<i64>::new());
    client.batch_execute("begin").await?;
    client.execute(LOCK, &[&numbers, &lines]).await?;
    let changed = client.query_opt(&text(statement), &[&now, &id.0]).await?;
    if changed.is_none() {
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
    Ok(Some((queue, line)))
}

const RESTORE: &str = "
    with added as (
        insert into entry (id, queue, state, attempts, due_at, accepted_at, settled_at, key_digest, line,
            conversation, key, reason, body)
        select * from unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::integer[], $5::bigint[], $6::bigint[],
            $7::bigint[], $8::bytea[], $9::bytea[], $10::bytea[], $11::bytea[], $12::bytea[], $13::bytea[])
        returning queue, state
    ), counted as (
        select 0::bigint, queue, count(*) filter (where state = 0), count(*) filter (where state = 1),
            count(*) filter (where state = 2)
        from added group by queue
    ), tallied as (COUNT)
    select setval('entry_id', greatest(nextval('entry_id'), $14::bigint))";

/// Puts in what was read out of another journal.
pub(super) async fn restore(client: &Client, records: &[Record]) -> Result<(), Error> {
    let all = |of: &dyn Fn(&Record) -> i64| records.iter().map(of).collect::<Vec<_>>();
    let bytes = |of: fn(&Record) -> &[u8]| records.iter().map(of).collect::<Vec<_>>();
    let small = |of: fn(&Record) -> i16| records.iter().map(of).collect::<Vec<_>>();
    let ids = all(&|it| it.id.0);
    let attempts: Vec<_> = records.iter().map(|it| it.attempts.cast_signed()).collect();
    let settled_at: Vec<_> = records.iter().map(|it| it.settled_at.map(|at| at.0)).collect();
    let digests: Vec<_> = records.iter().map(|it| Digest::of(it.key.as_bytes())).collect();
    let lines: Vec<_> = records.iter().map(|it| Digest::of(it.conversation.as_bytes())).collect();
    let reasons: Vec<_> = records.iter().map(|it| it.reason.as_ref().map(String::as_bytes)).collect();
    let queues = small(|it| queue_number(it.queue));
    let last = ids.iter().copied().max().unwrap_or(0);
    client.batch_execute("begin").await?;
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
    client.execute(LOCK, &[&queues, &lines]).await?;
    client.execute(&text(ALIGN), &[&None::<i64>, &queues, &lines, &Vec::<i64>::new()]).await?;
    client.batch_execute("commit").await
}
