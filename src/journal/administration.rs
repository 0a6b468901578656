//! The journal as the console has it: why an entry waits, dead letters by reason, jobs, audit, pauses and activity.

use super::{
    activity::Activity,
    attempts::FailedAttempt,
    audit::{AuditFilter, AuditRecord, NewAuditRecord},
    conversation_list::{ConversationFilter, ConversationPage},
    dead_group::DeadGroup,
    entry::{EntryId, Record},
    error::Pending,
    filter::Filter,
    jobs::{Job, JobStep, NewJob},
    page::Page,
    pause::Pause,
    pending_reason::PendingReason,
    records::Records,
    replica::Replica,
};
use crate::clock::UnixMillis;

/// An operator's work on a journal beyond single entries.
pub trait Administration: Records {
    /// The entries that a filter admits, at most `filter.limit` of them, found among the first `filter.scan` that its
    /// indexed conditions leave; and where the next page begins.
    fn search(&self, filter: Filter) -> Pending<'_, Page>;

    /// How many entries a filter admits; its limit, scan and order do not matter.
    fn count(&self, filter: Filter) -> Pending<'_, u64>;

    /// The failed attempts at an entry that are kept, oldest first.
    fn attempts(&self, id: EntryId) -> Pending<'_, Vec<FailedAttempt>>;

    /// Why pending entries are not done yet; an entry that is not pending is left out.
    fn pending_reasons(&self, ids: Vec<EntryId>) -> Pending<'_, Vec<(EntryId, PendingReason)>>;

    /// The dead letters by reason, the largest groups first, at most `limit` groups.
    fn dead_groups(&self, limit: usize) -> Pending<'_, Vec<DeadGroup>>;

    /// The newest entry of each of these conversations that has one.
    fn newest(&self, conversations: Vec<String>) -> Pending<'_, Vec<Record>>;

    /// Conversations by their newest entries, newest first.
    fn conversations(&self, filter: ConversationFilter) -> Pending<'_, ConversationPage>;

    /// Adds a job. A job whose key is known already is not added again: the known one is returned.
    ///
    /// # Errors
    ///
    /// [`JournalError::JobRunning`](super::JournalError::JobRunning): another job has not ended.
    fn add_job(&self, job: NewJob) -> Pending<'_, Job>;

    /// Jobs, newest first.
    fn jobs(&self, limit: usize) -> Pending<'_, Vec<Job>>;

    /// Does a step of a job and notes its progress, in one transaction.
    ///
    /// # Errors
    ///
    /// [`JournalError::Conflict`](super::JournalError::Conflict): the job is not running, or another replica has done this
    /// step; nothing was changed.
    fn advance_job(&self, step: JobStep) -> Pending<'_, Job>;

    /// Ends a job that is running; what it has done stays done.
    ///
    /// # Errors
    ///
    /// [`JournalError::NotFound`](super::JournalError::NotFound): no such job is running.
    fn cancel_job(&self, id: i64) -> Pending<'_, Job>;

    /// Adds to the audit list, of which the newest [`KEPT_AUDIT`](super::KEPT_AUDIT) records are kept.
    fn add_audit(&self, record: NewAuditRecord) -> Pending<'_, ()>;

    /// The audit list, newest first.
    fn audit(&self, filter: AuditFilter) -> Pending<'_, Vec<AuditRecord>>;

    /// The accounts to which nothing is sent at present.
    fn pauses(&self) -> Pending<'_, Vec<Pause>>;

    /// Pauses sending for an account; a pause that is there already stays as it is. The time is the journal's.
    fn pause(&self, account: String, by: String) -> Pending<'_, ()>;

    /// Resumes sending for an account.
    ///
    /// # Errors
    ///
    /// [`JournalError::NotFound`](super::JournalError::NotFound): it is not paused.
    fn resume(&self, account: String) -> Pending<'_, ()>;

    /// Adds the numbers of one span of one replica, in place of those with the same time and replica. The newest
    /// [`KEPT_ACTIVITY`](super::KEPT_ACTIVITY) are kept.
    fn add_activity(&self, activity: Activity) -> Pending<'_, ()>;

    /// The activity since a time, oldest first.
    fn activity(&self, since: UnixMillis) -> Pending<'_, Vec<Activity>>;

    /// The servers that work on the journal at present, as far as this one knows.
    fn replicas(&self) -> Pending<'_, Vec<Replica>>;

    /// The size of the journal in its store, in bytes.
    fn size(&self) -> Pending<'_, u64>;
}
