//! An operator's work in a server: it reads on connections of its own, and changes by the writer thread.

use rusqlite::Connection;

use super::{
    activity, attempts, audit, conversation_list, dead_groups, jobs, operations, pauses,
    pending_reasons, search, server::Server,
};
use crate::{
    clock::UnixMillis,
    journal::{
        Activity, Administration, AuditFilter, AuditRecord, ConversationFilter, ConversationPage,
        DeadGroup, EntryId, FailedAttempt, Filter, Job, JobStep, NewAuditRecord, NewJob, Page, Pause,
        Pending, PendingReason, Record, Records, Replica,
    },
};

impl Administration for Server {
    fn search(&self, filter: Filter) -> Pending<'_, Page> {
        self.readers.read(move |connection| search::search(connection, &filter))
    }

    fn count(&self, filter: Filter) -> Pending<'_, u64> {
        self.readers.read(move |connection| search::count(connection, &filter))
    }

    fn attempts(&self, id: EntryId) -> Pending<'_, Vec<FailedAttempt>> {
        self.readers.read(move |connection| attempts::of_entry(connection, id))
    }

    /// The leases are in the memory of the writer thread, and the conversations of the entries in the file.
    fn pending_reasons(&self, ids: Vec<EntryId>) -> Pending<'_, Vec<(EntryId, PendingReason)>> {
        Box::pin(async move {
            let pending = move |connection: &Connection| pending_reasons::pending(connection, &ids);
            let entries = self.readers.read(pending).await?;
            self.administer(move |open| {
                let (now, replica) = (open.moment.now, &open.options.replica);
                Ok(open.queues.pending_reasons(&entries, now, replica))
            })
            .await
        })
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
        self.administer(move |open| jobs::add(open.connection, &job, open.moment.now))
    }

    fn jobs(&self, limit: usize) -> Pending<'_, Vec<Job>> {
        self.readers.read(move |connection| jobs::list(connection, limit))
    }

    fn advance_job(&self, step: JobStep) -> Pending<'_, Job> {
        self.administer(move |open| open.advance_job(&step))
    }

    fn cancel_job(&self, id: i64) -> Pending<'_, Job> {
        self.administer(move |open| jobs::cancel(open.connection, id, open.moment.now))
    }

    fn add_audit(&self, record: NewAuditRecord) -> Pending<'_, ()> {
        self.administer(move |open| Ok(audit::add(open.connection, &record, open.moment.now)?))
    }

    fn audit(&self, filter: AuditFilter) -> Pending<'_, Vec<AuditRecord>> {
        self.readers.read(move |connection| audit::list(connection, &filter))
    }

    fn pauses(&self) -> Pending<'_, Vec<Pause>> {
        self.readers.read(pauses::list)
    }

    fn pause(&self, account: String, by: String) -> Pending<'_, ()> {
        self.administer(move |open| Ok(pauses::add(open.connection, &account, &by, open.moment.now)?))
    }

    fn resume(&self, account: String) -> Pending<'_, ()> {
        self.administer(move |open| pauses::remove(open.connection, &account))
    }

    fn add_activity(&self, activity: Activity) -> Pending<'_, ()> {
        self.administer(move |open| Ok(activity::add(open.connection, &activity)?))
    }

    fn activity(&self, since: UnixMillis) -> Pending<'_, Vec<Activity>> {
        self.readers.read(move |connection| activity::since(connection, since))
    }

    fn replicas(&self) -> Pending<'_, Vec<Replica>> {
        Box::pin(async move {
            let stats = self.stats().await?;
            let leased = stats.inbox.leased + stats.outbox.leased;
            Ok(vec![Replica { name: self.replica.clone(), is_this: true, leased }])
        })
    }

    fn size(&self) -> Pending<'_, u64> {
        operations::size(&self.place.path)
    }
}
