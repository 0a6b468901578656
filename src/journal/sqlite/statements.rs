//! The statements of the writer and of an operator's changes.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::{
    conversations,
    records::{count, pending_entry},
};
use crate::{
    clock::UnixMillis,
    journal::{
        Entry, EntryId, EntryKey, Lease, NewEntry, Outcome, PerQueue, Queue, QueueStats, ReasonGroup,
        Revision, State, StateChange, Stats,
        entry::DISCARDED,
        queue_state::{PendingEntry, SettledCounts},
        time::Moment,
    },
};

/// Adds an entry; `false` if its key is known.
pub(super) fn insert(
    connection: &Connection,
    id: EntryId,
    entry: &NewEntry,
    answers: Option<EntryId>,
    moment: Moment,
) -> Result<bool> {
    let Moment { now, elapsed, .. } = moment;
    let (state, settled) = match entry.dead {
        Some(_) => (State::Dead, Some((now, elapsed))),
        None => (State::Pending, None),
    };
    let mut statement = connection.prepare_cached(
        "insert into entry (id, queue, state, attempts, due_at, accepted_at, settled_at, conversation, key, reason, body,
             accepted_elapsed, settled_elapsed, answers, reason_group)
         values (?1, ?2, ?3, 0, ?4, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) on conflict (queue, key) do nothing",
    )?;
    let NewEntry { queue, conversation, key, body, dead: reason } = entry;
    let (settled_at, settled_elapsed) = settled.unzip();
    let group = reason.as_ref().map(|reason| ReasonGroup::new(*queue, reason));
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
        settled_elapsed,
        answers,
        group
    ];
    Ok(statement.execute(values)? == 1)
}

/// Whether an entry with this key is there.
pub(super) fn is_known(connection: &Connection, queue: Queue, key: EntryKey) -> Result<bool> {
    let mut statement =
        connection.prepare_cached("select 1 from entry where queue = ?1 and key = ?2")?;
    statement.exists(params![queue, key])
}

/// The entry that was leased; none if it is not pending any more.
///
/// The state of the conversation is read by a statement of its own: SQLite would compile a join of the two anew each time,
/// since its plan looks at the bound number.
pub(super) fn leased_entry(
    connection: &Connection,
    lease: &Lease,
    moment: Moment,
) -> Result<Option<Entry>> {
    let mut statement = connection.prepare_cached(
        "select answers, conversation, body, attempts + 1, accepted_at, accepted_elapsed from entry
         where id = ?1 and state = 0",
    )?;
    let entry = |row: &Row<'_>| {
        let body: Vec<u8> = row.get(2)?;
        let entry = Entry {
            id: lease.id,
            answers: row.get(0)?,
            conversation: row.get(1)?,
            body: body.into(),
            attempt: row.get(3)?,
            accepted_at: row.get(4)?,
            lease: lease.clone(),
            state: None,
        };
        // The journal's time stands still while no server runs, the wall clock may have been set: by the earlier of the
        // two, a message that was accepted in time is not late.
        let accepted_at = moment.at(row.get(5)?).min(entry.accepted_at);
        Ok((entry, accepted_at))
    };
    let Some((mut entry, accepted_at)) = statement.query_row([lease.id], entry).optional()? else {
        return Ok(None);
    };
    if lease.queue == Queue::Inbox {
        entry.state = conversations::leased(connection, &entry.conversation, accepted_at)?;
        entry.lease.revision = entry.state.as_ref().map(|state| state.revision);
    }
    Ok(Some(entry))
}

/// Counts an attempt that has begun, and marks it.
pub(super) fn mark_begun(connection: &Connection, id: EntryId) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "update entry set attempts = attempts + 1, open_attempts = open_attempts + 1 where id = ?1",
    )?;
    statement.execute([id]).map(drop)
}

/// Counts an attempt that was not marked, and whose lease ran out.
pub(super) fn count_run_out(connection: &Connection, id: EntryId) -> Result<()> {
    let mut statement =
        connection.prepare_cached("update entry set attempts = attempts + 1 where id = ?1")?;
    statement.execute([id]).map(drop)
}

/// Marks a leased entry as done, its attempt as ended, and notes what the outcome says of it; `false` if it was not
/// pending any more, or the state of its conversation has changed since the lease.
///
/// An attempt that was not marked when it began is counted now.
pub(super) fn finish(
    connection: &Connection,
    lease: &Lease,
    outcome: &Outcome,
    moment: Moment,
) -> Result<bool> {
    let mut statement = connection.prepare_cached(
        "update entry set state = 1, settled_at = ?2, settled_elapsed = ?3, attempts = attempts + (open_attempts = 0),
             open_attempts = 0, ending = ?5, state_before = ?6, state_dialogue = ?7, state_version = ?8, state_body = ?9
         where id = ?1 and state = 0 and (queue = 1
             or (select revision from conversation_state s where s.conversation = entry.conversation) is ?4)",
    )?;
    let revision = lease.revision.map(|Revision(revision)| revision);
    let before = revision.filter(|_| outcome.state != StateChange::Keep);
    let after = match &outcome.state {
        StateChange::Put(state) => Some(state),
        StateChange::Keep | StateChange::Clear => None,
    };
    let values = params![
        lease.id,
        moment.now,
        moment.elapsed_at_most,
        revision,
        outcome.ending,
        before,
        after.map(|state| &state.dialogue),
        after.map(|state| state.version),
        after.map(|state| &state.body[..])
    ];
    Ok(statement.execute(values)? == 1)
}

