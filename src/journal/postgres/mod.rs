//! One PostgreSQL for several replicas: one order per conversation, and one word on what is a duplicate.
//!
//! What is asked of a replica together is written in one transaction; where commits are slow, the next one begins
//! meanwhile on another connection. The conversation's row is what is locked and leased; a lease lasts until its end,
//! but no longer than its replica shows that it is alive. Every time is the database's own, and what comes from here
//! goes there as a span. How long something is kept, and who is alive, is told by time that has passed, which no step of
//! that clock changes.

mod address;
mod batch;
mod command;
mod copying;
mod digest;
mod filter;
mod keeper;
mod office;
mod operate;
mod parameters;
mod pen;
mod pens;
mod purge;
mod reader;
mod schema;
mod session;
mod shared;
mod statements;
mod time;
mod values;
mod writer;

use std::{future::ready, sync::Arc};

use tokio::sync::{mpsc::error::TrySendError, watch};
use tokio_postgres::Client;

pub(super) use self::address::Address;
use self::{
    command::{Append, Ask, Call, Command, Settle, span},
    digest::Digest,
    keeper::{Keeper, NOTICED_AFTER, tell_of_step},
    office::Office,
    reader::Reader,
    session::{Session, soon},
    shared::Shared,
    statements::{ENTER, INTERRUPTED, START, text},
    time::LEAST_STEP,
};
use super::{
    Access, Appended, Entry, EntryId, Filter, JournalError, Lease, NewEntry, Options, Pending, Queue,
    Queues, Record, Records, SignatureBinding, Stats, Transfer,
    error::{closed_error, no_dead_letter_error, nothing_to_discard_error},
};
use crate::clock::UnixMillis;

/// Opens the database at `address` for a server.
pub(super) async fn open_server(
    address: Address,
    options: Options,
) -> Result<Arc<dyn Queues>, JournalError> {
    let session = Session::open(&address, Access::Server).await?;
    let shared = Arc::new(Shared::new(options.clock.clone()));
    let replica = enter(&session.client, &options, &shared).await?;
    let keeper = Keeper {
        address: address.clone(),
        options: options.clone(),
        replica,
        shared: Arc::clone(&shared),
    };
    let office = Office::open(keeper).await?;
    let reader = Reader::new(address, Access::Server, session);
    Ok(Arc::new(Postgres { operator: Operator { options, reader }, shared, office }))
}

/// Opens the database at `address` for an operator.
pub(super) async fn open_operator(
    address: Address,
    options: Options,
) -> Result<Arc<dyn Records>, JournalError> {
    Ok(Arc::new(Operator::open(address, options, Access::Operator).await?))
}

/// Opens the database at `address` to be copied from.
pub(super) async fn open_source(
    address: Address,
    options: Options,
) -> Result<Arc<dyn Transfer>, JournalError> {
    let Operator { reader, .. } = Operator::open(address, options, Access::Source).await?;
    Ok(Arc::new(Copy { reader, access: Access::Source }))
}

/// Opens the database at `address` to be copied into.
pub(super) async fn open_target(
    address: Address,
    options: Options,
) -> Result<Arc<dyn Transfer>, JournalError> {
    let Operator { reader, .. } = Operator::open(address, options, Access::Target).await?;
    Ok(Arc::new(Copy { reader, access: Access::Target }))
}

/// One replica's side of the database.
#[derive(Debug)]
struct Postgres {
    operator: Operator,
    shared: Arc<Shared>,
    office: Office,
}

/// An operator's side of the database.
#[derive(Debug)]
struct Operator {
    options: Options,
    reader: Reader,
}

/// One end of a copy.
#[derive(Debug)]
struct Copy {
    reader: Reader,
    access: Access,
}

/// Numbers a replica. It is on the list before it can lease anything, or nobody would miss it if it died early.
///
/// Before that it looks what time it is, and what was in work on a replica that may not be alive any more.
async fn enter(client: &Client, options: &Options, shared: &Shared) -> Result<i64, JournalError> {
    let now = options.clock.manual_now().map(|now| now.0);
    let noticed_after = i64::try_from(NOTICED_AFTER.as_millis()).unwrap_or(i64::MAX);
    let start = || async { client.query_one(&text(START), &[&now, &LEAST_STEP]).await };
    let row = soon(client, start).await?;
    shared.time.learn(row.get(0));
    if row.get::<_, i64>(1) != 0 {
        tell_of_step(row.get(1));
    }
    let replica: i64 = soon(client, || client.query_one(ENTER, &[])).await?.get(0);
    let delay = || async { client.execute(&text(INTERRUPTED), &[&now, &replica, &noticed_after]).await };
    soon(client, delay).await?;
    Ok(replica)
}

