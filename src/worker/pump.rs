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
    attempt_log,
    options::PumpOptions,
    outage::Outage,
    outcome::{AttemptOutcome, Done},
    panics::panic_message,
    progress::{Observers, Step},
    retry::Decision,
    work::Work,
};
use crate::{
    clock::Clock,
    failpoint::{self, Point},
    journal::{Entry, Journal, JournalError, Lease, Queue},
    metrics as names,
};

/// Time after which the pump looks for work although the journal has reported no change: an entry may have become due.
const POLL: Duration = Duration::from_millis(500);
/// Time to wait for more free places before leasing, because leases are cheaper together.
const GATHER: Duration = Duration::from_millis(2);
/// Time that a lease lasts beyond the time limit of its attempt, for settling the entry.
const SETTLE: Duration = Duration::from_secs(30);
/// First and longest pause between two tries to settle an entry while the journal is away.
const RESETTLE: Duration = Duration::from_millis(250);
const LONGEST_RESETTLE: Duration = Duration::from_secs(2);

/// Works off one queue until it is stopped.
///
/// A pump starts with [`run`](Self::run). It wakes when the journal reports a change, when an attempt ends, and after
/// `POLL`. Once it is stopped, it leases nothing more, and lets the attempts in progress end.
#[derive(Debug)]
pub(crate) struct Pump<W> {
    /// The work that each attempt does.
    work: W,
    /// The journal, whose changes wake the pump. Whoever opened the journal closes it after the pump has returned.
    journal: Arc<dyn Journal>,
    options: PumpOptions,
    clock: Clock,
    metrics: Metrics,
    /// The outages of the journal while entries are leased.
    lease_outage: Outage,
    /// The outages of the journal while entries are settled.
    settle_outage: Outage,
    /// The observers that are told of each step of an entry.
    observers: Observers,
}

/// The metrics of one queue's attempts.
#[derive(Debug)]
struct Metrics {
    done: Counter,
    retry: Counter,
    buried: Counter,
    released: Counter,
    lost: Counter,
    seconds: Histogram,
}

impl Metrics {
    fn new(queue: &'static str) -> Self {
        Self {
            done: names::attempts(queue, "done"),
            retry: names::attempts(queue, "retry"),
            buried: names::attempts(queue, "buried"),
            released: names::attempts(queue, "released"),
            lost: names::attempts(queue, "lease_lost"),
            seconds: names::attempt_seconds(queue),
        }
    }

    /// The counter of attempts that ended with `decision`.
    fn counter(&self, decision: &Decision) -> &Counter {
        match decision {
            Decision::Finish(_) => &self.done,
            Decision::Postpone { .. } => &self.retry,
            Decision::Release { .. } => &self.released,
            Decision::Bury { .. } => &self.buried,
        }
    }
}

impl<W: Work> Pump<W> {
    /// A pump for the queue that `work` names.
    pub(crate) fn new(work: W, journal: Arc<dyn Journal>, options: PumpOptions, clock: Clock) -> Self {
        Self {
            work,
            journal,
            options,
            clock,
            metrics: Metrics::new(W::QUEUE.as_str()),
            lease_outage: Outage::new(W::QUEUE, "lease"),
            settle_outage: Outage::new(W::QUEUE, "settle"),
            observers: Observers::default(),
        }
    }

    /// Tells `observers` of each step.
    #[must_use]
    pub(crate) fn observed_by(self, observers: Observers) -> Self {
        Self { observers, ..self }
    }

