//! Whose turn it is: a rate that gives way when calls are refused, and comes back. Times are given, nothing is waited for.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use crate::config::{PumpSection, RateSection};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
/// A wait in place lasts at most this long, and at most this part of the attempt's time limit.
const LONGEST_WAIT: Duration = SECOND;
const PART_OF_TIMEOUT: u32 = 8;
/// The replies of one app that wait in place take at most this part of all places.
const PART_OF_CONCURRENCY: usize = 4;
/// After a refusal without `Retry-After` nothing is sent for this long: half of what was taken in a second is past then.
const PAUSE: Duration = Duration::from_millis(500);
/// So long the rate stays where a refusal has put it …
const HOLD: Duration = Duration::from_secs(10);
/// … and then it grows to this many times itself in each second.
const GROWTH: f64 = 1.2;
/// How much of the rate that the platform took is used.
const CAUTION: f64 = 0.95;
/// A refusal divides the rate by at most this: where few calls were under way, what was taken says little.
const STEEPEST: f64 = 4.0;
/// The rate does not fall below one reply in two seconds, so that a platform that takes calls again is noticed.
const LEAST_RATE: f64 = 0.5;

/// The turns of one app's replies.
pub(super) struct Turns {
    /// The configured rate, in replies a second.
    limit: f64,
    /// A wait in place is no longer than this, and no longer than so many turns.
    longest_wait: Duration,
    places: f64,
    /// The rate from a moment on, if the app is slowed.
    slowed: Option<(f64, Instant)>,
    /// Grows each time the rate falls. A refusal of a call that began before that says nothing new.
    round: u64,
    /// When the next turn is.
    next: Instant,
    /// When the last of those that went back to the journal is expected.
    tail: Instant,
    /// When calls were taken, in the last second.
    taken: VecDeque<Instant>,
}

/// When a reply may be sent.
#[derive(Debug, PartialEq)]
pub(super) enum Turn {
    /// After this wait, in this round.
    Here(Duration, u64),
    /// Not before this time is over, and then it is asked again.
    Away(Duration),
}

impl Turns {
    pub(super) fn new(now: Instant, rate: &RateSection, section: &PumpSection) -> Self {
        let places = u32::try_from(section.concurrency / PART_OF_CONCURRENCY).unwrap_or(u32::MAX);
        Self {
            limit: rate.per_second.into(),
            longest_wait: LONGEST_WAIT.min(section.timeout / PART_OF_TIMEOUT),
            places: places.max(1).into(),
            slowed: None,
            round: 0,
            next: now,
            tail: now,
            taken: VecDeque::new(),
        }
    }

    /// The round that calls belong to which begin now.
    pub(super) fn round(&self) -> u64 {
        self.round
    }

    /// How many replies may be sent in a second.
    pub(super) fn rate(&self, now: Instant) -> f64 {
        let Some((rate, since)) = self.slowed else { return self.limit };
        let growing = now.saturating_duration_since(since).saturating_sub(HOLD);
        (rate * GROWTH.powf(growing.as_secs_f64())).min(self.limit)
    }

    /// Gives a reply its turn.
    pub(super) fn next(&mut self, now: Instant) -> Turn {
        let rate = self.rate(now);
        let at = self.next.max(now);
        let wait = at.duration_since(now);
        if wait > self.longest_wait(rate) {
            return Turn::Away(self.away(now));
        }
        self.next = at + interval(rate);
        Turn::Here(wait, self.round)
    }

    /// How long a reply stays away that is behind all that stay away already.
    pub(super) fn away(&mut self, now: Instant) -> Duration {
        let rate = self.rate(now);
        let tail = self.tail.max(self.next).max(now);
        self.tail = tail + interval(rate);
        let behind = tail.duration_since(now);
        // The rate may have grown until then, so nobody stays away for long; but each time costs the journal a commit.
        let most = MINUTE.max(behind / 10);
        if behind > most {
            return rand::random_range(most / 2..=most);
        }
        // It comes a little early, so that there is somebody for each turn.
        behind.saturating_sub(self.longest_wait(rate) / 2).max(Duration::from_millis(1))
    }

    /// A call was taken.
    pub(super) fn take(&mut self, now: Instant) {
        self.forget(now);
        self.taken.push_back(now);
    }

    /// A call of `round` was refused, with a wait that was asked for: lowers the rate, unless that has happened since the
    /// call began.
    pub(super) fn refuse(&mut self, now: Instant, round: u64, pause: Option<Duration>) {
        if self.round != round {
            self.next = self.next.max(now + pause.unwrap_or_default());
            return;
        }
        self.forget(now);
        let rate = self.rate(now);
        let taken = u32::try_from(self.taken.len()).unwrap_or(u32::MAX);
        let known = if taken > 0 { f64::from(taken).min(rate) } else { rate / 2.0 };
        let lowered = (CAUTION * known).max(rate / STEEPEST).max(LEAST_RATE);
        self.round += 1;
        self.next = now + pause.unwrap_or(PAUSE);
        self.tail = self.next;
        self.slowed = Some((lowered, self.next));
    }

    /// Whether the app is still slowed; once the rate is what is configured, it no longer is.
    pub(super) fn is_slowed(&mut self, now: Instant) -> bool {
        let full = self.rate(now) >= self.limit;
        self.slowed.take_if(|(_, since)| full && now.saturating_duration_since(*since) > HOLD);
        self.slowed.is_some()
    }

