//! `when`: the days and times at which a rule is in force, by the clock of one place.

use std::fmt;

use jiff::{
    Timestamp,
    civil::{Time, Weekday},
    tz::TimeZone,
};
use serde::Deserialize;

use crate::{clock::UnixMillis, toml_values::Problem};

/// Days and times in a time zone.
///
/// A window that ends earlier in the day than it begins goes on past midnight, and its days are those on which it
/// begins.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    days: Vec<Weekday>,
    from: Time,
    until: Option<Time>,
    zone: TimeZone,
}

/// The table `when` as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWindow {
    #[serde(default)]
    days: Vec<Day>,
    from: Option<String>,
    until: Option<String>,
    zone: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl RawWindow {
    /// Reads the window, which stands at `key`.
    pub(super) fn read(self, key: &str, problems: &mut Vec<Problem>) -> Option<Window> {
        let mut problem = |name: &str, what: String, hint: &str| {
            problems.push(Problem::new(format!("{key}.{name}"), what, hint));
        };
        let zone = match &self.zone {
            None => {
                let what = "is missing: it is not clear by whose clock the rule goes".to_owned();
                problem("zone", what, "write zone = \"Asia/Shanghai\"");
                None
            }
            Some(name) => TimeZone::get(name)
                .map_err(|_| {
                    let what = format!("{name} is no time zone of the IANA database");
                    problem("zone", what, "write a name such as \"Asia/Shanghai\" or \"UTC\"");
                })
                .ok(),
        };
        let mut time = |name: &str, text: Option<String>| {
            text.filter(|text| name == "from" || text != "24:00").and_then(|text| {
                let time = Time::strptime("%H:%M", &text);
                time.map_err(|_| {
                    let what = format!("{text} is no time of day");
                    problem(name, what, "write hours and minutes from \"00:00\" to \"23:59\"");
                })
                .ok()
            })
        };
        let (from, until) = (time("from", self.from), time("until", self.until));
        let from = from.unwrap_or(Time::midnight());
        if until == Some(from) {
            let hint = "write another time, or leave both out for the whole day";
            problem("until", format!("is {}, when the window begins", time_of_day(from)), hint);
        }
        let days = self.days.into_iter().map(Day::weekday).collect();
        Some(Window { days, from, until, zone: zone? })
    }
}

impl Window {
    /// Whether the window is open at that moment.
    pub(crate) fn contains(&self, moment: UnixMillis) -> bool {
        let Ok(moment) = Timestamp::from_millisecond(moment.0) else { return false };
        let local = moment.to_zoned(self.zone.clone());
        let (time, today) = (local.time(), local.weekday());
        let on = |day| self.days.is_empty() || self.days.contains(&day);
        match self.until {
            Some(until) if until < self.from => {
                (time >= self.from && on(today)) || (time < until && on(today.previous()))
            }
            until => on(today) && time >= self.from && until.is_none_or(|until| time < until),
        }
    }

    /// Describes the moment by the window's clock.
    pub(crate) fn describe_moment(&self, moment: UnixMillis) -> String {
        let moment = Timestamp::from_millisecond(moment.0).unwrap_or_default();
        moment.to_zoned(self.zone.clone()).strftime("%a %H:%M").to_string().to_lowercase()
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for day in &self.days {
            write!(f, "{} ", Day::name(*day))?;
        }
        let until = self.until.map_or_else(|| "24:00".to_owned(), time_of_day);
        write!(f, "{} to {until}", time_of_day(self.from))?;
        self.zone.iana_name().map_or(Ok(()), |name| write!(f, " {name}"))
    }
}

impl Day {
    fn weekday(self) -> Weekday {
        match self {
            Self::Mon => Weekday::Monday,
            Self::Tue => Weekday::Tuesday,
            Self::Wed => Weekday::Wednesday,
            Self::Thu => Weekday::Thursday,
            Self::Fri => Weekday::Friday,
            Self::Sat => Weekday::Saturday,
            Self::Sun => Weekday::Sunday,
        }
    }

    fn name(weekday: Weekday) -> &'static str {
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        names[usize::from(weekday.to_monday_zero_offset().unsigned_abs())]
    }
}

fn time_of_day(time: Time) -> String {
    time.strftime("%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(window: &str, moment: &str) -> bool {
        let raw: RawWindow = toml::from_str(window).unwrap();
        let window = raw.read("when", &mut Vec::new()).unwrap();
        let moment: Timestamp = moment.parse().unwrap();
        window.contains(UnixMillis(moment.as_millisecond()))
    }

    #[test]
    fn a_window_goes_by_the_clock_of_its_place() {
        let office = "days = ['mon', 'fri']\nfrom = '09:00'\nuntil = '18:00'\nzone = 'Asia/Shanghai'";
        for (moment, expected) in [
            ("2026-11-23T00:59:59Z", false),
            ("2026-11-23T01:00:00Z", true),
            ("2026-11-23T09:59:59Z", true),
            ("2026-11-23T10:00:00Z", false),
            ("2026-11-24T02:00:00Z", false),
            // It is Friday in Shanghai already, and Thursday in UTC still.
            ("2026-11-27T01:30:00Z", true),
        ] {
            assert_eq!(open(office, moment), expected, "{moment}");
        }
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_begins() {
        let night = "days = ['fri']\nfrom = '22:00'\nuntil = '06:00'\nzone = 'UTC'";
        for (moment, expected) in [
            ("2026-11-27T05:00:00Z", false),
            ("2026-11-27T22:00:00Z", true),
            ("2026-11-28T05:59:59Z", true),
            ("2026-11-28T06:00:00Z", false),
            ("2026-11-28T23:00:00Z", false),
        ] {
            assert_eq!(open(night, moment), expected, "{moment}");
        }
    }

    #[test]
    fn a_window_follows_daylight_saving_time() {
        let morning = "from = '09:00'\nuntil = '10:00'\nzone = 'Europe/Berlin'";
        assert!(open(morning, "2026-01-15T08:30:00Z"));
        assert!(open(morning, "2026-07-15T07:30:00Z"));
        assert!(!open(morning, "2026-07-15T08:30:00Z"));
    }

    #[test]
    fn without_times_a_window_is_whole_days() {
        let weekend = "days = ['sat', 'sun']\nzone = 'UTC'";
        assert!(open(weekend, "2026-11-21T00:00:00Z") && open(weekend, "2026-11-22T23:59:59Z"));
        assert!(!open(weekend, "2026-11-23T00:00:00Z"));
    }
}
