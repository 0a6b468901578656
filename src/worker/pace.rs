//! How fast an app's replies are sent: a rate that gives way when the platform refuses calls as too many, and comes back.
//!
//! # Design
//!
//! Halving the rate at each refusal and adding to it in small steps would waste a quarter of what a platform allows. A
//! refusal says more: what was taken in the second before it is what the platform takes in a second. So the rate falls
//! to a little less than that, stays for a while, and then grows until the configured rate or the next refusal. A
//! limiter with a fixed rate, as the `governor` crate has it, would need another one beside it for this; one rate that
//! moves is simpler than both.
//!
//! Who is far from their turn does not wait here, where they would keep other apps' replies out: they go back to the
//! journal until their turn comes up.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use metrics::{Counter, Gauge};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::turns::{Turn, Turns};
use crate::{
    client::ClientError,
    config::{PumpSection, RateSection},
    ids::AppKey,
    metrics as names,
};

/// How often the log tells that an app is still slowed.
const TOLD_EVERY: Duration = Duration::from_mins(1);
/// How often somebody looks whether it is.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The pace of one app.
pub(super) struct Pace {
    app: AppKey,
    configured: u32,
    /// No wait that the platform asks for is kept for longer.
    longest_pause: Duration,
    state: Mutex<State>,
    refusals: Counter,
    rate: Gauge,
    /// Tells how it goes on while the app is slowed; ends with the pace.
    watcher: Mutex<JoinSet<()>>,
}

struct State {
    turns: Turns,
    /// The log lines about the app, while it is slowed.
    told: Option<Told>,
}

struct Told {
    at: Instant,
    /// Refusals since then.
    refused: u64,
}

impl Pace {
    pub(super) fn new(app: AppKey, rate: &RateSection, section: &PumpSection) -> Arc<Self> {
        let turns = Turns::new(Instant::now(), rate, section);
        let pace = Self {
            configured: rate.per_second,
            longest_pause: section.max_backoff,
            state: Mutex::new(State { turns, told: None }),
            refusals: names::rate_refusals(app.as_str()),
            rate: names::send_rate(app.as_str()),
            watcher: Mutex::default(),
            app,
        };
        pace.rate.set(rate.per_second);
        Arc::new(pace)
    }

    /// Waits for a turn; gives its round. Where the turn is too far away, how long to stay away instead.
    pub(super) async fn turn(&self) -> Result<u64, Duration> {
        let turn = self.state().turns.next(Instant::now());
        let (wait, round) = match turn {
            Turn::Here(wait, round) => (wait, round),
            Turn::Away(delay) => return Err(delay),
        };
        if wait.is_zero() {
            return Ok(round);
        }
        sleep(wait).await;
        let turns = &mut self.state().turns;
        // The platform has refused others meanwhile: the turn is void.
        if turns.round() == round { Ok(round) } else { Err(turns.away(Instant::now())) }
    }

    /// The platform has taken a call, whatever it thought of it.
    pub(super) fn taken(&self) {
        self.state().turns.take(Instant::now());
    }

    /// The platform has refused a call of `round` as one too many; gives how long to stay away.
    pub(super) fn refused(self: &Arc<Self>, round: u64, error: &ClientError) -> Duration {
        self.refusals.increment(1);
        let pause = error.retry_after().map(|span| span.min(self.longest_pause));
        let now = Instant::now();
        let mut state = self.state();
        state.turns.refuse(now, round, pause);
        let (delay, rate) = (state.turns.away(now), state.turns.rate(now));
        let begins = state.told.is_none();
        state.told.get_or_insert(Told { at: now, refused: 0 }).refused += 1;
        drop(state);
        self.rate.set(rate);
        if begins {
            tracing::warn!(
                app = %self.app, per_second = rounded(rate), configured = self.configured, reason = %error,
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

    /// Looks on until the app is no longer slowed.
    fn watch(self: &Arc<Self>) {
        let pace = Arc::downgrade(self);
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        while watcher.try_join_next().is_some() {}
        watcher.spawn(async move {
            loop {
                sleep(LOOK_EVERY).await;
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
        let (slowed, rate) = (state.turns.is_slowed(now), state.turns.rate(now));
        self.rate.set(rate);
        if !slowed {
            state.told = None;
            tracing::info!(app = %self.app, per_second = self.configured, "replies of this app are sent at their full rate again");
            return false;
        }
        if let Some(told) = state.told.as_mut().filter(|told| now.duration_since(told.at) >= TOLD_EVERY)
        {
            let Told { refused, .. } = std::mem::replace(told, Told { at: now, refused: 0 });
            tracing::warn!(
                app = %self.app, per_second = rounded(rate), configured = self.configured, refused,
                "replies of this app are still sent more slowly"
            );
        }
        true
    }
}

/// A rate as a person reads it.
fn rounded(rate: f64) -> f64 {
    (rate * 10.0).round() / 10.0
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace").field("app", &self.app).finish_non_exhaustive()
    }
}
