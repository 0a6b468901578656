//! The rate limiter of an app's replies: its rate falls when the platform refuses calls as too many, and comes back.
//!
//! # Design
//!
//! Halving the rate at each refusal and adding to it in small steps would waste a quarter of what a platform allows. A
//! refusal says more: the number of calls that the platform accepted in the second before is the number that it accepts in
//! a second. So the rate falls to a little less than that, stays for a while, and then grows until the configured rate or
//! the next refusal. A limiter with a fixed rate, as the `governor` crate has it, would need another one beside it for
//! this; one rate that moves is simpler than both.
//!
//! A reply that is far from its turn does not wait in place, where it would keep other apps' replies out: it goes back to
//! the journal until its turn comes up.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use ::metrics::{Counter, Gauge};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    adaptive_rate::{AdaptiveRate, Turn},
    options::{PumpOptions, SendRateOptions},
};
use crate::{client::ClientError, ids::AppKey, lock::lock, metrics};

/// Time between two log lines about an app that is slowed.
const LOG_INTERVAL: Duration = Duration::from_mins(1);
/// Time between two checks whether an app is still slowed.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The rate limiter of one app.
pub(super) struct RateLimiter {
    app: AppKey,
    /// The configured rate, in replies a second.
    configured: u32,
    /// Longest pause that is kept when the platform asks for one.
    longest_pause: Duration,
    state: Mutex<State>,
    refusals: Counter,
    rate: Gauge,
    /// The task that checks a slowed app, and logs its rate. The task starts with a refusal, and stops when the app is no
    /// longer slowed or the limiter is dropped.
    watcher: Mutex<JoinSet<()>>,
}

struct State {
    rate: AdaptiveRate,
    /// The last log line about the app while it is slowed; `None` otherwise.
    logged: Option<Logged>,
}

/// A log line about a slowed app.
struct Logged {
    at: Instant,
    /// The number of refusals since the line.
    refused: u64,
}

impl RateLimiter {
    pub(super) fn new(app: AppKey, rate: &SendRateOptions, options: &PumpOptions) -> Arc<Self> {
        let adaptive = AdaptiveRate::new(Instant::now(), rate, options);
        let limiter = Self {
            configured: rate.per_second,
            longest_pause: options.max_backoff,
            state: Mutex::new(State { rate: adaptive, logged: None }),
            refusals: metrics::rate_refusals(app.as_str()),
            rate: metrics::send_rate(app.as_str()),
            watcher: Mutex::default(),
            app,
        };
        limiter.rate.set(rate.per_second);
        Arc::new(limiter)
    }

    /// Waits for a turn, and returns its epoch. If the turn is too far away, the error is the time after which the reply
    /// should be tried again.
    pub(super) async fn wait_for_turn(&self) -> Result<u64, Duration> {
        let turn = self.state().rate.next_turn(Instant::now());
        let (wait, epoch) = match turn {
            Turn::Soon { wait, epoch } => (wait, epoch),
            Turn::Later(delay) => return Err(delay),
        };
        if wait.is_zero() {
            return Ok(epoch);
        }
        sleep(wait).await;
        let rate = &mut self.state().rate;
        // A new epoch: the platform has refused other calls meanwhile, so this turn is void.
        if rate.epoch() == epoch { Ok(epoch) } else { Err(rate.requeue_delay(Instant::now())) }
    }

    /// Notes that the platform has accepted a call, whatever it answered.
    pub(super) fn note_accepted(&self) {
        self.state().rate.note_accepted(Instant::now());
    }

    /// Notes that the platform has refused a call of `epoch` as one too many. Returns the time after which the reply should
    /// be tried again.
    pub(super) fn note_refusal(self: &Arc<Self>, epoch: u64, error: &ClientError) -> Duration {
        self.refusals.increment(1);
        let pause = error.retry_after().map(|span| span.min(self.longest_pause));
        let now = Instant::now();
        let mut state = self.state();
        state.rate.note_refusal(now, epoch, pause);
        let (delay, rate) = (state.rate.requeue_delay(now), state.rate.per_second(now));
        let is_first = state.logged.is_none();
        state.logged.get_or_insert(Logged { at: now, refused: 0 }).refused += 1;
        drop(state);
        self.rate.set(rate);
        if is_first {
            tracing::warn!(
                app = %self.app, per_second = rounded(rate), configured = self.configured, reason = %error,
                "the platform refuses calls of this app as too many: its replies are sent more slowly, none is given up \
                 for that, and it speeds up again by itself; lower deliver.rate.per_second if this comes back"
            );
            self.start_watcher();
        }
        delay
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Starts the task that checks the app until it is no longer slowed.
    fn start_watcher(self: &Arc<Self>) {
        let limiter = Arc::downgrade(self);
        let mut watcher = lock(&self.watcher);
        while watcher.try_join_next().is_some() {}
        watcher.spawn(async move {
            loop {
                sleep(CHECK_INTERVAL).await;
                match limiter.upgrade() {
                    Some(limiter) if limiter.check(Instant::now()) => {}
                    _ => return,
                }
            }
        });
    }

    /// Sets the gauge, and logs what is due. Returns whether the app is still slowed.
    fn check(&self, now: Instant) -> bool {
        let mut state = self.state();
        let (is_slowed, rate) = (state.rate.is_slowed(now), state.rate.per_second(now));
        self.rate.set(rate);
        if !is_slowed {
            state.logged = None;
            tracing::info!(app = %self.app, per_second = self.configured, "replies of this app are sent at their full rate again");
            return false;
        }
        let due = state.logged.as_mut().filter(|last| now.duration_since(last.at) >= LOG_INTERVAL);
        if let Some(last) = due {
            let Logged { refused, .. } = std::mem::replace(last, Logged { at: now, refused: 0 });
            tracing::warn!(
                app = %self.app, per_second = rounded(rate), configured = self.configured, refused,
                "replies of this app are still sent more slowly"
            );
        }
        true
    }
}

/// Rounds a rate to one decimal, for the log.
fn rounded(rate: f64) -> f64 {
    (rate * 10.0).round() / 10.0
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter").field("app", &self.app).finish_non_exhaustive()
    }
}
