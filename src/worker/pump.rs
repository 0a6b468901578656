//! The loop that works off a queue: lease, run, settle.
//!
//! # Design
//!
//! Order per conversation is the journal's doing, not the pump's: it leases at most one entry of a
//! conversation. So the pump needs no queues of its own, a slow entry delays only its conversation, and what
//! it holds is bounded by its concurrency.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use metrics::{Counter, Histogram};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    Outcome, lines,
    log_limit::HANDLED,
    outage::Outage,
    outcome::Verdict,
    panicked,
    progress::{Observers, Step},
};
use crate::{
    clock::Clock,
    config::PumpSection,
    failpoint::{self, Point},
    journal::{Entry, JournalError, Lease, Queue, Queues},
    metrics as names,
};

/// Without news from the journal, look this often: something may have become due.
const POLL: Duration = Duration::from_millis(500);
/// With little room, wait so long for more: leases are cheaper together.
const GATHER: Duration = Duration::from_millis(2);
/// How much longer than its time limit an attempt is leased, for settling it.
const SETTLE: Duration = Duration::from_secs(30);
/// How long a known outcome waits at first, and at most, to be settled again while the journal is away.
const RESETTLE: Duration = Duration::from_millis(250);
const LONGEST_RESETTLE: Duration = Duration::from_secs(2);

/// What is done with the entries of one queue.
pub trait Work: Send + Sync + 'static {
    /// The queue.
    const QUEUE: Queue;

    /// One attempt. A panic and a time-out are failed attempts, too.
    fn run(&self, entry: &Entry) -> impl Future<Output = Outcome> + Send;
}

/// Works off one queue until it is told to stop.
#[derive(Debug)]
pub struct Pump<W> {
    work: W,
    /// Where entries come from and go to. Closed by whoever opened it, after the pump has returned.
    journal: Arc<dyn Queues>,
    section: PumpSection,
    clock: Clock,
    meters: Meters,
    leasing: Outage,
    settling: Outage,
    observers: Observers,
}

#[derive(Debug)]
struct Meters {
    done: Counter,
    retry: Counter,
    buried: Counter,
    released: Counter,
    lost: Counter,
    seconds: Histogram,
}

impl<W: Work> Pump<W> {
    /// A pump for the queue that `work` names.
    pub fn new(work: W, journal: Arc<dyn Queues>, section: PumpSection, clock: Clock) -> Self {
        let queue = W::QUEUE.as_str();
        let meters = Meters {
            done: names::attempts(queue, "done"),
            retry: names::attempts(queue, "retry"),
            buried: names::attempts(queue, "buried"),
            released: names::attempts(queue, "released"),
            lost: names::attempts(queue, "lease_lost"),
            seconds: names::attempt_seconds(queue),
        };
        let leasing = Outage::new(W::QUEUE, "lease");
        let settling = Outage::new(W::QUEUE, "settle");
        let observers = Observers::default();
        Self { work, journal, section, clock, meters, leasing, settling, observers }
    }

    /// The same pump, which tells these of each step.
    #[must_use]
    pub fn observed_by(self, observers: Observers) -> Self {
        Self { observers, ..self }
    }

    /// Works until `stop`, then lets attempts go on for `grace` and cuts off the rest.
    ///
    /// What is cut off is due again after the next start.
    pub async fn run(self, stop: CancellationToken, grace: Duration) {
        let pump = Arc::new(self);
        let mut running = JoinSet::new();
        let mut changes = pump.journal.changes(W::QUEUE);
        while !stop.is_cancelled() {
            // Mark the news as seen before leasing, so that none between the two is missed.
            changes.borrow_and_update();
            let full = pump.lease(&mut running).await;
            tokio::select! {
                () = stop.cancelled() => {}
                Some(_) = running.join_next() => pump.gather(&mut running).await,
                _ = changes.changed(), if !full => {}
                () = sleep(POLL), if !full => {}
                () = HANDLED.end_of_second() => {}
            }
        }
        let _ = timeout(grace, async { while running.join_next().await.is_some() {} }).await;
        if !running.is_empty() {
            let cut_off = running.len();
            tracing::warn!(
                queue = W::QUEUE.as_str(),
                cut_off,
                "grace period is over: attempts are cut off"
            );
            running.shutdown().await;
        }
        HANDLED.end();
    }

    /// Starts as many attempts as there is room and work for; true if there is no more room.
    async fn lease(self: &Arc<Self>, running: &mut JoinSet<()>) -> bool {
        let room = self.section.concurrency - running.len();
        if room == 0 {
            return true;
        }
        let (length, begins) = (self.section.timeout + SETTLE, Instant::now());
        match self.journal.lease(W::QUEUE, room, self.clock.now().plus(length)).await {
            Ok(entries) => {
                self.leasing.worked();
                for entry in entries {
                    let span = lines::span(W::QUEUE, &entry);
                    let attempt = Arc::clone(self).attempt(entry, begins + length);
                    running.spawn(attempt.instrument(span));
                }
            }
            Err(error) => self.leasing.failed(&error),
        }
        running.len() == self.section.concurrency
    }

