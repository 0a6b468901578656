//! A journal whose store can be made to fail.

use std::sync::Arc;

use rongcloud_callback::{
    clock::UnixMillis,
    journal::{
        Activity, Administration, Appended, AttemptFailure, AuditFilter, AuditRecord,
        ConversationChange, ConversationFilter, ConversationPage, ConversationState, DeadGroup, Entry,
        EntryId, EntryKey, FailedAttempt, Filter, Job, JobStep, JournalError, Lease, NewAuditRecord,
        NewEntry, NewJob, Outcome, Page, Pause, Pending, PendingReason, Queue, Queues, Record, Records,
        Replica, SignatureBinding, StateFilter, Stats,
    },
};
use tokio::sync::watch;

/// The state of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behaviour {
    Working,
    Failing,
    /// Every signature is bound to another body, by another server.
    Bound,
    /// No call is answered until the behaviour changes.
    Hanging,
}

/// A journal around another journal, with a behaviour that clones share.
#[derive(Debug, Clone)]
pub(super) struct Faulty {
    inner: Arc<dyn Queues>,
    behaviour: watch::Sender<Behaviour>,
    /// The number of appends that have begun.
    appends: watch::Sender<u64>,
}

impl Faulty {
    pub(super) fn new(inner: Arc<dyn Queues>, behaviour: Behaviour) -> Self {
        Self { inner, behaviour: watch::Sender::new(behaviour), appends: watch::Sender::new(0) }
    }

    pub(super) fn set(&self, behaviour: Behaviour) {
        self.behaviour.send_replace(behaviour);
    }

    /// Waits until `count` appends have begun.
    pub(super) async fn wait_for_appends(&self, count: u64) {
        self.appends.subscribe().wait_for(|&appends| appends >= count).await.unwrap();
    }

    async fn fail_or_hang(&self) -> Result<(), JournalError> {
        let mut behaviour = self.behaviour.subscribe();
        let behaviour = *behaviour.wait_for(|&behaviour| behaviour != Behaviour::Hanging).await.unwrap();
        if behaviour == Behaviour::Failing {
            return Err(JournalError::Unavailable("/dev/sdb1 is gone".into()));
        }
        Ok(())
    }
}

impl Queues for Faulty {
    fn append(&self, entry: NewEntry, binding: Option<SignatureBinding>) -> Pending<'_, Appended> {
        self.appends.send_modify(|appends| *appends += 1);
        Box::pin(async move {
            self.fail_or_hang().await?;
            if binding.is_some() && *self.behaviour.borrow() == Behaviour::Bound {
                return Err(JournalError::SignatureReused);
            }
            self.inner.append(entry, binding).await
        })
    }

    fn lease(&self, queue: Queue, limit: usize, until: UnixMillis) -> Pending<'_, Vec<Entry>> {
        self.inner.lease(queue, limit, until)
    }

    fn finish(&self, lease: Lease, outcome: Outcome) -> Pending<'_, ()> {
        self.inner.finish(lease, outcome)
    }

    fn release(&self, lease: Lease, until: UnixMillis, reason: String) -> Pending<'_, ()> {
        self.inner.release(lease, until, reason)
    }

    fn postpone(&self, lease: Lease, until: UnixMillis, failure: AttemptFailure) -> Pending<'_, ()> {
        self.inner.postpone(lease, until, failure)
    }

    fn bury(&self, lease: Lease, failure: AttemptFailure) -> Pending<'_, ()> {
        self.inner.bury(lease, failure)
    }

    fn changes(&self, queue: Queue) -> watch::Receiver<u64> {
        self.inner.changes(queue)
    }
}

impl Administration for Faulty {
    fn newest(&self, conversations: Vec<String>) -> Pending<'_, Vec<Record>> {
        self.inner.newest(conversations)
    }

    fn search(&self, filter: Filter) -> Pending<'_, Page> {
        self.inner.search(filter)
    }

    fn count(&self, filter: Filter) -> Pending<'_, u64> {
        self.inner.count(filter)
    }

    fn attempts(&self, id: EntryId) -> Pending<'_, Vec<FailedAttempt>> {
        self.inner.attempts(id)
    }

    fn pending_reasons(&self, ids: Vec<EntryId>) -> Pending<'_, Vec<(EntryId, PendingReason)>> {
        self.inner.pending_reasons(ids)
    }

    fn dead_groups(&self, limit: usize) -> Pending<'_, Vec<DeadGroup>> {
        self.inner.dead_groups(limit)
    }

    fn conversations(&self, filter: ConversationFilter) -> Pending<'_, ConversationPage> {
        self.inner.conversations(filter)
    }

    fn add_job(&self, job: NewJob) -> Pending<'_, Job> {
        self.inner.add_job(job)
    }

    fn jobs(&self, limit: usize) -> Pending<'_, Vec<Job>> {
        self.inner.jobs(limit)
    }

    fn advance_job(&self, step: JobStep) -> Pending<'_, Job> {
        self.inner.advance_job(step)
    }

    fn cancel_job(&self, id: i64) -> Pending<'_, Job> {
        self.inner.cancel_job(id)
    }

    fn add_audit(&self, record: NewAuditRecord) -> Pending<'_, ()> {
        self.inner.add_audit(record)
    }

    fn audit(&self, filter: AuditFilter) -> Pending<'_, Vec<AuditRecord>> {
        self.inner.audit(filter)
    }

    fn pauses(&self) -> Pending<'_, Vec<Pause>> {
        self.inner.pauses()
    }

    fn pause(&self, account: String, by: String) -> Pending<'_, ()> {
        self.inner.pause(account, by)
    }

    fn resume(&self, account: String) -> Pending<'_, ()> {
        self.inner.resume(account)
    }

    fn add_activity(&self, activity: Activity) -> Pending<'_, ()> {
        self.inner.add_activity(activity)
    }

    fn activity(&self, since: UnixMillis) -> Pending<'_, Vec<Activity>> {
        self.inner.activity(since)
    }

    fn replicas(&self) -> Pending<'_, Vec<Replica>> {
        self.inner.replicas()
    }

    fn size(&self) -> Pending<'_, u64> {
        self.inner.size()
    }
}

impl Records for Faulty {
    fn stats(&self) -> Pending<'_, Stats> {
        Box::pin(async move {
            self.fail_or_hang().await?;
            self.inner.stats().await
        })
    }

    fn list(&self, filter: Filter) -> Pending<'_, Vec<Record>> {
        self.inner.list(filter)
    }

    fn show(&self, id: EntryId) -> Pending<'_, Option<Record>> {
        self.inner.show(id)
    }

    fn find(&self, queue: Queue, keys: Vec<EntryKey>) -> Pending<'_, Vec<Record>> {
        self.inner.find(queue, keys)
    }

    fn revive(&self, id: EntryId) -> Pending<'_, ()> {
        self.inner.revive(id)
    }

    fn discard(&self, id: EntryId) -> Pending<'_, ()> {
        self.inner.discard(id)
    }

    fn states(&self, filter: StateFilter) -> Pending<'_, Vec<ConversationState>> {
        self.inner.states(filter)
    }

    fn change_conversation(&self, change: ConversationChange) -> Pending<'_, ()> {
        self.inner.change_conversation(change)
    }

    fn purge(&self) -> Pending<'_, u64> {
        self.inner.purge()
    }

    fn close(&self) -> Pending<'_, ()> {
        self.inner.close()
    }
}
