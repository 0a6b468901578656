//! The rate of an app's replies, which adapts to the platform's refusals. The caller gives all times, and does all waiting.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::options::{PumpOptions, SendRateOptions};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
/// Longest wait in place, in time and as a part of the attempt's time limit.
const LONGEST_WAIT: Duration = SECOND;
const PART_OF_TIMEOUT: u32 = 8;
/// Part of the pump's places that the replies of one app may take while they wait in place.
const PART_OF_CONCURRENCY: usize = 4;
/// Pause after a refusal without `Retry-After`: half of the calls of the last second are older than a second by then.
const PAUSE: Duration = Duration::from_millis(500);
/// Time for which the rate stays where a refusal has put it.
const HOLD: Duration = Duration::from_secs(10);
/// Factor by which the rate grows in each second after that.
const GROWTH: f64 = 1.2;
/// Part of the accepted rate that is used after a refusal.
const CAUTION: f64 = 0.95;
/// Largest divisor of the rate at one refusal: where few calls were under way, the number of accepted calls says little.
const STEEPEST: f64 = 4.0;
/// Lowest rate, one reply in two seconds, so that a platform that accepts calls again is noticed.
const LEAST_RATE: f64 = 0.5;

/// The rate of one app's replies.
pub(super) struct AdaptiveRate {
    /// The configured rate, in replies a second.
    limit: f64,
    /// Longest wait in place.
    longest_wait: Duration,
    /// The number of replies that may wait in place.
    waiting_places: f64,
    /// The rate after a refusal; `None` at the full rate.
    slowed: Option<Slowed>,
    /// The number of times that the rate has fallen. A refused call that began in an earlier epoch says nothing new.
    epoch: u64,
    /// The time of the next turn.
    next_turn_at: Instant,
    /// The time at which the last of the replies that went back to the journal is expected.
    last_requeued_at: Instant,
    /// The times of the calls that the platform accepted in the last second.
    accepted: VecDeque<Instant>,
}

/// A rate below the configured one.
#[derive(Clone, Copy)]
struct Slowed {
    per_second: f64,
    /// The time from which on the rate holds, and later grows.
    since: Instant,
}

/// The turn of a reply.
#[derive(Debug, PartialEq)]
pub(super) enum Turn {
    /// The reply may be sent after this wait.
    Soon {
        /// The time until the turn.
        wait: Duration,
        /// The epoch in which the turn was given; in a later one it is void.
        epoch: u64,
    },
    /// The turn is far away: the reply should ask again after this time.
    Later(Duration),
}

impl AdaptiveRate {
    pub(super) fn new(now: Instant, rate: &SendRateOptions, options: &PumpOptions) -> Self {
        let places = u32::try_from(options.concurrency / PART_OF_CONCURRENCY).unwrap_or(u32::MAX);
        Self {
            limit: rate.per_second.into(),
            longest_wait: LONGEST_WAIT.min(options.timeout / PART_OF_TIMEOUT),
            waiting_places: places.max(1).into(),
            slowed: None,
            epoch: 0,
            next_turn_at: now,
            last_requeued_at: now,
            accepted: VecDeque::new(),
        }
    }

    /// The epoch of calls that begin now.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The number of replies that may be sent in a second.
    pub(super) fn per_second(&self, now: Instant) -> f64 {
        let Some(Slowed { per_second, since }) = self.slowed else { return self.limit };
        let growing = now.saturating_duration_since(since).saturating_sub(HOLD);
        (per_second * GROWTH.powf(growing.as_secs_f64())).min(self.limit)
    }

    /// Gives a reply its turn.
    pub(super) fn next_turn(&mut self, now: Instant) -> Turn {
        let rate = self.per_second(now);
        let at = self.next_turn_at.max(now);
        let wait = at.duration_since(now);
        if wait > self.longest_wait(rate) {
            return Turn::Later(self.requeue_delay(now));
        }
        self.next_turn_at = at + interval(rate);
        Turn::Soon { wait, epoch: self.epoch }
    }

