//! An operator's work on the journal beyond single entries.

use std::sync::Arc;

use super::{
    activity, attempts, audit,
    client::Client,
    conversation_list,
    entry_changes::ChangedEntries,
    jobs::{self, Added},
    newest::newest,
    operations,
    operator::Operator,
    pauses, pending_reasons, search,
};
use crate::{
    clock::UnixMillis,
    journal::{
        Activity, Administration, AuditFilter, AuditRecord, ConversationFilter, ConversationPage,
        DeadGroup, EntryId, FailedAttempt, Filter, Job, JobStep, JournalError, NewAuditRecord, NewJob,
        Page, Pause, Pending, PendingReason, Record, Replica,
        error::{no_running_job_error, not_paused_error},
    },
};

impl Operator {
    /// Does a step of a job, at `elapsed` in journal time if that is known; returns what was changed as well.
    pub(super) async fn advance(
        &self,
        step: &JobStep,
        elapsed: Option<i64>,
    ) -> Result<(Job, ChangedEntries), JournalError> {
        let now = self.now();
        let advance =
            |client: Arc<Client>| async move { jobs::advance(&client, step, now, elapsed).await };
        self.connection.with(advance).await?.ok_or(JournalError::Conflict)
    }

    /// The servers on the list, of which `this` is the number of the one that asks.
    pub(super) async fn list_replicas(&self, this: Option<i64>) -> Result<Vec<Replica>, JournalError> {
        self.connection.with(|client| async move { operations::replicas(&client, this).await }).await
    }
}

impl Administration for Operator {
    fn search(&self, filter: Filter) -> Pending<'_, Page> {
        Box::pin(async move {
            let filter = &filter;
            self.connection.with(|client| async move { search::search(&client, filter).await }).await
        })
    }

    fn count(&self, filter: Filter) -> Pending<'_, u64> {
        Box::pin(async move {
            let filter = &filter;
            let narrow = |client: Arc<Client>| async move { search::narrowed(&client, filter).await };
            let (mut filter, mut total) = (self.connection.with(narrow).await?, 0);
            loop {
                let rest = &filter;
                let step = |client: Arc<Client>| async move { search::count_step(&client, rest).await };
                let (count, next) = self.connection.with(step).await?;
                total += count;
                match next {
                    Some(last) => filter.after = Some(last),
                    None => return Ok(total),
                }
            }
        })
    }

    fn attempts(&self, id: EntryId) -> Pending<'_, Vec<FailedAttempt>> {
        Box::pin(async move {
            let read = |client: Arc<Client>| async move { attempts::of_entries(&client, id, id).await };
            let attempts = self.connection.with(read).await?;
            Ok(attempts.into_iter().map(|(_, attempt)| attempt).collect())
        })
    }

    fn pending_reasons(&self, ids: Vec<EntryId>) -> Pending<'_, Vec<(EntryId, PendingReason)>> {
        Box::pin(async move {
            let (ids, now) = (&ids, self.now());
            self.connection
                .with(|client| async move { pending_reasons::reasons(&client, ids, now).await })
                .await
        })
    }

    fn dead_groups(&self, limit: usize) -> Pending<'_, Vec<DeadGroup>> {
        Box::pin(self.dead_groups.list(&self.connection, limit))
    }

    fn newest(&self, conversations: Vec<String>) -> Pending<'_, Vec<Record>> {
        Box::pin(async move {
            let conversations = &conversations;
            self.connection.with(|client| async move { newest(&client, conversations).await }).await
        })
    }

    fn conversations(&self, filter: ConversationFilter) -> Pending<'_, ConversationPage> {
        Box::pin(async move {
            let filter = &filter;
            self.connection
                .with(|client| async move { conversation_list::conversations(&client, filter).await })
                .await
        })
    }

    fn add_job(&self, job: NewJob) -> Pending<'_, Job> {
        Box::pin(async move {
            let (job, now) = (&job, self.now());
            loop {
                let add = |client: Arc<Client>| async move { jobs::add(&client, job, now).await };
                match self.connection.with(add).await? {
                    Added::Job(job) => return Ok(job),
                    Added::Running(id) => return Err(JournalError::JobRunning(id)),
                    Added::Again => {}
                }
            }
        })
    }

    fn jobs(&self, limit: usize) -> Pending<'_, Vec<Job>> {
        Box::pin(async move {
            self.connection.with(|client| async move { jobs::list(&client, limit).await }).await
        })
    }

    /// Does the step at once. A server that runs beside is told.
    fn advance_job(&self, step: JobStep) -> Pending<'_, Job> {
        Box::pin(async move { self.advance(&step, None).await.map(|(job, _)| job) })
    }

    fn cancel_job(&self, id: i64) -> Pending<'_, Job> {
        Box::pin(async move {
            let now = self.now();
            let cancel = |client: Arc<Client>| async move { jobs::cancel(&client, id, now).await };
            self.connection.with(cancel).await?.ok_or_else(|| no_running_job_error(id))
        })
    }

    fn add_audit(&self, record: NewAuditRecord) -> Pending<'_, ()> {
        Box::pin(async move {
            let (record, now) = (&record, self.now());
            self.connection.with(|client| async move { audit::add(&client, record, now).await }).await
        })
    }

    fn audit(&self, filter: AuditFilter) -> Pending<'_, Vec<AuditRecord>> {
        Box::pin(async move {
            let filter = &filter;
            self.connection.with(|client| async move { audit::list(&client, filter).await }).await
        })
    }

    fn pauses(&self) -> Pending<'_, Vec<Pause>> {
        Box::pin(async move {
            self.connection.with(|client| async move { pauses::list(&client).await }).await
        })
    }

    fn pause(&self, account: String, by: String) -> Pending<'_, ()> {
        Box::pin(async move {
            let (account, by, now) = (&account, &by, self.now());
            self.connection
                .with(|client| async move { pauses::add(&client, account, by, now).await })
                .await
        })
    }

    fn resume(&self, account: String) -> Pending<'_, ()> {
        Box::pin(async move {
            let account = &account;
            let remove = |client: Arc<Client>| async move { pauses::remove(&client, account).await };
            if self.connection.with(remove).await? { Ok(()) } else { Err(not_paused_error()) }
        })
    }

    fn add_activity(&self, activity: Activity) -> Pending<'_, ()> {
        Box::pin(async move {
            let activity = &activity;
            self.connection.with(|client| async move { activity::add(&client, activity).await }).await
        })
    }

    fn activity(&self, since: UnixMillis) -> Pending<'_, Vec<Activity>> {
        Box::pin(async move {
            self.connection.with(|client| async move { activity::since(&client, since).await }).await
        })
    }

    fn replicas(&self) -> Pending<'_, Vec<Replica>> {
        Box::pin(self.list_replicas(None))
    }

    fn size(&self) -> Pending<'_, u64> {
        Box::pin(async move {
            self.connection.with(|client| async move { operations::size(&client).await }).await
        })
    }
}
