//! Entries that an operator revives or discards, one or many in one transaction.

use std::sync::LazyLock;

use tokio_postgres::{Error, types::ToSql};

use super::{
    client::Client,
    fragments::{ADD_TO_TALLY, NOW, WALL_CLOCK},
    key_hash::KeyHash,
    maintenance::{CHANNEL, OPERATOR},
    records::queue,
    retry::BEGIN,
    statements::{ALIGN, LOCK},
};
use crate::journal::{EntryId, JobAction, JobEntry, PerQueue, Queue, entry::DISCARDED};

/// The most journal time that may have passed since a server recorded it, in milliseconds.
const MARGIN: i64 = 10_000;

/// The statement that makes dead letters pending again: those among `$2`, and if `$4` only those that were settled at `$3`.
static REVIVE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with revived as (
            update entry e
            set state = 0, attempts = 0, due_at = {NOW}, settled_at = null, settled_elapsed = 0, reason_group = null
            from unnest($2::bigint[], $3::bigint[]) s (id, settled_at)
            where e.id = s.id and e.state = 2 and (not $4::boolean or e.settled_at is not distinct from s.settled_at)
            returning e.id, e.queue
        ), counted as (
            select 0::bigint, queue, count(*), 0, -count(*) from revived group by queue
        ), tallied as ({ADD_TO_TALLY})
        select queue, id from revived"
    )
});

/// The statement that marks pending and dead entries as done: those among `$2`, and if `$4` only those that were settled at
/// `$3` or not at all.
static DISCARD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with old as (
            select e.id, e.queue, e.state
            from unnest($2::bigint[], $3::bigint[]) s (id, settled_at) join entry e on e.id = s.id
            where e.state <> 1 and (not $4::boolean or e.settled_at is not distinct from s.settled_at)
            for update of e
        ), discarded as (
            update entry e
            set state = 1, settled_at = {WALL_CLOCK}, reason = $6::bytea, reason_group = null,
                settled_elapsed = coalesce($5::bigint, (select elapsed from version) + {MARGIN})
            from old where e.id = old.id
        ), counted as (
            select 0::bigint, queue, -count(*) filter (where state = 0), count(*), -count(*) filter (where state = 2)
            from old group by queue
        ), tallied as ({ADD_TO_TALLY})
        select queue, id from old"
    )
});

/// The statement that takes entries from their holders, who may be at work on them: a conversation's next entry waits until
/// the holder is done with it or the lease runs out.
const TAKE_FROM_HOLDERS: &str = "
    update conversation c set leased_entry = null
    from entry e
    where e.id = any($1::bigint[]) and c.queue = e.queue and c.conversation_hash = e.conversation_hash
        and c.leased_entry = e.id";

/// A change of entries.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryChange<'a> {
    pub(super) action: JobAction,
    pub(super) entries: &'a [JobEntry],
    /// Whether an entry is left alone that has been settled again or revived since it was seen.
    pub(super) only_as_seen: bool,
    /// The time, where a test's clock gives it.
    pub(super) now: Option<i64>,
    /// Journal time, if it is known.
    pub(super) elapsed: Option<i64>,
}

/// The entries that were changed.
#[derive(Debug, Default)]
pub(super) struct ChangedEntries {
    pub(super) count: usize,
    /// The queues that they are in.
    pub(super) queues: PerQueue<bool>,
}

/// Changes one entry, whatever has become of it since it was seen; returns its queue, or none if that cannot be done to it.
pub(super) async fn change_entry(
    client: &Client,
    action: JobAction,
    id: EntryId,
    now: Option<i64>,
    elapsed: Option<i64>,
) -> Result<Option<Queue>, Error> {
    let entries = &[JobEntry { id, settled_at: None }];
    client.batch_execute(BEGIN).await?;
    let change = EntryChange { action, entries, only_as_seen: false, now, elapsed };
    let changed = change_entries(client, change).await?;
    // A lease of the conversation is not an operator's to end.
    client.batch_execute(if changed.count == 0 { "rollback" } else { "commit" }).await?;
    Ok(Queue::ALL.into_iter().find(|queue| changed.queues[*queue]))
}

/// Changes entries in a transaction that has begun, and tells all replicas.
///
/// Their conversations are locked first, in the order of every other transaction.
pub(super) async fn change_entries(
    client: &Client,
    change: EntryChange<'_>,
) -> Result<ChangedEntries, Error> {
    let EntryChange { action, entries, only_as_seen, now, elapsed } = change;
    let ids: Vec<_> = entries.iter().map(|entry| entry.id.0).collect();
    let settled: Vec<_> = entries.iter().map(|entry| entry.settled_at.map(|at| at.0)).collect();
    let conversations = "select distinct queue, conversation_hash from entry where id = any($1)
        order by queue, conversation_hash";
    let conversations = client.query(conversations, &[&ids]).await?;
    let (mut queues, mut hashes) = (Vec::<i16>::new(), Vec::<KeyHash>::new());
    for row in &conversations {
        queues.push(row.try_get(0)?);
        hashes.push(row.try_get(1)?);
    }
    client.execute(LOCK.as_str(), &[&now, &queues, &hashes]).await?;
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&now, &ids, &settled, &only_as_seen];
    let reason = DISCARDED.as_bytes();
    let statement = match action {
        JobAction::Revive => &REVIVE,
        JobAction::Discard => {
            values.extend([&elapsed as &(dyn ToSql + Sync), &reason]);
            &DISCARD
        }
    };
    let rows = client.query(statement.as_str(), &values).await?;
    let mut changed = ChangedEntries { count: rows.len(), ..ChangedEntries::default() };
    let mut ids = Vec::with_capacity(rows.len());
    for row in &rows {
        changed.queues[queue(row, 0)?] = true;
        ids.push(row.try_get::<_, i64>(1)?);
    }
    client.execute(TAKE_FROM_HOLDERS, &[&ids]).await?;
    client.execute(ALIGN.as_str(), &[&now, &queues, &hashes, &Vec::<i64>::new()]).await?;
    for queue in Queue::ALL.into_iter().filter(|queue| changed.queues[*queue]) {
        let hint = format!("{} {OPERATOR}", queue.as_str());
        client.execute("select pg_notify($1, $2)", &[&CHANNEL, &hint]).await?;
    }
    Ok(changed)
}
