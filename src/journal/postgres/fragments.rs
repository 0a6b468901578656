//! Parts that several statements share.
//!
//! `$1` of a statement with [`WALL_CLOCK`] or [`NOW`] is the time, where a test's clock gives it.

/// The database's clock, which all replicas share.
pub(super) const WALL_CLOCK: &str =
    "coalesce($1::bigint, (extract(epoch from statement_timestamp()) * 1000)::bigint)";

/// The database's clock without the steps by which it was set. What is due, and until when a lease lasts, is told by it,
/// so that no step has to move any of them.
pub(super) const NOW: &str =
    "(coalesce($1::bigint, (extract(epoch from statement_timestamp()) * 1000)::bigint)
    - (select clock_steps from version))";

/// The statement that adds the rows of `counted` (shard, queue, pending, done, dead) to the tally.
pub(super) const ADD_TO_TALLY: &str = "insert into tally as t (shard, queue, pending, done, dead) select * from counted
     on conflict (shard, queue) do update
     set pending = t.pending + excluded.pending, done = t.done + excluded.done, dead = t.dead + excluded.dead";

/// The conversation `c` and the leased entry `e` of a request whose entry this transaction has finished. Until the
/// conversation is aligned, it names the entry that was leased.
pub(super) const FINISHED: &str =
    "(conversation c join entry e on e.id = c.leased_entry and e.state = 1)";

/// The end of a statement that gives conversations their states, whatever they had before.
pub(super) const OVERWRITE_STATE: &str = "on conflict (conversation_hash) do update
     set revision = excluded.revision, expires_at = excluded.expires_at, version = excluded.version, is_expiring = false,
         dialogue = excluded.dialogue, body = excluded.body";

/// How many shards of the tally belong to a replica: one for each of its write connections, and some to spare.
pub(super) const SHARDS: usize = 8;

/// The shard of one of a replica's connections; shard 0 is everybody's.
pub(super) fn shard(replica: i64, connection: usize) -> i64 {
    let number = |number| i64::try_from(number).unwrap_or(i64::MAX);
    replica * number(SHARDS) + number(connection)
}
