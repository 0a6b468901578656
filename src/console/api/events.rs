//! Live events.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entry::Ending;

/// A step that a server has made with an entry: the data of `event: step`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepEvent {
    /// The number of the entry.
    pub id: i64,
    /// The queue: `inbox` or `outbox`.
    pub queue: String,
    /// The step: `begun`, `done`, `failed`, `buried`, `released`, `kept` or `outdated`.
    pub step: String,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// How long the attempt took, in milliseconds, if it has ended.
    pub took: Option<u64>,
    /// The reason of a failure.
    pub reason: Option<String>,
    /// How the entry ended.
    pub ending: Option<Ending>,
    /// The app's key, where it is known.
    pub app: Option<String>,
    /// The public account, where it is known.
    pub account: Option<String>,
    /// The user, where they are known.
    pub user: Option<String>,
}

/// A hint that something has changed and should be asked for again: the data of `event: change`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// The changed parts: `stats`, `dead-letters`, `desk`, `jobs`, `pauses`.
    pub what: Vec<String>,
}
