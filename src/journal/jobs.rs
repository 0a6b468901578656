//! Jobs: many entries revived or discarded, in steps that survive a restart.
//!
//! The journal keeps a job's progress and does its steps; which entries a filter admits is decided above the journal, which
//! knows no message types. A step names the place that the step before has reached, so that of two replicas that do the same
//! step one is refused, and an entry is never revived twice by one job.

use super::{
    entry::{EntryId, Record},
    entry_key::EntryKey,
};
use crate::clock::UnixMillis;

/// The number of jobs that are kept: the newest ones.
pub const KEPT_JOBS: usize = 1000;

/// The action of a job on each of its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobAction {
    /// Dead letters are pending again.
    Revive,
    /// Dead letters and pending entries are done without being handled.
    Discard,
}

/// A job that is to be added.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// The key of the request: a repeated request adds no second job.
    pub key: EntryKey,
    /// The action on each entry.
    pub action: JobAction,
    /// The filter that chooses the entries, as whoever runs the job writes it.
    pub filter: String,
    /// How many entries were counted beforehand.
    pub total: u64,
    /// The most entries a second.
    pub rate: u32,
    /// The last entry that the job looks at: those that come later are not part of it.
    pub until: EntryId,
    /// The name of whoever asked for the job.
    pub by: String,
}

/// A job and its progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The job's number, growing in order of creation.
    pub id: i64,
    /// The key of the request that added the job.
    pub key: EntryKey,
    /// The action on each entry.
    pub action: JobAction,
    /// The filter that chooses the entries, as whoever runs the job writes it.
    pub filter: String,
    /// How many entries were counted beforehand.
    pub total: u64,
    /// The most entries a second.
    pub rate: u32,
    /// The last entry that the job looks at.
    pub until: EntryId,
    /// The name of whoever asked for the job.
    pub by: String,
    /// How many entries were revived or discarded.
    pub done: u64,
    /// How many entries had changed between the look and the step, and were left alone.
    pub skipped: u64,
    /// The entry up to which the job has come.
    pub after: EntryId,
    /// The state of the job.
    pub state: JobState,
    /// The time at which the job was added.
    pub created_at: UnixMillis,
    /// The time at which the job ended.
    pub ended_at: Option<UnixMillis>,
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// The job has entries left to look at.
    Running,
    /// The job has looked at all its entries.
    Done,
    /// Somebody has ended the job.
    Cancelled,
}

/// One step of a job: a few entries are revived or discarded, and the progress is noted.
#[derive(Debug, Clone)]
pub struct JobStep {
    /// The job's number.
    pub job: i64,
    /// The entry up to which the job had come before this step.
    pub from: EntryId,
    /// The entry up to which the job has come after it.
    pub to: EntryId,
    /// The entries to change, oldest first.
    pub entries: Vec<JobEntry>,
    /// Whether the job is done with this step.
    pub is_last: bool,
}

/// An entry to change, as it was seen: one that has been settled again or revived since is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobEntry {
    /// The entry's number.
    pub id: EntryId,
    /// The time at which it was settled, if it was.
    pub settled_at: Option<UnixMillis>,
}

impl From<&Record> for JobEntry {
    fn from(record: &Record) -> Self {
        Self { id: record.id, settled_at: record.settled_at }
    }
}

impl JobAction {
    /// The action's name in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Revive => "revive",
            Self::Discard => "discard",
        }
    }
}

impl JobState {
    /// The state's name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }
}
