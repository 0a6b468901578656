//! The outcomes of one app's callbacks: their counters, and the limits on log lines about refusals.

use std::time::Duration;

use ::metrics::Counter;

use super::{ack::Ack, reason::Reason};
use crate::{ids::AppKey, log_limit::LogRateLimit, metrics};

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
}

/// The refusals for one reason.
#[derive(Debug)]
struct Refusals {
    count: Counter,
    log_limit: LogRateLimit,
}

impl Outcomes {
    pub(super) fn new(app: &AppKey) -> Self {
        let counter = |outcome| metrics::callbacks(app.as_str(), outcome);
        Self {
            accepted: counter("accepted"),
            duplicate: counter("duplicate"),
            probe: counter("probe"),
            refused: Reason::ALL.map(|reason| Refusals {
                count: counter(reason.label()),
                log_limit: LogRateLimit::new(LINES, LINES_WINDOW),
            }),
        }
    }

    /// Counts an acknowledgement.
    pub(super) fn count_ack(&self, ack: Ack) {
        let counter = match ack {
            Ack::Accepted => &self.accepted,
            Ack::Duplicate => &self.duplicate,
            Ack::Probe => &self.probe,
        };
        counter.increment(1);
    }

    /// Counts a refusal. If a log line about it may be written, returns how many lines were left out before it.
    pub(super) fn count_refusal(&self, reason: Reason) -> Option<u64> {
        let refusals = &self.refused[reason as usize];
        refusals.count.increment(1);
        refusals.log_limit.admit()
    }
}
