//! Maintenance: the heartbeat, the looks for what is due, the hints to and from other replicas, the purge, and the index by
//! conversation, on a connection of their own.

use std::{convert::Infallible, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::{
    client::Client,
    connection::Connection,
    conversation_index::IndexSchedule,
    due,
    error::panicked_error,
    heartbeat::{self, Watched},
    purge::PurgeSchedule,
    replica::Replica,
    retry::with_timeout,
    time::ClockReading,
};
use crate::journal::{JournalError, Queue, driver::access::Access};

/// The channel of hints. The payload of a hint is a queue's name and the number of the replica that gives it.
pub(super) const CHANNEL: &str = "rongcloud_callback";
/// The number in the hints of operators, which is no replica's: every replica takes them.
pub(super) const OPERATOR: &str = "0";
/// The time between two heartbeats.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(2);
/// The time between two looks for what is due.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// After a failed connection, how long until the next is tried.
const RETRY: Duration = Duration::from_millis(500);
/// The least time between two hints.
const HINT_EVERY: Duration = Duration::from_millis(100);

/// Works until it is dropped.
pub(super) async fn run(replica: &Replica) -> Infallible {
    // Another server after a failover may have another clock: so the last reading of it outlives the connection.
    let mut reading = None;
    loop {
        let maintained = async {
            match Connection::open(&replica.address, Access::Server).await {
                Ok(connection) => maintain(replica, connection, &mut reading).await,
                Err(error) => error,
            }
        };
        // A panic must not end the writer, which works on the same thread.
        let maintained = AssertUnwindSafe(maintained).catch_unwind().await;
        let failed = maintained.unwrap_or_else(|_| panicked_error());
        tracing::debug!(error = %failed, "the maintenance's connection failed");
        sleep(RETRY).await;
    }
}

/// Works on one connection; returns when it has failed.
async fn maintain(
    replica: &Replica,
    mut connection: Connection,
    reading: &mut Option<ClockReading>,
) -> JournalError {
    let client = connection.client;
    let listen = format!("listen {CHANNEL}");
    if let Err(failed) = with_timeout(&client, || client.batch_execute(&listen)).await {
        return failed;
    }
    // Hints may have been missed.
    replica.changes.notify(Queue::Inbox);
    replica.changes.notify(Queue::Outbox);
    let mut watched = Watched::new();
    let mut heartbeat = interval(HEARTBEAT_EVERY);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut purge = PurgeSchedule::new(&replica.options);
    let mut index = IndexSchedule::new();
    let mut hint_at = Instant::now();
    loop {
        let done = tokio::select! {
            _ = heartbeat.tick() => heartbeat::send_heartbeat(replica, &client, reading, &mut watched).await,
            _ = look.tick() => due::look(replica, &client).await,
            notification = connection.notifications.recv() => match notification {
                Some(hint) => { on_hint(replica, &hint); Ok(()) }
                None => Err(JournalError::Unavailable("the connection was closed".into())),
            },
            () = async { sleep_until(hint_at).await; replica.hints.wait().await } => {
                hint_at = Instant::now() + HINT_EVERY;
                send_hints(replica, &client).await
            }
            () = sleep_until(purge.next_at()) => purge.step(replica, &client).await,
            () = sleep_until(index.next_at()) => index.step(&client).await,
        };
        if let Err(failed) = done {
            return failed;
        }
    }
}

/// Wakes the workers of this replica for a queue in which another replica or an operator has made something ready.
fn on_hint(replica: &Replica, hint: &str) {
    let Some((queue, from)) = hint.split_once(' ') else { return };
    if from.parse() == Ok(replica.id) {
        return;
    }
    if from == OPERATOR {
        // An operator may have scheduled something.
        replica.next_due.bring_forward(Duration::ZERO);
    }
    let is_named = |it: &Queue| it.as_str() == queue;
    if let Some(queue) = Queue::ALL.into_iter().find(is_named) {
        replica.changes.notify(queue);
    }
}

/// Sends the hints that have gathered. They are not part of the writer's transactions, because the commits of
/// transactions that notify wait for each other.
async fn send_hints(replica: &Replica, client: &Client) -> Result<(), JournalError> {
    for queue in replica.hints.take() {
        let hint = format!("{} {}", queue.as_str(), replica.id);
        let notify = || async { client.execute("select pg_notify($1, $2)", &[&CHANNEL, &hint]).await };
        with_timeout(client, notify).await?;
    }
    Ok(())
}
