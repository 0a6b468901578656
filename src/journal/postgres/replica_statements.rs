//! The statements by which a replica comes, shows that it is alive, takes over from a dead one, and goes.

use std::sync::LazyLock;

use super::fragments::{ADD_TO_TALLY, NOW, SHARDS, WALL_CLOCK};

/// The statement that puts a replica on the list, and numbers it.
pub(super) const ENTER: &str =
    "insert into replica (id, name) values (nextval('replica_id'), $1) returning id";

/// The statement that reads the database's clock for the first time. If the clock shows less than a server has seen, it
/// was set back while nobody looked, by `$2` milliseconds or more; a step forward cannot be told from a pause.
pub(super) static START_CLOCK: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with before as (select clock_steps from version)
        update version v
        set clock_steps = v.clock_steps
                + case when {WALL_CLOCK} < v.wall_clock - $2::bigint then {WALL_CLOCK} - v.wall_clock else 0 end,
            wall_clock = {WALL_CLOCK}
        from before returning v.elapsed, v.clock_steps - before.clock_steps"
    )
});

/// The statement of a heartbeat, with the number of entries that the replica has leased: returns how many the replica has had since it was put on the list.
pub(super) const HEARTBEAT: &str = "
    insert into replica as r (id, name, leased) values ($1, $2, $3)
    on conflict (id) do update set heartbeats = r.heartbeats + 1, leased = excluded.leased
    returning heartbeats";

/// The statement that counts the heartbeats of the other replicas.
pub(super) const OTHER_HEARTBEATS: &str = "select id, heartbeats from replica where id <> $1";

/// The statement that records how much journal time is known, and reads what is known of it and of the database's clock.
pub(super) static READ_CLOCK: LazyLock<String> = LazyLock::new(|| {
    format!(
        "update version set elapsed = greatest(elapsed, $2::bigint), wall_clock = {WALL_CLOCK}
        returning elapsed, clock_steps, wall_clock"
    )
});

/// The statement that records a step of the database's clock, if no other replica has.
pub(super) const RECORD_STEP: &str =
    "update version set clock_steps = clock_steps + $1 where clock_steps = $2";

/// The statement that records how much journal time is known.
pub(super) const RECORD_ELAPSED: &str = "update version set elapsed = greatest(elapsed, $1)";

/// How much later than its attempts make it an entry in work comes back for each one that comes back before it, in
/// milliseconds.
const STAGGER: i64 = 500;

/// The part of a statement that has the entries of the conversations `interrupted` come back later, as their attempts
/// ended with their process: one of the entries may be the cause of its end. So the more often that has happened to an
/// entry, the later it comes, and the entries come one by one.
static DELAY_INTERRUPTED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "placed as (
            select e.id, e.attempts, row_number() over (order by e.attempts, e.id) - 1 as place
            from interrupted i join entry e on e.id = i.leased_entry where e.state = 0
        ), delayed as (
            update entry e
            set due_at = {NOW} + least(3600000, 1000 * 3.0 ^ least(p.attempts - 1, 9))::bigint + p.place * {STAGGER}
            from placed p where e.id = p.id
            returning e.id, e.due_at
        )"
    )
});

/// The statement that lets the leases of dead replicas run out: of those among `$2` that have had no more heartbeats than
/// `$3`.
pub(super) static RELEASE_DEAD: LazyLock<String> = LazyLock::new(|| {
    let delay = &*DELAY_INTERRUPTED;
    format!(
        "with dead as (
            select id from replica join unnest($2::bigint[], $3::bigint[]) s (id, heartbeats) using (id, heartbeats)
        ), interrupted as (
            select queue, conversation_hash, head, leased_entry from conversation
            where leased_by in (select id from dead)
            order by queue, conversation_hash for update
        ), {delay}
        update conversation c
        set lease_until = 0, leased_by = null, due_at = case when d.id = i.head then d.due_at else c.due_at end
        from interrupted i left join delayed d on d.id = i.leased_entry
        where c.queue = i.queue and c.conversation_hash = i.conversation_hash"
    )
});

/// The statement that delays the entries which others have leased and will have lost before it is known whether they are
/// alive, which takes `$3` milliseconds. A replica that is alive settles them all the same.
pub(super) static DELAY_DOUBTFUL: LazyLock<String> = LazyLock::new(|| {
    let delay = &*DELAY_INTERRUPTED;
    format!(
        "with interrupted as (
            select queue, conversation_hash, head, leased_entry from conversation
            where leased_entry is not null and leased_by <> $2 and lease_until <= {NOW} + $3::bigint
            order by queue, conversation_hash for update
        ), {delay}
        update conversation c set due_at = d.due_at
        from interrupted i join delayed d on d.id = i.leased_entry and d.id = i.head
        where c.queue = i.queue and c.conversation_hash = i.conversation_hash"
    )
});

/// The statement that lets the leases of a replica run out which it does not know: their fences are not among `$3`. No
/// attempt at their entries has begun.
pub(super) static RELEASE_ORPHANS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with released as (
            update conversation set lease_until = 0, leased_by = null
            where leased_by = $2 and lease_until > {NOW} and fence <> all ($3)
            returning leased_entry
        )
        update entry e set attempts = greatest(e.attempts - 1, 0)
        from released r where e.id = r.leased_entry and e.state = 0"
    )
});

/// The statement that lets all leases of a replica run out.
pub(super) const RELEASE_LEASES: &str =
    "update conversation set lease_until = 0, leased_by = null where leased_by = $1";

/// The statement that takes replicas off the list, and adds their shards of the tally to everybody's.
pub(super) static LEAVE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with gone as (
            delete from replica where id = any($1) returning id
        ), folded as (
            delete from tally where shard / {SHARDS} = any($1) returning queue, pending, done, dead
        ), counted as (
            select 0::bigint, queue, sum(pending), sum(done), sum(dead) from folded group by queue
        )
        {ADD_TO_TALLY}"
    )
});
