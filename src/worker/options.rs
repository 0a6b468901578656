//! The options of the pumps and of the rate limiter.

use std::time::Duration;

/// The options of the pump of one queue.
#[derive(Debug, Clone)]
pub(crate) struct PumpOptions {
    /// Most entries in work at once, each of another conversation. Default: 64.
    pub(crate) concurrency: usize,
    /// Time limit of one attempt. Default: 30 seconds.
    pub(crate) timeout: Duration,
    /// Number of attempts after which an entry is a dead letter. Default: 8.
    pub(crate) attempts: u32,
    /// Upper bound of the first delay between two attempts. Default: 5 seconds.
    pub(crate) backoff: Duration,
    /// Upper bound of every delay. Default: 1 hour.
    pub(crate) max_backoff: Duration,
}

impl Default for PumpOptions {
    fn default() -> Self {
        Self {
            concurrency: 64,
            timeout: Duration::from_secs(30),
            attempts: 8,
            backoff: Duration::from_secs(5),
            max_backoff: Duration::from_hours(1),
        }
    }
}

/// The options of the rate limiter of each app's replies.
#[derive(Debug, Clone)]
pub(crate) struct SendRateOptions {
    /// Most replies of one app in a second. Default: 100.
    pub(crate) per_second: u32,
}

impl Default for SendRateOptions {
    fn default() -> Self {
        Self { per_second: 100 }
    }
}
