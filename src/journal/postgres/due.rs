//! Scheduled entries that are due are appended, and states that have expired are announced: before a lease of the Inbox,
//! and once, whichever replica it is that leases.

use std::{collections::BTreeSet, sync::LazyLock, time::Duration};

use tokio_postgres::{Error, Row, types::ToSql};

use super::{
    client::Client,
    error::Failure,
    fragments::{ADD_TO_TALLY, NOW, WALL_CLOCK},
    key_hash::KeyHash,
    records::{count, queue, text},
    replica::Replica,
    retry::{BEGIN, with_timeout},
    statements::{ALIGN, LOCK},
};
use crate::{
    failpoint::{self, Point},
    journal::{EntryKey, JournalError, PerQueue, Queue, Revision, driver::numbers::queue_number},
};

/// The most entries that are appended together.
const MAX_DUE: u64 = 256;
/// How long a lease does not look again, where what is due found no room in the Inbox.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// The advisory lock of the one replica that appends what is due: `RCcb` in ASCII, and three more than the migrations'
/// lock.
const DUE_LOCK: i64 = 0x5243_6365;

/// The statement that tells in how many milliseconds something is due next, and how many entries of the Inbox are pending.
static LOOK: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select least((select min(due_at) from scheduled where queue = 0),
                (select min(due_at) from scheduled where queue = 1),
                (select min(expires_at) from conversation_state where not is_expiring)) - {NOW},
            (select coalesce(sum(pending), 0)::bigint from tally where queue = 0)"
    )
});

/// The statement that reads what is due, in order: at most `$2` rows, and of the Inbox no more than `$3` of either kind.
static READ_DUE: LazyLock<String> = LazyLock::new(|| {
    const SCHEDULED: &str = "select due_at, false as is_expiry, id, queue, conversation_hash, is_bound,
        null::bytea as conversation, null::bigint as revision from scheduled";
    format!(
        "select id, queue, conversation_hash, is_bound, conversation, revision
        from (
            ({SCHEDULED} where queue = 1 and due_at <= {NOW} order by due_at, id limit $2::bigint)
            union all
            ({SCHEDULED} where queue = 0 and due_at <= {NOW} order by due_at, id limit $3::bigint)
            union all
            (select expires_at, true, 0, 0::smallint, conversation_hash, false, conversation, revision
             from conversation_state where not is_expiring and expires_at <= {NOW}
             order by expires_at, conversation limit $3::bigint)
        ) due
        order by due_at, is_expiry, id, conversation limit $2::bigint"
    )
});

/// The statement that appends the scheduled entries `$2` and announces the states that have expired, unless they have
/// changed, of the conversations `$3`. A bound entry whose state has changed is dropped.
static APPEND_DUE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with taken as (
            delete from scheduled where id = any($2::bigint[]) returning *
        ), expired as (
            update conversation_state t set is_expiring = true
            from unnest($3::bytea[], $4::bigint[], $5::bytea[]) s (conversation_hash, revision, key)
            where t.conversation_hash = s.conversation_hash and t.revision = s.revision and not t.is_expiring
            returning t.expires_at, s.key, t.conversation_hash, t.conversation, t.revision
        ), new as (
            select due_at, false as is_expiry, id as place, queue, key, conversation_hash, conversation, answers, body
            from taken s
            where not is_bound or answers is not distinct from
                (select revision from conversation_state t where t.conversation_hash = s.conversation_hash)
            union all
            select expires_at, true, 0, 0::smallint, key, conversation_hash, conversation, revision, ''::bytea
            from expired
        ), added as (
            insert into entry (id, queue, state, attempts, due_at, accepted_at, accepted_elapsed, key, conversation_hash,
                conversation, answers, body)
            select nextval('entry_id'), queue, 0, 0, {NOW}, {WALL_CLOCK}, $7::bigint, key, conversation_hash,
                conversation, answers, body
            from (select * from new order by due_at, is_expiry, place, conversation) n
            on conflict (queue, key) do nothing
            returning queue
        ), counted as (
            select $6::bigint, queue, count(*), 0, 0 from added group by queue
        )
        {ADD_TO_TALLY}"
    )
});

/// The numbers of scheduled entries that are due, the states that have expired, and the conversations to lock for them.
#[derive(Debug, Default)]
struct Due {
    scheduled: Vec<i64>,
    expired: Vec<KeyHash>,
    revisions: Vec<i64>,
    /// The keys of the entries that announce that the states have expired.
    keys: Vec<EntryKey>,
    conversations: BTreeSet<(i16, KeyHash)>,
}

/// The journal after what was due has been appended.
#[derive(Debug)]
struct AfterDue {
    /// Whether something was due for which there was room.
    has_found: bool,
    /// The queues in which something is ready.
    ready: PerQueue<bool>,
    next: Next,
}

/// The time until something is due next, and the backlog of the Inbox.
#[derive(Debug)]
struct Next {
    due_in: Option<Duration>,
    pending: u64,
}

impl Next {
    async fn look(client: &Client, now: Option<i64>) -> Result<Self, Error> {
        let row = client.query_one(LOOK.as_str(), &[&now]).await?;
        let due_in: Option<i64> = row.try_get(0)?;
        Ok(Self {
            due_in: due_in.map(|due_in| Duration::from_millis(count(due_in))),
            pending: count(row.try_get(1)?),
        })
    }