    /// The time for which a reply goes back to the journal, behind all replies that are there already.
    pub(super) fn requeue_delay(&mut self, now: Instant) -> Duration {
        let rate = self.per_second(now);
        let expected_at = self.last_requeued_at.max(self.next_turn_at).max(now);
        self.last_requeued_at = expected_at + interval(rate);
        let delay = expected_at.duration_since(now);
        // The rate may have grown until then, so no delay is long; but each return costs the journal a commit.
        let longest = MINUTE.max(delay / 10);
        if delay > longest {
            return rand::random_range(longest / 2..=longest);
        }
        // The reply comes back a little early, so that a reply is there for each turn.
        delay.saturating_sub(self.longest_wait(rate) / 2).max(Duration::from_millis(1))
    }

    /// Notes that the platform has accepted a call.
    pub(super) fn note_accepted(&mut self, now: Instant) {
        self.drop_old(now);
        self.accepted.push_back(now);
    }

    /// Notes that the platform has refused a call of `epoch` and perhaps asked for a pause. The rate falls, unless it has
    /// fallen since the call began.
    pub(super) fn note_refusal(&mut self, now: Instant, epoch: u64, pause: Option<Duration>) {
        if self.epoch != epoch {
            self.next_turn_at = self.next_turn_at.max(now + pause.unwrap_or_default());
            return;
        }
        self.drop_old(now);
        let rate = self.per_second(now);
        let accepted = u32::try_from(self.accepted.len()).unwrap_or(u32::MAX);
        let known = if accepted > 0 { f64::from(accepted).min(rate) } else { rate / 2.0 };
        let lowered = (CAUTION * known).max(rate / STEEPEST).max(LEAST_RATE);
        self.epoch += 1;
        self.next_turn_at = now + pause.unwrap_or(PAUSE);
        self.last_requeued_at = self.next_turn_at;
        self.slowed = Some(Slowed { per_second: lowered, since: self.next_turn_at });
    }

    /// Whether the app is still slowed. Once the rate is back at the configured one, it no longer is.
    pub(super) fn is_slowed(&mut self, now: Instant) -> bool {
        let is_full = self.per_second(now) >= self.limit;
        self.slowed.take_if(|slowed| is_full && now.saturating_duration_since(slowed.since) > HOLD);
        self.slowed.is_some()
    }

    /// Longest wait in place at this rate: no more than [`waiting_places`](Self::waiting_places) replies wait.
    fn longest_wait(&self, rate: f64) -> Duration {
        self.longest_wait.min(interval(rate / self.waiting_places))
    }

    /// Drops the accepted calls that are older than a second.
    fn drop_old(&mut self, now: Instant) {
        while self.accepted.front().is_some_and(|at| now.saturating_duration_since(*at) >= SECOND) {
            self.accepted.pop_front();
        }
    }
}

