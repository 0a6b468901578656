//! The journal as the console has it: why an entry waits, dead letters by reason, jobs, audit, pauses and activity.

use std::future::ready;

use super::{
    activity::Activity,
    attempts::FailedAttempt,
    audit::{AuditFilter, AuditRecord, NewAuditRecord},
    conversation_list::{ConversationFilter, ConversationPage},
    dead_group::DeadGroup,
    entry::EntryId,
    error::Pending,
    filter::Filter,
    jobs::{Job, JobStep, NewJob},
    page::Page,
    pause::Pause,
    pending_reason::PendingReason,
    records::Records,
    replica::Replica,
};
use crate::{clock::UnixMillis, journal::JournalError};

/// An operator's work on a journal beyond single entries.
pub trait Administration: Records {
    /// The entries that a filter admits, at most `filter.limit` of them, found among the first `filter.scan` that its
    /// indexed conditions leave; and where the next page begins.
    fn search(&self, _filter: Filter) -> Pending<'_, Page> {
        unbuilt()
    }

    /// How many entries a filter admits; its limit, scan and order do not matter.
    fn count(&self, _filter: Filter) -> Pending<'_, u64> {
        unbuilt()
    }

    /// The failed attempts at an entry that are kept, oldest first.
    fn attempts(&self, _id: EntryId) -> Pending<'_, Vec<FailedAttempt>> {
        unbuilt()
    }

    /// Why pending entries are not done yet; an entry that is not pending is left out.
    fn pending_reasons(&self, _ids: Vec<EntryId>) -> Pending<'_, Vec<(EntryId, PendingReason)>> {
        unbuilt()
    }

    /// The dead letters by reason, the largest groups first, at most `limit` groups.
    fn dead_groups(&self, _limit: usize) -> Pending<'_, Vec<DeadGroup>> {
        unbuilt()
    }

    /// Conversations by their newest entries, newest first.
    fn conversations(&self, _filter: ConversationFilter) -> Pending<'_, ConversationPage> {
        unbuilt()
    }

    /// Adds a job. A job whose key is known already is not added again: the known one is returned.
    ///
    /// # Errors
    ///
    /// [`JournalError::JobRunning`](super::JournalError::JobRunning): another job has not ended.
    fn add_job(&self, _job: NewJob) -> Pending<'_, Job> {
        unbuilt()
    }

    /// Jobs, newest first.
    fn jobs(&self, _limit: usize) -> Pending<'_, Vec<Job>> {
        unbuilt()
    }

    /// Does a step of a job and notes its progress, in one transaction.
    ///
    /// # Errors
    ///
    /// [`JournalError::Conflict`](super::JournalError::Conflict): the job is not running, or another replica has done this
    /// step; nothing was changed.
    fn advance_job(&self, _step: JobStep) -> Pending<'_, Job> {
        unbuilt()
    }

    /// Ends a job that is running; what it has done stays done.
    ///
    /// # Errors
    ///
    /// [`JournalError::NotFound`](super::JournalError::NotFound): no such job is running.
    fn cancel_job(&self, _id: i64) -> Pending<'_, Job> {
        unbuilt()
    }

    /// Adds to the audit list, of which the newest [`KEPT_AUDIT`](super::KEPT_AUDIT) records are kept.
    fn add_audit(&self, _record: NewAuditRecord) -> Pending<'_, ()> {
        unbuilt()
    }

    /// The audit list, newest first.
    fn audit(&self, _filter: AuditFilter) -> Pending<'_, Vec<AuditRecord>> {
        unbuilt()
    }

    /// The accounts to which nothing is sent at present.
    fn pauses(&self) -> Pending<'_, Vec<Pause>> {
        unbuilt()
    }

    /// Pauses sending for an account; a pause that is there already stays as it is. The time is the journal's.
    fn pause(&self, _account: String, _by: String) -> Pending<'_, ()> {
        unbuilt()
    }

    /// Resumes sending for an account.
    ///
    /// # Errors
    ///
    /// [`JournalError::NotFound`](super::JournalError::NotFound): it is not paused.
    fn resume(&self, _account: String) -> Pending<'_, ()> {
        unbuilt()
    }

    /// Adds the numbers of one span of one replica, in place of those with the same time and replica. The newest
    /// [`KEPT_ACTIVITY`](super::KEPT_ACTIVITY) are kept.
    fn add_activity(&self, _activity: Activity) -> Pending<'_, ()> {
        unbuilt()
    }

    /// The activity since a time, oldest first.
    fn activity(&self, _since: UnixMillis) -> Pending<'_, Vec<Activity>> {
        unbuilt()
    }

    /// The servers that work on the journal at present, as far as this one knows.
    fn replicas(&self) -> Pending<'_, Vec<Replica>> {
        unbuilt()
    }

    /// The size of the journal in its store, in bytes.
    fn size(&self) -> Pending<'_, u64> {
        unbuilt()
    }
}

pub(super) fn unbuilt<'a, T: Send + 'a>() -> Pending<'a, T> {
    Box::pin(ready(Err(JournalError::Unavailable("this driver cannot do it".into()))))
}
