//! The loop that works off a queue: it leases entries, and starts an attempt at each.
//!
//! # Design
//!
//! The journal keeps the order within a conversation, not the pump: it leases at most one entry of a conversation. So the
//! pump needs no queues of its own, a slow entry delays only its conversation, and the concurrency limits how many entries
//! the pump holds.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    attempt::Attempts, attempt_log, options::PumpOptions, outage::Outage, shared_state::SharedState,
    work::Work,
};

/// Time after which the pump looks for work although the journal has reported no change: an entry may have become due.
const POLL: Duration = Duration::from_millis(500);
/// Time to wait for more free places before leasing, because leases are cheaper together.
const GATHER: Duration = Duration::from_millis(2);
/// Time that a lease lasts beyond the time limit of its attempt, for settling the entry.
const SETTLE: Duration = Duration::from_secs(30);

/// Works off one queue until it is stopped.
///
/// A pump starts with [`run`](Self::run). The pump wakes when the journal reports a change, when an attempt ends, and after
/// `POLL`. Once the pump is stopped, it leases nothing more, and lets the attempts in progress end.
#[derive(Debug)]
pub(crate) struct Pump<W> {
    /// The attempts at the leased entries. Each runs as a task, whose end wakes the pump.
    attempts: Arc<Attempts<W>>,
    options: PumpOptions,
    /// The journal, whose changes wake the pump, and what else both pumps share.
    shared: SharedState,
    /// The outages of the journal while entries are leased.
    lease_outage: Outage,
}

impl<W: Work> Pump<W> {
    /// A pump for the queue that `work` names.
    pub(crate) fn new(work: W, options: PumpOptions, shared: SharedState) -> Self {
        let attempts = Arc::new(Attempts::new(work, options.clone(), shared.clone()));
        let lease_outage = Outage::new(W::QUEUE, "lease");
        Self { attempts, options, shared, lease_outage }
    }

    /// Works until `stop`, then lets attempts go on for `grace` and cuts off the rest.
    ///
    /// Entries whose attempts are cut off are due again after the next start.
    pub(crate) async fn run(self, stop: CancellationToken, grace: Duration) {
        let mut running = JoinSet::new();
        let mut changes = self.shared.journal.changes(W::QUEUE);
        while !stop.is_cancelled() {
            // Changes are marked as seen before leasing, so that none between the two is missed.
            changes.borrow_and_update();
            let is_full = self.lease(&mut running).await;
            tokio::select! {
                () = stop.cancelled() => {}
                Some(_) = running.join_next() => self.gather(&mut running).await,
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
    async fn lease(&self, running: &mut JoinSet<()>) -> bool {
        let free_places = self.options.concurrency - running.len();
        if free_places == 0 {
            return true;
        }
        let (length, begins_at) = (self.options.timeout + SETTLE, Instant::now());
        match self
            .shared
            .journal
            .lease(W::QUEUE, free_places, self.shared.clock.now().plus(length))
            .await
        {
            Ok(entries) => {
                self.lease_outage.note_success();
                for entry in entries {
                    let span = attempt_log::attempt_span(W::QUEUE, &entry);
                    let attempt = Arc::clone(&self.attempts).make(entry, begins_at + length);
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
}
