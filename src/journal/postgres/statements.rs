//! The statements of the writer, in the order in which a transaction runs them.

use std::sync::LazyLock;

use futures_util::future::try_join_all;
use tokio_postgres::{Client, Error, Statement};

use super::{
    attempts::KEEP_ATTEMPTS,
    fragments::{ADD_TO_TALLY, FINISHED, NOW, WALL_CLOCK},
    outcome_statements::{CHANGE_STATES, SCHEDULE},
};
use crate::journal::{EntryId, JournalError};

/// The statement that binds signatures to bodies, from `$1` in journal time on, and returns the body that each is bound
/// to.
const BIND: &str = "
    insert into signature_binding (signature, body, until)
    select signature, body, $1::bigint + span
    from unnest($2::bytea[], $3::bytea[], $4::bigint[]) s (signature, body, span)
    on conflict (signature) do update set signature = excluded.signature
    returning signature, body";

/// The statement that locks conversations in the order given, which is the same everywhere, and makes those that are not
/// there. The queues are returned, and whether a conversation of each was ready: a lease may have passed it over while
/// it was locked.
///
/// Only the transaction that has locked a conversation takes numbers for its entries, so that no lower number is
/// committed after a higher one.
pub(super) static LOCK: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with locked as (
            insert into conversation (queue, conversation_hash) select * from unnest($2::smallint[], $3::bytea[])
            on conflict (queue, conversation_hash) do update set queue = excluded.queue
            returning queue, coalesce(ready_at <= {NOW} and head is not null, false) as is_ready
        )
        select queue, bool_or(is_ready) from locked group by queue"
    )
});

/// The statement that settles leased entries, as far as their leases still count, and returns those.
///
/// A finished entry of the Inbox whose conversation has another state than at its lease is due again instead, and it is
/// returned that the state has changed.
static SETTLE: LazyLock<String> = LazyLock::new(|| {
    let changed = JournalError::StateChanged(EntryId(0)).to_string().replace('0', "' || s.id || '");
    format!(
        "with request as (
            select s.id, s.span, l.is_changed, s.revision, s.reason_group, s.version, s.body,
                case when not l.is_changed then s.ending end as ending,
                case when not l.is_changed then s.dialogue end as dialogue, case when l.is_changed then 0 else s.state end as state,
                case when l.is_changed then convert_to('{changed}', 'UTF8') else s.reason end as reason,
                case when l.is_changed then 1 else s.uncounted end as uncounted
            from unnest($2::bigint[], $3::smallint[], $4::bytea[], $5::bigint[], $6::smallint[], $7::bigint[],
                $8::bytea[], $9::integer[], $12::bigint[], $13::bigint[], $14::bytea[], $15::bytea[], $16::bigint[],
                $17::bytea[])
                s (id, queue, conversation_hash, fence, state, span, reason, uncounted, revision, reason_group, ending,
                   dialogue, version, body)
            join conversation c on c.queue = s.queue and c.conversation_hash = s.conversation_hash
                and c.fence = s.fence and c.leased_entry = s.id
            left join conversation_state t on t.conversation_hash = s.conversation_hash
            cross join lateral (
                select s.state = 1 and s.queue = 0 and t.revision is distinct from s.revision as is_changed
            ) l
        ), settled as (
            update entry e
            set state = s.state, due_at = case s.state when 0 then {NOW} + s.span else e.due_at end,
                settled_at = case s.state when 0 then null else {WALL_CLOCK} end,
                settled_elapsed = case s.state when 0 then 0 else $11::bigint end,
                reason = coalesce(s.reason, e.reason), attempts = e.attempts - s.uncounted,
                reason_group = s.reason_group, ending = s.ending, state_dialogue = s.dialogue,
                state_version = case when s.dialogue is not null then s.version end,
                state_body = case when s.dialogue is not null then s.body end,
                state_before = case when s.dialogue is not null then s.revision end
            from request s where e.id = s.id and e.state = 0
            returning e.id, e.queue, e.state, s.is_changed
        ), counted as (
            select $10::bigint, queue, -count(*) filter (where state <> 0), count(*) filter (where state = 1),
                count(*) filter (where state = 2)
            from settled group by queue
        ), tallied as ({ADD_TO_TALLY})
        select id, is_changed from settled"
    )
});

/// The statement that adds entries whose keys are new, and returns their queues and keys: a follow-up only if its entry
/// was finished, an entry with a signature only if the signature is bound to its body.
static ADD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with new as (
            select distinct on (n.queue, n.key) n.*
            from unnest($2::smallint[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bigint[], $7::bytea[], $8::bytea[],
                $9::smallint[], $10::bytea[], $11::bigint[], $12::bytea[], $13::bytea[], $16::bigint[]) with ordinality
                n (queue, key, conversation_hash, conversation, answers, reason, body, lease_queue,
                   lease_conversation_hash, lease_fence, signature, bound_body, reason_group, place)
            where (n.lease_fence is null or exists (
                    select from {FINISHED}
                    where c.queue = n.lease_queue and c.conversation_hash = n.lease_conversation_hash
                        and c.fence = n.lease_fence))
                and (n.signature is null or exists (
                    select from signature_binding b where b.signature = n.signature and b.body = n.bound_body))
            order by n.queue, n.key, n.place
        ), added as (
            insert into entry (id, queue, state, attempts, due_at, accepted_at, settled_at, accepted_elapsed,
                settled_elapsed, key, conversation_hash, conversation, answers, reason, reason_group, body)
            select nextval('entry_id'), queue, case when reason is null then 0 else 2 end, 0, {NOW}, {WALL_CLOCK},
                case when reason is null then null else {WALL_CLOCK} end, $15::bigint,
                case when reason is null then 0 else $15::bigint end, key, conversation_hash, conversation, answers,
                reason, reason_group, body
            from (select * from new order by place) n
            on conflict (queue, key) do nothing
            returning queue, key, state
        ), counted as (
            select $14::bigint, queue, count(*) filter (where state = 0), 0, count(*) filter (where state = 2)
            from added group by queue
        ), tallied as ({ADD_TO_TALLY})
        select queue, key from added"
    )
});

