//! The statements that change a conversation, in the order in which a transaction runs them.
//!
//! `WALL` is the database's clock, the one that all replicas share; `$1` where a test's clock gives it. `NOW` is that
//! without the steps by which it was set: what is due, and until when a lease lasts, is told by it, so that no step
//! has to move any of them. Journal time, by which is told how long something has been kept, is known to the replica.

use std::sync::LazyLock;

use futures_util::future::try_join_all;
use tokio_postgres::{Client, Error, Statement};

const NOW: &str = "(WALL - (select stepped from version))";
const WALL: &str = "coalesce($1::bigint, (extract(epoch from statement_timestamp()) * 1000)::bigint)";

/// How many shards of the tally are a replica's, one for each of its connections that write: those wait for nobody's
/// commit to count their own.
pub(super) const SHARDS: usize = 8;

/// Adds what `counted` says (shard, queue, pending, done, dead) to the tally.
pub(super) const COUNT: &str = "insert into tally as t (shard, queue, pending, done, dead) select * from counted
     on conflict (shard, queue) do update
     set pending = t.pending + excluded.pending, done = t.done + excluded.done, dead = t.dead + excluded.dead";

/// Binds signatures to bodies, from `$1` in journal time on; says to which body each is bound.
const SEAL: &str = "
    insert into seal (signature, body, until)
    select signature, body, $1::bigint + span from unnest($2::bytea[], $3::bytea[], $4::bigint[]) s (signature, body, span)
    on conflict (signature) do update set signature = excluded.signature
    returning signature, body";

/// Locks conversations in the order given, which is everybody's; those that are not there are made.
///
/// Whoever holds the lock of a conversation is the only one who takes numbers for it, so that no lower number
/// is committed after a higher one.
pub(super) const LOCK: &str = "
    with locked as (
        insert into conversation (queue, line) select * from unnest($2::smallint[], $3::bytea[])
        on conflict (queue, line) do update set queue = excluded.queue
        returning queue, head is not null and ready_at <= NOW as is_ready
    )
    select queue, bool_or(is_ready) from locked group by queue";

/// Settles leased entries, as far as their leases still count; returns those.
const SETTLE: &str = "
    with settled as (
        update entry e
        set state = s.state, due_at = case s.state when 0 then NOW + s.span else e.due_at end,
            settled_at = case s.state when 0 then null else WALL end,
            settled_elapsed = case s.state when 0 then 0 else $11::bigint end,
            reason = coalesce(s.reason, e.reason), attempts = e.attempts - s.uncounted
        from unnest($2::bigint[], $3::smallint[], $4::bytea[], $5::bigint[], $6::smallint[], $7::bigint[], $8::bytea[],
            $9::integer[])
            s (id, queue, line, fence, state, span, reason, uncounted)
        join conversation c
            on c.queue = s.queue and c.line = s.line and c.fence = s.fence and c.held = s.id
        where e.id = s.id and e.state = 0
        returning e.id, e.queue, e.state
    ), counted as (
        select $10::bigint, queue, -count(*) filter (where state <> 0), count(*) filter (where state = 1),
            count(*) filter (where state = 2)
        from settled group by queue
    ), tallied as (COUNT)
    select id from settled";

