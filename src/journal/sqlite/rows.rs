//! The statements: what the entries' table is asked and told.

use rusqlite::{Connection, OptionalExtension, Result, Row, params, params_from_iter};

use super::filter::clauses;
use crate::{
    clock::UnixMillis,
    journal::{
        Entry, EntryId, Filter, Lease, NewEntry, Queue, QueueStats, Record, State, Stats,
        books::{Counts, PendingRow},
        entry::DISCARDED,
        schedule::Times,
        time::Moment,
    },
};

const RECORD: &str =
    "id, queue, state, attempts, due_at, accepted_at, settled_at, conversation, key, reason, body";

/// Adds an entry; `false` if its key is known.
pub(super) fn insert(
    connection: &Connection,
    id: EntryId,
    entry: &NewEntry,
    moment: Moment,
) -> Result<bool> {
    let Moment { now, elapsed, .. } = moment;
    let (state, settled) = match entry.dead {
        Some(_) => (State::Dead, Some((now, elapsed))),
        None => (State::Pending, None),
    };
    let mut statement = connection.prepare_cached(
        "insert into entry (id, queue, state, attempts, due_at, accepted_at, settled_at, conversation, key, reason, body,
             accepted_elapsed, settled_elapsed)
         values (?1, ?2, ?3, 0, ?4, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) on conflict (queue, key) do nothing",
    )?;
    let NewEntry { queue, conversation, key, body, dead: reason } = entry;
    let (settled_at, settled_elapsed) = settled.unzip();
    let values = params![
        id,
        queue,
        state,
        now,
        settled_at,
        conversation,
        key,
        reason,
        &body[..],
        elapsed,
        settled_elapsed
    ];
    Ok(statement.execute(values)? == 1)
}

/// Whether an entry with this key is there.
pub(super) fn is_known(connection: &Connection, queue: Queue, key: &str) -> Result<bool> {
    let mut statement =
        connection.prepare_cached("select 1 from entry where queue = ?1 and key = ?2")?;
    statement.exists(params![queue, key])
}

/// Counts an attempt and reads the entry; none if it is not pending any more.
pub(super) fn begin_attempt(
    connection: &Connection,
    lease: Lease,
) -> Result<std::result::Result<Entry, Lease>> {
    let mut find = connection.prepare_cached(
        "select key, conversation, body, attempts + 1, accepted_at from entry where id = ?1 and state = 0",
    )?;
    let found = find.query_row([lease.id], |row| {
        let body: Vec<u8> = row.get(2)?;
        Ok((row.get(0)?, row.get(1)?, body, row.get(3)?, row.get(4)?))
    });
    let Some((key, conversation, body, attempt, accepted_at)) = found.optional()? else {
        return Ok(Err(lease));
    };
    // Not one statement with `returning`, which would carry the whole row through a table of its own.
    let mut count = connection.prepare_cached(
        "update entry set attempts = attempts + 1, open_attempts = open_attempts + 1 where id = ?1",
    )?;
    count.execute([lease.id])?;
    Ok(Ok(Entry { id: lease.id, key, conversation, body: body.into(), attempt, accepted_at, lease }))
}

/// A pending entry is done or dead; `false` if it was not pending any more.
pub(super) fn settle(
    connection: &Connection,
    id: EntryId,
    state: State,
    reason: Option<&str>,
    moment: Moment,
) -> Result<bool> {
    let mut statement = connection.prepare_cached(
        "update entry set state = ?2, settled_at = ?3, reason = coalesce(?4, reason), settled_elapsed = ?5, open_attempts = 0
         where id = ?1 and state = 0",
    )?;
    let values = params![id, state, moment.now, reason, moment.elapsed_at_most];
    Ok(statement.execute(values)? == 1)
}

/// A pending entry is due later, with so many attempts fewer; `false` if it was not pending any more.
pub(super) fn postpone(
    connection: &Connection,
    id: EntryId,
    until: UnixMillis,
    reason: &str,
    uncounted: u32,
) -> Result<bool> {
    let mut statement = connection.prepare_cached(
        "update entry set due_at = ?2, reason = ?3, attempts = attempts - ?4, open_attempts = 0
         where id = ?1 and state = 0",
    )?;
    Ok(statement.execute(params![id, until, reason, uncounted])? == 1)
}

/// A dead letter is pending again; none if there is none.
pub(super) fn revive(
    connection: &Connection,
    id: EntryId,
    moment: Moment,
) -> Result<Option<PendingRow>> {
    let mut statement = connection.prepare_cached(
        "update entry set state = 0, attempts = 0, due_at = ?2, settled_at = null, settled_elapsed = null
         where id = ?1 and state = 2 returning id, queue, conversation, due_at, accepted_at",
    )?;
    statement.query_row(params![id, moment.now], pending_row).optional()
}

/// A pending or dead entry is done; returns where it was, and in which state.
pub(super) fn discard(
    connection: &Connection,
    id: EntryId,
    moment: Moment,
) -> Result<Option<(Queue, String, State)>> {
    let mut find = connection
        .prepare_cached("select queue, conversation, state from entry where id = ?1 and state <> 1")?;
    let found = find.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    if found.is_some() {
        let mut update = connection.prepare_cached(
            "update entry set state = 1, settled_at = ?2, settled_elapsed = ?3, reason = ?4 where id = ?1",
        )?;
        update.execute(params![id, moment.now, moment.elapsed_at_most, DISCARDED])?;
    }
    Ok(found)
}

/// Adds to the number of done entries.
pub(super) fn add_done(connection: &Connection, queue: Queue, count: i64) -> Result<()> {
    let mut statement =
        connection.prepare_cached("update tally set done = done + ?2 where queue = ?1")?;
    statement.execute(params![queue, count]).map(drop)
}