    /// After an attempt has ended: takes note of those that end at the same time.
    async fn gather(&self, running: &mut JoinSet<()>) {
        let most = self.section.concurrency - self.section.concurrency / 4;
        let _ = timeout(GATHER, async {
            while running.len() > most && running.join_next().await.is_some() {}
        })
        .await;
        while running.try_join_next().is_some() {}
    }

    /// One attempt with a lease that runs until `lease_ends`.
    async fn attempt(self: Arc<Self>, entry: Entry, lease_ends: Instant) {
        self.observers.tell(W::QUEUE, &entry, Step::Begun);
        let started = Instant::now();
        let outcome = self.outcome(&entry).await;
        let duration = started.elapsed();
        self.meters.seconds.record(duration);
        let verdict = outcome.judge(entry.attempt, &self.section);
        self.tell(&entry, &verdict, duration);
        self.settle(&entry.lease, &verdict, lease_ends).await;
    }

    /// Notes what came of an attempt in the journal. While the journal is away it is tried again for as long as the
    /// lease lasts: what was done is done, and would be done twice if it were not noted.
    async fn settle(&self, lease: &Lease, verdict: &Verdict, lease_ends: Instant) {
        let counter = self.counter(verdict);
        let mut wait = RESETTLE;
        let mut was_away = false;
        loop {
            match self.note(lease.clone(), verdict).await {
                Ok(()) => {
                    self.settling.worked();
                    return counter.increment(1);
                }
                Err(JournalError::LeaseLost(_)) if was_away => {
                    tracing::info!("settled, or somebody else's, since the journal was away");
                    return counter.increment(1);
                }
                Err(JournalError::LeaseLost(_)) => {
                    self.meters.lost.increment(1);
                    return tracing::warn!("lease lost: the attempt does not count");
                }
                Err(error @ JournalError::Unavailable(_)) if Instant::now() + wait < lease_ends => {
                    self.settling.failed(&error);
                    was_away = true;
                }
                Err(error) => {
                    return tracing::error!(%error, "cannot settle: the entry gets another attempt");
                }
            }
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST_RESETTLE);
        }
    }

    async fn note(&self, lease: Lease, verdict: &Verdict) -> Result<(), JournalError> {
        match verdict {
            Verdict::Finish(_, follow_ups) => self.journal.finish(lease, follow_ups.clone()).await,
            Verdict::Postpone(delay, reason) => {
                let until = self.clock.now().plus(*delay);
                self.journal.postpone(lease, until, reason.clone()).await
            }
            Verdict::Release(delay, reason) => {
                let until = self.clock.now().plus(*delay);
                self.journal.release(lease, until, reason.clone()).await
            }
            Verdict::Bury(reason) => self.journal.bury(lease, reason.clone()).await,
        }
    }

    async fn outcome(&self, entry: &Entry) -> Outcome {
        if entry.attempt > self.section.attempts {
            let attempts = self.section.attempts;
            return Outcome::Bury(format!(
                "the process ended during the last of its {attempts} attempts, and perhaps because of it: \
                 find out what it does to its handler before it is revived"
            ));
        }
        let run = AssertUnwindSafe(self.work_on(entry)).catch_unwind();
        match timeout(self.section.timeout, run).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => Outcome::Retry(format!("panicked: {}", panicked(panic.as_ref()))),
            Err(_) => Outcome::Retry(format!("not done within {:?}", self.section.timeout)),
        }
    }

    async fn work_on(&self, entry: &Entry) -> Outcome {
        if let Err(injected) = failpoint::reach(Point::Leased) {
            return Outcome::Retry(injected.to_string());
        }
        let outcome = self.work.run(entry).await;
        let ended = match W::QUEUE {
            Queue::Inbox => Point::Handled,
            Queue::Outbox => Point::Sent,
        };
        match failpoint::reach(ended) {
            Ok(()) => outcome,
            Err(injected) => Outcome::Retry(injected.to_string()),
        }
    }

    /// What counts an attempt that ended so.
    fn counter(&self, verdict: &Verdict) -> &Counter {
        match verdict {
            Verdict::Finish(..) => &self.meters.done,
            Verdict::Postpone(..) => &self.meters.retry,
            Verdict::Release(..) => &self.meters.released,
            Verdict::Bury(_) => &self.meters.buried,
        }
    }

    /// Tells the log and the observers how an attempt ended.
    fn tell(&self, entry: &Entry, verdict: &Verdict, took: Duration) {
        let is_untold = matches!(verdict, Verdict::Finish(..)) && !lines::tells_of_done(W::QUEUE);
        if is_untold && self.observers.is_empty() {
            return;
        }
        let step = verdict.step(took);
        lines::tell(W::QUEUE, entry, &step, took);
        self.observers.tell(W::QUEUE, entry, step);
    }
}
