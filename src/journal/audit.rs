//! The audit list: who did what, by hand.

use crate::clock::UnixMillis;

/// The number of audit records that are kept: the newest ones, whatever the clock shows.
pub const KEPT_AUDIT: usize = 100_000;

/// A record that is to be added to the audit list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAuditRecord {
    /// The name of whoever did it: a token's name, or the command line.
    pub who: String,
    /// The action, such as `revive`.
    pub action: String,
    /// The entry, the conversation or the filter that it was done to.
    pub target: String,
    /// How many entries it was done to.
    pub count: u64,
}

/// A record of the audit list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// The record's number, growing with time.
    pub id: i64,
    /// The time at which it was done.
    pub at: UnixMillis,
    /// The name of whoever did it.
    pub who: String,
    /// The action.
    pub action: String,
    /// The entry, the conversation or the filter that it was done to.
    pub target: String,
    /// How many entries it was done to.
    pub count: u64,
}

/// Which records of the audit list are wanted, newest first.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only what this name did.
    pub who: Option<String>,
    /// Only this action.
    pub action: Option<String>,
    /// Only records with a lower number.
    pub before: Option<i64>,
    /// The most records that are wanted.
    pub limit: usize,
}
