//! The embedded default: one SQLite file, one writer thread, and one sync for all who wait.

mod check;
mod command;
mod filter;
mod operator;
mod place;
mod purge;
mod rows;
mod schema;
mod store;
mod time;
mod values;
mod verbs;
mod wal;
mod writer;

use std::{
    future::ready,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::{
    mpsc::{self, error::TrySendError},
    watch,
};

pub(super) use self::{check::check, place::path};
use self::{
    command::{Call, Command, Order},
    operator::{Copy, Operator, blocking, read},
    place::Place,
    purge::Stretch,
    writer::Writer,
};
use super::{
    Appended, Entry, EntryId, Filter, JournalError, Lease, NewEntry, Options, Pending, Queue, Queues,
    Record, Records, SignatureBinding, Stats, Transfer,
    books::{Books, Changes},
    driver::access::Access,
    error::closed_error,
    fingerprint::Fingerprint,
    recent::Recent,
    time::Ahead,
};
use crate::clock::{Clock, UnixMillis};

/// How many commands may wait for the writer; beyond it appends are refused, and others wait for a place.
const QUEUED: usize = 4096;

/// Opens the file at `path` for a server.
pub(super) async fn open_server(
    path: PathBuf,
    options: Options,
) -> Result<Arc<dyn Queues>, JournalError> {
    blocking(move || {
        let path = place::find(&path, Access::Server)?;
        Ok(Arc::new(Sqlite::start(path, options)?) as Arc<dyn Queues>)
    })
    .await
}

/// Opens the file at `path` for an operator.
pub(super) async fn open_operator(
    path: PathBuf,
    options: Options,
) -> Result<Arc<dyn Records>, JournalError> {
    blocking(move || {
        let path = place::find(&path, Access::Operator)?;
        Ok(Arc::new(Operator::open(path, options)?) as Arc<dyn Records>)
    })
    .await
}

/// Opens the file at `path` to be copied from.
pub(super) async fn open_source(
    path: PathBuf,
    options: Options,
) -> Result<Arc<dyn Transfer>, JournalError> {
    open_copy(path, options, Access::Source).await
}

/// Opens the file at `path` to be copied into.
pub(super) async fn open_target(
    path: PathBuf,
    options: Options,
) -> Result<Arc<dyn Transfer>, JournalError> {
    open_copy(path, options, Access::Target).await
}

async fn open_copy(
    path: PathBuf,
    options: Options,
    access: Access,
) -> Result<Arc<dyn Transfer>, JournalError> {
    blocking(move || {
        let path = place::find(&path, access)?;
        Ok(Arc::new(Copy::open(path, options, access)?) as Arc<dyn Transfer>)
    })
    .await
}

/// The server's side of the writer thread.
#[derive(Debug)]
struct Sqlite {
    place: Arc<Place>,
    clock: Clock,
    changes: Changes,
    stats: Arc<Mutex<Result<Stats, JournalError>>>,
    /// Must come before `thread`, which ends once this is gone.
    commands: mpsc::Sender<Order>,
    _thread: Joined,
}

/// A thread that is waited for when it is dropped, so that the file is free afterwards.
#[derive(Debug)]
struct Joined(Option<JoinHandle<()>>);

impl Drop for Joined {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take()
            && thread.join().is_err()
        {
            tracing::error!("the journal's writer thread panicked");
        }
    }
}

impl Sqlite {
    fn start(path: PathBuf, options: Options) -> Result<Self, JournalError> {
        let lock = place::lock(&path)?;
        let changes = Changes::new();
        let recent = Recent::new(options.recent_keys, options.keep.min(options.keep_dead));
        let place = Arc::new(Place::new(path, recent));
        let clock = options.clock.clone();
        let books = Books::new(options.max_pending, changes.clone());
        let writer = Writer::open(Arc::clone(&place), options, books, lock)?;
        let stats = Arc::clone(&writer.stats);
        let (commands, queue) = mpsc::channel(QUEUED);
        let thread = thread::Builder::new().name("journal".to_owned());
        let thread = thread
            .spawn(move || writer.run(queue))
            .map_err(|error| JournalError::Unavailable(error.to_string().into()))?;
        Ok(Self { place, clock, changes, stats, commands, _thread: Joined(Some(thread)) })
    }

