//! Numbers and times beyond their bounds, and large ones within them.

use super::{
    parse,
    problems::{APP, assert_problem, problems},
};

/// Every number and time of the sections whose bound is in its own unit, with a huge value and a sensible one.
const KEYS: &[(&str, &str, &str, &str)] = &[
    ("server", "max_connections", "9223372036854775807", "65536"),
    ("server", "max_connections", "1000001", "1000000"),
    ("server", "max_in_flight", "9223372036854775807", "16384"),
    ("server", "signature_memory", "9223372036854775807", "1000000"),
    ("server", "signature_memory", "1000000000000", "10000000"),
    ("server", "header_timeout", "'3000000h'", "'1h'"),
    ("server", "body_timeout", "'3000000h'", "'1m'"),
    ("server", "answer_timeout", "'3000000h'", "'4999ms'"),
    ("server", "timestamp_tolerance", "'3000000h'", "'1h'"),
    ("journal", "keep", "'7304484d'", "'365d'"),
    ("journal", "keep_dead", "'7304484d'", "'3650d'"),
    ("journal", "max_pending", "9223372036854775807", "10000000"),
    ("journal", "recent_keys", "9223372036854775807", "1000000"),
    ("journal", "recent_keys", "1000000000000", "10000000"),
    ("dispatch", "concurrency", "9223372036854775807", "2048"),
    ("dispatch", "timeout", "'7304484d'", "'1h'"),
    ("dispatch", "attempts", "4294967295", "100"),
    ("dispatch", "max_backoff", "'7304484d'", "'7d'"),
    ("deliver", "concurrency", "9223372036854775807", "1024"),
    ("deliver", "timeout", "'7304484d'", "'10m'"),
    ("deliver", "attempts", "4294967295", "50"),
    ("deliver", "max_backoff", "'7304484d'", "'1d'"),
    ("client", "timeout", "'7304484d'", "'5m'"),
    ("shutdown", "grace", "'7304484d'", "'10m'"),
];

#[test]
fn a_number_that_no_machine_has_is_refused_with_its_consequence() {
    for (section, key, huge, sensible) in KEYS {
        let text = |value: &str| format!("[{section}]\n{key} = {value}\n{APP}");
        // Other problems may follow from the first.
        assert_eq!(problems(&text(huge))[0].key, format!("{section}.{key}"), "{huge}");
        parse(&text(sensible)).unwrap_or_else(|error| panic!("{section}.{key} = {sensible}: {error}"));
    }
    assert_problem(
        &format!("[journal]\nrecent_keys = 1000000000000\n{APP}"),
        "journal.recent_keys",
        "1000000000000 is more than 10000000, the most that makes sense: they would fill the memory",
    );
    assert_problem(
        &format!("[shutdown]\ngrace = '25h'\n{APP}"),
        "shutdown.grace",
        "90000s is more than 86400s, the most that makes sense: a handler that hangs",
    );
}

#[test]
fn a_time_beyond_all_times_is_no_time() {
    for span in ["99999999999d", "18446744073709551616s", "1e400s"] {
        assert_problem(
            &format!("[client]\ntimeout = '{span}'\n{APP}"),
            "client.timeout",
            "is not a time",
        );
    }
}

#[test]
fn a_rule_forwards_no_more_at_once_than_a_service_can_take() {
    let rule = |concurrency: &str| {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let forward = format!("url = 'http://a', secret = '{secret}', concurrency = {concurrency}");
        format!("{APP}[[rules]]\non = 'text'\nforward = {{ {forward} }}\n")
    };
    assert_problem(&rule("9223372036854775807"), "rules[0].forward.concurrency", "is more than 10000");
    parse(&rule("256")).unwrap();
}
