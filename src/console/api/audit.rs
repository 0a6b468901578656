//! The audit list: who did what, by hand.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::UnixMillis;

/// A page of the audit list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    /// The records, newest first.
    pub records: Vec<AuditEntry>,
    /// The value of `before` for the next page; null on the last one.
    pub next: Option<i64>,
}

/// A record of the audit list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// The number of the record, growing with time.
    pub id: i64,
    /// The time at which it was done.
    pub at: UnixMillis,
    /// The name of whoever did it.
    pub who: String,
    /// The action, such as `revive` or `look`.
    pub action: String,
    /// The entry, the conversation or the filter that it was done to.
    pub target: String,
    /// How many entries it was done to.
    pub count: u64,
}
