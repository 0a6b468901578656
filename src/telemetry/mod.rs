//! Logs, on standard error: as `[log]` of the configuration says, unless the environment or an argument says otherwise.
//!
//! [`CallbackService::run`](crate::CallbackService::run) starts it by itself. A program that serves the
//! [parts](crate::CallbackService::into_parts) on its own calls [`start`], or sets a `tracing` subscriber of its own.

mod filter;
mod lines;

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::{self, IsTerminal as _},
    panic, thread,
};

use tracing::{dispatcher, subscriber::NoSubscriber};
use tracing_subscriber::{fmt, util::SubscriberInitExt as _};

use self::lines::LINES;
pub use self::{
    filter::{LogError, LogFilter, LogFilterError},
    lines::{finish, print},
};
use crate::config::{LogFormat, LogSection};

/// Sends what is logged from here on to standard error, panics included; does nothing if the program has a `tracing`
/// subscriber already.
///
/// The filter is `level` (what the command line says), else that of the environment variable `RUST_LOG`, else the
/// section's.
///
/// # Errors
///
/// [`LogError`]: one of them is not a filter.
///
/// # Examples
///
/// ```no_run
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use rongcloud_callback::{Config, telemetry};
///
/// let config = Config::load(None)?;
/// telemetry::start(&config.log, None)?;
/// # Ok(())
/// # }
/// ```
pub fn start(section: &LogSection, level: Option<&LogFilter>) -> Result<(), LogError> {
    if dispatcher::get_default(|current| !current.is::<NoSubscriber>()) {
        return Ok(());
    }
    let builder = fmt()
        .with_env_filter(filter::choose(section, level)?)
        .with_writer(|| &LINES)
        .with_ansi(io::stderr().is_terminal())
        .log_internal_errors(false);
    let is_ours = match section.format {
        LogFormat::Text => builder.finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
    };
    // An error: the program has set a logger meanwhile, or one for the crate `log` before, and that one stays.
    if is_ours.is_ok() {
        panic::set_hook(Box::new(log_panic));
    }
    Ok(())
}

/// Whether [`start`] finds nothing wrong with the filters.
///
/// # Errors
///
/// As for [`start`].
pub fn check(section: &LogSection, level: Option<&LogFilter>) -> Result<(), LogError> {
    filter::choose(section, level).map(drop)
}

fn log_panic(panic: &panic::PanicHookInfo<'_>) {
    let backtrace = Backtrace::capture();
    let is_wanted = backtrace.status() == BacktraceStatus::Captured;
    tracing::error!(
        thread = thread::current().name(),
        at = panic.location().map(tracing::field::display),
        reason = panic.payload_as_str().unwrap_or("without a message"),
        backtrace = is_wanted.then(|| tracing::field::display(&backtrace)),
        "panicked"
    );
}
