//! The numbers of one span of time, and the form in which the journal keeps them.

use std::array;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{
    ack_times::{AckTimes, BUCKETS, percentile},
    counted::Counted,
};

/// The key of the times of acknowledgements in the written form.
const ACK_TIMES: &str = "ack_times";

/// The numbers of one span of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    /// The number of each event, at its index.
    pub(super) counts: [u64; Counted::ALL.len()],
    pub(super) ack_times: AckTimes,
}

impl Numbers {
    /// The number of one event.
    pub(super) fn of(&self, event: Counted) -> u64 {
        self.counts[event as usize]
    }

    /// The time of an acknowledgement in milliseconds that a part of them did not take longer than.
    pub(super) fn ack_percentile(&self, part: f64) -> Option<f64> {
        percentile(&self.ack_times, part)
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The counts between `earlier` and these numbers.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        Self {
            counts: array::from_fn(|index| self.counts[index].saturating_sub(earlier.counts[index])),
            ack_times: array::from_fn(|index| {
                self.ack_times[index].saturating_sub(earlier.ack_times[index])
            }),
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        let add = |sum: &mut [u64], part: &[u64]| {
            for (sum, part) in sum.iter_mut().zip(part) {
                *sum = sum.saturating_add(*part);
            }
        };
        add(&mut self.counts, &other.counts);
        add(&mut self.ack_times, &other.ack_times);
    }

    /// The written form: JSON without what is zero, the times of acknowledgements by bucket.
    ///
    /// # Format
    ///
    /// `{"accepted":3,"handled":3,"ack_times":{"5":2,"6":1}}`
    pub(super) fn encode(&self) -> Bytes {
        let number = |(name, count): (String, u64)| (count > 0).then(|| (name, Value::from(count)));
        let counts = Counted::ALL.map(|event| (event.as_str().to_owned(), self.of(event)));
        let buckets =
            self.ack_times.iter().enumerate().map(|(bucket, count)| (bucket.to_string(), *count));
        let times: Map<_, _> = buckets.filter_map(number).collect();
        let mut written: Map<_, _> = counts.into_iter().filter_map(number).collect();
        if !times.is_empty() {
            written.insert(ACK_TIMES.to_owned(), times.into());
        }
        Value::from(written).to_string().into()
    }

    /// Reads the written form. Whatever another version has written besides is left out.
    pub(super) fn decode(written: &[u8]) -> Self {
        let written: Value = serde_json::from_slice(written).unwrap_or_default();
        let number = |value: &Value| value.as_u64().unwrap_or_default();
        let times = &written[ACK_TIMES];
        let mut numbers = Self {
            counts: Counted::ALL.map(|event| number(&written[event.as_str()])),
            ..Self::default()
        };
        for bucket in 0..BUCKETS {
            numbers.ack_times[bucket] = number(&times[bucket.to_string()]);
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::statistics::Counters;

    #[test]
    fn numbers_are_read_as_they_were_written() {
        let counters = Counters::default();
        let begin = counters.numbers();
        for event in [Counted::Accepted, Counted::Accepted, Counted::SendFailed] {
            counters.count(event);
        }
        counters.count_ack_time(Duration::from_millis(1));
        let numbers = counters.numbers().since(&begin);
        let written = numbers.encode();
        let json: Value = serde_json::from_slice(&written).unwrap();
        let expected = serde_json::json!({"accepted": 2, "ack_times": {"6": 1}, "send_failed": 1});
        assert_eq!(json, expected);
        assert_eq!(Numbers::decode(&written), numbers);
        let mut twice = numbers.clone();
        twice.add(&numbers);
        assert_eq!((twice.of(Counted::Accepted), twice.ack_times[6]), (4, 2));
    }

    #[test]
    fn what_another_version_has_written_is_left_out() {
        let newer = br#"{"accepted":2,"forwarded":7,"handled":"many","ack_times":{"6":1,"99":4,"x":1}}"#;
        let numbers = Numbers::decode(newer);
        assert_eq!((numbers.of(Counted::Accepted), numbers.of(Counted::Handled)), (2, 0));
        assert_eq!(numbers.ack_times.iter().sum::<u64>(), 1);
        for broken in [&b""[..], b"[1]", b"\xff", b"null"] {
            assert!(Numbers::decode(broken).is_empty());
        }
    }
}
