//! One end of a copy: entries are read out of a journal, or put into it.

use super::{
    attempts, audit, conversations, marks, operations, operations_pool::OperationsPool, pauses, restore,
};
use crate::journal::{
    AuditRecord, ConversationState, EntryId, FailedAttempt, Pause, Pending, Record, Scheduled,
    StateFilter, Transfer,
};

/// A journal that is copied from or into.
#[derive(Debug)]
pub(super) struct CopyEnd {
    pub(super) connection: OperationsPool,
    /// Whether the journal is copied from.
    pub(super) is_source: bool,
}

impl Transfer for CopyEnd {
    fn page(&self, after: EntryId, limit: usize) -> Pending<'_, Vec<Record>> {
        Box::pin(async move {
            if self.is_source && after == EntryId(0) {
                // A copy from the beginning takes the mark of an earlier one off: the journal has not been moved there.
                self.connection
                    .with(|client| async move { marks::mark_moved(&client, None).await })
                    .await?;
            }
            self.connection
                .with(|client| async move { operations::page(&client, after, limit).await })
                .await
        })
    }

    fn restore(&self, records: Vec<Record>) -> Pending<'_, ()> {
        Box::pin(async move {
            let records = &records;
            self.connection.with(|client| async move { restore::restore(&client, records).await }).await
        })
    }

    fn attempts(&self, first: EntryId, last: EntryId) -> Pending<'_, Vec<(EntryId, FailedAttempt)>> {
        Box::pin(async move {
            self.connection
                .with(|client| async move { attempts::of_entries(&client, first, last).await })
                .await
        })
    }

    fn restore_attempts(&self, attempts: Vec<(EntryId, FailedAttempt)>) -> Pending<'_, ()> {
        Box::pin(async move {
            let attempts = &attempts;
            self.connection
                .with(|client| async move { attempts::restore_attempts(&client, attempts).await })
                .await
        })
    }

    fn states(&self, filter: StateFilter) -> Pending<'_, Vec<ConversationState>> {
        Box::pin(async move {
            let filter = &filter;
            self.connection
                .with(|client| async move { conversations::states(&client, filter).await })
                .await
        })
    }

    fn restore_states(&self, states: Vec<ConversationState>) -> Pending<'_, ()> {
        Box::pin(async move {
            let states = &states;
            self.connection
                .with(|client| async move { conversations::restore_states(&client, states).await })
                .await
        })
    }

    fn scheduled(&self, after: i64, limit: usize) -> Pending<'_, Vec<Scheduled>> {
        Box::pin(async move {
            self.connection
                .with(|client| async move { conversations::scheduled_page(&client, after, limit).await })
                .await
        })
    }

    fn restore_scheduled(&self, scheduled: Vec<Scheduled>) -> Pending<'_, ()> {
        Box::pin(async move {
            let scheduled = &scheduled;
            self.connection
                .with(|client| async move { conversations::restore_scheduled(&client, scheduled).await })
                .await
        })
    }

    fn audit(&self, after: i64, limit: usize) -> Pending<'_, Vec<AuditRecord>> {
        Box::pin(async move {
            self.connection.with(|client| async move { audit::page(&client, after, limit).await }).await
        })
    }

    fn restore_audit(&self, records: Vec<AuditRecord>) -> Pending<'_, ()> {
        Box::pin(async move {
            let records = &records;
            self.connection.with(|client| async move { audit::restore(&client, records).await }).await
        })
    }

    fn pauses(&self) -> Pending<'_, Vec<Pause>> {
        Box::pin(async move {
            self.connection.with(|client| async move { pauses::list(&client).await }).await
        })
    }

    fn restore_pauses(&self, pauses: Vec<Pause>) -> Pending<'_, ()> {
        Box::pin(async move {
            let pauses = &pauses;
            self.connection.with(|client| async move { pauses::restore(&client, pauses).await }).await
        })
    }

    fn begin_copy(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            self.connection.with(|client| async move { marks::begin_copy(&client).await }).await
        })
    }

    fn end_copy(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            self.connection.with(|client| async move { marks::end_copy(&client).await }).await
        })
    }

    fn move_to(&self, target: String) -> Pending<'_, ()> {
        Box::pin(async move {
            let target = Some(target.as_str());
            self.connection.with(|client| async move { marks::mark_moved(&client, target).await }).await
        })
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async {
            self.connection.close().await;
            Ok(())
        })
    }
}
