//! How fast an app's replies are sent: a rate that gives way when the platform refuses calls as too many, and comes back.
//!
//! # Design
//!
//! Additive increase and multiplicative decrease would waste half of what a platform allows. A refusal says more: what
//! was taken in the second before it is what the platform takes in a second. So the rate falls to a little less than
//! that, stays for a while, and then grows until the configured rate or the next refusal. A limiter with a fixed rate,
//! as the `governor` crate has it, would need another one beside it for this; one rate that moves is simpler than both.
//!
//! Who is far from their turn does not wait here, where they would keep other apps' replies out: they go back to the
//! journal until their turn comes up.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use metrics::{Counter, Gauge};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    client::ClientError,
    config::{PumpSection, RateSection},
    ids::AppKey,
    metrics as names,
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
/// A wait in place lasts at most this long, and at most this part of the attempt's time limit.
const LONGEST_WAIT: Duration = SECOND;
const PART_OF_TIMEOUT: u32 = 8;
/// The replies of one app that wait in place take at most this part of all places.
const PART_OF_CONCURRENCY: usize = 4;
/// After a refusal without `Retry-After` nothing is sent for this long: a limit for each second is over then.
const PAUSE: Duration = SECOND;
/// So long the rate stays where a refusal has put it …
const HOLD: Duration = Duration::from_secs(5);
/// … and then it grows to this many times itself in each second.
const GROWTH: f64 = 1.1;
/// How much of the rate that the platform took is used.
const CAUTION: f64 = 0.9;
/// A refusal divides the rate by at most this: where few calls were under way, what was taken says little.
const STEEPEST: f64 = 4.0;
/// The rate does not fall below one reply in five seconds, so that a platform that takes calls again is noticed.
const LEAST_RATE: f64 = 0.2;

/// The pace of one app.
pub(super) struct Pace {
    app: AppKey,
    /// The configured rate, in replies a second.
    limit: f64,
    /// A wait in place is no longer than this, and no longer than so many turns.
    longest_wait: Duration,
    places: f64,
    /// No wait that the platform asks for is kept for longer.
    longest_pause: Duration,
    state: Mutex<State>,
    refusals: Counter,
    rate: Gauge,
    /// Tells how it goes on while the app is slowed; ends with the pace.
    watcher: Mutex<JoinSet<()>>,
}

struct State {
    /// The rate from `since` on, if the app is slowed.
    slowed: Option<Slowed>,
    /// Grows each time the rate falls. A refusal of a call that began before that says nothing new.
    round: u64,
    /// When the next turn is.
    next: Instant,
    /// When the last of those that went back to the journal is expected.
    tail: Instant,
    /// When calls were taken, in the last second.
    taken: VecDeque<Instant>,
}

struct Slowed {
    rate: f64,
    since: Instant,
    /// Refusals since a line of the log told of them.
    refused: u64,
    told: Instant,
}

/// When a reply may be sent.
#[derive(Debug, PartialEq)]
enum Turn {
    /// After this wait, in this round.
    Here(Duration, u64),
    /// Not before this time is over, and it is asked again then.
    Away(Duration),
}

impl Pace {
    pub(super) fn new(app: AppKey, rate: &RateSection, section: &PumpSection) -> Arc<Self> {
        let limit = f64::from(rate.per_second);
        let places = u32::try_from(section.concurrency / PART_OF_CONCURRENCY).unwrap_or(u32::MAX);
        let pace = Self {
            limit,
            longest_wait: LONGEST_WAIT.min(section.timeout / PART_OF_TIMEOUT),
            places: f64::from(places.max(1)),
            longest_pause: section.max_backoff,
            state: Mutex::new(State::new(Instant::now())),
            refusals: names::rate_refusals(app.as_str()),
            rate: names::send_rate(app.as_str()),
            watcher: Mutex::default(),
            app,
        };
        pace.rate.set(limit);
        Arc::new(pace)
    }

    /// Waits for a turn; gives its round. Where the turn is too far away, how long to stay away instead.
    pub(super) async fn turn(&self) -> Result<u64, Duration> {
        let turn = self.next_turn(&mut self.state(), Instant::now());
        let (wait, round) = match turn {
            Turn::Here(wait, round) => (wait, round),
            Turn::Away(delay) => return Err(delay),
        };
        if wait.is_zero() {
            return Ok(round);
        }
        sleep(wait).await;
        let mut state = self.state();
        // The platform has refused others meanwhile: the turn is void.
        if state.round == round { Ok(round) } else { Err(self.away(&mut state, Instant::now())) }
    }

    /// The platform has taken a call, whatever it thought of it.
    pub(super) fn taken(&self) {
        self.state().take(Instant::now());
    }

