//! Percentiles of latencies.

use std::time::Duration;

/// The latency that a share of `latencies` did not exceed. Sorts them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index below the length"
)]
pub(crate) fn percentile(latencies: &mut [Duration], share: f64) -> Duration {
    latencies.sort_unstable();
    match latencies {
        [] => Duration::ZERO,
        _ => latencies[((latencies.len() - 1) as f64 * share) as usize],
    }
}
