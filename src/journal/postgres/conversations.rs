//! The states of conversations and scheduled entries, as an operator or a copy has them.

use std::sync::LazyLock;

use tokio_postgres::{Error, Row, types::ToSql};

use super::{
    client::Client,
    commands::millis,
    filter::state_clauses,
    fragments::{NOW, OVERWRITE_STATE},
    key_hash::KeyHash,
    maintenance::{CHANNEL, OPERATOR},
    records::{queue, text, version},
    retry::BEGIN,
    statements::{ALIGN, LOCK},
};
use crate::{
    clock::UnixMillis,
    journal::{
        ConversationChange, ConversationState, EntryId, NewScheduled, Queue, Revision, Scheduled,
        StateChange, StateFilter, driver::numbers::queue_number,
    },
};

/// The columns of a state. The time at which it expires is shown by the clock as it is set now.
const STATE: &str = "conversation, dialogue, version, body, revision,
    expires_at + (select clock_steps from version), is_expiring";
/// The columns of a scheduled entry, likewise.
const SCHEDULED: &str = "id, queue, key, conversation, answers, is_bound,
    due_at + (select clock_steps from version), body";

/// The statement that gives a conversation a state.
static PUT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "insert into conversation_state (conversation_hash, revision, expires_at, version, conversation, dialogue, body)
        values ($2::bytea, $3::bigint, {NOW} + $4::bigint, $5::bigint, $6::bytea, $7::bytea, $8::bytea)
        {OVERWRITE_STATE}"
    )
});

/// The statement that schedules an entry which follows from no other.
static SCHEDULE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "insert into scheduled (id, queue, key, conversation_hash, conversation, is_bound, due_at, body)
        values (nextval('scheduled_id'), $2::smallint, $3::bytea, $4::bytea, $5::bytea, $6::boolean,
            {NOW} + $7::bigint, $8::bytea)"
    )
});

/// The statement that puts in states as they were. No new entry gets the number by which one of them is told, though the
/// entry that had it may have been purged.
const RESTORE_STATES: &str = "
    with added as (
    insert into conversation_state (conversation_hash, revision, expires_at, version, is_expiring, conversation, dialogue,
        body)
    select conversation_hash, revision, expires_at - clock_steps, r.version, is_expiring, conversation, dialogue, body
    from version, unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::boolean[], $6::bytea[], $7::bytea[],
        $8::bytea[])
        r (conversation_hash, revision, expires_at, version, is_expiring, conversation, dialogue, body)
    )
    select setval('entry_id', greatest(nextval('entry_id'), $9::bigint))";

/// The statement that puts in scheduled entries as they were, likewise.
const RESTORE_SCHEDULED: &str = "
    with added as (
        insert into scheduled (id, due_at, answers, queue, is_bound, key, conversation_hash, conversation, body)
        select id, due_at - clock_steps, answers, queue, is_bound, key, conversation_hash, conversation, body
        from version, unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::boolean[], $6::bytea[],
            $7::bytea[], $8::bytea[], $9::bytea[])
            r (id, due_at, answers, queue, is_bound, key, conversation_hash, conversation, body)
    )
    select setval('scheduled_id', greatest(nextval('scheduled_id'), $10::bigint)),
        setval('entry_id', greatest(nextval('entry_id'), $11::bigint))";

/// The states that a filter admits, in the order of their conversations.
pub(super) async fn states(
    client: &Client,
    filter: &StateFilter,
) -> Result<Vec<ConversationState>, Error> {
    let (clauses, conditions) = state_clauses(filter);
    let sql = format!("select {STATE} from conversation_state {clauses}");
    client.query(&sql, &conditions.parameters()).await?.iter().map(state).collect()
}

/// Changes a conversation as an operator does, and tells all replicas; `false` if its state is another one than was seen.
///
/// The conversation is locked before its state is read, as a finish does, so that one of the two finds out about the
/// other.
pub(super) async fn change_conversation(
    client: &Client,
    change: &ConversationChange,
    now: Option<i64>,
) -> Result<bool, Error> {
    let hash = KeyHash::of(change.conversation.as_bytes());
    let (queues, hashes) = (vec![queue_number(Queue::Inbox)], vec![hash]);
    client.batch_execute(BEGIN).await?;
    client.execute(LOCK.as_str(), &[&now, &queues, &hashes]).await?;
    let revision = "select revision from conversation_state where conversation_hash = $1";
    let found = client.query_opt(revision, &[&hash]).await?;
    let found = found.map(|row| row.try_get(0).map(Revision)).transpose()?;
    if found != change.seen {
        client.batch_execute("rollback").await?;
        return Ok(false);
    }
    put(client, change, hash, now).await?;
    for entry in &change.scheduled {
        schedule(client, &change.conversation, entry, now).await?;
    }
    client.execute(ALIGN.as_str(), &[&now, &queues, &hashes, &Vec::<i64>::new()]).await?;
    let hint = format!("{} {OPERATOR}", Queue::Inbox.as_str());
    client.execute("select pg_notify($1, $2)", &[&CHANNEL, &hint]).await?;
    client.batch_execute("commit").await?;
    Ok(true)
}