    /// Whether the key is in the store: the store is known to be well, in its place, and the one that accepted the key.
    fn knows(&self, key: Fingerprint, now: Duration) -> bool {
        self.place.recent.knows(key, now)
            && !self.commands.is_closed()
            && self.stats.lock().unwrap_or_else(PoisonError::into_inner).is_ok()
            && self.place.is_in_place()
    }

    async fn call<I, T>(&self, input: I, command: fn(Call<I, T>) -> Command) -> Result<T, JournalError> {
        let (call, answer) = Call::new(input);
        self.commands.send(Order::new(command(call))).await.map_err(|_| closed_error())?;
        answer.await.map_err(|_| closed_error())?
    }

    /// By the time that the writer thread gets to it, the wall clock may have been set.
    fn ahead(&self, until: UnixMillis) -> Ahead {
        Ahead::of(until, self.clock.now())
    }

    /// Who cannot even queue is told at once: the store is far behind, and the callers have little time.
    fn queue(&self, command: Command) -> Result<(), JournalError> {
        self.commands.try_send(Order::new(command)).map_err(|refused| match refused {
            TrySendError::Full(_) => JournalError::Unavailable("too many commands wait for it".into()),
            TrySendError::Closed(_) => closed_error(),
        })
    }
}

impl Queues for Sqlite {
    fn append(&self, entry: NewEntry, _: Option<SignatureBinding>) -> Pending<'_, Appended> {
        let recent = &self.place.recent;
        let key = recent.fingerprint(&entry);
        let (epoch, now) = (recent.epoch(), self.clock.elapsed());
        if self.knows(key, now) {
            return Box::pin(ready(Ok(Appended::Duplicate)));
        }
        let (call, answer) = Call::new(entry);
        if let Err(refused) = self.queue(Command::Append(call)) {
            return Box::pin(ready(Err(refused)));
        }
        Box::pin(async move {
            let appended = answer.await.map_err(|_| closed_error())??;
            if appended == Appended::New {
                recent.remember(epoch, key, now);
            }
            Ok(appended)
        })
    }

    fn lease(&self, queue: Queue, limit: usize, until: UnixMillis) -> Pending<'_, Vec<Entry>> {
        Box::pin(self.call((queue, limit, self.ahead(until)), Command::Lease))
    }

    fn finish(&self, lease: Lease, follow_ups: Vec<NewEntry>) -> Pending<'_, ()> {
        Box::pin(self.call((lease, follow_ups), Command::Finish))
    }

    fn postpone(&self, lease: Lease, until: UnixMillis, reason: String) -> Pending<'_, ()> {
        Box::pin(self.call((lease, self.ahead(until), reason), Command::Postpone))
    }

    fn release(&self, lease: Lease, until: UnixMillis, reason: String) -> Pending<'_, ()> {
        Box::pin(self.call((lease, self.ahead(until), reason), Command::Release))
    }

    fn bury(&self, lease: Lease, reason: String) -> Pending<'_, ()> {
        Box::pin(self.call((lease, reason), Command::Bury))
    }

    fn changes(&self, queue: Queue) -> watch::Receiver<u64> {
        self.changes.subscribe(queue)
    }
}

impl Records for Sqlite {
    fn stats(&self) -> Pending<'_, Stats> {
        let stats = if self.commands.is_closed() {
            Err(closed_error())
        } else {
            self.stats.lock().unwrap_or_else(PoisonError::into_inner).clone()
        };
        Box::pin(ready(stats))
    }

    fn list(&self, filter: Filter) -> Pending<'_, Vec<Record>> {
        read(&self.place.path, move |connection| rows::list(connection, &filter))
    }

    fn show(&self, id: EntryId) -> Pending<'_, Option<Record>> {
        read(&self.place.path, move |connection| rows::show(connection, id))
    }

    fn find(&self, queue: Queue, keys: Vec<String>) -> Pending<'_, Vec<Record>> {
        read(&self.place.path, move |connection| rows::find(connection, queue, &keys))
    }

    fn revive(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(self.call(id, Command::Revive))
    }

    fn discard(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(self.call(id, Command::Discard))
    }

    fn purge(&self) -> Pending<'_, u64> {
        Box::pin(async move {
            let (mut next, mut count) = (Some(EntryId(0)), 0);
            while let Some(after) = next {
                let purged = self.call(Stretch::after(after), Command::Purge).await?;
                count += purged.count();
                next = purged.next;
            }
            Ok(count)
        })
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            match self.call((), Command::Close).await {
                // It was closed before.
                Err(_) if self.commands.is_closed() => Ok(()),
                closed => closed,
            }
        })
    }
}
