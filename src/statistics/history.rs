//! The statistics over time: the numbers of all servers, merged into the points of a chart.

use std::{collections::BTreeMap, time::Duration};

use super::{counted::Counted, numbers::Numbers};
use crate::{clock::UnixMillis, journal::Activity};

/// The most points of a history.
const MOST_POINTS: i64 = 288;
/// The shortest time between two points, in milliseconds: the journal has one record a minute.
const MINUTE: i64 = 60_000;

/// The statistics of a span that ends now.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The time between two points.
    pub step: Duration,
    /// The points, oldest first; those in which nothing was counted are left out.
    pub points: Vec<Point>,
}

/// The counts of all servers in one step of a history.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Point {
    /// The time at which the step begins.
    pub at: UnixMillis,
    /// New messages.
    pub accepted: u64,
    /// Callbacks whose message was accepted before.
    pub duplicates: u64,
    /// Callbacks that were refused.
    pub refused: u64,
    /// Messages that are done.
    pub handled: u64,
    /// Failed attempts at messages.
    pub failed: u64,
    /// Messages and replies that became dead letters after their last attempt.
    pub dead: u64,
    /// Replies that were sent.
    pub sent: u64,
    /// Failed attempts at replies.
    pub send_failed: u64,
    /// The time that half of the acknowledgements did not take longer than, in milliseconds; `None` without any.
    pub ack_p50: Option<f64>,
    /// The time that 99 of 100 acknowledgements did not take longer than, in milliseconds; `None` without any.
    pub ack_p99: Option<f64>,
}

/// A history that is put together.
#[derive(Debug)]
pub(super) struct Builder {
    /// The time between two points, and the begin of the first and the end of the last, in milliseconds.
    step: i64,
    begin: i64,
    end: i64,
    points: BTreeMap<i64, Numbers>,
}

impl Builder {
    /// No numbers yet of the `span` that ends at `now`.
    pub(super) fn new(span: Duration, now: UnixMillis) -> Self {
        let minutes = i64::try_from(span.as_secs().div_ceil(60)).unwrap_or(i64::MAX / MINUTE).max(1);
        let step = (minutes.saturating_add(MOST_POINTS - 1) / MOST_POINTS).saturating_mul(MINUTE);
        let end = (now.0.div_euclid(step) + 1).saturating_mul(step);
        let begin = end.saturating_sub(minutes.saturating_mul(MINUTE) / step * step);
        Self { step, begin, end, points: BTreeMap::new() }
    }

    /// The time at which the first point begins.
    pub(super) fn begin(&self) -> UnixMillis {
        UnixMillis(self.begin)
    }

    /// Adds the numbers of a span that began at `at`.
    pub(super) fn add(&mut self, at: UnixMillis, numbers: &Numbers) {
        if (self.begin..self.end).contains(&at.0) && !numbers.is_empty() {
            let begin = at.0.div_euclid(self.step) * self.step;
            self.points.entry(begin).or_default().add(numbers);
        }
    }

    /// Adds what the journal has kept of a span of some server.
    pub(super) fn add_activity(&mut self, activity: &Activity) {
        self.add(activity.at, &Numbers::decode(&activity.body));
    }

    pub(super) fn build(self) -> History {
        let step = Duration::from_millis(self.step.try_into().unwrap_or_default());
        let points = self.points.iter().map(|(at, numbers)| Point::new(UnixMillis(*at), numbers));
        History { step, points: points.collect() }
    }
}

impl Point {
    fn new(at: UnixMillis, numbers: &Numbers) -> Self {
        Self {
            at,
            accepted: numbers.of(Counted::Accepted),
            duplicates: numbers.of(Counted::Duplicates),
            refused: numbers.of(Counted::Refused),
            handled: numbers.of(Counted::Handled),
            failed: numbers.of(Counted::Failed),
            dead: numbers.of(Counted::Dead),
            sent: numbers.of(Counted::Sent),
            send_failed: numbers.of(Counted::SendFailed),
            ack_p50: numbers.ack_percentile(0.5),
            ack_p99: numbers.ack_percentile(0.99),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_763_754_000_123);
    const DAY: Duration = Duration::from_hours(24);

    fn activity(at: i64, body: &'static str) -> Activity {
        Activity { at: UnixMillis(at), replica: "here".to_owned(), body: body.into() }
    }

    #[test]
    fn a_history_has_at_most_288_points_however_long_its_span_is() {
        for (span, minutes) in [
            (Duration::ZERO, 1),
            (DAY / 24, 1),
            (DAY, 5),
            (7 * DAY, 35),
            (8 * DAY, 40),
            (365 * DAY, 1825),
        ] {
            let mut builder = Builder::new(span, NOW);
            assert!(builder.begin() <= NOW.minus(span).plus(Duration::from_mins(minutes)));
            for step in 0..400 {
                let at = NOW.minus(Duration::from_mins(step * minutes));
                builder.add_activity(&activity(at.0, "{\"accepted\":1}"));
            }
            let History { step, points } = builder.build();
            assert_eq!(step, Duration::from_mins(minutes), "{span:?}");
            assert!(points.len() <= 288, "{span:?}: {}", points.len());
            assert!(points.is_sorted_by(|earlier, later| earlier.at < later.at));
        }
        Builder::new(Duration::MAX, UnixMillis(i64::MAX)).add(NOW, &Numbers::default());
    }

    #[test]
    fn the_minutes_of_all_servers_come_together_and_empty_steps_are_left_out() {
        let mut builder = Builder::new(DAY, NOW);
        let begin = NOW.0 / 300_000 * 300_000;
        for (at, body) in [
            (begin, "{\"accepted\":1,\"ack_times\":{\"6\":1}}"),
            (begin + 60_000, "{\"accepted\":2,\"failed\":1,\"ack_times\":{\"6\":2}}"),
            (begin + 61_000, "{\"accepted\":4}"),
            (begin - 3_600_000, "{\"sent\":5}"),
            (begin - 600_000, "{}"),
            (NOW.0 - 25 * 3_600_000, "{\"sent\":7}"),
            (begin + 300_000, "{\"sent\":9}"),
        ] {
            builder.add_activity(&activity(at, body));
        }
        let points = builder.build().points;
        let found: Vec<_> =
            points.iter().map(|it| (it.at.0 - begin, it.accepted, it.failed, it.sent)).collect();
        assert_eq!(found, [(-3_600_000, 0, 0, 5), (0, 7, 1, 0)]);
        assert_eq!(points[0].ack_p99, None);
        assert!(points[1].ack_p99.is_some_and(|time| (0.7..=1.0).contains(&time)), "{points:?}");
    }
}
