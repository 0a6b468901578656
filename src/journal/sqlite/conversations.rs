//! The statements on the states of conversations and on scheduled entries.

use rusqlite::{Connection, OptionalExtension as _, Result, Row, ToSql, params, params_from_iter};

use crate::{
    clock::UnixMillis,
    journal::{
        ConversationState, EntryId, LeasedState, NewScheduled, Queue, Revision, Scheduled, StateChange,
        StateFilter, outcome::DueEntry,
    },
};

/// The most entries that one lease appends before it.
const MAX_DUE: i64 = 256;
/// The time at which something is due, where nothing is.
const NEVER: UnixMillis = UnixMillis(i64::MAX);

const STATE: &str = "conversation, dialogue, version, body, revision, expires_at, is_expiring";
const SCHEDULED: &str = "id, queue, key, conversation, answers, is_bound, due_at, body";

/// A scheduled entry that is due, or a state that has expired.
#[derive(Debug)]
pub(super) enum Due {
    Scheduled(Scheduled),
    Expired(ConversationState),
}

impl Due {
    /// The place in the order in which what is due is appended.
    fn place(&self) -> (UnixMillis, bool) {
        match self {
            Self::Scheduled(entry) => (entry.due_at, false),
            Self::Expired(state) => (state.expires_at, true),
        }
    }

    /// The queue that the entry goes to.
    pub(super) fn queue(&self) -> Queue {
        match self {
            Self::Scheduled(entry) => entry.queue,
            Self::Expired(_) => Queue::Inbox,
        }
    }

    /// Takes it off the list of what is scheduled. Returns the entry to append, with what it follows from; none if it
    /// belongs to a state that has changed.
    pub(super) fn take(self, connection: &Connection) -> Result<Option<DueEntry>> {
        match self {
            Self::Scheduled(scheduled) => {
                let mut delete = connection.prepare_cached("delete from scheduled where id = ?1")?;
                delete.execute([scheduled.id])?;
                let current = revision(connection, &scheduled.conversation)?;
                Ok((!scheduled.is_outdated(current)).then(|| scheduled.into_due()))
            }
            Self::Expired(state) => {
                let sql = "update conversation_state set is_expiring = 1 where conversation = ?1";
                connection.prepare_cached(sql)?.execute([&state.conversation])?;
                Ok(Some(state.into_announcement()))
            }
        }
    }
}

/// The entries that are due at `now`, in order; nothing of the Inbox unless that `has_room`.
pub(super) fn due(connection: &Connection, now: UnixMillis, has_room: bool) -> Result<Vec<Due>> {
    let mut scheduled = connection.prepare_cached(&format!(
        "select {SCHEDULED} from scheduled where due_at <= ?1 and (?3 or queue = 1) order by due_at, id limit ?2"
    ))?;
    let mut expired = connection.prepare_cached(&format!(
        "select {STATE} from conversation_state where is_expiring = 0 and expires_at <= ?1 and ?3
         order by expires_at, conversation limit ?2"
    ))?;
    let bounds = params![now, MAX_DUE, has_room];
    let mut due = scheduled
        .query_map(bounds, |row| self::scheduled(row).map(Due::Scheduled))?
        .chain(expired.query_map(bounds, |row| state(row).map(Due::Expired))?)
        .collect::<Result<Vec<_>>>()?;
    due.sort_by_key(Due::place);
    due.truncate(usize::try_from(MAX_DUE).unwrap_or(usize::MAX));
    Ok(due)
}

/// The time at which something is due next.
pub(super) fn next_due(connection: &Connection) -> Result<UnixMillis> {
    let mut statement = connection.prepare_cached(
        "select min(coalesce((select min(due_at) from scheduled), ?1),
             coalesce((select min(expires_at) from conversation_state where is_expiring = 0), ?1))",
    )?;
    statement.query_row([NEVER], |row| row.get(0))
}

/// The revision of a conversation's state.
pub(super) fn revision(connection: &Connection, conversation: &str) -> Result<Option<Revision>> {
    let sql = "select revision from conversation_state where conversation = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row([conversation], |row| row.get(0).map(Revision)).optional()
}

/// The state of a conversation for an entry that was accepted at this time, as the wall clock is set now.
pub(super) fn leased(
    connection: &Connection,
    conversation: &str,
    accepted_at: UnixMillis,
) -> Result<Option<LeasedState>> {
    let mut statement = connection.prepare_cached(
        "select revision, dialogue, version, body, expires_at from conversation_state where conversation = ?1",
    )?;
    let state = |row: &Row<'_>| {
        let body: Vec<u8> = row.get(3)?;
        Ok(LeasedState {
            revision: Revision(row.get(0)?),
            dialogue: row.get(1)?,
            version: row.get(2)?,
            body: body.into(),
            is_expired: row.get::<_, UnixMillis>(4)? <= accepted_at,
        })
    };
    statement.query_row([conversation], state).optional()
}

