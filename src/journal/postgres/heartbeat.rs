//! The heartbeat: shows that this replica is alive, frees what dead ones held, and follows the database's clock.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::{
    client::Client,
    replica::Replica,
    replica_statements::{HEARTBEAT, LEAVE, OTHER_HEARTBEATS, READ_CLOCK, RECORD_STEP, RELEASE_DEAD},
    retry::with_timeout,
    time::{ClockReading, log_step},
};
use crate::journal::{JournalError, Queue};

/// The longest time without a heartbeat: a replica that was watched for so long is dead, and others take its leases.
const DEAD_AFTER: Duration = Duration::from_secs(10);

/// The other replicas, watched on one connection: how many heartbeats each has had, and since when it has had no other.
///
/// When the database has been away, every replica looks dead until it has connected again, so the watch begins anew with
/// each connection. The time is this process's own, for a step of the database's clock says nothing about any replica.
pub(super) type Watched = HashMap<i64, (i64, Instant)>;

/// One heartbeat: counts it, reads the clock, and takes over from replicas that are dead.
pub(super) async fn send_heartbeat(
    replica: &Replica,
    client: &Client,
    reading: &mut Option<ClockReading>,
    watched: &mut Watched,
) -> Result<(), JournalError> {
    let name = replica.options.replica.as_bytes();
    let leased = Queue::ALL.iter().map(|queue| replica.leases.count(*queue)).sum::<u64>().cast_signed();
    let beat = || async { client.query_one(HEARTBEAT, &[&replica.id, &name, &leased]).await };
    if with_timeout(client, beat).await?.get::<_, i64>(0) == 0 {
        // Others took this replica for dead: its own time may have stood still, so the earlier reading is of no use.
        *reading = None;
    }
    *reading = Some(read_clock(replica, client, *reading).await?);
    let others = || async { client.query(OTHER_HEARTBEATS, &[&replica.id]).await };
    let others = with_timeout(client, others).await?;
    let others: HashMap<i64, i64> = others.iter().map(|row| (row.get(0), row.get(1))).collect();
    watched.retain(|id, (beats, _)| others.get(id) == Some(beats));
    for (id, beats) in others {
        watched.entry(id).or_insert((beats, Instant::now()));
    }
    let dead = watched.iter().filter(|(_, (_, since))| since.elapsed() >= DEAD_AFTER);
    let (dead, beats): (Vec<i64>, Vec<i64>) = dead.map(|(id, (beats, _))| (*id, *beats)).unzip();
    if dead.is_empty() { Ok(()) } else { take_over(replica, client, &dead, &beats).await }
}

/// Frees what the replicas `dead` held, unless they have had more heartbeats than these, and takes them off the list.
async fn take_over(
    replica: &Replica,
    client: &Client,
    dead: &[i64],
    beats: &[i64],
) -> Result<(), JournalError> {
    let now = replica.manual_now();
    let free = || async { client.execute(RELEASE_DEAD.as_str(), &[&now, &dead, &beats]).await };
    let freed = with_timeout(client, free).await?;
    with_timeout(client, || async { client.execute(LEAVE.as_str(), &[&dead]).await }).await?;
    tracing::warn!(
        replicas = dead.len(),
        leases = freed,
        "took over from servers that gave no sign: what they were working on comes back one after another"
    );
    replica.notify(Queue::Inbox);
    replica.notify(Queue::Outbox);
    Ok(())
}

/// Reads the database's clock, and notes a step since `before`; returns the reading to compare the next one with.
async fn read_clock(
    replica: &Replica,
    client: &Client,
    before: Option<ClockReading>,
) -> Result<ClockReading, JournalError> {
    let (clock, time) = (&replica.options.clock, &replica.time);
    let asked = clock.elapsed();
    let (now, known) = (replica.manual_now(), time.known());
    let look = || async { client.query_one(READ_CLOCK.as_str(), &[&now, &known]).await };
    let row = with_timeout(client, look).await?;
    time.learn(row.get(0));
    let reading =
        ClockReading { stepped: row.get(1), wall: row.get(2), asked, answered: clock.elapsed() };
    let Some(before) = before else { return Ok(reading) };
    let step = reading.step_since(&before);
    if step == 0 {
        return Ok(reading);
    }
    let note = || async { client.execute(RECORD_STEP, &[&step, &reading.stepped]).await };
    if with_timeout(client, note).await? == 0 {
        // Another replica was quicker. The next reading shows whether it has seen the same step.
        return Ok(before);
    }
    log_step(step);
    replica.notify(Queue::Inbox);
    replica.notify(Queue::Outbox);
    Ok(ClockReading { stepped: reading.stepped + step, ..reading })
}
