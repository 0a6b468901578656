//! The numbers of the last minute, second by second.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{counted::Counted, numbers::Numbers};

/// The span that the rates are of.
const MINUTE: Duration = Duration::from_mins(1);
/// The shortest span that rates are calculated from.
const SECOND: Duration = Duration::from_secs(1);

/// How many events of a kind there were in a second, on average over the last minute.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Rates {
    /// New messages.
    pub accepted: f64,
    /// Messages that are done.
    pub handled: f64,
    /// Replies that were sent.
    pub sent: f64,
    /// Failed attempts at messages and replies.
    pub failed: f64,
}

/// The numbers of the last minute: samples of what was counted since the start of the server, oldest first.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<(Instant, Numbers)>);

impl Recent {
    /// Adds a sample, and drops those that are no longer needed.
    pub(super) fn add(&mut self, now: Instant, numbers: Numbers) {
        // The oldest sample is the begin of the span, so it is at least a minute old where there is one.
        while self.0.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= MINUTE) {
            self.0.pop_front();
        }
        self.0.push_back((now, numbers));
    }

    /// The counts of the last minute, and the time that they took.
    pub(super) fn since_begin(&self, now: Instant, numbers: &Numbers) -> (Numbers, Duration) {
        match self.0.front() {
            Some((at, begin)) => (numbers.since(begin), now.duration_since(*at).max(SECOND)),
            None => (Numbers::default(), SECOND),
        }
    }
}

impl Rates {
    /// The rates of numbers that were counted in `span`.
    #[expect(clippy::cast_precision_loss, reason = "counts of a minute are far below 2^52")]
    pub(super) fn new(numbers: &Numbers, span: Duration) -> Self {
        let rate = |count: u64| count as f64 / span.as_secs_f64();
        Self {
            accepted: rate(numbers.of(Counted::Accepted)),
            handled: rate(numbers.of(Counted::Handled)),
            sent: rate(numbers.of(Counted::Sent)),
            failed: rate(numbers.of(Counted::Failed) + numbers.of(Counted::SendFailed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Counters;

    #[test]
    fn the_rates_are_those_of_the_last_minute_or_since_the_start() {
        let (counters, mut recent) = (Counters::default(), Recent::default());
        let start = Instant::now();
        let mut accepted = Vec::new();
        // Two messages a second for a minute and a half, then none.
        for second in 0..180 {
            let now = start + second * SECOND;
            recent.add(now, counters.numbers());
            let (numbers, span) = recent.since_begin(now, &counters.numbers());
            accepted.push(Rates::new(&numbers, span).accepted);
            if second < 90 {
                counters.count(Counted::Accepted);
                counters.count(Counted::Accepted);
            }
        }
        let rounded = |second: usize| format!("{:.2}", accepted[second]);
        let found = [1, 30, 89, 120, 179].map(rounded);
        assert_eq!(found, ["2.00", "2.00", "2.00", "1.00", "0.00"]);
        assert!(recent.0.len() <= 62, "{}", recent.0.len());
    }
}
