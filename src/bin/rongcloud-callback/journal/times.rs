//! Times as a person writes and reads them, in the system's time zone or the one that `TZ` names.

use std::env;

use jiff::{Timestamp, Zoned, civil::DateTime, civil::Time, fmt::friendly::SpanParser, tz::TimeZone};
use rongcloud_callback::clock::UnixMillis;

/// Writes times in one zone.
#[derive(Debug)]
pub(super) struct Times(TimeZone);

impl Times {
    /// The time zone of the person at the terminal; UTC where the system names none.
    pub(super) fn system() -> Result<Self, anyhow::Error> {
        match TimeZone::try_system() {
            Ok(zone) => Ok(Self(zone)),
            Err(_) => match env::var_os("TZ").filter(|zone| !zone.is_empty()) {
                Some(zone) => Err(anyhow::anyhow!("TZ is {}, which names no time zone", zone.display())),
                None => Ok(Self(TimeZone::UTC)),
            },
        }
    }

    /// A time for a table.
    pub(super) fn to_the_second(&self, at: UnixMillis) -> String {
        self.zoned(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// A time for a narrow table, without the year.
    pub(super) fn without_the_year(&self, at: UnixMillis) -> String {
        self.zoned(at).strftime("%m-%d %H:%M:%S").to_string()
    }

    /// A time with milliseconds and its offset from UTC.
    pub(super) fn exactly(&self, at: UnixMillis) -> String {
        self.zoned(at).strftime("%Y-%m-%d %H:%M:%S.%3f %:z").to_string()
    }

    fn zoned(&self, at: UnixMillis) -> Zoned {
        timestamp(at).to_zoned(self.0.clone())
    }

    /// Reads a time, if it is one.
    fn read(&self, text: &str, now: &Zoned) -> Option<Zoned> {
        let text = text.trim();
        if let Ok(moment) = text.parse::<Timestamp>() {
            return Some(moment.to_zoned(self.0.clone()));
        }
        if let Ok(local) = text.parse::<DateTime>() {
            return local.to_zoned(self.0.clone()).ok();
        }
        // A number alone could be anything.
        if let Some(time) = text.contains(':').then(|| text.parse::<Time>().ok()).flatten() {
            let today = now.date().to_datetime(time).to_zoned(self.0.clone()).ok()?;
            // The latest moment in the past at which the clock showed this time.
            return if today > *now {
                today.yesterday().ok()?.with().time(time).build().ok()
            } else {
                Some(today)
            };
        }
        let ago = SpanParser::new().parse_span(text).ok()?.abs();
        now.checked_sub(ago).ok()
    }
}

/// Reads a time of the command line.
pub(super) fn parse(text: &str) -> Result<UnixMillis, anyhow::Error> {
    let times = Times::system()?;
    let now = Zoned::now().with_time_zone(times.0.clone());
    let read = times.read(text, &now).ok_or_else(|| {
        anyhow::anyhow!(
            "not a time: write \"2026-11-28 14:00\", \"14:00\", \"2h\" for two hours ago, or with a zone \
             \"2026-11-28T06:00:00Z\""
        )
    })?;
    Ok(UnixMillis(read.timestamp().as_millisecond()))
}

/// A time for a program: in UTC, with its milliseconds.
pub(super) fn iso(at: UnixMillis) -> String {
    format!("{:.3}", timestamp(at))
}

fn timestamp(at: UnixMillis) -> Timestamp {
    let latest = if at.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(at.0).unwrap_or(latest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shanghai() -> Times {
        Times(TimeZone::get("Asia/Shanghai").unwrap())
    }

    #[test]
    fn a_time_is_read_as_people_write_it() {
        let now = "2026-11-28T14:30:00+08:00[Asia/Shanghai]".parse().unwrap();
        for (text, read) in [
            ("2026-11-28 14:00", "2026-11-28T06:00:00.000Z"),
            ("2026-11-28 14:00:05", "2026-11-28T06:00:05.000Z"),
            ("2026-11-28T14:00:05.5", "2026-11-28T06:00:05.500Z"),
            ("2026-11-28", "2026-11-27T16:00:00.000Z"),
            ("2026-11-28T06:00:08.750Z", "2026-11-28T06:00:08.750Z"),
            ("2026-11-28 14:00:00+09:00", "2026-11-28T05:00:00.000Z"),
            ("14:00", "2026-11-28T06:00:00.000Z"),
            ("23:15:30", "2026-11-27T15:15:30.000Z"),
            ("2h", "2026-11-28T04:30:00.000Z"),
            ("90 min ago", "2026-11-28T05:00:00.000Z"),
            ("1d", "2026-11-27T06:30:00.000Z"),
        ] {
            let moment = shanghai().read(text, &now).map(|zoned| zoned.timestamp().as_millisecond());
            assert_eq!(moment.map(|at| iso(UnixMillis(at))).as_deref(), Some(read), "{text}");
        }
        for text in ["", "yesterday", "14", "2026-13-01", "25:00", "2026-11-28 14:00 Mars"] {
            assert!(shanghai().read(text, &now).is_none(), "{text}");
        }
    }

    #[test]
    fn a_time_is_written_for_its_place() {
        let (times, at) = (shanghai(), UnixMillis(1_795_845_608_750));
        assert_eq!(times.to_the_second(at), "2026-11-28 14:00:08");
        assert_eq!(times.without_the_year(at), "11-28 14:00:08");
        assert_eq!(times.exactly(at), "2026-11-28 14:00:08.750 +08:00");
        assert_eq!(iso(at), "2026-11-28T06:00:08.750Z");
        assert_eq!(iso(UnixMillis(1_795_845_608_000)), "2026-11-28T06:00:08.000Z");
        assert!(iso(UnixMillis(i64::MAX)).starts_with("9999-12-30"));
    }
}
