//! The journal as an operator has it: its entries can be seen and their state changed, and nothing is taken in.

use std::sync::Arc;

use super::{
    client::Client, conversations, dead_groups::DeadGroups, entry_changes::change_entry, operations,
    operations_pool::OperationsPool, purge,
};
use crate::journal::{
    ConversationChange, ConversationState, EntryId, EntryKey, Filter, JobAction, JournalError, Options,
    Pending, Queue, Record, Records, StateFilter, Stats,
    driver::purge::purge_all,
    error::{no_dead_letter_error, nothing_to_discard_error},
};

/// An operator's side of the database. A server has one, too, for the same operations.
#[derive(Debug)]
pub(super) struct Operator {
    pub(super) options: Options,
    pub(super) connection: OperationsPool,
    pub(super) dead_groups: DeadGroups,
}

impl Operator {
    /// The time, where a test's clock gives it; otherwise it is the database's to tell.
    pub(super) fn now(&self) -> Option<i64> {
        self.options.clock.manual_now().map(|now| now.0)
    }

    /// Counts the entries; `leased` counts the leases of this process.
    pub(super) async fn count_queues(
        &self,
        leased: impl Fn(Queue) -> u64,
    ) -> Result<Stats, JournalError> {
        let leased = &leased;
        self.connection.with(|client| async move { operations::stats(&client, leased).await }).await
    }

    /// Revives a dead letter; returns its queue.
    pub(super) async fn revive_in_queue(&self, id: EntryId) -> Result<Queue, JournalError> {
        let now = self.now();
        let revive = |client: Arc<Client>| async move {
            change_entry(&client, JobAction::Revive, id, now, None).await
        };
        self.connection.with(revive).await?.ok_or_else(|| no_dead_letter_error(id))
    }

    /// Discards an entry, at `elapsed` in journal time if that is known; returns its queue.
    pub(super) async fn discard_in_queue(
        &self,
        id: EntryId,
        elapsed: Option<i64>,
    ) -> Result<Queue, JournalError> {
        let now = self.now();
        let discard = |client: Arc<Client>| async move {
            change_entry(&client, JobAction::Discard, id, now, elapsed).await
        };
        self.connection.with(discard).await?.ok_or_else(|| nothing_to_discard_error(id))
    }

    /// Purges by journal time, which for an operator is the time that servers have written down.
    pub(super) async fn purge_at(&self, elapsed: impl Fn() -> Option<i64>) -> Result<u64, JournalError> {
        purge_all(async |from| {
            let elapsed = elapsed();
            let step = |client: Arc<Client>| async move {
                purge::purge_step(&client, from, elapsed, &self.options).await
            };
            self.connection.with(step).await
        })
        .await
    }
}

impl Records for Operator {
    fn stats(&self) -> Pending<'_, Stats> {
        Box::pin(self.count_queues(|_| 0))
    }

    fn list(&self, filter: Filter) -> Pending<'_, Vec<Record>> {
        Box::pin(async move {
            let filter = &filter;
            self.connection.with(|client| async move { operations::list(&client, filter).await }).await
        })
    }

    fn show(&self, id: EntryId) -> Pending<'_, Option<Record>> {
        Box::pin(async move {
            self.connection.with(|client| async move { operations::show(&client, id).await }).await
        })
    }

    fn find(&self, queue: Queue, keys: Vec<EntryKey>) -> Pending<'_, Vec<Record>> {
        Box::pin(async move {
            let keys = &keys;
            let find = |client: Arc<Client>| async move { operations::find(&client, queue, keys).await };
            self.connection.with(find).await
        })
    }

    fn revive(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(async move { self.revive_in_queue(id).await.map(drop) })
    }

    fn discard(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(async move { self.discard_in_queue(id, None).await.map(drop) })
    }

    fn states(&self, filter: StateFilter) -> Pending<'_, Vec<ConversationState>> {
        Box::pin(async move {
            let filter = &filter;
            let read = |client: Arc<Client>| async move { conversations::states(&client, filter).await };
            self.connection.with(read).await
        })
    }

    /// Changes the state at once. A server that runs beside is told, and appends what is scheduled.
    fn change_conversation(&self, change: ConversationChange) -> Pending<'_, ()> {
        Box::pin(async move {
            let (change, now) = (&change, self.now());
            let write = |client: Arc<Client>| async move {
                conversations::change_conversation(&client, change, now).await
            };
            if self.connection.with(write).await? { Ok(()) } else { Err(JournalError::Conflict) }
        })
    }

    fn purge(&self) -> Pending<'_, u64> {
        Box::pin(self.purge_at(|| None))
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async {
            self.connection.close().await;
            Ok(())
        })
    }
}
