//! The keeper: shows that this replica is alive, frees what a dead one held, passes on hints, and purges.

use std::{
    collections::HashMap, convert::Infallible, panic::AssertUnwindSafe, sync::Arc, time::Duration,
};

use futures_util::FutureExt;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};
use tokio_postgres::Client;

use super::{
    address::Address,
    purge,
    session::{Session, panicked, soon},
    shared::Shared,
    statements::{BEAT, FREE, LEAVE, LOOK, OTHERS, STEP, text},
    time::Look,
};
use crate::journal::{Access, EntryId, JournalError, Options, Queue};

/// The channel of hints: a queue's name and the replica that gives it.
pub(super) const CHANNEL: &str = "rongcloud_callback";
/// How often a replica shows that it is alive.
const BEAT_EVERY: Duration = Duration::from_secs(2);
/// Whoever was watched for so long without a sign is dead: its leases are others' to take.
const DEAD_AFTER: Duration = Duration::from_secs(10);
/// The longest that a death goes unnoticed by somebody who has just come.
pub(super) const NOTICED_AFTER: Duration = Duration::from_secs(15);
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

/// The other replicas, watched on one connection: how often each has said that it is alive, and since when it has not
/// said so again.
///
/// When the database has been away, everybody looks dead until they have come back, too: so each connection watches
/// anew. And it goes by the time that passes here, for a step of the database's clock says nothing about anybody.
type Watched = HashMap<i64, (i64, Instant)>;

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
        // Another server after a failover may have another clock: so what was seen of it outlives the connection.
        let mut look = None;
        loop {
            let kept = async {
                match Session::open(&self.address, Access::Server).await {
                    Ok(session) => self.keep(session, &mut look).await,
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
    async fn keep(&self, mut session: Session, look: &mut Option<Look>) -> JournalError {
        let mut watched = Watched::new();
        let listen = format!("listen {CHANNEL}");
        if let Err(failed) = soon(&session.client, || session.client.batch_execute(&listen)).await {
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
                _ = beat.tick() => self.beat(&session.client, look, &mut watched).await,
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

    /// Says that we are alive, looks at the clock, and frees what those held who are not alive.
    async fn beat(
        &self,
        client: &Client,
        look: &mut Option<Look>,
        watched: &mut Watched,
    ) -> Result<(), JournalError> {
        let beat = || async { client.query_one(BEAT, &[&self.replica]).await };
        if soon(client, beat).await?.get::<_, i64>(0) == 0 {
            // Others took this replica for dead: its own time may have stood still, and is not to be compared with.
            *look = None;
        }
        *look = Some(self.look(client, *look).await?);
        let others = soon(client, || async { client.query(OTHERS, &[&self.replica]).await }).await?;
        let others: HashMap<i64, i64> = others.iter().map(|row| (row.get(0), row.get(1))).collect();
        watched.retain(|id, (beats, _)| others.get(id) == Some(beats));
        for (id, beats) in others {
            watched.entry(id).or_insert((beats, Instant::now()));
        }
        let dead = watched.iter().filter(|(_, (_, since))| since.elapsed() >= DEAD_AFTER);
        let (dead, beats): (Vec<i64>, Vec<i64>) = dead.map(|(id, (beats, _))| (*id, *beats)).unzip();
        if dead.is_empty() { Ok(()) } else { self.take_over(client, &dead, &beats).await }
    }

    async fn take_over(&self, client: &Client, dead: &[i64], beats: &[i64]) -> Result<(), JournalError> {
        let now = self.options.clock.manual_now().map(|now| now.0);
        let free = || async { client.execute(&text(FREE), &[&now, &dead, &beats]).await };
        let freed = soon(client, free).await?;
        soon(client, || async { client.execute(&text(LEAVE), &[&dead]).await }).await?;
        tracing::warn!(
            replicas = dead.len(),
            leases = freed,
            "took over from servers that gave no sign: what they were working on comes back one after another"
        );
        self.shared.news(Queue::Inbox);
        self.shared.news(Queue::Outbox);
        Ok(())
    }

    /// Looks at the database's clock, and takes note of a step since `before`; returns what is to be compared with.
    async fn look(&self, client: &Client, before: Option<Look>) -> Result<Look, JournalError> {
        let (clock, time) = (&self.options.clock, &self.shared.time);
        let asked = clock.elapsed();
        let (now, known) = (clock.manual_now().map(|now| now.0), time.known());
        let look = || async { client.query_one(&text(LOOK), &[&now, &known]).await };
        let row = soon(client, look).await?;
        time.learn(row.get(0));
        let look = Look { stepped: row.get(1), wall: row.get(2), asked, answered: clock.elapsed() };
        let Some(before) = before else { return Ok(look) };
        let step = look.step_since(&before);
        if step == 0 {
            return Ok(look);
        }
        let note = || async { client.execute(STEP, &[&step, &look.stepped]).await };
        if soon(client, note).await? == 0 {
            // Another replica was quicker: whether it has seen the same shows the next time.
            return Ok(before);
        }
        tell_of_step(step);
        self.shared.news(Queue::Inbox);
        self.shared.news(Queue::Outbox);
        Ok(Look { stepped: look.stepped + step, ..look })
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
            let hint =
                || async { client.execute("select pg_notify($1, $2)", &[&CHANNEL, &notice]).await };
            soon(client, hint).await?;
        }
        Ok(())
    }

    /// One step, if no other replica is sweeping.
    async fn sweep(&self, client: &Client, sweep: &mut Sweep) -> Result<(), JournalError> {
        let from = match sweep.from {
            Some(from) => Some(from),
            None if soon(client, || purge::claim(client)).await? => Some(EntryId(0)),
            None => None,
        };
        sweep.from = match from {
            Some(from) => {
                let elapsed = Some(self.shared.time.known());
                let step = || purge::step(client, from, elapsed, &self.options);
                soon(client, step).await?.next
            }
            None => None,
        };
        if from.is_some() && sweep.from.is_none() {
            soon(client, || purge::release(client)).await?;
        }
        let pause = if sweep.from.is_some() { SWEEP_PACE } else { sweep.every };
        sweep.next_at = Instant::now() + pause;
        Ok(())
    }
}

/// Says that the database's clock was set, by so many milliseconds.
pub(super) fn tell_of_step(step: i64) {
    tracing::warn!(
        milliseconds = step,
        "the database's clock was set: what is due, and what is in work, goes by the time that has passed"
    );
}

impl Sweep {
    fn new(options: &Options) -> Self {
        let every = SWEEP_EVERY.min(options.keep).min(options.keep_dead);
        Self { every, next_at: Instant::now() + every, from: None }
    }
}
