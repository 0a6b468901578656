//! An operator's work on the journal in memory.

use super::{
    Memory,
    search::{conversations, count, dead_groups, newest, search},
};
use crate::{
    clock::UnixMillis,
    journal::{
        activity::Activity,
        administration::Administration,
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
        replica::Replica,
    },
};

impl Administration for Memory {
    fn search(&self, filter: Filter) -> Pending<'_, Page> {
        self.with(move |contents, _| Ok(search(&contents.records, &filter)))
    }

    fn count(&self, filter: Filter) -> Pending<'_, u64> {
        self.with(move |contents, _| Ok(count(&contents.records, &filter)))
    }

    fn attempts(&self, id: EntryId) -> Pending<'_, Vec<FailedAttempt>> {
        self.with(move |contents, _| Ok(contents.attempts(id)))
    }

    fn pending_reasons(&self, ids: Vec<EntryId>) -> Pending<'_, Vec<(EntryId, PendingReason)>> {
        self.with(move |contents, moment| Ok(contents.pending_reasons(&ids, moment.now)))
    }

    fn dead_groups(&self, limit: usize) -> Pending<'_, Vec<DeadGroup>> {
        self.with(move |contents, _| Ok(dead_groups(&contents.records, limit)))
    }

    fn newest(&self, conversations: Vec<String>) -> Pending<'_, Vec<Record>> {
        self.with(move |contents, _| Ok(newest(&contents.records, conversations)))
    }

    fn conversations(&self, filter: ConversationFilter) -> Pending<'_, ConversationPage> {
        self.with(move |contents, _| Ok(conversations(&contents.records, &filter)))
    }

    fn add_job(&self, job: NewJob) -> Pending<'_, Job> {
        self.with(move |contents, moment| contents.operations.add_job(job, moment.now))
    }

    fn jobs(&self, limit: usize) -> Pending<'_, Vec<Job>> {
        self.with(move |contents, _| Ok(contents.operations.jobs(limit)))
    }

    fn advance_job(&self, step: JobStep) -> Pending<'_, Job> {
        self.with(move |contents, moment| contents.advance_job(&step, moment))
    }

    fn cancel_job(&self, id: i64) -> Pending<'_, Job> {
        self.with(move |contents, moment| contents.operations.cancel_job(id, moment.now))
    }

    fn add_audit(&self, record: NewAuditRecord) -> Pending<'_, ()> {
        self.with(move |contents, moment| {
            contents.operations.add_audit(record, moment.now);
            Ok(())
        })
    }

    fn audit(&self, filter: AuditFilter) -> Pending<'_, Vec<AuditRecord>> {
        self.with(move |contents, _| Ok(contents.operations.audit(&filter)))
    }

    fn pauses(&self) -> Pending<'_, Vec<Pause>> {
        self.with(|contents, _| Ok(contents.operations.pauses()))
    }

    fn pause(&self, account: String, by: String) -> Pending<'_, ()> {
        self.with(move |contents, moment| {
            contents.operations.pause(account, by, moment.now);
            Ok(())
        })
    }

    fn resume(&self, account: String) -> Pending<'_, ()> {
        self.with(move |contents, _| contents.operations.resume(&account))
    }

    fn add_activity(&self, activity: Activity) -> Pending<'_, ()> {
        self.with(move |contents, _| {
            contents.operations.add_activity(activity);
            Ok(())
        })
    }

    fn activity(&self, since: UnixMillis) -> Pending<'_, Vec<Activity>> {
        self.with(move |contents, _| Ok(contents.operations.activity(since)))
    }

    fn replicas(&self) -> Pending<'_, Vec<Replica>> {
        self.with(|contents, _| Ok(vec![contents.replica()]))
    }

    /// The size of what strangers have sent: the rest is small beside it.
    fn size(&self) -> Pending<'_, u64> {
        self.with(|contents, _| Ok(contents.size()))
    }
}
