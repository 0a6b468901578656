//! The purge: entries and bindings that have been kept long enough are removed, in small steps.

use std::{mem, sync::LazyLock, time::Duration};

use tokio::time::Instant;
use tokio_postgres::Error;

use super::{
    client::Client,
    conversation_index,
    fragments::{ADD_TO_TALLY, NOW},
    records::count,
    replica::Replica,
    retry::with_timeout,
};
use crate::journal::{EntryId, JournalError, Options, driver::purge::PurgeResult};

/// The longest time between two purges, and the time between two steps of one.
const PURGE_EVERY: Duration = Duration::from_mins(1);
const STEP_EVERY: Duration = Duration::from_millis(20);
/// How many entries a step looks at.
const STEP: i64 = 1000;
/// The advisory lock of the one replica that purges: `RCcb` in ASCII, and one more than the migrations' lock.
const LOCK: i64 = 0x5243_6363;

/// The statement of one step, by journal time `$1`, or by what is written of it. `$2` is where the step begins, `$3` how
/// many entries it looks at, `$4` and `$5` how long done and dead ones are kept. The number after which the next step
/// begins is returned, and how many entries were removed.
///
/// The purge goes on by number and ends at the first entry that is too young to be removed whatever its state, so that it
/// needs no index, which every settling would have to pay for.
static PURGE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with time as (
            select coalesce($1::bigint, elapsed) as elapsed from version
        ), seen as (
            select id, state, accepted_elapsed, settled_elapsed from entry where id > $2 order by id limit $3::bigint
        ), young as (
            select min(id) id from seen, time where accepted_elapsed > elapsed - least($4::bigint, $5::bigint)
        ), gone as (
            delete from entry e using seen s, time t
            where e.id = s.id and e.state = s.state and e.settled_elapsed = s.settled_elapsed
                and s.state <> 0 and s.settled_elapsed <= t.elapsed - case s.state when 1 then $4 else $5 end
                and s.id < coalesce((select id from young), 9223372036854775807)
            returning e.id, e.queue, e.state
        ), attempts as (
            delete from attempt a using gone g where a.entry = g.id
        ), counted as (
            select 0::bigint, queue, 0, -count(*) filter (where state = 1), -count(*) filter (where state = 2)
            from gone group by queue
        ), tallied as ({ADD_TO_TALLY})
        select case when (select count(*) = $3 from seen) and (select id from young) is null
                then (select max(id) from seen) end,
            (select count(*) from gone)"
    )
});

/// The statement that removes signature bindings whose time is over.
const REMOVE_BINDINGS: &str = "
    delete from signature_binding where ctid = any (array(
        select ctid from signature_binding where until < coalesce($1::bigint, (select elapsed from version))
        order by until limit $2))";

/// The statement that removes conversations without pending entries, of which only a lease was left that was never
/// settled.
static REMOVE_CONVERSATIONS: LazyLock<String> = LazyLock::new(|| {
    format!("delete from conversation where queue in (0, 1) and head is null and lease_until <= {NOW}")
});

/// The repeated purge of one replica, which goes on in small steps.
pub(super) struct PurgeSchedule {
    every: Duration,
    next_at: Instant,
    /// The number after which the next step begins, while a purge is going on.
    from: Option<EntryId>,
    /// How many entries the purge that is going on has removed.
    removed: u64,
    /// The segment of the index by conversation with which the next look for segments to join begins.
    joined_to: EntryId,
}

impl PurgeSchedule {
    pub(super) fn new(options: &Options) -> Self {
        let every = PURGE_EVERY.min(options.keep).min(options.keep_dead);
        Self { every, next_at: Instant::now() + every, from: None, removed: 0, joined_to: EntryId(0) }
    }

    /// The time at which the next step is due.
    pub(super) fn next_at(&self) -> Instant {
        self.next_at
    }

    /// Does one step, if no other replica is purging.
    pub(super) async fn step(&mut self, replica: &Replica, client: &Client) -> Result<(), JournalError> {
        let from = match self.from {
            Some(from) => Some(from),
            None if with_timeout(client, || lock(client)).await? => Some(EntryId(0)),
            None => None,
        };
        self.from = match from {
            Some(from) => {
                let elapsed = Some(replica.time.known());
                let step = || purge_step(client, from, elapsed, &replica.options);
                let result = with_timeout(client, step).await?;
                self.removed += result.count;
                result.next
            }
            None => None,
        };
        if let (Some(looked_at), None) = (from, self.from) {
            if mem::take(&mut self.removed) > 0 {
                let compact = || conversation_index::compact(client, self.joined_to, looked_at);
                self.joined_to = with_timeout(client, compact).await?;
            }
            with_timeout(client, || unlock(client)).await?;
        }
        let pause = if self.from.is_some() { STEP_EVERY } else { self.every };
        self.next_at = Instant::now() + pause;
        Ok(())
    }
}

/// Takes the lock of the purge; `false` if another replica has it.
async fn lock(client: &Client) -> Result<bool, Error> {
    client.query_one("select pg_try_advisory_lock($1)", &[&LOCK]).await?.try_get(0)
}

/// Gives the lock of the purge back.
async fn unlock(client: &Client) -> Result<(), Error> {
    client.execute("select pg_advisory_unlock($1)", &[&LOCK]).await.map(drop)
}

/// Looks at the next few entries after `from`, and removes those that have been kept long enough at `elapsed` in journal
/// time.
pub(super) async fn purge_step(
    client: &Client,
    from: EntryId,
    elapsed: Option<i64>,
    options: &Options,
) -> Result<PurgeResult, Error> {
    let [keep, keep_dead] = [options.keep, options.keep_dead]
        .map(|span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
    let purged =
        client.query_one(PURGE.as_str(), &[&elapsed, &from.0, &STEP, &keep, &keep_dead]).await?;
    client.execute(REMOVE_BINDINGS, &[&elapsed, &STEP]).await?;
    let now = options.clock.manual_now().map(|now| now.0);
    client.execute(REMOVE_CONVERSATIONS.as_str(), &[&now]).await?;
    let next: Option<i64> = purged.try_get(0)?;
    Ok(PurgeResult { next: next.map(EntryId), count: count(purged.try_get(1)?) })
}
