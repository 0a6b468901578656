//! Accounts to which sending is paused.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::UnixMillis;

/// The accounts to which nothing is sent at present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pauses {
    /// The pauses.
    pub pauses: Vec<PauseRow>,
}

/// An account to which nothing is sent until somebody resumes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PauseRow {
    /// The app's key.
    pub app: String,
    /// The public account.
    pub account: String,
    /// The name of whoever has paused it.
    pub by: String,
    /// The time since which it is paused.
    pub since: UnixMillis,
}

/// The account whose sending is to be paused or resumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendingAccount {
    /// The app's key.
    pub app: String,
    /// The public account.
    pub account: String,
}