    /// The platform has refused a call of `round` as one too many; gives how long to stay away.
    pub(super) fn refused(self: &Arc<Self>, round: u64, error: &ClientError) -> Duration {
        self.refusals.increment(1);
        let mut state = self.state();
        let now = Instant::now();
        let begins = state.slowed.is_none();
        let pause = error.retry_after().map(|span| span.min(self.longest_pause));
        let rate = self.slow_down(&mut state, now, round, pause);
        let delay = self.away(&mut state, now);
        drop(state);
        self.rate.set(rate);
        if begins {
            let pause_ms = pause.unwrap_or(PAUSE).as_millis();
            tracing::warn!(
                app = %self.app, per_second = rounded(rate), configured = self.limit, pause_ms, reason = %error,
                "the platform refuses calls of this app as too many: its replies are sent more slowly, none is given up \
                 for that, and it speeds up again by itself; lower deliver.rate.per_second if this comes back"
            );
            self.watch();
        }
        delay
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rate_at(&self, state: &State, now: Instant) -> f64 {
        let Some(Slowed { rate, since, .. }) = &state.slowed else { return self.limit };
        let growing = now.saturating_duration_since(*since).saturating_sub(HOLD);
        (rate * GROWTH.powf(growing.as_secs_f64())).min(self.limit)
    }

    fn next_turn(&self, state: &mut State, now: Instant) -> Turn {
        let rate = self.rate_at(state, now);
        let at = state.next.max(now);
        let wait = at.duration_since(now);
        if wait > self.longest_wait(rate) {
            return Turn::Away(self.away(state, now));
        }
        state.next = at + interval(rate);
        Turn::Here(wait, state.round)
    }

    fn longest_wait(&self, rate: f64) -> Duration {
        self.longest_wait.min(interval(rate / self.places))
    }

    /// How long a reply stays away that is behind all that stay away already.
    fn away(&self, state: &mut State, now: Instant) -> Duration {
        let rate = self.rate_at(state, now);
        let tail = state.tail.max(state.next).max(now);
        state.tail = tail + interval(rate);
        let behind = tail.duration_since(now);
        // The rate may have grown until then, so nobody stays away for long; but each time costs the journal a commit.
        let most = MINUTE.max(behind / 10);
        if behind > most {
            return rand::random_range(most / 2..=most);
        }
        // It comes a little early, so that there is somebody for each turn.
        behind.saturating_sub(self.longest_wait(rate) / 2).max(Duration::from_millis(1))
    }

    /// Lowers the rate, unless that has happened since the call began; gives the rate.
    fn slow_down(&self, state: &mut State, now: Instant, round: u64, pause: Option<Duration>) -> f64 {
        let mut rate = self.rate_at(state, now);
        if state.round == round {
            state.forget(now);
            let taken = u32::try_from(state.taken.len()).unwrap_or(u32::MAX);
            let known = if taken > 0 { f64::from(taken) } else { rate / 2.0 };
            rate = (CAUTION * known.min(rate)).max(rate / STEEPEST).max(LEAST_RATE);
            state.round += 1;
            state.next = now + pause.unwrap_or(PAUSE);
            state.tail = state.next;
            let (refused, told) = state.slowed.as_ref().map_or((0, now), |it| (it.refused, it.told));
            state.slowed = Some(Slowed { rate, since: state.next, refused, told });
        } else if let Some(pause) = pause {
            state.next = state.next.max(now + pause);
        }
        if let Some(slowed) = &mut state.slowed {
            slowed.refused += 1;
        }
        rate
    }

    /// Tells each minute that the app is still slowed, and when it no longer is.
    fn watch(self: &Arc<Self>) {
        let pace = Arc::downgrade(self);
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        while watcher.try_join_next().is_some() {}
        watcher.spawn(async move {
            loop {
                sleep(SECOND).await;
                match pace.upgrade() {
                    Some(pace) if pace.look(Instant::now()) => {}
                    _ => return,
                }
            }
        });
    }

    /// Tells what there is to tell; whether the app is still slowed.
    fn look(&self, now: Instant) -> bool {
        let mut state = self.state();
        let rate = self.rate_at(&state, now);
        self.rate.set(rate);
        let Some(slowed) = &mut state.slowed else { return false };
        if rate >= self.limit && now.saturating_duration_since(slowed.since) > HOLD {
            state.slowed = None;
            tracing::info!(app = %self.app, per_second = self.limit, "replies of this app are sent at their full rate again");
            return false;
        }
        if now.saturating_duration_since(slowed.told) >= MINUTE {
            let refused = std::mem::take(&mut slowed.refused);
            slowed.told = now;
            tracing::warn!(
                app = %self.app, per_second = rounded(rate), configured = self.limit, refused,
                "replies of this app are still sent more slowly"
            );
        }
        true
    }
}

impl State {
    fn new(now: Instant) -> Self {
        Self { slowed: None, round: 0, next: now, tail: now, taken: VecDeque::new() }
    }

