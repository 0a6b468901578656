//! The recorder of the process: it collects the metrics and renders them as Prometheus text.

use std::{convert::Infallible, sync::OnceLock, time::Duration};

use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use super::{
    calls::{CALL_SECONDS, CALLS},
    server::{
        ACK_SECONDS, ATTEMPT_SECONDS, ATTEMPTS, CALLBACKS, COMMIT_COMMANDS, COMMIT_SECONDS, CONNECTIONS,
        ENTRIES, LOG_LINES_LOST, OLDEST_SECONDS, RATE_REFUSALS, SEND_RATE, WAL_BYTES,
    },
};

/// Time between two rounds of [`maintain_recorder`].
const UPKEEP: Duration = Duration::from_secs(5);
/// Upper bounds of the buckets of every duration, in seconds.
const SECONDS: [f64; 14] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0];
/// Upper bounds of the buckets of the group commit's size.
const SIZES: [f64; 8] = [1.0, 2.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0];

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
