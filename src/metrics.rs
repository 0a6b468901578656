//! The metrics of the process, by name. Each module asks for its handles once, at its start, and keeps them.
//!
//! No metric is labelled by user or message, so that the number of series stays small.

use std::{convert::Infallible, sync::OnceLock, time::Duration};

use metrics::{
    Counter, Gauge, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge,
    histogram,
};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

const CALLBACKS: &str = "rongcloud_callback_callbacks_total";
const ACK_SECONDS: &str = "rongcloud_callback_ack_duration_seconds";
const CONNECTIONS: &str = "rongcloud_callback_connections";
const ENTRIES: &str = "rongcloud_callback_journal_entries";
const OLDEST_SECONDS: &str = "rongcloud_callback_journal_oldest_pending_seconds";
const WAL_BYTES: &str = "rongcloud_callback_journal_wal_bytes";
const COMMIT_SECONDS: &str = "rongcloud_callback_journal_commit_duration_seconds";
const COMMIT_COMMANDS: &str = "rongcloud_callback_journal_commit_commands";
const ATTEMPTS: &str = "rongcloud_callback_attempts_total";
const ATTEMPT_SECONDS: &str = "rongcloud_callback_attempt_duration_seconds";
const CALLS: &str = "rongcloud_callback_api_calls_total";
const RATE_REFUSALS: &str = "rongcloud_callback_rate_refusals_total";
const SEND_RATE: &str = "rongcloud_callback_send_rate_per_second";
const CALL_SECONDS: &str = "rongcloud_callback_api_call_duration_seconds";
const LOG_LINES_LOST: &str = "rongcloud_callback_log_lines_lost_total";

/// Time between two rounds of [`maintain_recorder`].
const UPKEEP: Duration = Duration::from_secs(5);
/// Upper bounds of the buckets of every duration, in seconds.
const SECONDS: [f64; 14] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0];
/// Upper bounds of the buckets of the group commit's size.
const SIZES: [f64; 8] = [1.0, 2.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0];

/// Callbacks answered to `app`, by what became of them.
pub(crate) fn callbacks(app: &str, outcome: &'static str) -> Counter {
    counter!(CALLBACKS, "app" => app.to_owned(), "outcome" => outcome)
}

/// Seconds from a callback's arrival to its acknowledgement.
pub(crate) fn ack_seconds() -> Histogram {
    histogram!(ACK_SECONDS)
}

/// Open connections of the callback listener.
pub(crate) fn connections() -> Gauge {
    gauge!(CONNECTIONS)
}

/// Entries in a queue of the journal, by state.
pub(crate) fn entries(queue: &'static str, state: &'static str) -> Gauge {
    gauge!(ENTRIES, "queue" => queue, "state" => state)
}

/// Age in seconds of a queue's oldest pending entry; 0 if there is none.
pub(crate) fn oldest_pending_seconds(queue: &'static str) -> Gauge {
    gauge!(OLDEST_SECONDS, "queue" => queue)
}

/// Bytes of the SQLite journal's write-ahead log.
pub(crate) fn journal_wal_bytes() -> Gauge {
    gauge!(WAL_BYTES)
}

/// Seconds that a commit of the journal took.
pub(crate) fn commit_seconds() -> Histogram {
    histogram!(COMMIT_SECONDS)
}

/// Number of commands that shared a commit of the journal.
pub(crate) fn commit_commands() -> Histogram {
    histogram!(COMMIT_COMMANDS)
}

/// Attempts at entries of a queue, by outcome.
pub(crate) fn attempts(queue: &'static str, outcome: &'static str) -> Counter {
    counter!(ATTEMPTS, "queue" => queue, "outcome" => outcome)
}

/// Seconds that an attempt at an entry of a queue took.
pub(crate) fn attempt_seconds(queue: &'static str) -> Histogram {
    histogram!(ATTEMPT_SECONDS, "queue" => queue)
}

/// Calls of an API by path and outcome (`ok`, or the class of the error).
pub fn calls(call: &'static str, outcome: &'static str) -> Counter {
    counter!(CALLS, "call" => call, "outcome" => outcome)
}

/// Replies of `app` that the platform refused as too many; each is sent again.
pub(crate) fn rate_refusals(app: &str) -> Counter {
    counter!(RATE_REFUSALS, "app" => app.to_owned())
}

/// Most replies of `app` in a second: fewer than configured while the app is slowed.
pub(crate) fn send_rate(app: &str) -> Gauge {
    gauge!(SEND_RATE, "app" => app.to_owned())
}

/// Seconds that a call of an API took.
pub fn call_seconds(call: &'static str) -> Histogram {
    histogram!(CALL_SECONDS, "call" => call)
}

/// Lines of the log that could not be written, because its reader was gone or too slow.
#[cfg(feature = "log")]
pub(crate) fn log_lines_lost() -> Counter {
    counter!(LOG_LINES_LOST)
}

/// Installs the recorder of the process at the first call, and returns its handle. `None` if the program has a recorder of
/// its own.
///
/// A module that asks for its handles before the recorder is installed gets handles that count nothing.
pub fn install_recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let recorder = build_recorder().ok()?;
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).ok()?;
        describe();
        Some(handle)
    };
    HANDLE.get_or_init(install).as_ref()
}

/// Keeps the installed recorder small for as long as the future is polled. The recorder's histograms keep every sample until
/// they are maintained, or rendered.
pub(crate) async fn maintain_recorder() -> Infallible {
    let mut every = tokio::time::interval(UPKEEP);
    loop {
        every.tick().await;
        if let Some(handle) = install_recorder() {
            handle.run_upkeep();
        }
    }
}

/// Builds a recorder with the buckets of the histograms above.
///
/// # Errors
///
/// The build fails if a bucket list is empty, which the lists of this file are not.
pub fn build_recorder() -> Result<PrometheusRecorder, BuildError> {
    Ok(PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Full(COMMIT_COMMANDS.to_owned()), &SIZES)?
        .build_recorder())
}

/// Gives the installed recorder the help texts.
fn describe() {
    describe_counter!(CALLBACKS, "Callbacks answered, by app and outcome");
    describe_histogram!(ACK_SECONDS, "Seconds from a callback's arrival to its acknowledgement");
    describe_gauge!(CONNECTIONS, "Open connections of the callback listener");
    describe_gauge!(ENTRIES, "Entries in the journal, by queue and state");
    describe_gauge!(OLDEST_SECONDS, "Age of the oldest pending entry, by queue");
    describe_gauge!(WAL_BYTES, "Bytes of the SQLite journal's write-ahead log");
    describe_histogram!(COMMIT_SECONDS, "Seconds that a commit of the journal took");
    describe_histogram!(COMMIT_COMMANDS, "Commands that shared a commit of the journal");
    describe_counter!(ATTEMPTS, "Attempts at handling or sending, by queue and outcome");
    describe_histogram!(ATTEMPT_SECONDS, "Seconds that an attempt took, by queue");
    describe_counter!(CALLS, "Calls of the platform's API, by path and outcome");
    describe_counter!(
        RATE_REFUSALS,
        "Replies that the platform refused as too many and that are sent again, by app"
    );
    describe_gauge!(
        SEND_RATE,
        "Replies sent in a second at most, by app: below deliver.rate.per_second while slowed"
    );
    describe_histogram!(CALL_SECONDS, "Seconds that a call of the platform's API took");
    describe_counter!(LOG_LINES_LOST, "Lines of the log that could not be written");
}