    fn is_now(&self) -> bool {
        self.due_in == Some(Duration::ZERO)
    }
}

impl Due {
    /// Takes no more entries of the Inbox than there is `room` for: the first ones.
    fn new(rows: &[Row], mut room: u64) -> Result<Self, Error> {
        let mut due = Self::default();
        for row in rows {
            let queue = queue(row, 1)?;
            if queue == Queue::Inbox {
                let Some(rest) = room.checked_sub(1) else { continue };
                room = rest;
            }
            let conversation: KeyHash = row.try_get(2)?;
            due.conversations.insert((queue_number(queue), conversation));
            match row.try_get(5)? {
                Some(revision) => {
                    due.expired.push(conversation);
                    due.revisions.push(revision);
                    let name = text(row.try_get(4)?);
                    due.keys.push(Revision(revision).expiry_key(&name));
                }
                None => due.scheduled.push(row.try_get(0)?),
            }
            if row.try_get(3)? {
                // Nobody changes the state meanwhile.
                due.conversations.insert((queue_number(Queue::Inbox), conversation));
            }
        }
        Ok(due)
    }

    fn is_empty(&self) -> bool {
        self.conversations.is_empty()
    }
}

/// Reads when something is due next, and wakes the workers if that is now: the lease of one of them appends it.
pub(super) async fn look(replica: &Replica, client: &Client) -> Result<(), JournalError> {
    let now = replica.manual_now();
    let next = with_timeout(client, || Next::look(client, now)).await?;
    replica.next_due.set(next.due_in);
    if next.is_now() {
        replica.changes.notify(Queue::Inbox);
    }
    Ok(())
}

/// Appends what is due, of the Inbox as far as there is room, unless another replica is just doing so; `shard` is the
/// connection's.
pub(super) async fn append_due(replica: &Replica, client: &Client, shard: i64) -> Result<(), Failure> {
    let next = Next::look(client, replica.manual_now()).await?;
    if !next.is_now() {
        replica.next_due.set(next.due_in);
        return Ok(());
    }
    let reservation = replica.backlog.reserve_room(next.pending, MAX_DUE);
    let appended = transact(replica, client, shard, reservation.entries()).await;
    let after = appended.as_ref().ok().and_then(Option::as_ref);
    replica.backlog.end(reservation, after.map(|after| after.next.pending));
    let Some(AfterDue { has_found, ready, next }) = appended? else { return Ok(()) };
    let due_in = if has_found { next.due_in } else { next.due_in.map(|it| it.max(LOOK_AGAIN)) };
    replica.next_due.set(due_in);
    for queue in Queue::ALL {
        // What is due beyond the bound of one transaction is the next lease's.
        if ready[queue] || (queue == Queue::Inbox && has_found && next.is_now()) {
            replica.notify(queue);
        }
    }
    Ok(())
}

/// Appends what is due in one transaction, with `room` for so many entries of the Inbox; none if another replica does.
///
/// One replica at a time appends, so that what is due in a conversation is appended in order. The conversations are locked
/// in the order of [`LOCK`] before anything is changed, as in every other transaction, and what was changed before they
/// were locked is left alone.
async fn transact(
    replica: &Replica,
    client: &Client,
    shard: i64,
    room: u64,
) -> Result<Option<AfterDue>, Failure> {
    let (now, elapsed) = (replica.manual_now(), replica.time.known());
    client.batch_execute(BEGIN).await?;
    let lock = client.query_one("select pg_try_advisory_xact_lock($1)", &[&DUE_LOCK]).await?;
    if !lock.try_get::<_, bool>(0)? {
        client.batch_execute("rollback").await?;
        return Ok(None);
    }
    let limits = [MAX_DUE, room].map(u64::cast_signed);
    let rows = client.query(READ_DUE.as_str(), &[&now, &limits[0], &limits[1]]).await?;
    let due = Due::new(&rows, room)?;
    let mut ready = PerQueue::default();
    if !due.is_empty() {
        let Due { scheduled, expired, revisions, keys, conversations } = &due;
        let (queues, hashes): (Vec<_>, Vec<_>) = conversations.iter().copied().unzip();
        let locked = client.query(LOCK.as_str(), &[&now, &queues, &hashes]).await?;
        let values: [&(dyn ToSql + Sync); 7] =
            [&now, scheduled, expired, revisions, keys, &shard, &elapsed];
        client.execute(APPEND_DUE.as_str(), &values).await?;
        let no_fences = Vec::<i64>::new();
        let aligned = client.query(ALIGN.as_str(), &[&now, &queues, &hashes, &no_fences]).await?;
        for row in locked.iter().chain(&aligned) {
            ready[queue(row, 0)?] |= row.try_get::<_, bool>(1)?;
        }
    }
    let next = Next::look(client, now).await?;
    failpoint::reach(Point::Committing)?;
    client.batch_execute("commit").await?;
    failpoint::reach(Point::Committed)?;
    Ok(Some(AfterDue { has_found: !due.is_empty(), ready, next }))
}
