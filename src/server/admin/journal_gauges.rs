//! The gauges of the journal's queues, and the statistics that they show.

use std::{sync::Arc, time::Duration};

use ::metrics::Gauge;
use tokio::time::timeout;

use crate::{
    clock::{Clock, UnixMillis},
    journal::{QueueStats, Records, Stats},
    metrics,
};

/// Most time that the journal may take for its statistics.
const STATS_TIMEOUT: Duration = Duration::from_secs(1);

/// The gauges of both queues, and the journal that they are read from.
#[derive(Debug)]
pub(crate) struct JournalGauges {
    journal: Arc<dyn Records>,
    clock: Clock,
    inbox: QueueGauges,
    outbox: QueueGauges,
}

impl JournalGauges {
    /// Gauges of the recorder that is installed now.
    pub(crate) fn new(journal: Arc<dyn Records>, clock: Clock) -> Self {
        let (inbox, outbox) = (QueueGauges::new("inbox"), QueueGauges::new("outbox"));
        Self { journal, clock, inbox, outbox }
    }

    /// Sets the gauges to the journal's statistics. If the journal does not answer, they keep their last values.
    pub(crate) async fn refresh(&self) {
        if let Ok(stats) = self.stats().await {
            let now = self.clock.now();
            self.inbox.set(stats.inbox, now);
            self.outbox.set(stats.outbox, now);
        }
    }

    /// Asks the journal for its statistics. The error is the text for the operator.
    pub(super) async fn stats(&self) -> Result<Stats, String> {
        match timeout(STATS_TIMEOUT, self.journal.stats()).await {
            Ok(Ok(stats)) => Ok(stats),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the journal does not answer".to_owned()),
        }
    }
}

/// The gauges of one queue.
#[derive(Debug)]
struct QueueGauges {
    pending: Gauge,
    leased: Gauge,
    done: Gauge,
    dead: Gauge,
    oldest_pending: Gauge,
}

impl QueueGauges {
    fn new(queue: &'static str) -> Self {
        Self {
            pending: metrics::entries(queue, "pending"),
            leased: metrics::entries(queue, "leased"),
            done: metrics::entries(queue, "done"),
            dead: metrics::entries(queue, "dead"),
            oldest_pending: metrics::oldest_pending_seconds(queue),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 entries")]
    fn set(&self, stats: QueueStats, now: UnixMillis) {
        self.pending.set(stats.pending as f64);
        self.leased.set(stats.leased as f64);
        self.done.set(stats.done as f64);
        self.dead.set(stats.dead as f64);
        let age = stats.oldest_pending.map_or(Duration::ZERO, |oldest| now.since(oldest));
        self.oldest_pending.set(age.as_secs_f64());
    }
}
