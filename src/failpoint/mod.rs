//! Failpoints: boundaries between two steps at which a test lets the process fail. Without the feature `failpoints` nothing happens there.

#[cfg(feature = "failpoints")]
mod plan;

use std::fmt;

/// A boundary between two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// A callback was parsed, and the journal has not been called yet.
    Parsed,
    /// A transaction is complete but not committed.
    Committing,
    /// A transaction is committed, and no caller has its answer yet.
    Committed,
    /// An entry was leased, and its handling has not begun.
    Leased,
    /// A handler has ended, and its result is not in the journal yet.
    Handled,
    /// A reply was sent, and this is not in the journal yet.
    Sent,
}

/// A step failed because a test wanted it to.
#[derive(Debug)]
#[cfg(feature = "failpoints")]
pub(crate) struct Injected;

/// Never made: without the feature no step fails for a test.
#[derive(Debug)]
#[cfg(not(feature = "failpoints"))]
pub(crate) enum Injected {}

impl fmt::Display for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a test made it fail")
    }
}

/// Fails, panics or ends the process if a test wants that here and now.
#[cfg(feature = "failpoints")]
pub(crate) fn reach(point: Point) -> Result<(), Injected> {
    plan::reach(point)
}

#[cfg(not(feature = "failpoints"))]
#[expect(clippy::unnecessary_wraps, reason = "with the feature it can fail")]
pub(crate) const fn reach(_: Point) -> Result<(), Injected> {
    Ok(())
}

/// Whether a test wants a journal that does not sync, to see what the syncs are for.
#[cfg(feature = "failpoints")]
pub(crate) fn syncs_are_off() -> bool {
    std::env::var_os("RONGCLOUD_CALLBACK_NO_SYNC").is_some()
}

#[cfg(not(feature = "failpoints"))]
pub(crate) const fn syncs_are_off() -> bool {
    false
}