/// Adds entries whose keys are new: those of a lease (`of_…`) only if it still counts, those under a signature
/// only if it is bound to their body.
const ADD: &str = "
    with new as (
        select distinct on (n.queue, n.key_digest) n.*
        from unnest($2::smallint[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[],
            $9::smallint[], $10::bytea[], $11::bigint[], $12::bytea[], $13::bytea[]) with ordinality
            n (queue, key_digest, line, conversation, key, reason, body, of_queue, of_line, of_fence, signature, sealed,
               place)
        where (n.of_fence is null or exists (
                select from conversation c where c.queue = n.of_queue and c.line = n.of_line
                    and c.fence = n.of_fence and c.held is not null))
            and (n.signature is null or exists (
                select from seal s where s.signature = n.signature and s.body = n.sealed))
        order by n.queue, n.key_digest, n.place
    ), added as (
        insert into entry (id, queue, state, attempts, due_at, accepted_at, settled_at, accepted_elapsed,
            settled_elapsed, key_digest, line, conversation, key, reason, body)
        select nextval('entry_id'), queue, case when reason is null then 0 else 2 end, 0, NOW, WALL,
            case when reason is null then null else WALL end, $15::bigint,
            case when reason is null then 0 else $15::bigint end, key_digest, line, conversation, key, reason, body
        from (select * from new order by place) n
        on conflict (queue, key_digest) do nothing
        returning queue, key_digest, state
    ), counted as (
        select $14::bigint, queue, count(*) filter (where state = 0), 0, count(*) filter (where state = 2)
        from added group by queue
    ), tallied as (COUNT)
    select queue, key_digest from added";

/// Brings locked conversations in line with their entries, and ends the leases with these fences; says what
/// is ready now because of that.
///
/// Where nothing is pending, a lease that lasts is of an entry that an operator has discarded: what comes next waits
/// for its end.
pub(super) const ALIGN: &str = "
    with line as (
        select l.queue, l.line, h.id, h.due_at
        from unnest($2::smallint[], $3::bytea[]) l (queue, line)
        left join lateral (
            select id, due_at from entry e
            where e.queue = l.queue and e.line = l.line and e.state = 0 order by id limit 1
        ) h on true
    ), ended as (
        delete from conversation c using line l
        where c.queue = l.queue and c.line = l.line and l.id is null
            and (c.fence = any($4) or coalesce(c.lease_until, 0) <= NOW)
    )
    update conversation c
    set head = l.id, due_at = l.due_at,
        held = case when c.fence = any($4) then null else c.held end,
        holder = case when c.fence = any($4) then null else c.holder end,
        lease_until = case when c.fence = any($4) then null else c.lease_until end
    from line l
    where c.queue = l.queue and c.line = l.line
        and (l.id is not null or (c.fence <> all($4) and c.lease_until > NOW))
        and (c.head is distinct from l.id or c.due_at is distinct from l.due_at or c.fence = any($4))
    returning c.queue, c.head is not null and c.ready_at <= NOW";

/// Leases what is ready, to a replica; none of the Inbox while the Outbox is full.
const LEASE: &str = "
    with due as (
        select queue, line, ready_at from conversation
        where queue = $2 and ready_at <= NOW and head is not null
            and ($2 <> 0::smallint or (select coalesce(sum(pending), 0) from tally where queue = 1) < $6::bigint)
        order by ready_at, head limit $3 for update skip locked
    ), taken as (
        update conversation c
        set held = c.head, holder = $5::bigint, lease_until = NOW + greatest($4::bigint, 1), fence = nextval('fence')
        from due d where c.queue = d.queue and c.line = d.line
        returning c.line, c.held, c.fence, d.ready_at
    )
    update entry e set attempts = e.attempts + 1 from taken t where e.id = t.held
    returning t.line, t.fence, t.ready_at, e.id, e.key, e.conversation, e.body, e.attempts, e.accepted_at";

/// How much there is in each queue.
const SUM: &str = "
    select queue, sum(pending)::bigint, sum(done)::bigint, sum(dead)::bigint from tally group by queue";

/// How many of these keys are new, and how many entries of their queue are pending.
const ROOM: &str = "
    select count(*), (select coalesce(sum(pending), 0)::bigint from tally where queue = $1)
    from unnest($2::bytea[]) k (digest)
    where not exists (select from entry e where e.queue = $1 and e.key_digest = k.digest)";

/// Lets the leases of a replica that ends run out.
pub(super) const RELEASE: &str = "
    update conversation set lease_until = 0, holder = null where holder = $1";

/// Puts a replica on the list, and numbers it.
pub(super) const ENTER: &str = "insert into replica (id) values (nextval('replica_id')) returning id";

/// Looks at the database's clock for the first time. If it shows less than a server has seen, it was set back while
/// nobody looked, by `$2` milliseconds or more; a step forward cannot be told from a pause.
pub(super) const START: &str = "
    with before as (select stepped from version)
    update version v
    set stepped = v.stepped + case when WALL < v.wall - $2::bigint then WALL - v.wall else 0 end, wall = WALL
    from before returning v.elapsed, v.stepped - before.stepped";

/// This replica is alive: says how often it has said so, since it was put on the list.
pub(super) const BEAT: &str = "
    insert into replica as r (id) values ($1) on conflict (id) do update set beats = r.beats + 1 returning beats";

/// Says how much journal time is known, and reads what is known of it and of the database's clock.
pub(super) const LOOK: &str = "
    update version set elapsed = greatest(elapsed, $2::bigint), wall = WALL returning elapsed, stepped, wall";

/// Takes note of a step of the database's clock, if nobody else has.
pub(super) const STEP: &str = "update version set stepped = stepped + $1 where stepped = $2";

/// Says how much journal time is known.
pub(super) const PASS: &str = "update version set elapsed = greatest(elapsed, $1)";

/// How often the other replicas have said that they are alive.
pub(super) const OTHERS: &str = "select id, beats from replica where id <> $1";

/// How much later than its attempts make it an entry in work comes back for each one that comes back before it.
const STAGGER: &str = "500";

/// Has the entries of the conversations `held` come back later, as their attempts ended with their process: one of
/// them may be what ended it. So the more often that has happened to one, the later it comes, and they come one by one.
const DELAYED: &str = "
    placed as (
        select e.id, e.attempts, row_number() over (order by e.attempts, e.id) - 1 as place
        from held join entry e on e.id = held.held where e.state = 0
    ), delayed as (
        update entry e
        set due_at = NOW + least(3600000, 1000 * 3.0 ^ least(p.attempts - 1, 9))::bigint + p.place * STAGGER
        from placed p where e.id = p.id
        returning e.id, e.due_at
    )";

/// Lets the leases run out of those among `$2` that have still not said once more than `$3` that they are alive.
pub(super) const FREE: &str = "
    with dead as (
        select id from replica join unnest($2::bigint[], $3::bigint[]) s (id, beats) using (id, beats)
    ), held as (
        select queue, line, head, held from conversation where holder in (select id from dead)
        order by queue, line for update
    ), DELAYED
    update conversation c
    set lease_until = 0, holder = null, due_at = case when d.id = h.head then d.due_at else c.due_at end
    from held h left join delayed d on d.id = h.held
    where c.queue = h.queue and c.line = h.line";

/// Delays what others hold and will have lost before it is known whether they are alive, which takes `$3` milliseconds.
/// Whoever is alive settles it all the same.
pub(super) const INTERRUPTED: &str = "
    with held as (
        select queue, line, head, held from conversation
        where held is not null and holder <> $2 and lease_until <= NOW + $3::bigint
        order by queue, line for update
    ), DELAYED
    update conversation c set due_at = d.due_at
    from held h join delayed d on d.id = h.held and d.id = h.head
    where c.queue = h.queue and c.line = h.line";

/// Lets the leases of a replica run out of which it knows nothing: their fences are not among `$3`. With these entries
/// nothing was tried.
pub(super) const ORPHANS: &str = "
    with freed as (
        update conversation set lease_until = 0, holder = null
        where holder = $2 and lease_until > NOW and fence <> all ($3)
        returning held
    )
    update entry e set attempts = greatest(e.attempts - 1, 0) from freed f where e.id = f.held and e.state = 0";

/// Takes replicas off the list; what they have counted becomes everybody's.
pub(super) const LEAVE: &str = "
    with gone as (
        delete from replica where id = any($1) returning id
    ), folded as (
        delete from tally where shard / SHARDS = any($1) returning queue, pending, done, dead
    ), counted as (
        select 0::bigint, queue, sum(pending), sum(done), sum(dead) from folded group by queue
    )
    COUNT";

/// How much there is, and how old the oldest pending entry is; the heads of the conversations include it.
pub(super) const STATS: &str = "
    select q.queue, coalesce(sum(t.pending), 0)::bigint, coalesce(sum(t.done), 0)::bigint,
        coalesce(sum(t.dead), 0)::bigint,
        (select e.accepted_at from entry e
         where e.id = (select min(head) from conversation c where c.queue = q.queue))
    from (values (0::smallint), (1::smallint)) q (queue) left join tally t on t.queue = q.queue
    group by q.queue";

/// The writer's statements, prepared.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) seal: Statement,
    pub(super) lock: Statement,
    pub(super) settle: Statement,
    pub(super) add: Statement,
    pub(super) align: Statement,
    pub(super) lease: Statement,
    pub(super) sum: Statement,
    pub(super) room: Statement,
}

