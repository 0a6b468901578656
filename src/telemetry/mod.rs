//! The log, on standard error: as `[log]` of the configuration says, unless the environment or an argument says otherwise.
//!
//! [`CallbackService::run`](crate::CallbackService::run) starts the log by itself. A program that serves the
//! [parts](crate::CallbackService::into_parts) on its own calls [`start`], or sets a `tracing` subscriber of its own.

mod filter;
mod options;
mod writer;

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::{self, IsTerminal as _},
    panic, thread,
};

use tracing::{dispatcher, subscriber::NoSubscriber};
use tracing_subscriber::{fmt, util::SubscriberInitExt as _};

use self::writer::WRITER;
pub use self::{
    filter::{LogError, LogFilter, LogFilterError},
    options::{Format, Options},
    writer::{finish, print},
};

/// Sends what is logged from here on to standard error, panics included; does nothing if the program has a `tracing`
/// subscriber already.
///
/// The filter is `level` (an argument of the command line, for example), else the one of the environment variable
/// `RUST_LOG`, else the one of the configuration.
///
/// # Errors
///
/// [`LogError`] if one of them is not a filter.
///
/// # Examples
///
/// ```no_run
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use rongcloud_callback::{Config, telemetry};
///
/// let config = Config::load(None)?;
/// telemetry::start(&config.log.options(), None)?;
/// # Ok(())
/// # }
/// ```
pub fn start(options: &Options, level: Option<&LogFilter>) -> Result<(), LogError> {
    if dispatcher::get_default(|current| !current.is::<NoSubscriber>()) {
        return Ok(());
    }
    let builder = fmt()
        .with_env_filter(filter::choose(options, level)?)
        .with_writer(|| &WRITER)
        .with_ansi(io::stderr().is_terminal())
        .log_internal_errors(false);
    let is_ours = match options.format {
        Format::Text => builder.finish().try_init(),
        Format::Json => builder.json().flatten_event(true).finish().try_init(),
    };
    // An error means that the program has set a logger meanwhile, or one for the crate `log` before. That one stays.
    if is_ours.is_ok() {
        panic::set_hook(Box::new(log_panic));
    }
    Ok(())
}

/// Checks the filters as [`start`] does, without starting the log.
///
/// # Errors
///
/// As for [`start`].
pub fn check(options: &Options, level: Option<&LogFilter>) -> Result<(), LogError> {
    filter::choose(options, level).map(drop)
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