/// The time between two replies.
fn interval(rate: f64) -> Duration {
    Duration::from_secs_f64(1.0 / rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adaptive_rate(now: Instant, per_second: u32) -> AdaptiveRate {
        let options =
            PumpOptions { concurrency: 64, timeout: Duration::from_secs(30), ..PumpOptions::default() };
        AdaptiveRate::new(now, &SendRateOptions { per_second }, &options)
    }

    /// The rate with one decimal.
    fn rounded(rate: &AdaptiveRate, now: Instant) -> String {
        format!("{:.1}", rate.per_second(now))
    }

    /// The wait of the next reply in milliseconds; `None` if the reply goes back to the journal.
    fn wait(rate: &mut AdaptiveRate, now: Instant) -> Option<u128> {
        match rate.next_turn(now) {
            Turn::Soon { wait, .. } => Some(wait.as_millis()),
            Turn::Later(_) => None,
        }
    }

    #[test]
    fn turns_are_as_far_apart_as_the_rate_says_and_a_quarter_of_the_places_waits_for_them() {
        let now = Instant::now();
        let mut rate = adaptive_rate(now, 100);
        let waits: Vec<_> = (0..64).map(|_| wait(&mut rate, now)).collect();
        let in_place: Vec<_> = waits.iter().flatten().copied().collect();
        assert_eq!(in_place, (0..=160).step_by(10).collect::<Vec<_>>());
        assert!(waits[17..].iter().all(Option::is_none));
    }

    #[test]
    fn those_who_stay_away_come_back_one_after_the_other_and_none_for_more_than_a_minute() {
        let now = Instant::now();
        let mut rate = adaptive_rate(now, 10);
        while let Turn::Soon { .. } = rate.next_turn(now) {}
        let delays: Vec<_> = (0..1000).map(|_| rate.requeue_delay(now)).collect();
        for (earlier, later) in delays.iter().zip(&delays[1..500]) {
            assert_eq!(later.checked_sub(*earlier).unwrap().as_millis(), 100);
        }
        assert!(delays.iter().all(|delay| *delay <= MINUTE));
    }

    #[test]
    fn a_refusal_lowers_the_rate_to_what_was_taken_and_nothing_is_sent_for_a_while() {
        let now = Instant::now();
        let mut rate = adaptive_rate(now, 100);
        (0..30).for_each(|_| rate.note_accepted(now));
        let Turn::Soon { epoch, .. } = rate.next_turn(now) else { panic!("the first turn") };
        // The other calls that were under way say nothing new.
        for _ in 0..3 {
            rate.note_refusal(now, epoch, None);
            assert_eq!((rounded(&rate, now), rate.epoch()), ("28.5".to_owned(), epoch + 1));
        }
        assert_eq!(wait(&mut rate, now), Some(500));
        assert_eq!(wait(&mut rate, now + PAUSE), Some(35));
        assert_eq!(wait(&mut rate, now + PAUSE), Some(70));
    }

    #[test]
    fn a_refusal_among_few_calls_quarters_the_rate_at_most() {
        let now = Instant::now();
        let mut rate = adaptive_rate(now, 100);
        rate.note_accepted(now);
        rate.note_refusal(now, 0, None);
        assert_eq!(rounded(&rate, now), "25.0");
    }

    #[test]
    fn a_platform_that_takes_nothing_is_asked_ever_more_rarely_and_not_never() {
        let mut now = Instant::now();
        let mut rate = adaptive_rate(now, 100);
        let mut rates = Vec::new();
        for epoch in 0..20 {
            rate.note_refusal(now, epoch, None);
            rates.push(rate.per_second(now));
            now += 2 * SECOND;
        }
        assert!(rates.is_sorted_by(|a, b| a >= b), "{rates:?}");
        assert_eq!(
            (format!("{:.1}", rates[0]), rounded(&rate, now)),
            ("47.5".to_owned(), "0.5".to_owned())
        );
    }

    #[test]
    fn the_rate_comes_back_by_itself_and_then_the_app_is_no_longer_slowed() {
        let now = Instant::now();
        let mut rate = adaptive_rate(now, 100);
        (0..30).for_each(|_| rate.note_accepted(now));
        rate.note_refusal(now, 0, None);
        for (span, expected, slowed) in [
            (Duration::ZERO, "28.5", true),
            (HOLD, "28.5", true),
            (HOLD + SECOND, "34.2", true),
            (HOLD + MINUTE, "100.0", false),
        ] {
            let then = now + PAUSE + span;
            assert_eq!((rounded(&rate, then).as_str(), rate.is_slowed(then)), (expected, slowed));
        }
    }

    #[test]
    fn the_wait_that_the_platform_asks_for_is_kept_by_all() {
        let now = Instant::now();
        let mut rate = adaptive_rate(now, 100);
        rate.note_refusal(now, 0, Some(Duration::from_secs(7)));
        rate.note_refusal(now, 0, Some(Duration::from_secs(9)));
        assert!(
            matches!(rate.next_turn(now + SECOND), Turn::Later(delay) if delay > Duration::from_secs(7))
        );
        assert_eq!(wait(&mut rate, now + Duration::from_secs(9)), Some(0));
    }
}
