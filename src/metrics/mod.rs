//! The metrics of the process, by name. Each module asks for its handles once, at its start, and keeps them.
//!
//! No metric is labelled by user or message, so that the number of series stays small.

mod calls;
#[cfg(feature = "server")]
mod recorder;
#[cfg(feature = "server")]
mod server;

pub use self::calls::{call_seconds, calls};
#[cfg(feature = "server")]
pub use self::recorder::{build_recorder, install_recorder};
#[cfg(feature = "log")]
pub(crate) use self::server::log_lines_lost;
#[cfg(feature = "server")]
pub(crate) use self::{
    recorder::maintain_recorder,
    server::{
        ack_seconds, attempt_seconds, attempts, callbacks, commit_commands, commit_seconds, connections,
        entries, journal_wal_bytes, oldest_pending_seconds, rate_refusals, send_rate,
    },
};
