//! The keeper: shows that this replica is alive, frees what a dead one held, passes on hints, and purges.

use std::{convert::Infallible, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};
use tokio_postgres::Client;

use super::{
    address::Address,
    purge,
    session::{Session, panicked, soon},
    shared::Shared,
    statements::{BEAT, FREE, LEAVE, STALE, text},
};
use crate::journal::{Access, EntryId, JournalError, Options, Queue};

/// The channel of hints: a queue's name and the replica that gives it.
pub(super) const CHANNEL: &str = "rongcloud_callback";
/// How often a replica shows that it is alive.
const BEAT_EVERY: Duration = Duration::from_secs(2);
/// After so long without a sign its leases are others' to take.
pub(super) const DEAD_AFTER: Duration = Duration::from_secs(10);
/// After a failed connection, how long until the next is tried.
const RETRY: Duration = Duration::from_millis(500);
/// The least time between two hints.
const HINT_PACE: Duration = Duration::from_millis(100);
/// The longest time between two sweeps, and the time between two steps of one.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
const SWEEP_PACE: Duration = Duration::from_millis(20);

/// What the keeper's task owns.
#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) address: Address,
    pub(super) options: Options,
    pub(super) replica: i64,
    pub(super) shared: Arc<Shared>,
}

/// A purge that goes on in small steps.
struct Sweep {
    every: Duration,
    next_at: Instant,
    /// Where the next step begins, while one is going on.
    from: Option<EntryId>,
}

impl Keeper {
    /// Works until it is dropped.
    pub(super) async fn run(&self) -> Infallible {
        loop {
            let kept = async {
                match Session::open(&self.address, Access::Server).await {
                    Ok(session) => self.keep(session).await,
                    Err(error) => error,
                }
            };
            // A panic must not end the writer with it, which works on the same thread.
            let failed = AssertUnwindSafe(kept).catch_unwind().await.unwrap_or_else(|_| panicked());
            tracing::debug!(error = %failed, "the keeper's connection failed");
            sleep(RETRY).await;
        }
    }

    /// Returns when the connection has failed.
    async fn keep(&self, mut session: Session) -> JournalError {
        let since = Instant::now();
        let listen = format!("listen {CHANNEL}");
        if let Err(failed) = soon(session.client.batch_execute(&listen)).await {
            return failed;
        }
        // Hints may have been missed.
        self.shared.changes.notify(Queue::Inbox);
        self.shared.changes.notify(Queue::Outbox);
        let mut beat = interval(BEAT_EVERY);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sweep = Sweep::new(&self.options);
        let mut hint_at = Instant::now();
        loop {
            let kept = tokio::select! {
                _ = beat.tick() => self.beat(&session.client, since).await,
                notice = session.notices.recv() => match notice {
                    Some(notice) => { self.heed(&notice); Ok(()) }
                    None => Err(JournalError::Unavailable("the connection was closed".into())),
                },
                () = async { sleep_until(hint_at).await; self.shared.hinted().await } => {
                    hint_at = Instant::now() + HINT_PACE;
                    self.hint(&session.client).await
                }
                () = sleep_until(sweep.next_at) => self.sweep(&session.client, &mut sweep).await,
            };
            if let Err(failed) = kept {
                return failed;
            }
        }
    }

    /// Says that we are alive, and frees what those held who are not.
    ///
    /// When the database has been away, everybody looks dead until they have come back, too: so none is
    /// declared dead by one who has not been here for long enough itself.
    async fn beat(&self, client: &Client, since: Instant) -> Result<(), JournalError> {
        let seconds = DEAD_AFTER.as_secs_f64();
        soon(client.execute(BEAT, &[&self.replica, &seconds])).await?;
        if since.elapsed() < DEAD_AFTER {
            return Ok(());
        }
        let stale = soon(client.query(STALE, &[])).await?;
        let dead: Vec<i64> = stale.iter().map(|row| row.get(0)).collect();
        if dead.is_empty() {
            return Ok(());
        }
        let freed = soon(client.execute(FREE, &[&dead])).await?;
        soon(client.execute(&text(LEAVE), &[&dead])).await?;
        tracing::warn!(
            replicas = dead.len(),
            leases = freed,
            "took over from replicas that gave no sign"
        );
        self.shared.news(Queue::Inbox);
        self.shared.news(Queue::Outbox);
        Ok(())
    }

    fn heed(&self, notice: &str) {
        let Some((queue, from)) = notice.split_once(' ') else { return };
        if from == self.replica.to_string() {
            return;
        }
        let named = |it: &Queue| it.as_str() == queue;
        if let Some(queue) = [Queue::Inbox, Queue::Outbox].into_iter().find(named) {
            self.shared.changes.notify(queue);
        }
    }

    /// Not in the writer's transactions, whose commits would wait for each other because of it.
    async fn hint(&self, client: &Client) -> Result<(), JournalError> {
        for queue in self.shared.hints() {
            let notice = format!("{} {}", queue.as_str(), self.replica);
            soon(client.execute("select pg_notify($1, $2)", &[&CHANNEL, &notice])).await?;
        }
        Ok(())
    }

    /// One step, if no other replica is sweeping.
    async fn sweep(&self, client: &Client, sweep: &mut Sweep) -> Result<(), JournalError> {
        let from = match sweep.from {
            Some(from) => Some(from),
            None if soon(purge::claim(client)).await? => Some(EntryId(0)),
            None => None,
        };
        sweep.from = match from {
            Some(from) => soon(purge::step(client, from, &self.options)).await?.next,
            None => None,
        };
        if from.is_some() && sweep.from.is_none() {
            soon(purge::release(client)).await?;
        }
        let pause = if sweep.from.is_some() { SWEEP_PACE } else { sweep.every };
        sweep.next_at = Instant::now() + pause;
        Ok(())
    }
}

impl Sweep {
    fn new(options: &Options) -> Self {
        let every = SWEEP_EVERY.min(options.keep).min(options.keep_dead);
        Self { every, next_at: Instant::now() + every, from: None }
    }
}
