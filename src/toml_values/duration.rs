//! Spans of time, written `"250ms"`, `"5s"`, `"24h"`, `"30d"`: `jiff`'s friendly format with days of 24 hours.

use std::{fmt, time::Duration};

use jiff::{SpanRelativeTo, fmt::friendly::SpanParser};
use serde::{
    Deserializer,
    de::{Error, Visitor},
};

/// Deserialises a span of time that carries its unit.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    deserializer.deserialize_str(DurationVisitor)
}

/// Deserialises a span of time of a key that may be left out, as a rule has them.
#[cfg(feature = "rules")]
pub(crate) fn deserialize_optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    deserialize(deserializer).map(Some)
}

struct DurationVisitor;

impl Visitor<'_> for DurationVisitor {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time with its unit, such as \"250ms\", \"5s\", \"24h\" or \"30d\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
        parse(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

fn parse(text: &str) -> Option<Duration> {
    let span = SpanParser::new().parse_span(text).ok()?;
    let signed = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    signed.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_of_the_defaults_is_read() {
        for (text, expected) in [
            ("250ms", Duration::from_millis(250)),
            ("5s", Duration::from_secs(5)),
            ("10m", Duration::from_mins(10)),
            ("1h 30m", Duration::from_mins(90)),
            ("30d", Duration::from_hours(720)),
            ("0s", Duration::ZERO),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_time_that_is_negative_or_without_a_unit_or_of_no_fixed_length_is_refused() {
        for text in ["-5s", "5s ago", "5", "", "1 month", "1y", "5 parsecs"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
