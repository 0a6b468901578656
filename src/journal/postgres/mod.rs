//! One PostgreSQL for several replicas: one order per conversation, and one word on what is a duplicate.
//!
//! What is asked of a replica together is written in one transaction; where commits are slow, the next one begins
//! meanwhile on another connection. The conversation's row is what is locked and leased; a lease lasts until its end,
//! but no longer than its replica shows that it is alive. Every time is the database's own, and what comes from here
//! goes there as a span. How long something is kept, and who is alive, is told by time that has passed, which no step of
//! that clock changes.

mod address;
mod arrays;
mod backlog;
mod clock;
mod command;
mod connection;
mod error;
mod filter;
mod heartbeat;
mod key_hash;
mod leases;
mod maintenance;
mod operations;
mod purge;
mod reader;
mod records;
mod replica;
mod retry;
mod schema;
mod statements;
mod transaction;
mod transfer;
mod write_connection;
mod writer;
mod writer_thread;

use std::{future::ready, sync::Arc};

use tokio::sync::{mpsc::error::TrySendError, watch};
use tokio_postgres::Client;

pub(super) use self::address::Address;
use self::{
    command::{Append, Ask, Call, Command, Settle, span},
    connection::Connection,
    key_hash::KeyHash,
    reader::Reader,
    replica::Replica,
    writer_thread::WriterThread,
};
use super::{
    Access, Appended, Bond, Entry, EntryId, Filter, Journal, JournalError, Lease, NewEntry, Options,
    Pending, Queue, Record, Stats,
};
use crate::clock::UnixMillis;

/// Opens the database at `address` for a server or an operator.
pub(super) async fn open(address: Address, options: Options) -> Result<Arc<dyn Journal>, JournalError> {
    let connection = Connection::open(&address, options.access).await?;
    let server = match options.access {
        Access::Server => {
            let replica = Replica::enter(&connection.client, address.clone(), options.clone()).await?;
            let replica = Arc::new(replica);
            let writers = WriterThread::open(Arc::clone(&replica)).await?;
            Some(Server { replica, writers })
        }
        Access::Operator | Access::Source | Access::Target => None,
    };
    let reader = Reader::new(address, options.access, connection);
    Ok(Arc::new(Postgres { options, reader, server }))
}

/// One replica's side of the database, or an operator's.
#[derive(Debug)]
struct Postgres {
    options: Options,
    reader: Reader,
    /// An operator has none.
    server: Option<Server>,
}

/// The part of the journal that a server has.
#[derive(Debug)]
struct Server {
    replica: Arc<Replica>,
    writers: WriterThread,
}

impl Postgres {
    fn take_in(&self, append: Append) -> Pending<'_, Vec<Appended>> {
        let Some(Server { writers, .. }) = &self.server else {
            return Box::pin(ready(Err(not_the_server())));
        };
        let queue = writers.queue();
        let (call, answer) = Call::new(append);
        // Who cannot even queue is told at once: the database is far behind, and the callers have little time.
        if let Err(refused) = queue.try_send(Command::Append(call)) {
            return Box::pin(ready(Err(match refused {
                TrySendError::Full(_) => {
                    JournalError::Unavailable("too many commands wait for it".into())
                }
                TrySendError::Closed(_) => JournalError::closed(),
            })));
        }
        Box::pin(async move { answer.await.unwrap_or_else(|_| Err(JournalError::closed())) })
    }

    fn settle(&self, settle: Settle) -> Pending<'_, ()> {
        Box::pin(async move {
            let Some(Server { writers, .. }) = &self.server else { return Err(not_the_server()) };
            let queue = writers.queue();
            let (call, answer) = Call::new(settle);
            queue.send(Command::Settle(call)).await.map_err(|_| JournalError::closed())?;
            answer.await.unwrap_or_else(|_| Err(JournalError::closed()))
        })
    }

    /// Refuses what comes after the end.
    fn check_open(&self) -> Result<(), JournalError> {
        match &self.server {
            Some(server) if server.writers.is_closed() => Err(JournalError::closed()),
            _ => Ok(()),
        }
    }

    fn notify(&self, queue: Queue) {
        if let Some(server) = &self.server {
            server.replica.changes.notify(queue);
        }
    }

    /// Journal time; an operator goes by what is written of it.
    fn elapsed(&self) -> Option<i64> {
        self.server.as_ref().map(|server| server.replica.time.known())
    }

    fn now(&self) -> Option<UnixMillis> {
        self.options.clock.manual_now()
    }

    /// From now to `until`, by the clock that both are told by.
    fn span(&self, until: UnixMillis) -> i64 {
        span(self.options.clock.now(), until)
    }
}

fn not_the_server() -> JournalError {
    JournalError::Unavailable("it was opened for an operator, who takes nothing in".into())
}

