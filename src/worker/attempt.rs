//! One attempt at an entry: run the work, decide, settle.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use ::metrics::{Counter, Histogram};
use futures_util::FutureExt;
use tokio::time::{Instant, sleep, timeout};

use super::{
    attempt_log, options::PumpOptions, outage::Outage, outcome::AttemptOutcome, panics::panic_message,
    progress::Step, retry::Decision, shared_state::SharedState, work::Work,
};
use crate::{
    failpoint::{self, Point},
    journal::{AttemptFailure, Entry, JournalError, Lease, Queue},
    metrics,
    statistics::Counted,
};

/// First and longest pause between two tries to settle an entry while the journal is away.
const RESETTLE: Duration = Duration::from_millis(250);
const LONGEST_RESETTLE: Duration = Duration::from_secs(2);

/// The means that all attempts at the entries of one queue share.
#[derive(Debug)]
pub(super) struct Attempts<W> {
    /// The work that each attempt does.
    work: W,
    options: PumpOptions,
    shared: SharedState,
    metrics: AttemptMetrics,
    /// The outages of the journal while entries are settled.
    settle_outage: Outage,
}

/// The metrics of one queue's attempts.
#[derive(Debug)]
struct AttemptMetrics {
    done: Counter,
    retry: Counter,
    buried: Counter,
    released: Counter,
    lost: Counter,
    seconds: Histogram,
}

impl AttemptMetrics {
    fn new(queue: &'static str) -> Self {
        Self {
            done: metrics::attempts(queue, "done"),
            retry: metrics::attempts(queue, "retry"),
            buried: metrics::attempts(queue, "buried"),
            released: metrics::attempts(queue, "released"),
            lost: metrics::attempts(queue, "lease_lost"),
            seconds: metrics::attempt_seconds(queue),
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

impl<W: Work> Attempts<W> {
    pub(super) fn new(work: W, options: PumpOptions, shared: SharedState) -> Self {
        Self {
            work,
            options,
            shared,
            metrics: AttemptMetrics::new(W::QUEUE.as_str()),
            settle_outage: Outage::new(W::QUEUE, "settle"),
        }
    }

    /// Makes one attempt at an entry whose lease ends at `lease_ends_at`.
    pub(super) async fn make(self: Arc<Self>, entry: Entry, lease_ends_at: Instant) {
        self.shared.observers.notify(W::QUEUE, &entry, Step::Begun, None);
        let started = Instant::now();
        let outcome = self.run_work(&entry).await;
        let duration = started.elapsed();
        self.metrics.seconds.record(duration);
        let decision = Decision::after(outcome, entry.attempt, &self.options);
        self.report(&entry, &decision, duration);
        self.settle(&entry.lease, &decision, duration, lease_ends_at).await;
    }

    /// Settles an entry in the journal. While the journal is away, this is tried again for as long as the lease lasts: a
    /// message that was handled would be handled twice if its entry were not settled.
    async fn settle(&self, lease: &Lease, decision: &Decision, took: Duration, lease_ends_at: Instant) {
        let mut wait = RESETTLE;
        let mut was_away = false;
        loop {
            match self.write_decision(lease.clone(), decision, took).await {
                Ok(()) => {
                    self.settle_outage.note_success();
                    return self.count(decision);
                }
                Err(JournalError::LeaseLost(_)) if was_away => {
                    tracing::info!("settled, or somebody else's, since the journal was away");
                    return self.count(decision);
                }
                Err(JournalError::LeaseLost(_)) => {
                    self.metrics.lost.increment(1);
                    return tracing::warn!("lease lost: the attempt does not count");
                }
                Err(error @ JournalError::StateChanged(_)) => {
                    self.metrics.released.increment(1);
                    return tracing::info!(%error, "the attempt does not count");
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

    /// Counts a decision that the journal has noted.
    fn count(&self, decision: &Decision) {
        self.metrics.counter(decision).increment(1);
        let (done, failed) = match W::QUEUE {
            Queue::Inbox => (Counted::Handled, Counted::Failed),
            Queue::Outbox => (Counted::Sent, Counted::SendFailed),
        };
        let counters = &self.shared.counters;
        match decision {
            Decision::Finish(_) => counters.count(done),
            Decision::Postpone { .. } => counters.count(failed),
            Decision::Release { .. } => {}
            Decision::Bury { .. } => {
                counters.count(failed);
                counters.count(Counted::Dead);
            }
        }
    }

    /// Tells the journal the decision.
    async fn write_decision(
        &self,
        lease: Lease,
        decision: &Decision,
        took: Duration,
    ) -> Result<(), JournalError> {
        let failure = |reason: &String| AttemptFailure { reason: reason.clone(), took };
        match decision {
            Decision::Finish(done) => self.shared.journal.finish(lease, done.outcome()).await,
            Decision::Postpone { delay, reason } => {
                let until = self.shared.clock.now().plus(*delay);
                self.shared.journal.postpone(lease, until, failure(reason)).await
            }
            Decision::Release { delay, reason } => {
                let until = self.shared.clock.now().plus(*delay);
                self.shared.journal.release(lease, until, reason.clone()).await
            }
            Decision::Bury { reason } => self.shared.journal.bury(lease, failure(reason)).await,
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
        if is_unlogged && self.shared.observers.is_idle() {
            return;
        }
        let step = decision.step(took);
        attempt_log::log_step(W::QUEUE, entry, &step, took);
        self.shared.observers.notify(W::QUEUE, entry, step, Some(took));
        if let Some(state) = decision.state_step() {
            self.shared.observers.notify(W::QUEUE, entry, state, Some(took));
        }
    }
}
