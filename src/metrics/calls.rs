//! The metrics of calls of the platform's APIs and of services that messages are forwarded to.

use metrics::{Counter, Histogram, counter, histogram};

pub(super) const CALLS: &str = "rongcloud_callback_api_calls_total";
pub(super) const CALL_SECONDS: &str = "rongcloud_callback_api_call_duration_seconds";

/// Calls of an API by path and outcome (`ok`, or the class of the error).
pub fn calls(call: &'static str, outcome: &'static str) -> Counter {
    counter!(CALLS, "call" => call, "outcome" => outcome)
}

/// Seconds that a call of an API took.
pub fn call_seconds(call: &'static str) -> Histogram {
    histogram!(CALL_SECONDS, "call" => call)
}