/// Changes the state of a conversation, which has an operator's revision then.
async fn put(
    client: &Client,
    change: &ConversationChange,
    hash: KeyHash,
    now: Option<i64>,
) -> Result<(), Error> {
    match &change.state {
        StateChange::Keep => Ok(()),
        StateChange::Clear => {
            let sql = "delete from conversation_state where conversation_hash = $1";
            client.execute(sql, &[&hash]).await.map(drop)
        }
        StateChange::Put(new) => {
            let Revision(revision) = Revision::of_operator();
            let (span, version) = (millis(new.expires_in), i64::from(new.version));
            let (name, dialogue) = (change.conversation.as_bytes(), new.dialogue.as_bytes());
            let values: [&(dyn ToSql + Sync); 8] =
                [&now, &hash, &revision, &span, &version, &name, &dialogue, &&new.body[..]];
            client.execute(PUT.as_str(), &values).await.map(drop)
        }
    }
}

async fn schedule(
    client: &Client,
    conversation: &str,
    NewScheduled { queue, key, after, body, is_bound }: &NewScheduled,
    now: Option<i64>,
) -> Result<(), Error> {
    let (queue, span, name) = (queue_number(*queue), millis(*after), conversation.as_bytes());
    let hash = KeyHash::of(name);
    let values: [&(dyn ToSql + Sync); 8] =
        [&now, &queue, key, &hash, &name, is_bound, &span, &&body[..]];
    client.execute(SCHEDULE.as_str(), &values).await.map(drop)
}

/// Puts in the states of another journal's conversations as they were, all or none.
pub(super) async fn restore_states(client: &Client, states: &[ConversationState]) -> Result<(), Error> {
    let bytes = |of: fn(&ConversationState) -> &[u8]| states.iter().map(of).collect::<Vec<_>>();
    let all = |of: fn(&ConversationState) -> i64| states.iter().map(of).collect::<Vec<_>>();
    let hashes: Vec<_> = states.iter().map(|it| KeyHash::of(it.conversation.as_bytes())).collect();
    let are_expiring: Vec<_> = states.iter().map(|it| it.is_expiring).collect();
    let revisions = all(|it| it.revision.0);
    let last = revisions.iter().copied().max().unwrap_or(0);
    let values: [&(dyn ToSql + Sync); 9] = [
        &hashes,
        &revisions,
        &all(|it| it.expires_at.0),
        &all(|it| it.version.into()),
        &are_expiring,
        &bytes(|it| it.conversation.as_bytes()),
        &bytes(|it| it.dialogue.as_bytes()),
        &bytes(|it| &it.body),
        &last,
    ];
    client.execute(RESTORE_STATES, &values).await.map(drop)
}

/// Scheduled entries after `after`, in the order in which they were scheduled.
pub(super) async fn scheduled_page(
    client: &Client,
    after: i64,
    limit: usize,
) -> Result<Vec<Scheduled>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = format!("select {SCHEDULED} from scheduled where id > $1 order by id limit $2");
    client.query(&sql, &[&after, &limit]).await?.iter().map(scheduled).collect()
}

/// Puts in scheduled entries of another journal as they were, all or none.
pub(super) async fn restore_scheduled(client: &Client, entries: &[Scheduled]) -> Result<(), Error> {
    let bytes = |of: fn(&Scheduled) -> &[u8]| entries.iter().map(of).collect::<Vec<_>>();
    let all = |of: fn(&Scheduled) -> i64| entries.iter().map(of).collect::<Vec<_>>();
    let ids = all(|it| it.id);
    let answers: Vec<_> = entries.iter().map(|it| it.answers.map(|EntryId(id)| id)).collect();
    let queues: Vec<_> = entries.iter().map(|it| queue_number(it.queue)).collect();
    let are_bound: Vec<_> = entries.iter().map(|it| it.is_bound).collect();
    let keys: Vec<_> = entries.iter().map(|it| it.key).collect();
    let hashes: Vec<_> = entries.iter().map(|it| KeyHash::of(it.conversation.as_bytes())).collect();
    let last = ids.iter().copied().max().unwrap_or(0);
    let last_entry = answers.iter().copied().flatten().max().unwrap_or(0);
    let values: [&(dyn ToSql + Sync); 11] = [
        &ids,
        &all(|it| it.due_at.0),
        &answers,
        &queues,
        &are_bound,
        &keys,
        &hashes,
        &bytes(|it| it.conversation.as_bytes()),
        &bytes(|it| &it.body),
        &last,
        &last_entry,
    ];
    client.execute(RESTORE_SCHEDULED, &values).await.map(drop)
}

fn state(row: &Row) -> Result<ConversationState, Error> {
    Ok(ConversationState {
        conversation: text(row.try_get(0)?),
        dialogue: text(row.try_get(1)?),
        version: version(row.try_get(2)?),
        body: row.try_get::<_, Vec<u8>>(3)?.into(),
        revision: Revision(row.try_get(4)?),
        expires_at: UnixMillis(row.try_get(5)?),
        is_expiring: row.try_get(6)?,
    })
}

fn scheduled(row: &Row) -> Result<Scheduled, Error> {
    Ok(Scheduled {
        id: row.try_get(0)?,
        queue: queue(row, 1)?,
        key: row.try_get(2)?,
        conversation: text(row.try_get(3)?),
        answers: row.try_get::<_, Option<i64>>(4)?.map(EntryId),
        is_bound: row.try_get(5)?,
        due_at: UnixMillis(row.try_get(6)?),
        body: row.try_get::<_, Vec<u8>>(7)?.into(),
    })
}