impl Journal for Postgres {
    fn append(&self, entries: Vec<NewEntry>) -> Pending<'_, Vec<Appended>> {
        if entries.is_empty() && self.check_open().is_ok() && self.server.is_some() {
            return Box::pin(ready(Ok(Vec::new())));
        }
        self.take_in(Append::new(entries))
    }

    fn append_bound(&self, bond: Bond, entry: NewEntry) -> Pending<'_, Appended> {
        let sealed = KeyHash::of(&entry.body);
        let appended = self.take_in(Append::new(vec![entry]).under(bond, sealed));
        Box::pin(async { appended.await?.pop().ok_or_else(JournalError::closed) })
    }

    fn bind(&self, bond: Bond, body: &[u8]) -> Pending<'_, ()> {
        let bound = self.take_in(Append::new(Vec::new()).under(bond, KeyHash::of(body)));
        Box::pin(async { bound.await.map(drop) })
    }

    fn lease(&self, queue: Queue, limit: usize, until: UnixMillis) -> Pending<'_, Vec<Entry>> {
        let ask = Ask { queue, limit, span: self.span(until) };
        Box::pin(async move {
            let Some(Server { writers, .. }) = &self.server else { return Err(not_the_server()) };
            let (call, answer) = Call::new(ask);
            let queued = writers.queue().send(Command::Lease(call)).await;
            queued.map_err(|_| JournalError::closed())?;
            answer.await.unwrap_or_else(|_| Err(JournalError::closed()))
        })
    }

    fn finish(&self, lease: Lease, follow_ups: Vec<NewEntry>) -> Pending<'_, ()> {
        self.settle(Settle::done(lease, follow_ups))
    }

    fn postpone(&self, lease: Lease, until: UnixMillis, reason: String) -> Pending<'_, ()> {
        self.settle(Settle::later(lease, self.span(until), reason))
    }

    fn release(&self, lease: Lease, until: UnixMillis, reason: String) -> Pending<'_, ()> {
        let later = Settle::later(lease, self.span(until), reason);
        self.settle(Settle { uncounted: 1, ..later })
    }

    fn bury(&self, lease: Lease, reason: String) -> Pending<'_, ()> {
        self.settle(Settle::dead(lease, reason))
    }

    fn changes(&self, queue: Queue) -> watch::Receiver<u64> {
        match &self.server {
            Some(server) => server.replica.changes.subscribe(queue),
            None => watch::Sender::new(0).subscribe(),
        }
    }

    fn stats(&self) -> Pending<'_, Stats> {
        Box::pin(async {
            self.check_open()?;
            let leased = |queue| self.server.as_ref().map_or(0, |it| it.replica.leases.count(queue));
            self.reader.with(|client| async move { operations::stats(&client, leased).await }).await
        })
    }

    fn list(&self, filter: Filter) -> Pending<'_, Vec<Record>> {
        Box::pin(async move {
            let filter = &filter;
            self.reader.with(|client| async move { operations::list(&client, filter).await }).await
        })
    }

    fn show(&self, id: EntryId) -> Pending<'_, Option<Record>> {
        Box::pin(async move {
            self.reader.with(|client| async move { operations::show(&client, id).await }).await
        })
    }

    fn find(&self, queue: Queue, keys: Vec<String>) -> Pending<'_, Vec<Record>> {
        Box::pin(async move {
            let keys = &keys;
            self.reader.with(|client| async move { operations::find(&client, queue, keys).await }).await
        })
    }

    fn revive(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(async move {
            self.check_open()?;
            let now = self.now();
            let revived = self
                .reader
                .with(|client| async move { operations::revive(&client, id, now).await })
                .await?;
            let queue = revived.ok_or_else(|| JournalError::no_dead_letter(id))?;
            self.notify(queue);
            Ok(())
        })
    }

    fn discard(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(async move {
            self.check_open()?;
            let (now, elapsed) = (self.now(), self.elapsed());
            let discard = |client: Arc<Client>| async move {
                operations::discard(&client, id, now, elapsed).await
            };
            let discarded = self.reader.with(discard).await?;
            let queue = discarded.ok_or_else(|| JournalError::nothing_to_discard(id))?;
            self.notify(queue);
            Ok(())
        })
    }

    fn page(&self, after: EntryId, limit: usize) -> Pending<'_, Vec<Record>> {
        Box::pin(async move {
            if self.options.access == Access::Source && after == EntryId(0) {
                // It is copied from its beginning: where it was copied to before is not where it has been moved.
                self.reader.with(|client| async move { transfer::mark(&client, None).await }).await?;
            }
            self.reader.with(|client| async move { operations::page(&client, after, limit).await }).await
        })
    }

    fn restore(&self, records: Vec<Record>) -> Pending<'_, ()> {
        Box::pin(async move {
            let records = &records;
            self.reader.with(|client| async move { operations::restore(&client, records).await }).await
        })
    }

    fn begin_copy(&self) -> Pending<'_, ()> {
        if self.options.access != Access::Target {
            return Box::pin(ready(Err(JournalError::not_copied())));
        }
        Box::pin(async move {
            self.reader.with(|client| async move { transfer::begin(&client).await }).await
        })
    }

    fn end_copy(&self) -> Pending<'_, ()> {
        if self.options.access != Access::Target {
            return Box::pin(ready(Err(JournalError::not_copied())));
        }
        Box::pin(
            async move { self.reader.with(|client| async move { transfer::end(&client).await }).await },
        )
    }

    fn move_to(&self, target: String) -> Pending<'_, ()> {
        if self.options.access != Access::Source {
            return Box::pin(ready(Err(JournalError::not_copied())));
        }
        Box::pin(async move {
            let target = Some(target.as_str());
            self.reader.with(|client| async move { transfer::mark(&client, target).await }).await
        })
    }

    fn purge(&self) -> Pending<'_, u64> {
        Box::pin(async move {
            self.check_open()?;
            let (mut next, mut count) = (Some(EntryId(0)), 0);
            while let Some(from) = next {
                let elapsed = self.elapsed();
                let step = |client: Arc<Client>| async move {
                    purge::step(&client, from, elapsed, &self.options).await
                };
                let purged = self.reader.with(step).await?;
                count += purged.count;
                next = purged.next;
            }
            Ok(count)
        })
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            let closed = match &self.server {
                Some(server) if !server.writers.is_closed() => server.writers.close().await,
                _ => Ok(()),
            };
            self.reader.close().await;
            closed
        })
    }
}
