//! Messages of a command on standard error.

pub(crate) use rongcloud_callback::telemetry::{finish, print};

use crate::terminal;

/// Prints a warning about something that is done, but is probably not meant.
pub(crate) fn warn(text: &str) {
    print(&format!("warning: {}\n", terminal::line(text)));
}