impl Operator {
    async fn open(address: Address, options: Options, access: Access) -> Result<Self, JournalError> {
        let session = Session::open(&address, access).await?;
        Ok(Self { options, reader: Reader::new(address, access, session) })
    }

    fn now(&self) -> Option<UnixMillis> {
        self.options.clock.manual_now()
    }

    async fn count(&self, leased: impl Fn(Queue) -> u64) -> Result<Stats, JournalError> {
        let leased = &leased;
        self.reader.with(|client| async move { operate::stats(&client, leased).await }).await
    }

    /// Revives a dead letter; returns its queue.
    async fn revive_in(&self, id: EntryId) -> Result<Queue, JournalError> {
        let now = self.now();
        let revive = |client: Arc<Client>| async move { operate::revive(&client, id, now).await };
        self.reader.with(revive).await?.ok_or_else(|| no_dead_letter_error(id))
    }

    /// Discards an entry, at `elapsed` in journal time if that is known; returns its queue.
    async fn discard_in(&self, id: EntryId, elapsed: Option<i64>) -> Result<Queue, JournalError> {
        let now = self.now();
        let discard =
            |client: Arc<Client>| async move { operate::discard(&client, id, now, elapsed).await };
        self.reader.with(discard).await?.ok_or_else(|| nothing_to_discard_error(id))
    }

    /// Purges by journal time, which for an operator is what is written of it.
    async fn purge_at(&self, elapsed: impl Fn() -> Option<i64>) -> Result<u64, JournalError> {
        let (mut next, mut count) = (Some(EntryId(0)), 0);
        while let Some(from) = next {
            let elapsed = elapsed();
            let step = |client: Arc<Client>| async move {
                purge::step(&client, from, elapsed, &self.options).await
            };
            let purged = self.reader.with(step).await?;
            count += purged.count;
            next = purged.next;
        }
        Ok(count)
    }
}

impl Postgres {
    /// Has the writer do something.
    async fn call<I, T>(&self, input: I, command: fn(Call<I, T>) -> Command) -> Result<T, JournalError> {
        let (call, answer) = Call::new(input);
        self.office.commands.send(command(call)).await.map_err(|_| closed_error())?;
        answer.await.unwrap_or_else(|_| Err(closed_error()))
    }

    fn take_in(&self, append: Append) -> Pending<'_, Vec<Appended>> {
        let (call, answer) = Call::new(append);
        // Who cannot even queue is told at once: the database is far behind, and the callers have little time.
        if let Err(refused) = self.office.commands.try_send(Command::Append(call)) {
            return Box::pin(ready(Err(match refused {
                TrySendError::Full(_) => {
                    JournalError::Unavailable("too many commands wait for it".into())
                }
                TrySendError::Closed(_) => closed_error(),
            })));
        }
        Box::pin(async move { answer.await.unwrap_or_else(|_| Err(closed_error())) })
    }

    /// Refuses what comes after the end.
    fn check_open(&self) -> Result<(), JournalError> {
        if self.office.commands.is_closed() { Err(closed_error()) } else { Ok(()) }
    }

    /// From now to `until`, by the clock that both are told by.
    fn span(&self, until: UnixMillis) -> i64 {
        span(self.operator.options.clock.now(), until)
    }
}

impl Queues for Postgres {
    fn append(&self, entry: NewEntry, binding: Option<SignatureBinding>) -> Pending<'_, Appended> {
        let bound = binding.map(|binding| (binding, Digest::of(&entry.body)));
        let append = Append::new(vec![entry]);
        let appended = self.take_in(match bound {
            Some((binding, body)) => append.under(binding, body),
            None => append,
        });
        Box::pin(async { appended.await?.pop().ok_or_else(closed_error) })
    }

    fn bind_signature(&self, binding: SignatureBinding, body: &[u8]) -> Pending<'_, ()> {
        let bound = self.take_in(Append::new(Vec::new()).under(binding, Digest::of(body)));
        Box::pin(async { bound.await.map(drop) })
    }

    fn lease(&self, queue: Queue, limit: usize, until: UnixMillis) -> Pending<'_, Vec<Entry>> {
        Box::pin(self.call(Ask { queue, limit, span: self.span(until) }, Command::Lease))
    }

    fn finish(&self, lease: Lease, follow_ups: Vec<NewEntry>) -> Pending<'_, ()> {
        Box::pin(self.call(Settle::done(lease, follow_ups), Command::Settle))
    }

    fn postpone(&self, lease: Lease, until: UnixMillis, reason: String) -> Pending<'_, ()> {
        Box::pin(self.call(Settle::later(lease, self.span(until), reason), Command::Settle))
    }

    fn release(&self, lease: Lease, until: UnixMillis, reason: String) -> Pending<'_, ()> {
        let later = Settle::later(lease, self.span(until), reason);
        Box::pin(self.call(Settle { uncounted: 1, ..later }, Command::Settle))
    }

    fn bury(&self, lease: Lease, reason: String) -> Pending<'_, ()> {
        Box::pin(self.call(Settle::dead(lease, reason), Command::Settle))
    }

    fn changes(&self, queue: Queue) -> watch::Receiver<u64> {
        self.shared.changes.subscribe(queue)
    }
}

