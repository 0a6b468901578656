//! Failed attempts at an entry, which are kept with it.

use std::time::Duration;

use crate::clock::UnixMillis;

/// The most failed attempts of an entry that are kept: the newest ones.
pub const KEPT_ATTEMPTS: usize = 10;

/// The failure of an attempt that ends now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptFailure {
    /// The reason, for an operator.
    pub reason: String,
    /// How long the attempt took.
    pub took: Duration,
}

/// A failed attempt at an entry, as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedAttempt {
    /// The number of the attempt since the entry was appended or revived, from 1.
    pub number: u32,
    /// The time at which the attempt ended.
    pub ended_at: UnixMillis,
    /// How long the attempt took, in milliseconds at the finest.
    pub took: Duration,
    /// The reason of the failure.
    pub reason: String,
    /// The [name](super::Options::replica) of the server that made the attempt.
    pub replica: String,
}

impl From<String> for AttemptFailure {
    /// A failure that took no time.
    fn from(reason: String) -> Self {
        Self { reason, took: Duration::ZERO }
    }
}

impl From<&str> for AttemptFailure {
    /// A failure that took no time.
    fn from(reason: &str) -> Self {
        reason.to_owned().into()
    }
}