impl Statements {
    pub(super) async fn prepare(client: &Client) -> Result<Self, Error> {
        static TEXTS: LazyLock<[String; 8]> =
            LazyLock::new(|| [SEAL, LOCK, SETTLE, ADD, ALIGN, LEASE, SUM, ROOM].map(text));
        let prepared = try_join_all(TEXTS.iter().map(|text| client.prepare(text))).await?;
        let mut prepared = prepared.into_iter();
        let mut next = || prepared.next().unwrap_or_else(|| unreachable!("one for each text"));
        Ok(Self {
            seal: next(),
            lock: next(),
            settle: next(),
            add: next(),
            align: next(),
            lease: next(),
            sum: next(),
            room: next(),
        })
    }
}

/// The statement with the times and what several have in common put in.
pub(super) fn text(statement: &str) -> String {
    let parts =
        [("COUNT", COUNT), ("DELAYED", DELAYED), ("STAGGER", STAGGER), ("NOW", NOW), ("WALL", WALL)];
    let whole =
        parts.into_iter().fold(statement.to_owned(), |text, (name, part)| text.replace(name, part));
    whole.replace("SHARDS", &SHARDS.to_string())
}

/// The shard of one of a replica's connections; 0 is everybody's.
pub(super) fn shard(replica: i64, number: usize) -> i64 {
    let of = |number| i64::try_from(number).unwrap_or(i64::MAX);
    replica * of(SHARDS) + of(number)
}
