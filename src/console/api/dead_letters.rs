//! Dead letters by reason.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entry::EntryRow;
use crate::clock::UnixMillis;

/// Dead letters by reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetters {
    /// The groups, the largest first.
    pub groups: Vec<DeadLetterGroup>,
    /// How many dead letters there are in all groups.
    pub total: u64,
    /// The time until the first of them is removed, in milliseconds; null if there is none.
    pub goes_in: Option<u64>,
}

/// Dead letters whose reasons differ in numbers and names only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterGroup {
    /// The number of the group, for the filter `group`.
    pub group: String,
    /// The queue: `inbox` or `outbox`.
    pub queue: String,
    /// The reason, without what differs from one dead letter to the next.
    pub reason: String,
    /// How many dead letters are in the group.
    pub count: u64,
    /// The time at which the first of them was accepted.
    pub oldest_at: UnixMillis,
    /// The one that was accepted last, with its own reason.
    pub newest: EntryRow,
    /// The traits that the newest of them share.
    pub common: CommonTraits,
}

/// The traits that the newest dead letters of a group share; null where they differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommonTraits {
    /// The app.
    pub app: Option<String>,
    /// The public account.
    pub account: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// The kind of message.
    pub kind: Option<String>,
    /// How many dead letters were looked at.
    pub of: u64,
}
