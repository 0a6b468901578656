//! The removal of what has been kept long enough, in small steps.

use tokio_postgres::{Client, Error};

use super::{statements::text, values::count};
use crate::journal::{EntryId, Options};

/// How many entries a step looks at.
const STEP: i64 = 1000;
/// Held by the one replica that sweeps: `RCcb` in ASCII, and one more than the migrations' lock.
const LOCK: i64 = 0x5243_6363;

/// It goes by number and ends at the first entry that is too young to be removed whatever its state, so that
/// it needs no index, which every settling would have to pay for.
///
/// `$2` is where it begins, `$3` how many entries it looks at, `$4` and `$5` how long done and dead ones are kept.
const PURGE: &str = "
    with seen as (
        select id, queue, state, accepted_at, settled_at from entry where id > $2 order by id limit $3::bigint
    ), young as (
        -- One from the future, of a clock that has been set back, says nothing about those after it.
        select min(id) id from seen where accepted_at > NOW - least($4::bigint, $5::bigint) and accepted_at <= NOW
    ), gone as (
        delete from entry e using seen s
        where e.id = s.id and e.state = s.state and e.settled_at = s.settled_at
            and s.settled_at <= NOW - case s.state when 1 then $4 else $5 end
            and s.id < coalesce((select id from young), 9223372036854775807)
        returning e.queue, e.state
    ), counted as (
        select 0::bigint, queue, 0, -count(*) filter (where state = 1), -count(*) filter (where state = 2)
        from gone group by queue
    ), tallied as (COUNT)
    select case when (select count(*) = $3 from seen) and (select id from young) is null
            then (select max(id) from seen) end,
        (select count(*) from gone)";

const UNSEAL: &str = "
    delete from seal where ctid = any (array(select ctid from seal where until < NOW order by until limit $2))";

/// What a step did.
#[derive(Debug)]
pub(super) struct Purged {
    /// Where the next step begins; none after the last.
    pub(super) next: Option<EntryId>,
    /// How many entries it removed.
    pub(super) count: u64,
}

/// Whether we may sweep: no other replica does.
pub(super) async fn claim(client: &Client) -> Result<bool, Error> {
    client.query_one("select pg_try_advisory_lock($1)", &[&LOCK]).await?.try_get(0)
}

/// Others may sweep.
pub(super) async fn release(client: &Client) -> Result<(), Error> {
    client.execute("select pg_advisory_unlock($1)", &[&LOCK]).await.map(drop)
}

/// Looks at the next few entries after `from`.
pub(super) async fn step(client: &Client, from: EntryId, options: &Options) -> Result<Purged, Error> {
    let now = options.clock.manual_now().map(|now| now.0);
    let [keep, keep_dead] = [options.keep, options.keep_dead]
        .map(|span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
    let purged = client.query_one(&text(PURGE), &[&now, &from.0, &STEP, &keep, &keep_dead]).await?;
    client.execute(&text(UNSEAL), &[&now, &STEP]).await?;
    let next: Option<i64> = purged.try_get(0)?;
    Ok(Purged { next: next.map(EntryId), count: count(purged.try_get(1)?) })
}
