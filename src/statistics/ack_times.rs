//! Times of acknowledgements, in buckets: small enough to be kept for every minute, fine enough for a percentile.

use std::time::Duration;

/// The number of buckets.
pub(super) const BUCKETS: usize = 32;

/// Upper bounds of the buckets but the last in microseconds, two for each doubling: 125 µs to 4 s. The last bucket has no bound.
const BOUNDS: [u64; BUCKETS - 1] = {
    let mut bounds = [0; BUCKETS - 1];
    let mut index = 0;
    while index < BUCKETS - 1 {
        let first = if index % 2 == 0 { 125 } else { 177 };
        bounds[index] = first << (index / 2);
        index += 1;
    }
    bounds
};

/// The number of acknowledgements in each bucket.
pub(super) type AckTimes = [u64; BUCKETS];

/// The bucket of a time.
pub(super) fn bucket(time: Duration) -> usize {
    let micros = time.as_micros();
    BOUNDS.partition_point(|bound| u128::from(*bound) < micros)
}

/// The time in milliseconds that a part of the acknowledgements, such as 0.99, did not take longer than; within its bucket
/// the times are taken to be spread evenly. `None` if there are none.
#[expect(clippy::cast_precision_loss, reason = "counts of acknowledgements are far below 2^52")]
pub(super) fn percentile(times: &AckTimes, part: f64) -> Option<f64> {
    let total: u64 = times.iter().sum();
    if total == 0 {
        return None;
    }
    let rank = part * total as f64;
    let mut below = 0.0;
    for (index, count) in times.iter().enumerate().filter(|(_, count)| **count > 0) {
        let count = *count as f64;
        if below + count >= rank {
            let lower = index.checked_sub(1).map_or(0, |before| BOUNDS[before]) as f64;
            let upper = BOUNDS.get(index).map_or(lower, |bound| *bound as f64);
            return Some((lower + (upper - lower) * (rank - below) / count) / 1000.0);
        }
        below += count;
    }
    BOUNDS.last().map(|longest| *longest as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_as_near_as_its_bucket_is_narrow() {
        let mut times = AckTimes::default();
        for micros in (10..=10_000).step_by(10) {
            times[bucket(Duration::from_micros(micros))] += 1;
        }
        for (part, expected) in [(0.5, 5.0), (0.99, 9.9), (0.1, 1.0)] {
            let found = percentile(&times, part).unwrap();
            assert!((found / expected - 1.0).abs() < 0.15, "{part}: {found}");
        }
        assert_eq!(percentile(&AckTimes::default(), 0.99), None);
    }

    #[test]
    fn every_time_has_a_bucket_and_the_longest_have_the_last() {
        for (micros, expected) in
            [(0, 0), (125, 0), (126, 1), (177, 1), (4_096_000, 30), (4_096_001, 31)]
        {
            assert_eq!(bucket(Duration::from_micros(micros)), expected, "{micros} µs");
        }
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
        let mut times = AckTimes::default();
        times[BUCKETS - 1] = 3;
        assert_eq!(percentile(&times, 0.5), Some(4096.0));
    }
}
