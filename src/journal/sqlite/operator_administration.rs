//! An operator's work beside a server, or without one.

use std::future::ready;

use super::{
    activity, attempts, audit, conversation_list, dead_groups, jobs, operations,
    operator::{Operator, discard, revive},
    pauses, pending_reasons, search,
};
use crate::{
    clock::UnixMillis,
    journal::{
        Activity, Administration, AuditFilter, AuditRecord, ConversationFilter, ConversationPage,
        DeadGroup, EntryId, FailedAttempt, Filter, Job, JobAction, JobStep, NewAuditRecord, NewJob,
        Page, Pause, Pending, PendingReason, Record, Replica,
    },
};

impl Administration for Operator {
    fn search(&self, filter: Filter) -> Pending<'_, Page> {
        self.readers.read(move |connection| search::search(connection, &filter))
    }

    fn count(&self, filter: Filter) -> Pending<'_, u64> {
        self.readers.read(move |connection| search::count(connection, &filter))
    }

    fn attempts(&self, id: EntryId) -> Pending<'_, Vec<FailedAttempt>> {
        self.readers.read(move |connection| attempts::of_entry(connection, id))
    }

    fn pending_reasons(&self, ids: Vec<EntryId>) -> Pending<'_, Vec<(EntryId, PendingReason)>> {
        let clock = self.options.clock.clone();
        self.readers.read(move |connection| pending_reasons::reasons(connection, &ids, clock.now()))
    }

    fn dead_groups(&self, limit: usize) -> Pending<'_, Vec<DeadGroup>> {
        self.readers.read(move |connection| dead_groups::list(connection, limit))
    }

    fn newest(&self, conversations: Vec<String>) -> Pending<'_, Vec<Record>> {
        self.readers.read(move |connection| search::newest(connection, &conversations))
    }

    fn conversations(&self, filter: ConversationFilter) -> Pending<'_, ConversationPage> {
        self.readers.read(move |connection| conversation_list::conversations(connection, &filter))
    }

    fn add_job(&self, job: NewJob) -> Pending<'_, Job> {
        self.change(move |connection, moment| jobs::add(connection, &job, moment.now))
    }

    fn jobs(&self, limit: usize) -> Pending<'_, Vec<Job>> {
        self.readers.read(move |connection| jobs::list(connection, limit))
    }

    fn advance_job(&self, step: JobStep) -> Pending<'_, Job> {
        self.change(move |connection, moment| {
            jobs::advance(connection, &step, moment.now, |action, id| match action {
                JobAction::Revive => revive(connection, id, moment),
                JobAction::Discard => discard(connection, id, moment),
            })
        })
    }

    fn cancel_job(&self, id: i64) -> Pending<'_, Job> {
        self.change(move |connection, moment| jobs::cancel(connection, id, moment.now))
    }

    fn add_audit(&self, record: NewAuditRecord) -> Pending<'_, ()> {
        self.change(move |connection, moment| Ok(audit::add(connection, &record, moment.now)?))
    }

    fn audit(&self, filter: AuditFilter) -> Pending<'_, Vec<AuditRecord>> {
        self.readers.read(move |connection| audit::list(connection, &filter))
    }

    fn pauses(&self) -> Pending<'_, Vec<Pause>> {
        self.readers.read(pauses::list)
    }

    fn pause(&self, account: String, by: String) -> Pending<'_, ()> {
        self.change(move |connection, moment| Ok(pauses::add(connection, &account, &by, moment.now)?))
    }

    fn resume(&self, account: String) -> Pending<'_, ()> {
        self.change(move |connection, _| pauses::remove(connection, &account))
    }

    fn add_activity(&self, activity: Activity) -> Pending<'_, ()> {
        self.change(move |connection, _| Ok(activity::add(connection, &activity)?))
    }

    fn activity(&self, since: UnixMillis) -> Pending<'_, Vec<Activity>> {
        self.readers.read(move |connection| activity::since(connection, since))
    }

    /// The file does not say which server has it open.
    fn replicas(&self) -> Pending<'_, Vec<Replica>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    fn size(&self) -> Pending<'_, u64> {
        operations::size(&self.path)
    }
}
