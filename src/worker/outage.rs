//! The log lines about an outage: one when it begins, one a minute, one when it ends.

use std::{fmt, sync::Mutex, time::Duration};

use tokio::time::Instant;

use crate::{journal::Queue, lock::lock};

/// Time between two log lines about an outage that lasts.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// The outages of one operation on the journal, which is tried again until it succeeds.
#[derive(Debug)]
pub(super) struct Outage {
    queue: Queue,
    /// The verb that names the operation in the log.
    operation: &'static str,
    /// The outage that has not ended; `None` while the operation succeeds.
    current: Mutex<Option<Current>>,
}

/// An outage that has not ended.
#[derive(Debug, Clone, Copy)]
struct Current {
    began: Instant,
    /// The time of the last log line about it.
    logged_at: Instant,
}

impl Outage {
    pub(super) fn new(queue: Queue, operation: &'static str) -> Self {
        Self { queue, operation, current: Mutex::default() }
    }

    /// Notes that the operation has failed, and logs the outage if a line is due.
    pub(super) fn note_failure(&self, error: &dyn fmt::Display) {
        if let Some(lasts) = self.begin_or_go_on() {
            tracing::error!(
                queue = self.queue.as_str(),
                lasts_s = lasts.as_secs(),
                %error,
                "cannot {} while the journal is away: it is tried again until it is back, and nothing that was accepted is lost",
                self.operation
            );
        }
    }

    /// Notes that the operation has succeeded, and logs the end of an outage.
    pub(super) fn note_success(&self) {
        if let Some(lasted) = self.end() {
            tracing::info!(
                queue = self.queue.as_str(),
                lasted_s = lasted.as_secs(),
                "can {} again",
                self.operation
            );
        }
    }

    /// Begins an outage, or goes on with it. Returns how long it lasts by now if a log line is due.
    fn begin_or_go_on(&self) -> Option<Duration> {
        let now = Instant::now();
        let mut current = lock(&self.current);
        let began = current.map_or(now, |outage| outage.began);
        if current.is_some_and(|outage| now.duration_since(outage.logged_at) < LOG_INTERVAL) {
            return None;
        }
        *current = Some(Current { began, logged_at: now });
        Some(now.duration_since(began))
    }

    /// Ends the outage, if there is one. Returns how long it lasted.
    fn end(&self) -> Option<Duration> {
        let ended = lock(&self.current).take();
        ended.map(|outage| outage.began.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, pause};

    use super::*;

    #[tokio::test]
    async fn an_outage_is_told_of_when_it_begins_once_a_minute_and_when_it_ends() {
        pause();
        let outage = Outage::new(Queue::Inbox, "lease");
        assert_eq!(outage.end(), None);
        let half = Duration::from_secs(30);
        for round in 0..2 {
            let mut logged = Vec::new();
            for _ in 0..6 {
                logged.push(outage.begin_or_go_on().map(|lasts| lasts.as_secs()));
                advance(half).await;
            }
            let expected = [Some(0), None, Some(60), None, Some(120), None];
            assert_eq!(logged, expected, "outage {round}");
            assert_eq!(outage.end(), Some(half * 6));
            assert_eq!(outage.end(), None);
        }
    }
}