/// The conversation of an entry.
pub(super) fn conversation(connection: &Connection, id: EntryId) -> Result<String> {
    let mut statement = connection.prepare_cached("select conversation from entry where id = ?1")?;
    statement.query_row([id], |row| row.get(0))
}

/// Whether an entry is pending.
pub(super) fn is_pending(connection: &Connection, id: EntryId) -> Result<bool> {
    connection.prepare_cached("select 1 from entry where id = ?1 and state = 0")?.exists([id])
}

/// Marks a pending entry as dead, its attempt as ended; `false` if it was not pending any more.
///
/// An attempt that was not marked when it began is counted now.
pub(super) fn bury(
    connection: &Connection,
    lease: &Lease,
    reason: &str,
    moment: Moment,
) -> Result<bool> {
    let mut statement = connection.prepare_cached(
        "update entry set state = 2, settled_at = ?2, reason = ?3, settled_elapsed = ?4, reason_group = ?5,
             attempts = attempts + (open_attempts = 0), open_attempts = 0
         where id = ?1 and state = 0",
    )?;
    let group = ReasonGroup::new(lease.queue, reason);
    let values = params![lease.id, moment.now, reason, moment.elapsed_at_most, group];
    Ok(statement.execute(values)? == 1)
}

/// Makes a pending entry due later, with `uncounted` attempts fewer; `false` if it was not pending any more.
pub(super) fn postpone(
    connection: &Connection,
    id: EntryId,
    until: UnixMillis,
    reason: &str,
    uncounted: u32,
) -> Result<bool> {
    let mut statement = connection.prepare_cached(
        "update entry set due_at = ?2, reason = ?3, attempts = attempts + (open_attempts = 0) - ?4, open_attempts = 0
         where id = ?1 and state = 0",
    )?;
    Ok(statement.execute(params![id, until, reason, uncounted])? == 1)
}

/// Makes a dead letter pending again; none if there is no such dead letter.
pub(super) fn revive(
    connection: &Connection,
    id: EntryId,
    moment: Moment,
) -> Result<Option<PendingEntry>> {
    let mut statement = connection.prepare_cached(
        "update entry set state = 0, attempts = 0, due_at = ?2, settled_at = null, settled_elapsed = null,
             reason_group = null
         where id = ?1 and state = 2 returning id, queue, conversation, due_at, accepted_at",
    )?;
    statement.query_row(params![id, moment.now], pending_entry).optional()
}

/// Marks a pending or dead entry as done; returns where it was, and in which state.
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
            "update entry set state = 1, settled_at = ?2, settled_elapsed = ?3, reason = ?4, reason_group = null
             where id = ?1",
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

/// Counts an attempt that is cut off in an orderly way, and takes back its mark: its process has not died.
pub(super) fn cut_off(connection: &Connection, id: EntryId) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "update entry set attempts = attempts + (open_attempts = 0), open_attempts = max(open_attempts - 1, 0)
         where id = ?1 and state = 0",
    )?;
    statement.execute([id]).map(drop)
}

/// Hands each pending entry that was in work when its process died to `note`, with how many times in a row.
pub(super) fn read_interrupted(
    connection: &Connection,
    mut note: impl FnMut(PendingEntry, u32),
) -> Result<()> {
    let mut statement = connection.prepare(
        "select id, queue, conversation, due_at, accepted_at, open_attempts from entry
         where state = 0 and state <> 1 and open_attempts > 0 order by id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        note(pending_entry(row)?, row.get(5)?);
    }
    Ok(())
}

/// Hands every pending entry to `load`, with the counts of settled entries.
pub(super) fn load<T>(
    connection: &Connection,
    load: impl FnOnce(&mut dyn Iterator<Item = Result<PendingEntry>>, PerQueue<SettledCounts>) -> Result<T>,
) -> Result<T> {
    let stats = settled(connection)?;
    let mut statement = connection.prepare(
        "select id, queue, conversation, due_at, accepted_at from entry
         where state = 0 and state <> 1 order by id",
    )?;
    let mut rows = statement.query_map([], pending_entry)?;
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

/// How much there is, as far as the file knows: it knows no leases.
pub(super) fn stats(connection: &Connection) -> Result<Stats> {
    let counts = settled(connection)?;
    let mut pending = connection.prepare(
        "select count(*), min(accepted_at) from entry where state = 0 and state <> 1 and queue = ?1",
    )?;
    let mut stats = |queue: Queue| {
        let SettledCounts { done, dead } = counts[queue];
        pending.query_row([queue], |row| {
            let (pending, oldest_pending) = (count(row, 0)?, row.get(1)?);
            Ok(QueueStats { pending, leased: 0, done, dead, oldest_pending })
        })
    };
    Ok(Stats { inbox: stats(Queue::Inbox)?, outbox: stats(Queue::Outbox)? })
}

fn settled(connection: &Connection) -> Result<PerQueue<SettledCounts>> {
    let mut counts = PerQueue::<SettledCounts>::default();
    let mut statement = connection.prepare(
        "select queue, done, (select count(*) from entry indexed by dead_group
             where state = 2 and entry.queue = tally.queue) from tally",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        counts[row.get(0)?] = SettledCounts { done: count(row, 1)?, dead: count(row, 2)? };
    }
    Ok(counts)
}