    /// Works until `stop`, then lets attempts go on for `grace` and cuts off the rest.
    ///
    /// Entries whose attempts are cut off are due again after the next start.
    pub(crate) async fn run(self, stop: CancellationToken, grace: Duration) {
        let pump = Arc::new(self);
        let mut running = JoinSet::new();
        let mut changes = pump.journal.changes(W::QUEUE);
        while !stop.is_cancelled() {
            // Changes are marked as seen before leasing, so that none between the two is missed.
            changes.borrow_and_update();
            let is_full = pump.lease(&mut running).await;
            tokio::select! {
                () = stop.cancelled() => {}
                Some(_) = running.join_next() => pump.gather(&mut running).await,
                _ = changes.changed(), if !is_full => {}
                () = sleep(POLL), if !is_full => {}
                () = attempt_log::log_next_unlogged() => {}
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
        attempt_log::log_last_unlogged();
    }

    /// Leases entries and starts their attempts, as many as there are free places. Returns whether no place is free then.
    async fn lease(self: &Arc<Self>, running: &mut JoinSet<()>) -> bool {
        let free_places = self.options.concurrency - running.len();
        if free_places == 0 {
            return true;
        }
        let (length, begins_at) = (self.options.timeout + SETTLE, Instant::now());
        match self.journal.lease(W::QUEUE, free_places, self.clock.now().plus(length)).await {
            Ok(entries) => {
                self.lease_outage.note_success();
                for entry in entries {
                    let span = attempt_log::attempt_span(W::QUEUE, &entry);
                    let attempt = Arc::clone(self).attempt(entry, begins_at + length);
                    running.spawn(attempt.instrument(span));
                }
            }
            Err(error) => self.lease_outage.note_failure(&error),
        }
        running.len() == self.options.concurrency
    }

    /// After an attempt has ended, waits a moment for others that end at the same time, so that their places are leased
    /// together.
    async fn gather(&self, running: &mut JoinSet<()>) {
        let enough = self.options.concurrency - self.options.concurrency / 4;
        let _ = timeout(GATHER, async {
            while running.len() > enough && running.join_next().await.is_some() {}
        })
        .await;
        while running.try_join_next().is_some() {}
    }

    /// Makes one attempt at an entry whose lease ends at `lease_ends_at`.
    async fn attempt(self: Arc<Self>, entry: Entry, lease_ends_at: Instant) {
        self.observers.notify(W::QUEUE, &entry, Step::Begun);
        let started = Instant::now();
        let outcome = self.run_work(&entry).await;
        let duration = started.elapsed();
        self.metrics.seconds.record(duration);
        let decision = Decision::after(outcome, entry.attempt, &self.options);
        self.report(&entry, &decision, duration);
        self.settle(&entry.lease, &decision, lease_ends_at).await;
    }

    /// Settles an entry in the journal. While the journal is away, this is tried again for as long as the lease lasts: a
    /// message that was handled would be handled twice if its entry were not settled.
    async fn settle(&self, lease: &Lease, decision: &Decision, lease_ends_at: Instant) {
        let counter = self.metrics.counter(decision);
        let mut wait = RESETTLE;
        let mut was_away = false;
        loop {
            match self.write_decision(lease.clone(), decision).await {
                Ok(()) => {
                    self.settle_outage.note_success();
                    return counter.increment(1);
                }
                Err(JournalError::LeaseLost(_)) if was_away => {
                    tracing::info!("settled, or somebody else's, since the journal was away");
                    return counter.increment(1);
                }
                Err(JournalError::LeaseLost(_)) => {
                    self.metrics.lost.increment(1);
                    return tracing::warn!("lease lost: the attempt does not count");
                }
                Err(error @ JournalError::Unavailable(_)) if Instant::now() + wait < lease_ends_at => {
                    self.settle_outage.note_failure(&error);
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

    /// Tells the journal the decision.
    async fn write_decision(&self, lease: Lease, decision: &Decision) -> Result<(), JournalError> {
        match decision {
            Decision::Finish(Done::Handled { follow_ups, .. }) => {
                self.journal.finish(lease, follow_ups.clone()).await
            }
            Decision::Finish(Done::NotTaken | Done::Quiet { .. }) => {
                self.journal.finish(lease, Vec::new()).await
            }
            Decision::Postpone { delay, reason } => {
                let until = self.clock.now().plus(*delay);
                self.journal.postpone(lease, until, reason.clone()).await
            }
            Decision::Release { delay, reason } => {
                let until = self.clock.now().plus(*delay);
                self.journal.release(lease, until, reason.clone()).await
            }
            Decision::Bury { reason } => self.journal.bury(lease, reason.clone()).await,
        }
    }

    /// Runs the work on an entry, with the time limit. A panic and a time-out are failures.
    async fn run_work(&self, entry: &Entry) -> AttemptOutcome {
        let PumpOptions { attempts, timeout: limit, .. } = self.options;
        if entry.attempt > attempts {
            return AttemptOutcome::bury(format!(
                "the process ended during the last of its {attempts} attempts, and perhaps because of it: \
                 find out what it does to its handler before it is revived"
            ));
        }
        let working = AssertUnwindSafe(self.work_with_failpoints(entry)).catch_unwind();
        match timeout(limit, working).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => {
                AttemptOutcome::retry(format!("panicked: {}", panic_message(panic.as_ref())))
            }
            Err(_) => AttemptOutcome::retry(format!("not done within {limit:?}")),
        }
    }

    async fn work_with_failpoints(&self, entry: &Entry) -> AttemptOutcome {
        if let Err(injected) = failpoint::reach(Point::Leased) {
            return AttemptOutcome::retry(injected.to_string());
        }
        let outcome = self.work.run(entry).await;
        let end = match W::QUEUE {
            Queue::Inbox => Point::Handled,
            Queue::Outbox => Point::Sent,
        };
        match failpoint::reach(end) {
            Ok(()) => outcome,
            Err(injected) => AttemptOutcome::retry(injected.to_string()),
        }
    }

    /// Tells the log and the observers how an attempt ended.
    fn report(&self, entry: &Entry, decision: &Decision, took: Duration) {
        let is_unlogged =
            matches!(decision, Decision::Finish(_)) && !attempt_log::is_done_logged(W::QUEUE);
        if is_unlogged && self.observers.is_empty() {
            return;
        }
        let step = decision.step(took);
        attempt_log::log_step(W::QUEUE, entry, &step, took);
        self.observers.notify(W::QUEUE, entry, step);
    }
}
