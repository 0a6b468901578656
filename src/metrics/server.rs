//! The metrics of the callback server, its journal, its workers and its log.

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

pub(super) const CALLBACKS: &str = "rongcloud_callback_callbacks_total";
pub(super) const ACK_SECONDS: &str = "rongcloud_callback_ack_duration_seconds";
pub(super) const CONNECTIONS: &str = "rongcloud_callback_connections";
pub(super) const ENTRIES: &str = "rongcloud_callback_journal_entries";
pub(super) const OLDEST_SECONDS: &str = "rongcloud_callback_journal_oldest_pending_seconds";
pub(super) const WAL_BYTES: &str = "rongcloud_callback_journal_wal_bytes";
pub(super) const COMMIT_SECONDS: &str = "rongcloud_callback_journal_commit_duration_seconds";
pub(super) const COMMIT_COMMANDS: &str = "rongcloud_callback_journal_commit_commands";
pub(super) const ATTEMPTS: &str = "rongcloud_callback_attempts_total";
pub(super) const ATTEMPT_SECONDS: &str = "rongcloud_callback_attempt_duration_seconds";
pub(super) const RATE_REFUSALS: &str = "rongcloud_callback_rate_refusals_total";
pub(super) const SEND_RATE: &str = "rongcloud_callback_send_rate_per_second";
pub(super) const LOG_LINES_LOST: &str = "rongcloud_callback_log_lines_lost_total";

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

/// Replies of `app` that the platform refused as too many; each is sent again.
pub(crate) fn rate_refusals(app: &str) -> Counter {
    counter!(RATE_REFUSALS, "app" => app.to_owned())
}

/// Most replies of `app` in a second: fewer than configured while the app is slowed.
pub(crate) fn send_rate(app: &str) -> Gauge {
    gauge!(SEND_RATE, "app" => app.to_owned())
}

/// Lines of the log that could not be written, because its reader was gone or too slow.
#[cfg(feature = "log")]
pub(crate) fn log_lines_lost() -> Counter {
    counter!(LOG_LINES_LOST)
}
