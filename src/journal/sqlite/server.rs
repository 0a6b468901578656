//! A server's side of the file: the handle of the writer thread.

use std::{future::ready, path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::{mpsc, watch};

use super::{
    administration_command::AdministrationCommand,
    commands::{Command, CommandReceiver, Queued},
    conversations,
    failure::Failure,
    file_lock::lock_journal,
    operations,
    place::Place,
    published_stats::PublishedStats,
    purge::PurgeRange,
    readers::Readers,
    search,
    transaction::Transaction,
    writer::Writer,
};
use crate::{
    clock::{Clock, UnixMillis},
    journal::{
        Appended, AttemptFailure, ConversationChange, ConversationState, Entry, EntryId, EntryKey,
        Filter, JournalError, Lease, NewEntry, Options, Outcome, Pending, Queue, Queues, Record,
        Records, SignatureBinding, StateFilter, Stats,
        changes::Changes,
        driver::{
            purge::purge_all,
            request::{MAX_QUEUED, Request, close, send, try_send},
            thread::DriverThread,
        },
        error::closed_error,
        fingerprint::Fingerprint,
        queue_state::QueueStates,
        recent_keys::RecentKeys,
        time::DueIn,
    },
};

/// A server's side of the file.
#[derive(Debug)]
pub(super) struct Server {
    /// The place of the files, and the recent keys: the writer thread has both as well, and forgets the keys when it gives
    /// its connection up.
    pub(super) place: Arc<Place>,
    clock: Clock,
    /// The name of this server among others.
    pub(super) replica: String,
    /// The counters that wake workers, which the writer thread moves.
    changes: Changes,
    /// The stats that the writer thread publishes with each commit.
    stats: PublishedStats,
    /// The threads that read the file. They end before the writer thread, which cleans up behind all connections.
    pub(super) readers: Readers,
    /// The way to the writer thread, which ends once this sender is gone; so it comes before `_thread`.
    commands: mpsc::Sender<Queued>,
    /// The writer thread, which is waited for last.
    _thread: DriverThread,
}

impl Server {
    /// Opens the file at `path` and starts the writer thread.
    pub(super) fn open(path: PathBuf, options: Options) -> Result<Self, JournalError> {
        let file_lock = lock_journal(&path)?;
        let changes = Changes::new();
        let recent = RecentKeys::new(options.recent_keys, options.keep.min(options.keep_dead));
        let readers = Readers::start(&path)?;
        let place = Arc::new(Place::new(path, recent, Arc::clone(&readers.connections)));
        let clock = options.clock.clone();
        let replica = options.replica.clone();
        let queues = QueueStates::new(options.max_pending, changes.clone());
        let writer = Writer::open(Arc::clone(&place), options, queues, file_lock)?;
        let stats = writer.stats.clone();
        let (commands, receiver) = mpsc::channel(MAX_QUEUED);
        let receiver = CommandReceiver::new(receiver)?;
        let thread = DriverThread::spawn("writer", move || writer.run(receiver))?;
        Ok(Self { place, clock, replica, changes, stats, readers, commands, _thread: thread })
    }

    /// Whether the key is in the store: the store is known to be well, in its place, and the one that accepted the key.
    fn has_recent(&self, key: Fingerprint, now: Duration) -> bool {
        self.place.recent.has(key, now)
            && !self.commands.is_closed()
            && self.stats.is_well()
            && self.place.is_in_place()
    }

    /// Has the writer thread run a command.
    async fn call<I, T>(
        &self,
        input: I,
        command: fn(Request<I, T>) -> Command,
    ) -> Result<T, JournalError> {
        let (request, answer) = Request::new(input);
        send(&self.commands, Queued::new(command(request))).await?;
        answer.wait().await
    }

    /// Has the writer thread do an operator's work.
    pub(super) fn administer<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Pending<'_, T> {
        let (request, answer) = Request::new(work);
        let command = Command::Administer(AdministrationCommand::new(request));
        Box::pin(async move {
            send(&self.commands, Queued::new(command)).await?;
            answer.wait().await
        })
    }

    /// The time until `until`, as a span: the wall clock may be set before the writer thread runs the command.
    fn due_in(&self, until: UnixMillis) -> DueIn {
        DueIn::between(self.clock.now(), until)
    }
}

impl Queues for Server {
    fn append(&self, entry: NewEntry, _: Option<SignatureBinding>) -> Pending<'_, Appended> {
        let recent = &self.place.recent;
        let key = recent.fingerprint(&entry);
        let (epoch, now) = (recent.epoch(), self.clock.elapsed());
        if self.has_recent(key, now) {
            return Box::pin(ready(Ok(Appended::Duplicate)));
        }
        let (request, answer) = Request::new(entry);
        if let Err(refused) = try_send(&self.commands, Queued::new(Command::Append(request))) {
            return Box::pin(ready(Err(refused)));
        }
        Box::pin(async move {
            let appended = answer.wait().await?;
            if appended == Appended::New {
                recent.remember(epoch, key, now);
            }
            Ok(appended)
        })
    }

    fn lease(&self, queue: Queue, limit: usize, until: UnixMillis) -> Pending<'_, Vec<Entry>> {
        Box::pin(self.call((queue, limit, self.due_in(until)), Command::Lease))
    }

    fn finish(&self, lease: Lease, outcome: Outcome) -> Pending<'_, ()> {
        Box::pin(self.call((lease, outcome), Command::Finish))
    }

    fn postpone(&self, lease: Lease, until: UnixMillis, failure: AttemptFailure) -> Pending<'_, ()> {
        Box::pin(self.call((lease, self.due_in(until), failure), Command::Postpone))
    }

    fn release(&self, lease: Lease, until: UnixMillis, reason: String) -> Pending<'_, ()> {
        Box::pin(self.call((lease, self.due_in(until), reason), Command::Release))
    }

    fn bury(&self, lease: Lease, failure: AttemptFailure) -> Pending<'_, ()> {
        Box::pin(self.call((lease, failure), Command::Bury))
    }

    fn changes(&self, queue: Queue) -> watch::Receiver<u64> {
        self.changes.subscribe(queue)
    }
}

impl Records for Server {
    fn stats(&self) -> Pending<'_, Stats> {
        let stats = if self.commands.is_closed() { Err(closed_error()) } else { self.stats.get() };
        Box::pin(ready(stats))
    }

    fn list(&self, filter: Filter) -> Pending<'_, Vec<Record>> {
        self.readers.read(move |connection| search::list(connection, &filter))
    }

    fn show(&self, id: EntryId) -> Pending<'_, Option<Record>> {
        self.readers.read(move |connection| operations::show(connection, id))
    }

    fn find(&self, queue: Queue, keys: Vec<EntryKey>) -> Pending<'_, Vec<Record>> {
        self.readers.read(move |connection| operations::find(connection, queue, &keys))
    }

    fn revive(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(self.call(id, Command::Revive))
    }

    fn discard(&self, id: EntryId) -> Pending<'_, ()> {
        Box::pin(self.call(id, Command::Discard))
    }

    fn states(&self, filter: StateFilter) -> Pending<'_, Vec<ConversationState>> {
        self.readers.read(move |connection| conversations::states(connection, &filter))
    }

    fn change_conversation(&self, change: ConversationChange) -> Pending<'_, ()> {
        Box::pin(self.call(change, Command::ChangeConversation))
    }

    fn purge(&self) -> Pending<'_, u64> {
        let step = |after| self.call(PurgeRange::after(after), Command::Purge);
        Box::pin(purge_all(step))
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async {
            self.readers.close().await?;
            close(&self.commands, self.call((), Command::Close)).await
        })
    }
}