    fn longest_wait(&self, rate: f64) -> Duration {
        self.longest_wait.min(interval(rate / self.places))
    }

    /// Forgets what was taken more than a second ago.
    fn forget(&mut self, now: Instant) {
        while self.taken.front().is_some_and(|at| now.saturating_duration_since(*at) >= SECOND) {
            self.taken.pop_front();
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

    fn turns(now: Instant, per_second: u32) -> Turns {
        let section = PumpSection {
            concurrency: 64,
            timeout: Duration::from_secs(30),
            attempts: 8,
            backoff: Duration::from_secs(5),
            max_backoff: Duration::from_hours(1),
        };
        Turns::new(now, &RateSection { per_second }, &section)
    }

    /// The rate as a person reads it.
    fn rate(turns: &Turns, now: Instant) -> String {
        format!("{:.1}", turns.rate(now))
    }

    /// The wait of the next reply in milliseconds; none if it stays away.
    fn wait(turns: &mut Turns, now: Instant) -> Option<u128> {
        match turns.next(now) {
            Turn::Here(wait, _) => Some(wait.as_millis()),
            Turn::Away(_) => None,
        }
    }

    #[test]
    fn turns_are_as_far_apart_as_the_rate_says_and_a_quarter_of_the_places_waits_for_them() {
        let now = Instant::now();
        let mut turns = turns(now, 100);
        let waits: Vec<_> = (0..64).map(|_| wait(&mut turns, now)).collect();
        let here: Vec<_> = waits.iter().flatten().copied().collect();
        assert_eq!(here, (0..=160).step_by(10).collect::<Vec<_>>());
        assert!(waits[17..].iter().all(Option::is_none));
    }

    #[test]
    fn those_who_stay_away_come_back_one_after_the_other_and_none_for_more_than_a_minute() {
        let now = Instant::now();
        let mut turns = turns(now, 10);
        while let Turn::Here(..) = turns.next(now) {}
        let delays: Vec<_> = (0..1000).map(|_| turns.away(now)).collect();
        for (earlier, later) in delays.iter().zip(&delays[1..500]) {
            assert_eq!(later.checked_sub(*earlier).unwrap().as_millis(), 100);
        }
        assert!(delays.iter().all(|delay| *delay <= MINUTE));
    }

    #[test]
    fn a_refusal_lowers_the_rate_to_what_was_taken_and_nothing_is_sent_for_a_while() {
        let now = Instant::now();
        let mut turns = turns(now, 100);
        (0..30).for_each(|_| turns.take(now));
        let Turn::Here(_, round) = turns.next(now) else { panic!("the first turn") };
        // The others that were under way say nothing new.
        for _ in 0..3 {
            turns.refuse(now, round, None);
            assert_eq!((rate(&turns, now), turns.round()), ("28.5".to_owned(), round + 1));
        }
        assert_eq!(wait(&mut turns, now), Some(500));
        assert_eq!(wait(&mut turns, now + PAUSE), Some(35));
        assert_eq!(wait(&mut turns, now + PAUSE), Some(70));
    }

    #[test]
    fn a_refusal_among_few_calls_quarters_the_rate_at_most() {
        let now = Instant::now();
        let mut turns = turns(now, 100);
        turns.take(now);
        turns.refuse(now, 0, None);
        assert_eq!(rate(&turns, now), "25.0");
    }

    #[test]
    fn a_platform_that_takes_nothing_is_asked_ever_more_rarely_and_not_never() {
        let mut now = Instant::now();
        let mut turns = turns(now, 100);
        let mut rates = Vec::new();
        for round in 0..20 {
            turns.refuse(now, round, None);
            rates.push(turns.rate(now));
            now += 2 * SECOND;
        }
        assert!(rates.is_sorted_by(|a, b| a >= b), "{rates:?}");
        assert_eq!(
            (format!("{:.1}", rates[0]), rate(&turns, now)),
            ("47.5".to_owned(), "0.5".to_owned())
        );
    }

    #[test]
    fn the_rate_comes_back_by_itself_and_then_the_app_is_no_longer_slowed() {
        let now = Instant::now();
        let mut turns = turns(now, 100);
        (0..30).for_each(|_| turns.take(now));
        turns.refuse(now, 0, None);
        for (span, expected, slowed) in [
            (Duration::ZERO, "28.5", true),
            (HOLD, "28.5", true),
            (HOLD + SECOND, "34.2", true),
            (HOLD + MINUTE, "100.0", false),
        ] {
            let then = now + PAUSE + span;
            assert_eq!((rate(&turns, then).as_str(), turns.is_slowed(then)), (expected, slowed));
        }
    }

    #[test]
    fn the_wait_that_the_platform_asks_for_is_kept_by_all() {
        let now = Instant::now();
        let mut turns = turns(now, 100);
        turns.refuse(now, 0, Some(Duration::from_secs(7)));
        turns.refuse(now, 0, Some(Duration::from_secs(9)));
        assert!(matches!(turns.next(now + SECOND), Turn::Away(delay) if delay > Duration::from_secs(7)));
        assert_eq!(wait(&mut turns, now + Duration::from_secs(9)), Some(0));
    }
}
