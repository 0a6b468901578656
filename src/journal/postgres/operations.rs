//! The reads of an operator: entries are counted, listed and found.

use tokio_postgres::{Error, Row, types::ToSql};

use super::{
    client::Client,
    filter::clauses,
    records::{RECORD, count, queue, record, text},
    schema::SCHEMA,
    search,
};
use crate::{
    clock::UnixMillis,
    journal::{
        EntryId, EntryKey, Filter, Queue, QueueStats, Record, Replica, Stats,
        driver::numbers::queue_number,
    },
};

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
    if filter.entries_of().is_some() {
        return search::list_by_index(client, filter).await;
    }
    let (clauses, conditions) = clauses(filter);
    let sql = format!("select {RECORD} from entry {clauses}");
    records(client, &sql, &conditions.parameters()).await
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

/// How many bytes the journal takes in the database, its indexes included.
pub(super) async fn size(client: &Client) -> Result<u64, Error> {
    let sql = "select coalesce(sum(pg_total_relation_size(oid)), 0)::bigint from pg_class
        where relnamespace = $1::text::regnamespace and relkind = 'r'";
    Ok(count(client.query_one(sql, &[&SCHEMA]).await?.try_get(0)?))
}

/// The servers on the list of replicas, with the leases that they had at their last heartbeats; `this` is the number of the
/// one that asks.
pub(super) async fn replicas(client: &Client, this: Option<i64>) -> Result<Vec<Replica>, Error> {
    let rows = client.query("select id, name, leased from replica order by id", &[]).await?;
    let replica = |row: &Row| {
        Ok(Replica {
            name: text(row.try_get(1)?),
            is_this: this == Some(row.try_get(0)?),
            leased: count(row.try_get(2)?),
        })
    };
    rows.iter().map(replica).collect()
}