impl Records for Postgres {
    fn stats(&self) -> Pending<'_, Stats> {
        Box::pin(async {
            self.check_open()?;
            self.operator.count(|queue| self.shared.count(queue)).await
        })
    }

    fn list(&self, filter: Filter) -> Pending<'_, Vec<Record>> {
        self.operator.list(filter)
    }

    fn show(&self, id: EntryId) -> Pending<'_, Option<Record>> {
        self.operator.show(id)
    }

    fn find(&self, queue: Queue, keys: Vec<String>) -> Pending<'_, Vec<Record>> {
        self.operator.find(queue, keys)
    }

    fn revive(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(async move {
            self.check_open()?;
            self.shared.changes.notify(self.operator.revive_in(id).await?);
            Ok(())
        })
    }

    fn discard(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(async move {
            self.check_open()?;
            let elapsed = Some(self.shared.time.known());
            self.shared.changes.notify(self.operator.discard_in(id, elapsed).await?);
            Ok(())
        })
    }

    fn purge(&self) -> Pending<'_, u64> {
        Box::pin(async move {
            self.check_open()?;
            self.operator.purge_at(|| Some(self.shared.time.known())).await
        })
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            let closed = match self.call((), Command::Close).await {
                // It was closed before.
                Err(_) if self.office.commands.is_closed() => Ok(()),
                closed => closed,
            };
            self.operator.reader.close().await;
            closed
        })
    }
}

impl Records for Operator {
    fn stats(&self) -> Pending<'_, Stats> {
        Box::pin(self.count(|_| 0))
    }

    fn list(&self, filter: Filter) -> Pending<'_, Vec<Record>> {
        Box::pin(async move {
            let filter = &filter;
            self.reader.with(|client| async move { operate::list(&client, filter).await }).await
        })
    }

    fn show(&self, id: EntryId) -> Pending<'_, Option<Record>> {
        Box::pin(async move {
            self.reader.with(|client| async move { operate::show(&client, id).await }).await
        })
    }

    fn find(&self, queue: Queue, keys: Vec<String>) -> Pending<'_, Vec<Record>> {
        Box::pin(async move {
            let keys = &keys;
            self.reader.with(|client| async move { operate::find(&client, queue, keys).await }).await
        })
    }

    fn revive(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(async move { self.revive_in(id).await.map(drop) })
    }

    fn discard(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(async move { self.discard_in(id, None).await.map(drop) })
    }

    fn purge(&self) -> Pending<'_, u64> {
        Box::pin(self.purge_at(|| None))
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async {
            self.reader.close().await;
            Ok(())
        })
    }
}

impl Transfer for Copy {
    fn page(&self, after: EntryId, limit: usize) -> Pending<'_, Vec<Record>> {
        Box::pin(async move {
            if self.access == Access::Source && after == EntryId(0) {
                // It is copied from its beginning: where it was copied to before is not where it has been moved.
                self.reader.with(|client| async move { copying::mark(&client, None).await }).await?;
            }
            self.reader.with(|client| async move { operate::page(&client, after, limit).await }).await
        })
    }

    fn restore(&self, records: Vec<Record>) -> Pending<'_, ()> {
        Box::pin(async move {
            let records = &records;
            self.reader.with(|client| async move { operate::restore(&client, records).await }).await
        })
    }

    fn begin_copy(&self) -> Pending<'_, ()> {
        Box::pin(
            async move { self.reader.with(|client| async move { copying::begin(&client).await }).await },
        )
    }

    fn end_copy(&self) -> Pending<'_, ()> {
        Box::pin(
            async move { self.reader.with(|client| async move { copying::end(&client).await }).await },
        )
    }

    fn move_to(&self, target: String) -> Pending<'_, ()> {
        Box::pin(async move {
            let target = Some(target.as_str());
            self.reader.with(|client| async move { copying::mark(&client, target).await }).await
        })
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async {
            self.reader.close().await;
            Ok(())
        })
    }
}
