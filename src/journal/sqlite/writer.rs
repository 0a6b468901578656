//! The writer thread: takes the commands that wait, commits them as one transaction, then answers all waiters.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};

use metrics::Histogram;
use rusqlite::{ErrorCode, TransactionBehavior};

use super::{
    commands::{CommandReceiver, Queued, Received, answer_all},
    error::unavailable_error,
    file_lock::FileLock,
    place::Place,
    published_stats::PublishedStats,
    purge::PurgeSchedule,
    statements,
    store::{Store, read_interrupted},
    time::{self, FileTime},
    transaction::Transaction,
};
use crate::{
    clock::UnixMillis,
    failpoint::{self, Point},
    journal::{
        EntryId, JournalError, Options, driver::request::MAX_BATCH, queue_state::QueueStates,
        time::Moment,
    },
};

/// The state of the writer thread.
///
/// The thread starts with [`open`](Self::open), which reads the backlog, and [`run`](Self::run). Commands wake it, and
/// else the time of the next maintenance. It stops when every sender of commands is gone or a command asks to close.
#[derive(Debug)]
pub(super) struct Writer {
    /// The place of the files and the recent keys, which the server's side has as well.
    pub(super) place: Arc<Place>,
    pub(super) options: Options,
    /// The state of the queues in memory, in step with the file; its commits wake the workers.
    pub(super) queues: QueueStates,
    /// The stats for the server's side, published with each commit.
    pub(super) stats: PublishedStats,
    /// The last entry that was there when the process started.
    last_found: EntryId,
    /// The write connection; none after it failed, until it could be opened again.
    pub(super) store: Option<Store>,
    /// The journal's time, which is noted in the file.
    pub(super) time: FileTime,
    /// Why the store failed, for commands that come while there is none.
    pub(super) failure: Arc<str>,
    /// When the thread last looked whether the file was changed or a failed store works again.
    pub(super) looked_at: Instant,
    /// When the thread takes the next step of a purge.
    pub(super) purge: PurgeSchedule,
    meters: Meters,
    /// The lock on the journal, held until the thread ends, so that there is never a second writer.
    _lock: FileLock,
}

/// The metrics of commits.
#[derive(Debug)]
struct Meters {
    seconds: Histogram,
    commands: Histogram,
}

impl Writer {
    /// Opens the store and reads the backlog.
    pub(super) fn open(
        place: Arc<Place>,
        options: Options,
        mut queues: QueueStates,
        lock: FileLock,
    ) -> Result<Self, JournalError> {
        let store = Store::open(&place, true, &mut queues)?;
        let time =
            FileTime::open(&store.connection, options.clock.clone()).map_err(unavailable_error)?;
        read_interrupted(&store.connection, &mut queues, time.seen_at()).map_err(unavailable_error)?;
        queues.commit(time.seen_at());
        Ok(Self {
            last_found: EntryId(store.last_id),
            purge: PurgeSchedule::new(&options),
            stats: PublishedStats::new(queues.stats()),
            place,
            options,
            queues,
            store: Some(store),
            time,
            failure: "".into(),
            looked_at: Instant::now(),
            meters: Meters {
                seconds: crate::metrics::commit_seconds(),
                commands: crate::metrics::commit_commands(),
            },
            _lock: lock,
        })
    }

    /// Works until every sender is gone or a command has asked to close.
    pub(super) fn run(mut self, mut commands: CommandReceiver) {
        let mut batch = Vec::with_capacity(MAX_BATCH);
        let mut closers = Vec::new();
        loop {
            let received = commands.receive(&mut batch, self.maintenance_wait());
            match received {
                Received::Closed => break,
                Received::Commands => {
                    closers.extend(batch.extract_if(.., |queued| queued.is_close()));
                    self.commit(&mut batch);
                }
                Received::TimedOut => {}
            }
            if !closers.is_empty() {
                // The commands that wait already are still done; nothing comes after them.
                commands.close();
            }
            self.maintain(received == Received::TimedOut);
        }
        let closed = self.close();
        answer_all(&mut closers, &closed);
    }

    /// Closes the store, and frees the journal for another server.
    fn close(mut self) -> Result<(), JournalError> {
        let Some(mut store) = self.store.take() else {
            return Err(JournalError::Unavailable(Arc::clone(&self.failure)));
        };
        let noted = self.note_end(&mut store).map_err(unavailable_error);
        store.close().and(noted)
    }

