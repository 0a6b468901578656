//! An operator's work in a server, on the connections that its writer does not use.

use super::server::Server;
use crate::{
    clock::UnixMillis,
    journal::{
        Activity, Administration, AuditFilter, AuditRecord, ConversationFilter, ConversationPage,
        DeadGroup, EntryId, FailedAttempt, Filter, Job, JobStep, NewAuditRecord, NewJob, Page, Pause,
        Pending, PendingReason, Queue, Record, Replica,
    },
};

impl Administration for Server {
    fn search(&self, filter: Filter) -> Pending<'_, Page> {
        self.operator.search(filter)
    }

    fn count(&self, filter: Filter) -> Pending<'_, u64> {
        self.operator.count(filter)
    }

    fn attempts(&self, id: EntryId) -> Pending<'_, Vec<FailedAttempt>> {
        self.operator.attempts(id)
    }

    fn pending_reasons(&self, ids: Vec<EntryId>) -> Pending<'_, Vec<(EntryId, PendingReason)>> {
        self.operator.pending_reasons(ids)
    }

    fn dead_groups(&self, limit: usize) -> Pending<'_, Vec<DeadGroup>> {
        self.operator.dead_groups(limit)
    }

    fn newest(&self, conversations: Vec<String>) -> Pending<'_, Vec<Record>> {
        self.operator.newest(conversations)
    }

    fn conversations(&self, filter: ConversationFilter) -> Pending<'_, ConversationPage> {
        self.operator.conversations(filter)
    }

    fn add_job(&self, job: NewJob) -> Pending<'_, Job> {
        Box::pin(async move {
            self.check_open()?;
            self.operator.add_job(job).await
        })
    }

    fn jobs(&self, limit: usize) -> Pending<'_, Vec<Job>> {
        self.operator.jobs(limit)
    }

    fn advance_job(&self, step: JobStep) -> Pending<'_, Job> {
        Box::pin(async move {
            self.check_open()?;
            let elapsed = Some(self.replica.time.known());
            let (job, changed) = self.operator.advance(&step, elapsed).await?;
            for queue in Queue::ALL.into_iter().filter(|queue| changed.queues[*queue]) {
                self.replica.changes.notify(queue);
            }
            Ok(job)
        })
    }

    fn cancel_job(&self, id: i64) -> Pending<'_, Job> {
        Box::pin(async move {
            self.check_open()?;
            self.operator.cancel_job(id).await
        })
    }

    fn add_audit(&self, record: NewAuditRecord) -> Pending<'_, ()> {
        Box::pin(async move {
            self.check_open()?;
            self.operator.add_audit(record).await
        })
    }

    fn audit(&self, filter: AuditFilter) -> Pending<'_, Vec<AuditRecord>> {
        self.operator.audit(filter)
    }

    fn pauses(&self) -> Pending<'_, Vec<Pause>> {
        self.operator.pauses()
    }

    fn pause(&self, account: String, by: String) -> Pending<'_, ()> {
        Box::pin(async move {
            self.check_open()?;
            self.operator.pause(account, by).await
        })
    }

    fn resume(&self, account: String) -> Pending<'_, ()> {
        Box::pin(async move {
            self.check_open()?;
            self.operator.resume(account).await
        })
    }

    fn add_activity(&self, activity: Activity) -> Pending<'_, ()> {
        Box::pin(async move {
            self.check_open()?;
            self.operator.add_activity(activity).await
        })
    }

    fn activity(&self, since: UnixMillis) -> Pending<'_, Vec<Activity>> {
        self.operator.activity(since)
    }

    fn replicas(&self) -> Pending<'_, Vec<Replica>> {
        Box::pin(async {
            let mut replicas = self.operator.list_replicas(Some(self.replica.id)).await?;
            let leased = Queue::ALL.map(|queue| self.replica.leases.count(queue)).iter().sum();
            for replica in replicas.iter_mut().filter(|replica| replica.is_this) {
                replica.leased = leased;
            }
            Ok(replicas)
        })
    }

    fn size(&self) -> Pending<'_, u64> {
        self.operator.size()
    }
}
