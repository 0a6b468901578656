//! Pauses: accounts to which an operator has sending stopped for a while.

use crate::clock::UnixMillis;

/// An account to which nothing is sent until an operator resumes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// The account, as whoever sends names it.
    pub account: String,
    /// The name of whoever paused it.
    pub by: String,
    /// The time since which it is paused.
    pub since: UnixMillis,
}
