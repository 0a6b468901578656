//! The outcomes of one app's callbacks: their counters, and the limits on log lines about refusals.

use std::{sync::Arc, time::Duration};

use ::metrics::{Counter, Histogram};

use super::{ack::Ack, reason::Reason};
use crate::{
    ids::AppKey,
    log_limit::LogRateLimit,
    metrics,
    statistics::{Counted, Counters},
};

/// Limit of the log lines for each reason: enough to see everything where little happens.
pub(super) const LINES: u64 = 10;
pub(super) const LINES_WINDOW: Duration = Duration::from_secs(10);

/// One counter for each outcome.
#[derive(Debug)]
pub(super) struct Outcomes {
    accepted: Counter,
    duplicate: Counter,
    probe: Counter,
    /// The refusals, by [`Reason`].
    refused: [Refusals; Reason::ALL.len()],
    ack_seconds: Histogram,
    /// The counters of all apps, for the statistics.
    counters: Arc<Counters>,
}

/// The refusals for one reason.
#[derive(Debug)]
struct Refusals {
    count: Counter,
    log_limit: LogRateLimit,
}

impl Outcomes {
    pub(super) fn new(app: &AppKey, counters: Arc<Counters>) -> Self {
        let counter = |outcome| metrics::callbacks(app.as_str(), outcome);
        Self {
            accepted: counter("accepted"),
            duplicate: counter("duplicate"),
            probe: counter("probe"),
            refused: Reason::ALL.map(|reason| Refusals {
                count: counter(reason.label()),
                log_limit: LogRateLimit::new(LINES, LINES_WINDOW),
            }),
            ack_seconds: metrics::ack_seconds(),
            counters,
        }
    }

    /// Counts an acknowledgement that took `time` since the callback's arrival.
    pub(super) fn count_ack(&self, ack: Ack, time: Duration) {
        let (counter, event) = match ack {
            Ack::Accepted => (&self.accepted, Counted::Accepted),
            Ack::Duplicate => (&self.duplicate, Counted::Duplicates),
            Ack::Probe => return self.probe.increment(1),
        };
        counter.increment(1);
        self.ack_seconds.record(time);
        self.counters.count(event);
        self.counters.count_ack_time(time);
    }

    /// Counts a refusal. If a log line about it may be written, returns how many lines were left out before it.
    pub(super) fn count_refusal(&self, reason: Reason) -> Option<u64> {
        let refusals = &self.refused[reason as usize];
        refusals.count.increment(1);
        self.counters.count(Counted::Refused);
        refusals.log_limit.admit()
    }
}
