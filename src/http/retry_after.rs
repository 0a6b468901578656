//! `Retry-After`: how long a server asks to wait before the next call.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822};

use crate::clock::UnixMillis;

/// Parses the header's value: seconds, or a date.
pub(super) fn parse(value: &str, now: UnixMillis) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date: Timestamp = rfc2822::DateTimeParser::new().parse_timestamp(value.trim()).ok()?;
    Some(UnixMillis(date.as_millisecond()).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read() {
        let now = UnixMillis(1_445_412_470_000);
        let seconds = |value| parse(value, now).map(|span| span.as_secs());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("Wed, 21 Oct 2015 07:28:00 GMT"), Some(10));
        assert_eq!(seconds("Wed, 21 Oct 2015 07:27:00 GMT"), Some(0));
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds("-5"), None);
    }
}
