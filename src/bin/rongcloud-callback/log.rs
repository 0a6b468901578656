//! The log of a command.

pub(crate) use rongcloud_callback::telemetry::{finish, print};
use rongcloud_callback::{config::LogSection, telemetry};

use crate::{failure::Failure, terminal};

/// Starts the log as a configuration says, unless `--log-level` has started it already.
pub(crate) fn start(section: &LogSection) -> Result<(), Failure> {
    telemetry::start(section, None).map_err(Failure::from)
}

/// Prints a warning about something that is done, but is probably not meant.
pub(crate) fn warn(text: &str) {
    print(&format!("warning: {}\n", terminal::line(text)));
}