/// The attempt at a pending entry was cut off in an orderly way: its process has not died.
pub(super) fn give_back(connection: &Connection, id: EntryId) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "update entry set open_attempts = open_attempts - 1 where id = ?1 and state = 0 and open_attempts > 0",
    )?;
    statement.execute([id]).map(drop)
}

/// Tells of each pending entry that was in work when its process died, and how many times in a row.
pub(super) fn interrupted(connection: &Connection, mut tell: impl FnMut(PendingRow, u32)) -> Result<()> {
    let mut statement = connection.prepare(
        "select id, queue, conversation, due_at, accepted_at, open_attempts from entry
         where state = 0 and state <> 1 and open_attempts > 0 order by id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        tell(pending_row(row)?, row.get(5)?);
    }
    Ok(())
}

/// Hands every pending entry to `load`, with what is settled.
pub(super) fn load<T>(
    connection: &Connection,
    load: impl FnOnce(&mut dyn Iterator<Item = Result<PendingRow>>, [Counts; 2]) -> Result<T>,
) -> Result<T> {
    let stats = settled(connection)?;
    let mut statement = connection.prepare(
        "select id, queue, conversation, due_at, accepted_at from entry
         where state = 0 and state <> 1 order by id",
    )?;
    let mut rows = statement.query_map([], pending_row)?;
    load(&mut rows, stats)
}

/// The highest number that an entry has or had.
pub(super) fn last_id(connection: &Connection) -> Result<i64> {
    connection.query_row(
        "select max((select coalesce(max(id), 0) from entry), (select max(purged_to) from tally))",
        [],
        |row| row.get(0),
    )
}

/// The entries that a filter admits.
pub(super) fn list(connection: &Connection, filter: &Filter) -> Result<Vec<Record>> {
    let (clauses, values) = clauses(filter);
    let mut statement = connection.prepare(&format!("select {RECORD} from entry {clauses}"))?;
    statement.query_map(params_from_iter(values), record)?.collect()
}

/// The entries of a queue that have one of these keys, in order of acceptance.
pub(super) fn find(connection: &Connection, queue: Queue, keys: &[String]) -> Result<Vec<Record>> {
    let mut statement =
        connection.prepare(&format!("select {RECORD} from entry where queue = ?1 and key = ?2"))?;
    let one = |key| statement.query_row(params![queue, key], record).optional().transpose();
    let mut found = keys.iter().filter_map(one).collect::<Result<Vec<_>>>()?;
    found.sort_unstable_by_key(|record| record.id);
    Ok(found)
}

/// Entries after `after`, oldest first.
pub(super) fn page(connection: &Connection, after: EntryId, limit: usize) -> Result<Vec<Record>> {
    let mut statement =
        connection.prepare(&format!("select {RECORD} from entry where id > ?1 order by id limit ?2"))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    statement.query_map(params![after, limit], record)?.collect()
}

/// Puts in an entry of another journal as it was; what is settled is kept as if it had been settled just now.
pub(super) fn restore(connection: &Connection, record: &Record) -> Result<()> {
    let Record { id, queue, state, attempts, due_at, accepted_at, settled_at, .. } = record;
    let (conversation, key, reason, body) =
        (&record.conversation, &record.key, &record.reason, &record.body[..]);
    let mut statement = connection.prepare_cached(&format!(
        "insert into entry ({RECORD}, accepted_elapsed, settled_elapsed)
         select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, elapsed, iif(?3 = 0, null, elapsed) from journal_time"
    ))?;
    statement
        .execute(params![
            id,
            queue,
            state,
            attempts,
            due_at,
            accepted_at,
            settled_at,
            conversation,
            key,
            reason,
            body
        ])
        .map(drop)
}

/// One entry.
pub(super) fn show(connection: &Connection, id: EntryId) -> Result<Option<Record>> {
    let sql = format!("select {RECORD} from entry where id = ?1");
    connection.query_row(&sql, [id], record).optional()
}

/// How much there is, as far as the file knows: nobody's leases.
pub(super) fn stats(connection: &Connection) -> Result<Stats> {
    let [inbox, outbox] = settled(connection)?;
    let mut pending = connection.prepare(
        "select count(*), min(accepted_at) from entry where state = 0 and state <> 1 and queue = ?1",
    )?;
    let mut queue = |queue: Queue, Counts { done, dead }| {
        pending.query_row([queue], |row| {
            let (pending, oldest_pending) = (count(row, 0)?, row.get(1)?);
            Ok(QueueStats { pending, leased: 0, done, dead, oldest_pending })
        })
    };
    Ok(Stats { inbox: queue(Queue::Inbox, inbox)?, outbox: queue(Queue::Outbox, outbox)? })
}

fn settled(connection: &Connection) -> Result<[Counts; 2]> {
    let mut counts = [Counts::default(); 2];
    let mut statement = connection.prepare(
        "select queue, done, (select count(*) from entry
             where state = 2 and state <> 1 and entry.queue = tally.queue) from tally",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        counts[row.get::<_, Queue>(0)? as usize] = Counts { done: count(row, 1)?, dead: count(row, 2)? };
    }
    Ok(counts)
}

/// SQLite's integers are signed.
fn count(row: &Row<'_>, column: usize) -> Result<u64> {
    Ok(row.get::<_, i64>(column)?.try_into().unwrap_or(0))
}

fn pending_row(row: &Row<'_>) -> Result<PendingRow> {
    Ok(PendingRow {
        id: row.get(0)?,
        queue: row.get(1)?,
        conversation: row.get(2)?,
        times: Times { due_at: row.get(3)?, accepted_at: row.get(4)? },
    })
}

fn record(row: &Row<'_>) -> Result<Record> {
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
    })
}