    fn take(&mut self, now: Instant) {
        self.forget(now);
        self.taken.push_back(now);
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

/// A rate as a person reads it.
fn rounded(rate: f64) -> f64 {
    (rate * 10.0).round() / 10.0
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace")
            .field("app", &self.app)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    fn pace(per_second: u32) -> Arc<Pace> {
        let section = PumpSection {
            concurrency: 64,
            timeout: Duration::from_secs(30),
            attempts: 8,
            backoff: Duration::from_secs(5),
            max_backoff: Duration::from_hours(1),
        };
        Pace::new("app".into(), &RateSection { per_second }, &section)
    }

    /// The waits of `count` replies that come at once; none for those that stay away.
    fn waits(pace: &Pace, state: &mut State, now: Instant, count: usize) -> Vec<Option<u128>> {
        let wait = |_| match pace.next_turn(state, now) {
            Turn::Here(wait, _) => Some(wait.as_millis()),
            Turn::Away(_) => None,
        };
        (0..count).map(wait).collect()
    }

    #[test]
    fn turns_are_as_far_apart_as_the_rate_says_and_a_quarter_of_the_places_waits_for_them() {
        let (pace, now) = (pace(100), Instant::now());
        let mut state = State::new(now);
        let waits = waits(&pace, &mut state, now, 64);
        let here: Vec<_> = waits.iter().flatten().copied().collect();
        assert_eq!(here, (0..=160).step_by(10).collect::<Vec<_>>());
        assert!(waits[17..].iter().all(Option::is_none));
    }

    #[test]
    fn those_who_stay_away_come_back_one_after_the_other_and_none_for_more_than_a_minute() {
        let (pace, now) = (pace(10), Instant::now());
        let mut state = State::new(now);
        while let Turn::Here(..) = pace.next_turn(&mut state, now) {}
        let delays: Vec<_> = (0..1000).map(|_| pace.away(&mut state, now)).collect();
        for (earlier, later) in delays.iter().zip(&delays[1..500]) {
            assert_eq!((*later - *earlier).as_millis(), 100);
        }
        assert!(delays.iter().all(|delay| *delay <= MINUTE));
    }

    #[test]
    fn a_refusal_lowers_the_rate_to_what_was_taken_and_voids_the_turns_of_others() {
        let (pace, now) = (pace(100), Instant::now());
        let mut state = State::new(now);
        (0..30).for_each(|_| state.take(now));
        let Turn::Here(_, round) = pace.next_turn(&mut state, now) else { panic!("the first turn") };
        let lowered = |state: &mut State| rounded(pace.slow_down(state, now, round, None));
        assert_eq!(lowered(&mut state), 27.0);
        assert_ne!(state.round, round);
        // Others that were under way say nothing new.
        assert_eq!([lowered(&mut state), lowered(&mut state)], [27.0, 27.0]);
        let wait = |now, state: &mut State| match pace.next_turn(state, now) {
            Turn::Here(wait, _) => wait,
            Turn::Away(_) => panic!("too far away"),
        };
        assert_eq!(wait(now + PAUSE, &mut state), Duration::ZERO);
        assert_eq!(wait(now + PAUSE, &mut state).as_millis(), 37);
    }

    #[test]
    fn a_refusal_among_few_calls_quarters_the_rate_at_most() {
        let (pace, now) = (pace(100), Instant::now());
        let mut state = State::new(now);
        state.take(now);
        assert_eq!(rounded(pace.slow_down(&mut state, now, 0, None)), 25.0);
    }

    #[test]
    fn a_platform_that_takes_nothing_is_asked_ever_more_rarely_and_not_never() {
        let (pace, mut now) = (pace(100), Instant::now());
        let mut state = State::new(now);
        let mut rates = Vec::new();
        for _ in 0..20 {
            let round = state.round;
            rates.push(pace.slow_down(&mut state, now, round, None));
            now += 2 * SECOND;
        }
        assert!(rates.is_sorted_by(|a, b| a >= b), "{rates:?}");
        assert_eq!((rounded(rates[0]), rates.last()), (45.0, Some(&LEAST_RATE)));
    }

    #[test]
    fn the_rate_comes_back_by_itself_and_then_the_app_is_no_longer_slowed() {
        let (pace, now) = (pace(100), Instant::now());
        (0..30).for_each(|_| pace.state().take(now));
        pace.slow_down(&mut pace.state(), now, 0, None);
        let rate = |span| rounded(pace.rate_at(&pace.state(), now + PAUSE + span));
        assert_eq!([rate(Duration::ZERO), rate(HOLD)], [27.0, 27.0]);
        assert_eq!([rate(HOLD + SECOND), rate(HOLD + MINUTE)], [29.7, 100.0]);
        assert!(pace.look(now + PAUSE + HOLD + SECOND));
        assert!(!pace.look(now + PAUSE + HOLD + MINUTE));
        assert!(pace.state().slowed.is_none());
    }

    #[test]
    fn the_wait_that_the_platform_asks_for_is_kept_whoever_is_told() {
        let (pace, now) = (pace(100), Instant::now());
        let mut state = State::new(now);
        pace.slow_down(&mut state, now, 0, Some(Duration::from_secs(7)));
        pace.slow_down(&mut state, now, 0, Some(Duration::from_secs(9)));
        let away = |state: &mut State, after| pace.next_turn(state, now + after);
        assert!(matches!(away(&mut state, SECOND), Turn::Away(delay) if delay > Duration::from_secs(7)));
        assert!(matches!(away(&mut state, Duration::from_secs(9)), Turn::Here(wait, _) if wait < MILLI));
    }
}
