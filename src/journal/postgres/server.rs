//! The journal as a server has it: entries are taken in and worked on, beside what an operator can do.

use std::{future::ready, sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{
    commands::{Append, BoundBody, Command, LeaseOptions, Settle, span},
    operator::Operator,
    replica::Replica,
    writer_handle::WriterHandle,
};
use crate::{
    clock::UnixMillis,
    journal::{
        Appended, AttemptFailure, ConversationChange, ConversationState, Entry, EntryId, EntryKey,
        Filter, JournalError, Lease, NewEntry, Outcome, Pending, Queue, Queues, Record, Records,
        SignatureBinding, StateFilter, Stats,
        driver::request::{Request, send, try_send},
        error::closed_error,
    },
};

/// One replica's side of the database.
#[derive(Debug)]
pub(super) struct Server {
    /// The part that an operator has as well, on a connection that the writer does not use.
    pub(super) operator: Operator,
    /// The leases, the backlog and the wake-ups, which the writer's thread changes and the methods read.
    pub(super) replica: Arc<Replica>,
    /// The thread of the writer. It starts before the server is there; closing or dropping the server stops it.
    pub(super) writer: WriterHandle,
}

impl Server {
    /// Sends a request to the writer, as soon as there is a place for it, and waits for the answer.
    async fn call<I, T>(
        &self,
        input: I,
        command: fn(Request<I, T>) -> Command,
    ) -> Result<T, JournalError> {
        let (request, answer) = Request::new(input);
        send(&self.writer.commands, command(request)).await?;
        answer.wait().await
    }

    /// Sends an append to the writer, or refuses it at once where there is no place for it: the database is far behind
    /// then, and the callers have little time.
    fn take_in(&self, append: Append) -> Pending<'_, Option<Appended>> {
        let (request, answer) = Request::new(append);
        match try_send(&self.writer.commands, Command::Append(request)) {
            Ok(()) => Box::pin(answer.wait()),
            Err(refused) => Box::pin(ready(Err(refused))),
        }
    }

    /// Refuses a call that comes after the end.
    pub(super) fn check_open(&self) -> Result<(), JournalError> {
        if self.writer.is_closed() { Err(closed_error()) } else { Ok(()) }
    }

    /// The milliseconds from now to `until`, by the clock that both are told by.
    fn span(&self, until: UnixMillis) -> i64 {
        span(self.operator.options.clock.now(), until)
    }
}

impl Queues for Server {
    fn append(&self, entry: NewEntry, binding: Option<SignatureBinding>) -> Pending<'_, Appended> {
        let binding = binding.map(|binding| BoundBody::new(binding, &entry.body));
        let appended = self.take_in(Append::new(Some(entry), binding));
        Box::pin(async { appended.await?.ok_or_else(closed_error) })
    }

    fn bind_signature(&self, binding: SignatureBinding, body: &[u8]) -> Pending<'_, ()> {
        let bound = self.take_in(Append::new(None, Some(BoundBody::new(binding, body))));
        Box::pin(async { bound.await.map(drop) })
    }

    fn lease(&self, queue: Queue, limit: usize, until: UnixMillis) -> Pending<'_, Vec<Entry>> {
        Box::pin(self.call(LeaseOptions { queue, limit, span: self.span(until) }, Command::Lease))
    }

    fn finish(&self, lease: Lease, outcome: Outcome) -> Pending<'_, ()> {
        Box::pin(self.call(Settle::finish(lease, outcome), Command::Settle))
    }

    fn postpone(&self, lease: Lease, until: UnixMillis, failure: AttemptFailure) -> Pending<'_, ()> {
        Box::pin(self.call(Settle::postpone(lease, self.span(until), failure), Command::Settle))
    }

    fn release(&self, lease: Lease, until: UnixMillis, reason: String) -> Pending<'_, ()> {
        Box::pin(self.call(Settle::release(lease, self.span(until), reason), Command::Settle))
    }

    fn bury(&self, lease: Lease, failure: AttemptFailure) -> Pending<'_, ()> {
        Box::pin(self.call(Settle::bury(lease, failure), Command::Settle))
    }

    fn changes(&self, queue: Queue) -> watch::Receiver<u64> {
        self.replica.changes.subscribe(queue)
    }
}

impl Records for Server {
    fn stats(&self) -> Pending<'_, Stats> {
        Box::pin(async {
            self.check_open()?;
            self.operator.count_queues(|queue| self.replica.leases.count(queue)).await
        })
    }

    fn list(&self, filter: Filter) -> Pending<'_, Vec<Record>> {
        self.operator.list(filter)
    }

    fn show(&self, id: EntryId) -> Pending<'_, Option<Record>> {
        self.operator.show(id)
    }

    fn find(&self, queue: Queue, keys: Vec<EntryKey>) -> Pending<'_, Vec<Record>> {
        self.operator.find(queue, keys)
    }

    fn revive(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(async move {
            self.check_open()?;
            self.replica.changes.notify(self.operator.revive_in_queue(id).await?);
            Ok(())
        })
    }

    fn discard(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(async move {
            self.check_open()?;
            let elapsed = Some(self.replica.time.known());
            self.replica.changes.notify(self.operator.discard_in_queue(id, elapsed).await?);
            Ok(())
        })
    }

    fn states(&self, filter: StateFilter) -> Pending<'_, Vec<ConversationState>> {
        self.operator.states(filter)
    }

    /// Changes the conversation as an operator does. What follows at once is appended by the lease of nothing.
    fn change_conversation(&self, change: ConversationChange) -> Pending<'_, ()> {
        Box::pin(async move {
            self.check_open()?;
            self.operator.change_conversation(change).await?;
            self.replica.next_due.bring_forward(Duration::ZERO);
            // The change is committed: if this fails, the next lease does it.
            let nothing = LeaseOptions { queue: Queue::Inbox, limit: 0, span: 0 };
            let _ = self.call(nothing, Command::Lease).await;
            self.replica.changes.notify(Queue::Inbox);
            Ok(())
        })
    }

    fn purge(&self) -> Pending<'_, u64> {
        Box::pin(async move {
            self.check_open()?;
            self.operator.purge_at(|| Some(self.replica.time.known())).await
        })
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            let closed = self.writer.close().await;
            self.operator.connection.close().await;
            closed
        })
    }
}
