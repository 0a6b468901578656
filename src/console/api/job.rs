//! Jobs: many entries revived or discarded.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::query::EntryFilter;
use crate::clock::UnixMillis;

/// A request to count the entries that a job would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountJob {
    /// The action: `revive` or `discard`.
    pub action: String,
    /// The filter of the entries; `state` is `dead` unless it says `pending`, which can be discarded only.
    pub filter: EntryFilter,
}

/// How many entries a job would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobCount {
    /// How many entries the filter admits.
    pub count: u64,
    /// The newest entry that was looked at; the job leaves those that come later alone.
    pub until: i64,
}

/// A request to start a job, with the header `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartJob {
    /// The action: `revive` or `discard`.
    pub action: String,
    /// The filter of the entries.
    pub filter: EntryFilter,
    /// How many entries were counted.
    pub total: u64,
    /// The newest entry that was looked at when they were counted.
    pub until: i64,
    /// The most entries a second, from 1 to 1000; 50 if it is left out.
    #[serde(default)]
    pub rate: Option<u32>,
}

/// A job and its progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobRow {
    /// The number of the job.
    pub id: i64,
    /// The action: `revive` or `discard`.
    pub action: String,
    /// The filter of the entries.
    pub filter: EntryFilter,
    /// How many entries were counted beforehand.
    pub total: u64,
    /// How many entries were revived or discarded.
    pub done: u64,
    /// How many entries had changed meanwhile, and were left alone.
    pub skipped: u64,
    /// The most entries a second.
    pub rate: u32,
    /// The state: `running`, `done` or `cancelled`.
    pub state: String,
    /// The name of whoever has started it.
    pub by: String,
    /// The time at which it was started.
    pub created_at: UnixMillis,
    /// The time at which it ended.
    pub ended_at: Option<UnixMillis>,
}

/// The jobs, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Jobs {
    /// The jobs.
    pub jobs: Vec<JobRow>,
}