/// Changes the state of a conversation, which has this revision then. Returns when it expires.
pub(super) fn change(
    connection: &Connection,
    conversation: &str,
    change: &StateChange,
    Revision(revision): Revision,
    now: UnixMillis,
) -> Result<UnixMillis> {
    match change {
        StateChange::Keep => Ok(NEVER),
        StateChange::Clear => {
            let sql = "delete from conversation_state where conversation = ?1";
            connection.prepare_cached(sql)?.execute([conversation])?;
            Ok(NEVER)
        }
        StateChange::Put(new) => {
            let expires_at = now.plus(new.expires_in);
            let mut put = connection.prepare_cached(
                "insert into conversation_state (conversation, revision, dialogue, version, expires_at, is_expiring, body)
                 values (?1, ?2, ?3, ?4, ?5, 0, ?6)
                 on conflict (conversation) do update set revision = ?2, dialogue = ?3, version = ?4, expires_at = ?5,
                     is_expiring = 0, body = ?6",
            )?;
            let (dialogue, version, body) = (&new.dialogue, new.version, &new.body[..]);
            put.execute(params![conversation, revision, dialogue, version, expires_at, body])?;
            Ok(expires_at)
        }
    }
}

/// Schedules entries for a conversation, which follow from the entry `answers`. Returns when the first of them is due.
pub(super) fn schedule(
    connection: &Connection,
    conversation: &str,
    entries: &[NewScheduled],
    answers: Option<EntryId>,
    now: UnixMillis,
) -> Result<UnixMillis> {
    let mut first = NEVER;
    for NewScheduled { queue, key, after, body, is_bound } in entries {
        let due_at = now.plus(*after);
        let mut insert = connection.prepare_cached(
            "insert into scheduled (queue, key, conversation, answers, is_bound, due_at, body)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        insert.execute(params![queue, key, conversation, answers, is_bound, due_at, &body[..]])?;
        first = first.min(due_at);
    }
    Ok(first)
}

/// The states that a filter admits, in the order of their conversations.
pub(super) fn states(connection: &Connection, filter: &StateFilter) -> Result<Vec<ConversationState>> {
    let StateFilter { conversation, dialogue, after, limit } = filter;
    let wanted = [("conversation =", conversation), ("dialogue =", dialogue), ("conversation >", after)];
    let (mut conditions, mut values) = (vec!["1".to_owned()], Vec::new());
    for (condition, value) in wanted {
        if let Some(value) = value {
            values.push(value as &dyn ToSql);
            conditions.push(format!("{condition} ?{}", values.len()));
        }
    }
    let (conditions, limit) = (conditions.join(" and "), i64::try_from(*limit).unwrap_or(i64::MAX));
    let sql = format!(
        "select {STATE} from conversation_state where {conditions} order by conversation limit {limit}"
    );
    connection.prepare_cached(&sql)?.query_map(params_from_iter(values), state)?.collect()
}

/// Puts in the state of another journal's conversation as it was.
pub(super) fn restore_state(connection: &Connection, state: &ConversationState) -> Result<()> {
    let sql = format!("insert into conversation_state ({STATE}) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    let ConversationState { conversation, dialogue, version, body, revision, expires_at, .. } = state;
    let values =
        params![conversation, dialogue, version, &body[..], revision.0, expires_at, state.is_expiring];
    connection.prepare_cached(&sql)?.execute(values)?;
    pass_over(connection, revision.0)
}

/// Scheduled entries after `after`, in the order in which they were scheduled.
pub(super) fn scheduled_page(
    connection: &Connection,
    after: i64,
    limit: usize,
) -> Result<Vec<Scheduled>> {
    let sql = format!("select {SCHEDULED} from scheduled where id > ?1 order by id limit ?2");
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection.prepare(&sql)?.query_map(params![after, limit], scheduled)?.collect()
}

/// Puts in a scheduled entry of another journal as it was.
pub(super) fn restore_scheduled(connection: &Connection, entry: &Scheduled) -> Result<()> {
    let sql = format!("insert into scheduled ({SCHEDULED}) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    let Scheduled { id, queue, key, conversation, answers, is_bound, due_at, body } = entry;
    let values = params![id, queue, key, conversation, answers, is_bound, due_at, &body[..]];
    connection.prepare_cached(&sql)?.execute(values)?;
    pass_over(connection, answers.map_or(0, |EntryId(id)| id))
}

/// Gives no new entry this number: the entry that had it may have been purged, and what it has left is told by it.
fn pass_over(connection: &Connection, id: i64) -> Result<()> {
    let sql = "update tally set purged_to = max(purged_to, ?1)";
    connection.prepare_cached(sql)?.execute([id]).map(drop)
}

/// Moves what is due and what expires with the wall clock.
pub(super) fn move_due(connection: &Connection, millis: i64) -> Result<()> {
    // The latest time that can be moved: beyond it lies what is never due.
    let latest = NEVER.0 - millis.max(0);
    let step = [millis, latest];
    connection.execute("update scheduled set due_at = min(due_at, ?2) + ?1", step)?;
    let sql = "update conversation_state set expires_at = min(expires_at, ?2) + ?1";
    connection.execute(sql, step).map(drop)
}

fn state(row: &Row<'_>) -> Result<ConversationState> {
    Ok(ConversationState {
        conversation: row.get(0)?,
        dialogue: row.get(1)?,
        version: row.get(2)?,
        body: row.get::<_, Vec<u8>>(3)?.into(),
        revision: Revision(row.get(4)?),
        expires_at: row.get(5)?,
        is_expiring: row.get(6)?,
    })
}

fn scheduled(row: &Row<'_>) -> Result<Scheduled> {
    Ok(Scheduled {
        id: row.get(0)?,
        queue: row.get(1)?,
        key: row.get(2)?,
        conversation: row.get(3)?,
        answers: row.get(4)?,
        is_bound: row.get(5)?,
        due_at: row.get(6)?,
        body: row.get::<_, Vec<u8>>(7)?.into(),
    })
}