    /// Makes one transaction of `batch`, and answers the waiters.
    fn commit(&mut self, batch: &mut Vec<Queued>) {
        if batch.is_empty() {
            return;
        }
        let count = batch.len();
        let committed = self.transact(count, |transaction| {
            batch.iter_mut().try_for_each(|queued| queued.command.run(transaction))
        });
        answer_all(batch, &committed);
    }

    /// Does `work` in one transaction, the file and the state of the queues in step.
    pub(super) fn transact<T>(
        &mut self,
        commands: usize,
        work: impl FnOnce(&mut Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, JournalError> {
        let begun = Instant::now();
        #[expect(clippy::cast_precision_loss, reason = "at most 1024")]
        self.meters.commands.record(commands as f64);
        let committed = match self.try_transact(work) {
            Ok((result, moment)) => {
                self.commit_queues(moment.now);
                Ok(result)
            }
            Err(error) => {
                self.queues.rollback();
                self.stats.publish(Err(error.clone()));
                Err(error)
            }
        };
        self.meters.seconds.record(begun.elapsed());
        committed
    }

    fn try_transact<T>(
        &mut self,
        work: impl FnOnce(&mut Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<(T, Moment), JournalError> {
        let Some(store) = &mut self.store else {
            return Err(JournalError::Unavailable(Arc::clone(&self.failure)));
        };
        let (queues, options, time) = (&mut self.queues, &self.options, &mut self.time);
        let last_found = self.last_found;
        let transact = || {
            let moment = time.follow(store, queues)?;
            let behavior = TransactionBehavior::Immediate;
            let open = rusqlite::Transaction::new(&mut store.connection, behavior)?;
            let (last_id, gathered) = (&mut store.last_id, &mut store.gathered);
            let next_due = store.next_due;
            let mut transaction = Transaction {
                connection: &open,
                queues,
                last_id,
                gathered,
                last_found,
                next_due,
                options,
                moment,
            };
            let result = work(&mut transaction)?;
            transaction.write_tally()?;
            let next_due = transaction.next_due;
            let is_due = time.is_due(moment);
            if is_due {
                time::note(&open, moment)?;
            }
            failpoint::reach(Point::Committing)?;
            open.commit()?;
            store.next_due = next_due;
            if is_due {
                time.set_noted(moment);
            }
            failpoint::reach(Point::Committed)?;
            Ok((result, moment))
        };
        match catch_unwind(AssertUnwindSafe(transact)) {
            Ok(Ok(done)) if store.is_in_place() => Ok(done),
            Ok(Ok(_)) => Err(self.give_up("its files were moved or deleted")),
            Ok(Err(error)) => Err(self.failed(&error)),
            Err(_) => Err(self.give_up("a commit panicked")),
        }
    }

    /// Notes an orderly end: nobody has died, so that what is leased is due again, and the time is noted to the last.
    fn note_end(&mut self, store: &mut Store) -> rusqlite::Result<()> {
        let moment = self.time.follow(store, &mut self.queues)?;
        let transaction =
            rusqlite::Transaction::new(&mut store.connection, TransactionBehavior::Immediate)?;
        self.queues.leased().try_for_each(|id| statements::cut_off(&transaction, id))?;
        time::note(&transaction, moment)?;
        transaction.commit()
    }

    /// Decides whether the connection can be used again after `error`.
    ///
    /// A full disk and another process's lock are states that pass, and nothing was written. After any other
    /// error, above all that of a sync, it cannot: the kernel may have marked the pages it failed to write
    /// as clean, so that the next sync would succeed without them and a later commit would be acknowledged
    /// on top of a hole. So the connection goes; the next one must first carry everything over from the WAL into the
    /// database, and sync that, before it takes anything. Leases go on: what their holders have done is done, whether
    /// the store was there or not, and they note it once it is.
    pub(super) fn failed(&mut self, error: &rusqlite::Error) -> JournalError {
        let passing =
            [Some(ErrorCode::DiskFull), Some(ErrorCode::DatabaseBusy), Some(ErrorCode::DatabaseLocked)];
        if passing.contains(&error.sqlite_error_code()) {
            JournalError::Unavailable(error.to_string().into())
        } else {
            self.give_up(&error.to_string())
        }
    }

    /// Gives the connection up; returns the error that says so.
    pub(super) fn give_up(&mut self, why: &str) -> JournalError {
        tracing::error!(why, "the journal's store failed; it is opened again before it is used");
        self.store = None;
        self.failure = why.into();
        let error = JournalError::Unavailable(why.into());
        self.stats.publish(Err(error.clone()));
        error
    }

    pub(super) fn commit_queues(&mut self, now: UnixMillis) {
        self.queues.commit(now);
        self.stats.publish(Ok(self.queues.stats()));
    }
}
