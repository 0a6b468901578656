//! The log of a command.

pub(crate) use rongcloud_callback::telemetry::{finish, print};
use rongcloud_callback::{config::LogSection, telemetry};

use crate::failure::Failure;

/// Logs as a configuration says, unless `--log-level` has begun it already.
pub(crate) fn start(section: &LogSection) -> Result<(), Failure> {
    telemetry::start(&section.options(), None).map_err(Failure::from)
}
