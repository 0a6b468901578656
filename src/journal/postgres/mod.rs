//! One PostgreSQL for several replicas: one order per conversation, and one word on what is a duplicate.
//!
//! What is asked of a replica together is written in one transaction; where commits are slow, the next one begins
//! meanwhile on another connection. The conversation's row is what is locked and leased; a lease lasts until its end,
//! but no longer than its replica shows that it is alive. Every time is the database's own, and what comes from here
//! goes there as a span.

mod address;
mod batch;
mod command;
mod digest;
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
mod values;
mod writer;

use std::{future::ready, sync::Arc};

use tokio::sync::{mpsc::error::TrySendError, watch};

use self::{
    address::Address,
    command::{Append, Ask, Call, Command, Settle, span},
    digest::Digest,
    keeper::{DEAD_AFTER, Keeper},
    office::Office,
    reader::Reader,
    session::{Session, unavailable},
    shared::Shared,
    statements::ENTER,
};
use super::{
    Access, Appended, Bond, Entry, EntryId, Filter, Journal, JournalError, Lease, NewEntry, Options,
    Pending, Queue, Record, Stats,
};
use crate::clock::UnixMillis;

/// Opens the database at `url` for a server or an operator.
pub(super) async fn open(url: &str, options: Options) -> Result<Arc<dyn Journal>, JournalError> {
    let address = Address::parse(url)?;
    let session = Session::open(&address, options.access).await?;
    let shared = Arc::new(Shared::new());
    let office = match options.access {
        Access::Server => {
            let replica = enter(&session).await?;
            let keeper = Keeper {
                address: address.clone(),
                options: options.clone(),
                replica,
                shared: Arc::clone(&shared),
            };
            Some(Office::open(keeper).await?)
        }
        Access::Operator => None,
        Access::Source | Access::Target => {
            alone(&session).await?;
            None
        }
    };
    let reader = Reader::new(address, options.access, session);
    Ok(Arc::new(Postgres { options, reader, shared, office }))
}

/// One replica's side of the database, or an operator's.
#[derive(Debug)]
struct Postgres {
    options: Options,
    reader: Reader,
    shared: Arc<Shared>,
    /// An operator has none.
    office: Option<Office>,
}

/// Numbers a replica. It is on the list before it can lease anything, or nobody would miss it if it died early.
async fn enter(session: &Session) -> Result<i64, JournalError> {
    let row = session.client.query_one(ENTER, &[&DEAD_AFTER.as_secs_f64()]).await;
    row.map(|row| row.get(0)).map_err(|error| unavailable(&error))
}

/// Makes sure that no server is at work.
async fn alone(session: &Session) -> Result<(), JournalError> {
    let row = session
        .client
        .query_one("select count(*) from replica where alive_until > clock_timestamp()", &[])
        .await
        .map_err(|error| unavailable(&error))?;
    match row.get::<_, i64>(0) {
        0 => Ok(()),
        servers => Err(JournalError::Open(format!(
            "the journal in the database is in use by {servers} server(s): stop them; one that was killed counts \
             for some seconds more"
        ))),
    }
}

impl Postgres {
    /// Has the writer do something.
    async fn call<I, T>(&self, input: I, command: fn(Call<I, T>) -> Command) -> Result<T, JournalError> {
        let Some(Office { commands, .. }) = &self.office else { return Err(not_the_server()) };
        let (call, answer) = Call::new(input);
        commands.send(command(call)).await.map_err(|_| JournalError::closed())?;
        answer.await.unwrap_or_else(|_| Err(JournalError::closed()))
    }

    fn take_in(&self, append: Append) -> Pending<'_, Vec<Appended>> {
        let Some(Office { commands, .. }) = &self.office else {
            return Box::pin(ready(Err(not_the_server())));
        };
        let (call, answer) = Call::new(append);
        // Who cannot even queue is told at once: the database is far behind, and the callers have little time.
        if let Err(refused) = commands.try_send(Command::Append(call)) {
            return Box::pin(ready(Err(match refused {
                TrySendError::Full(_) => {
                    JournalError::Unavailable("too many commands wait for it".into())
                }
                TrySendError::Closed(_) => JournalError::closed(),
            })));
        }
        Box::pin(async move { answer.await.unwrap_or_else(|_| Err(JournalError::closed())) })
    }

    /// Refuses what comes after the end.
    fn check_open(&self) -> Result<(), JournalError> {
        match &self.office {
            Some(office) if office.commands.is_closed() => Err(JournalError::closed()),
            _ => Ok(()),
        }
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
        if entries.is_empty() && self.check_open().is_ok() && self.office.is_some() {
            return Box::pin(ready(Ok(Vec::new())));
        }
        self.take_in(Append::new(entries))
    }

    fn append_bound(&self, bond: Bond, entry: NewEntry) -> Pending<'_, Appended> {
        let sealed = Digest::of(&entry.body);
        let appended = self.take_in(Append::new(vec![entry]).under(bond, sealed));
        Box::pin(async { appended.await?.pop().ok_or_else(JournalError::closed) })
    }

    fn bind(&self, bond: Bond, body: &[u8]) -> Pending<'_, ()> {
        let bound = self.take_in(Append::new(Vec::new()).under(bond, Digest::of(body)));
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

    fn stats(&self) -> Pending<'_, Stats> {
        Box::pin(async {
            self.check_open()?;
            let leased = |queue| self.shared.count(queue);
            self.reader.with(async |client| operate::stats(client, leased).await).await
        })
    }

    fn list(&self, filter: Filter) -> Pending<'_, Vec<Record>> {
        Box::pin(
            async move { self.reader.with(async |client| operate::list(client, &filter).await).await },
        )
    }

    fn show(&self, id: EntryId) -> Pending<'_, Option<Record>> {
        Box::pin(async move { self.reader.with(async |client| operate::show(client, id).await).await })
    }

    fn revive(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(async move {
            self.check_open()?;
            let now = self.now();
            let revived =
                self.reader.with(async |client| operate::revive(client, id, now).await).await?;
            let (queue, _) = revived.ok_or_else(|| JournalError::no_dead_letter(id))?;
            self.shared.changes.notify(queue);
            Ok(())
        })
    }

    fn discard(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(async move {
            self.check_open()?;
            let now = self.now();
            let discarded =
                self.reader.with(async |client| operate::discard(client, id, now).await).await?;
            let (queue, line) = discarded.ok_or_else(|| JournalError::nothing_to_discard(id))?;
            self.shared.forget(queue, line, id);
            self.shared.changes.notify(queue);
            Ok(())
        })
    }

    fn page(&self, after: EntryId, limit: usize) -> Pending<'_, Vec<Record>> {
        Box::pin(async move {
            self.reader.with(async |client| operate::page(client, after, limit).await).await
        })
    }

    fn restore(&self, records: Vec<Record>) -> Pending<'_, ()> {
        Box::pin(async move {
            self.reader.with(async |client| operate::restore(client, &records).await).await
        })
    }

    fn purge(&self) -> Pending<'_, u64> {
        Box::pin(async move {
            self.check_open()?;
            let (mut next, mut count) = (Some(EntryId(0)), 0);
            while let Some(from) = next {
                let step = async |client: &_| purge::step(client, from, &self.options).await;
                let purged = self.reader.with(step).await?;
                count += purged.count;
                next = purged.next;
            }
            Ok(count)
        })
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            let Some(Office { commands, .. }) = &self.office else { return Ok(()) };
            match self.call((), Command::Close).await {
                // It was closed before.
                Err(_) if commands.is_closed() => Ok(()),
                closed => closed,
            }
        })
    }
}
