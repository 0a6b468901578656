//! Time limits of outgoing calls.

use std::time::Duration;

/// Time limits of the calls to one API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The longest that establishing a connection may take; 5 seconds by default.
    pub connect_timeout: Duration,
    /// The longest that a call to one base address may take, connecting included; 10 seconds by default.
    ///
    /// A call that tries several base addresses may take as long at each of them.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { connect_timeout: Duration::from_secs(5), timeout: Duration::from_secs(10) }
    }
}
