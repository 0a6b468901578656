//! Support for the tests: a sender that signs like the platform, real processes, and waiting without sleeping.

pub(crate) mod disk;
pub(crate) mod http;
pub(crate) mod ledger;
pub(crate) mod log;
pub(crate) mod messages;
pub(crate) mod open_loop;
pub(crate) mod platform;
pub(crate) mod postgres;
pub(crate) mod power;
pub(crate) mod process;
pub(crate) mod screen;
pub(crate) mod secrecy;

use std::time::{Duration, Instant};

/// Long enough for the slowest machine: whoever waits longer waits for ever.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Says that a test is skipped for want of something; under CI nothing may be wanting.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}");
    eprintln!("SKIPPED: {why}");
}

/// Waits until `condition` gives something.
#[track_caller]
pub(crate) fn until<T>(
    what: &str,
    mut condition: impl AsyncFnMut() -> Option<T>,
) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let started = Instant::now();
        loop {
            if let Some(found) = condition().await {
                return found;
            }
            assert!(started.elapsed() < PATIENCE, "waited in vain for {what} at {caller}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
