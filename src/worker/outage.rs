//! An outage in the log: one line when it begins, one a minute, one when it ends.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::journal::Queue;

/// While an outage lasts, it is told of this often.
const EVERY: Duration = Duration::from_mins(1);

/// Something that is tried again and again, and whether it works.
#[derive(Debug)]
pub(super) struct Outage {
    queue: Queue,
    /// The verb that cannot be done meanwhile.
    what: &'static str,
    since: Mutex<Option<Since>>,
}

/// An outage that has not ended.
#[derive(Debug, Clone, Copy)]
struct Since {
    began: Instant,
    told: Instant,
}

impl Outage {
    pub(super) fn new(queue: Queue, what: &'static str) -> Self {
        Self { queue, what, since: Mutex::default() }
    }

    /// Notes that an attempt has failed, and tells of it if it is time.
    pub(super) fn failed(&self, error: &dyn fmt::Display) {
        if let Some(lasts) = self.news() {
            tracing::error!(
                queue = self.queue.as_str(),
                lasts_s = lasts.as_secs(),
                %error,
                "cannot {} while the journal is away: it is tried again until it is back, and nothing that was accepted is lost",
                self.what
            );
        }
    }

    /// Notes that an attempt has worked, and tells of the end of an outage.
    pub(super) fn worked(&self) {
        if let Some(lasted) = self.end() {
            tracing::info!(
                queue = self.queue.as_str(),
                lasted_s = lasted.as_secs(),
                "can {} again",
                self.what
            );
        }
    }

    /// How long the outage lasts by now, if it is time to tell of it.
    fn news(&self) -> Option<Duration> {
        let now = Instant::now();
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let began = since.map_or(now, |since| since.began);
        if since.is_some_and(|since| now.duration_since(since.told) < EVERY) {
            return None;
        }
        *since = Some(Since { began, told: now });
        Some(now.duration_since(began))
    }

    /// How long the outage has lasted that ends now, if there was one.
    fn end(&self) -> Option<Duration> {
        let since = self.since.lock().unwrap_or_else(PoisonError::into_inner).take();
        since.map(|since| since.began.elapsed())
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
            let mut told = Vec::new();
            for _ in 0..6 {
                told.push(outage.news().map(|lasts| lasts.as_secs()));
                advance(half).await;
            }
            let expected = [Some(0), None, Some(60), None, Some(120), None];
            assert_eq!(told, expected, "outage {round}");
            assert_eq!(outage.end(), Some(half * 6));
            assert_eq!(outage.end(), None);
        }
    }
}
