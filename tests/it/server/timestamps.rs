//! Timestamps: their age, their unit, and why an app has one unit only.

use std::{ops::RangeInclusive, time::Duration};

use proptest::{prelude::*, test_runner::Config};
use rongcloud_callback::{
    clock::UnixMillis,
    signature::{Timestamps, Verifier, sign},
};

use crate::support::http::{Answer, post};

use super::setup::{NOW, SECRET, Setup, query, text};

const UNITS: [Timestamps; 2] = [Timestamps::Seconds, Timestamps::Milliseconds];
const TOLERANCE: Duration = Duration::from_mins(5);

/// The answer to a message under `query` of a server whose app sends timestamps in `unit`.
async fn answer_to(unit: Timestamps, query: &str) -> Answer {
    let mut setup = Setup::new().await;
    setup.endpoints[0].timestamps = unit;
    let server = setup.start().await;
    server.ask(post(&format!("/callback?{query}"), text("user", "1", "hello"))).await
}

#[tokio::test]
async fn a_timestamp_is_tolerated_five_minutes_either_way() {
    for (offset, status) in [(-300, 200), (-301, 401), (300, 200), (301, 401), (-86_400 * 365, 401)] {
        let seconds = NOW.0 / 1000 + offset;
        for (unit, timestamp) in [
            (Timestamps::Seconds, format!("{seconds}")),
            (Timestamps::Milliseconds, format!("{seconds}000")),
        ] {
            let answer = answer_to(unit, &query(SECRET, "14314", &timestamp)).await;
            assert_eq!(answer.status, status, "{timestamp}");
        }
    }
}

#[tokio::test]
async fn milliseconds_are_tolerated_to_the_millisecond() {
    for (millis, status) in [(300_000, 200), (300_001, 401), (-300_000, 200), (-300_001, 401)] {
        let query = query(SECRET, "14314", &(NOW.0 + millis).to_string());
        assert_eq!(answer_to(Timestamps::Milliseconds, &query).await.status, status, "{millis}");
    }
}

#[tokio::test]
async fn a_timestamp_of_the_other_unit_is_refused_with_the_key_to_change() {
    for (unit, timestamp, key) in [
        (Timestamps::Seconds, "1763754000000", "timestamps = \"milliseconds\""),
        (Timestamps::Milliseconds, "1763754000", "timestamps = \"seconds\""),
    ] {
        let message = answer_to(unit, &query(SECRET, "14314", timestamp)).await.assert_error(401, 1004);
        assert!(message.contains(key), "{message}");
        // A client that does not know the secret learns nothing about the configuration.
        let forged = answer_to(unit, &query("guess", "14314", timestamp)).await;
        assert!(!forged.assert_error(401, 1004).contains("timestamps ="));
        // The same holds for another instant, as after digits were moved.
        let stale = answer_to(unit, &query(SECRET, "14314", &timestamp.replace('6', "5"))).await;
        assert!(!stale.assert_error(401, 1004).contains("timestamps ="));
    }
}

#[tokio::test]
async fn digits_moved_between_nonce_and_timestamp_are_refused() {
    // On this day of February 2027 a timestamp in seconds, with these digits before it, is the same instant in milliseconds:
    // with three digits moved, an address of three days before was a fresh one.
    let now = UnixMillis(1_801_801_801_000);
    let seen = "1801542601";
    let setup = Setup::new().await;
    setup.clock.set(now);
    let server = setup.start().await;
    let deliver = async |query: String| {
        server.ask(post(&format!("/callback?{query}"), text("user", "1", "forged"))).await
    };
    let moved = query(SECRET, "81736", &format!("180{seen}"));
    assert!(moved.ends_with(&sign(&SECRET.into(), "81736180", seen)), "the formula has no seam");
    deliver(moved).await.assert_error(401, 1004);
    deliver(query(SECRET, "81736", "1801801801")).await.assert_ack();
}

/// The instants at which digits might be the timestamp of a callback that is made now.
fn instants(digits: &str) -> impl Iterator<Item = i64> {
    let number: Option<i64> = digits.parse().ok();
    let readings = number.into_iter().flat_map(|number| [Some(number), number.checked_mul(1000)]);
    readings.flatten().filter(|instant| (0..=i64::from(u32::MAX) * 1000).contains(instant))
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(500) })]

    #[test]
    fn no_digit_that_is_moved_between_nonce_and_timestamp_makes_another_fresh_address(
        nonce in "[0-9a-f]{0,6}[0-9]{1,12}",
        signed_at in (RangeInclusive::new(1_000_000_000_i64, 4_000_000_000)),
        within_a_second in 0_i64..1000,
        elsewhere in 0_i64..4_000_000_000_000,
    ) {
        for unit in UNITS {
            let timestamp = match unit {
                Timestamps::Seconds => signed_at.to_string(),
                Timestamps::Milliseconds => (signed_at * 1000 + within_a_second).to_string(),
            };
            let signature = sign(&SECRET.into(), &nonce, &timestamp);
            let signed = format!("{nonce}{timestamp}");
            let verifier = Verifier::new(vec![SECRET.into()], TOLERANCE).with_timestamps(unit);
            for seam in 1..signed.len() {
                let (nonce_read, timestamp_read) = signed.split_at(seam);
                let query =
                    format!("rc-nonce={nonce_read}&rc-timestamp={timestamp_read}&rc-signature={signature}");
                // The worst day for each reading is the day that the reading names.
                for now in instants(timestamp_read).chain([signed_at * 1000, elsewhere]) {
                    let is_in = verifier.verify(&query, UnixMillis(now)).is_ok();
                    let is_own = timestamp_read == timestamp;
                    prop_assert!(is_own || !is_in, "{unit:?}: {nonce_read} {timestamp_read} at {now}");
                }
            }
            let own = format!("rc-nonce={nonce}&rc-timestamp={timestamp}&rc-signature={signature}");
            prop_assert!(verifier.verify(&own, UnixMillis(signed_at * 1000)).is_ok());
        }
    }
}