/// The statement that brings locked conversations in line with their entries, and ends the leases with the fences `$4`.
/// The queue of each conversation that was changed is returned, and whether the conversation is ready now.
///
/// Where nothing is pending, a lease that lasts is of an entry that an operator has discarded: the conversation's next
/// entry waits for its end.
pub(super) static ALIGN: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with locked as (
            select l.queue, l.conversation_hash, h.id, h.due_at
            from unnest($2::smallint[], $3::bytea[]) l (queue, conversation_hash)
            left join lateral (
                select id, due_at from entry e
                where e.queue = l.queue and e.conversation_hash = l.conversation_hash and e.state = 0
                order by id limit 1
            ) h on true
        ), ended as (
            delete from conversation c using locked l
            where c.queue = l.queue and c.conversation_hash = l.conversation_hash and l.id is null
                and (c.fence = any($4) or coalesce(c.lease_until, 0) <= {NOW})
        )
        update conversation c
        set head = l.id, due_at = l.due_at,
            leased_entry = case when c.fence = any($4) then null else c.leased_entry end,
            leased_by = case when c.fence = any($4) then null else c.leased_by end,
            lease_until = case when c.fence = any($4) then null else c.lease_until end
        from locked l
        where c.queue = l.queue and c.conversation_hash = l.conversation_hash
            and (l.id is not null or (c.fence <> all($4) and c.lease_until > {NOW}))
            and (c.head is distinct from l.id or c.due_at is distinct from l.due_at or c.fence = any($4))
        returning c.queue, c.head is not null and c.ready_at <= {NOW}"
    )
});

/// The statement that leases ready entries to a replica, those of the Inbox with the states of their conversations; none of
/// the Inbox while the Outbox is full.
///
/// Journal time stands still while no server runs, and the database's clock may have been set since: by the earlier of the two,
/// an entry that was accepted before its conversation's state expired is not late.
///
/// A conversation that was leased and finished elsewhere after the statement's snapshot is left out: the statement locks the
/// conversation as it is now, and would read its state and its first entry as they were before.
///
/// That is seen behind the limit, by the update. With a condition for it before the limit the planner expects one row, for which
/// it may read all conversations of the queue and put them in order, instead of the first ones in the index of what is due.
static LEASE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with due as (
            select c.queue, c.conversation_hash, c.ready_at, c.head, c.fence from conversation c
            where c.queue = $2 and c.ready_at <= {NOW} and c.head is not null
                and ($2 <> 0::smallint
                    or (select coalesce(sum(pending), 0) from tally where queue = 1) < $6::bigint)
            order by c.ready_at, c.head limit $3 for update of c skip locked
        ), leased as (
            update conversation c
            set leased_entry = c.head, leased_by = $5::bigint, lease_until = {NOW} + greatest($4::bigint, 1),
                fence = nextval('fence')
            from due d where c.queue = d.queue and c.conversation_hash = d.conversation_hash
                and c.head = d.head and c.fence = d.fence
            returning c.conversation_hash, c.leased_entry, c.fence, d.ready_at
        )
        update entry e set attempts = e.attempts + 1
        from leased l
        left join conversation_state s on $2 = 0::smallint and s.conversation_hash = l.conversation_hash
        where e.id = l.leased_entry
        returning l.conversation_hash, l.fence, l.ready_at, e.id, e.answers, e.conversation, e.body, e.attempts,
            e.accepted_at, s.revision, s.dialogue, s.version, s.body,
            s.expires_at <= least({NOW} - greatest($7::bigint - e.accepted_elapsed, 0),
                e.accepted_at - (select clock_steps from version))"
    )
});

/// The statement that counts the pending entries of each queue.
const SUM: &str = "select queue, sum(pending)::bigint from tally group by queue";

/// The statement that says whether a key is new, and how many entries of its queue are pending.
const ROOM: &str = "
    select not exists (select from entry e where e.queue = $1 and e.key = $2::bytea),
        (select coalesce(sum(pending), 0)::bigint from tally where queue = $1)";

/// The statements of the writer, prepared on a connection.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) bind: Statement,
    pub(super) lock: Statement,
    pub(super) settle: Statement,
    pub(super) keep_attempts: Statement,
    pub(super) add: Statement,
    pub(super) change_states: Statement,
    pub(super) schedule: Statement,
    pub(super) align: Statement,
    pub(super) lease: Statement,
    pub(super) sum: Statement,
    pub(super) room: Statement,
}

impl Statements {
    pub(super) async fn prepare(client: &Client) -> Result<Self, Error> {
        let outcome = [&**KEEP_ATTEMPTS, &CHANGE_STATES, &SCHEDULE];
        let texts = [BIND, &LOCK, &SETTLE, &ADD].into_iter().chain(outcome);
        let texts = texts.chain([&**ALIGN, &LEASE, SUM, ROOM]);
        let prepared = try_join_all(texts.map(|text| client.prepare(text))).await?;
        let mut prepared = prepared.into_iter();
        let mut next = || prepared.next().unwrap_or_else(|| unreachable!("one for each text"));
        Ok(Self {
            bind: next(),
            lock: next(),
            settle: next(),
            add: next(),
            keep_attempts: next(),
            change_states: next(),
            schedule: next(),
            align: next(),
            lease: next(),
            sum: next(),
            room: next(),
        })
    }
}
