//! The writer thread: takes what is queued, commits it as one transaction, then answers all who wait.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use metrics::Histogram;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use tokio::{runtime::Runtime, sync::mpsc, time::timeout};

use super::{
    command::{self, Command, Order},
    place::{Lock, Place},
    purge::Sweep,
    rows,
    store::{Store, unavailable},
    time::{self, FileTime},
    verbs::Verbs,
};
use crate::{
    clock::UnixMillis,
    failpoint::{self, Point},
    journal::{JournalError, Options, Queue, Stats, books::Books, time::Moment},
};

/// Most commands in one transaction.
const BATCH: usize = 1024;
/// How often it looks for an operator's changes, tries a failed store again, and checkpoints what is left.
const TICK: Duration = Duration::from_millis(500);
/// It is idle when no command has come for this long.
const IDLE: Duration = Duration::from_millis(50);

/// What the thread owns.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) place: Arc<Place>,
    pub(super) options: Options,
    pub(super) books: Books,
    /// As of the last commit, for those who ask; or why it failed.
    pub(super) stats: Arc<Mutex<Result<Stats, JournalError>>>,
    /// None after it failed, until it could be opened again.
    store: Option<Store>,
    time: FileTime,
    failure: Arc<str>,
    looked_at: Instant,
    sweep: Sweep,
    meters: Meters,
    /// Only for commands that come with a time limit; no task ever runs on it.
    runtime: Runtime,
    /// Held until the thread ends, so that there is never a second writer.
    _lock: Lock,
}

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
        mut books: Books,
        lock: Lock,
    ) -> Result<Self, JournalError> {
        let store = Store::open(&place, true, &mut books)?;
        let time = FileTime::open(&store.connection, options.clock.clone()).map_err(unavailable)?;
        take_up(&store.connection, &mut books, time.seen_at()).map_err(unavailable)?;
        books.commit(time.seen_at());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|error| JournalError::Unavailable(error.to_string().into()))?;
        Ok(Self {
            sweep: Sweep::new(&options),
            stats: Arc::new(Mutex::new(Ok(books.stats()))),
            place,
            options,
            books,
            store: Some(store),
            time,
            failure: "".into(),
            looked_at: Instant::now(),
            meters: Meters {
                seconds: crate::metrics::commit_seconds(),
                commands: crate::metrics::commit_commands(),
            },
            runtime,
            _lock: lock,
        })
    }

    /// Works until every sender is gone or one has asked to close.
    pub(super) fn run(mut self, mut commands: mpsc::Receiver<Order>) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut closers = Vec::new();
        loop {
            let wait = if self.has_chores() { IDLE } else { TICK };
            let taken = self
                .runtime
                .block_on(async { timeout(wait, commands.recv_many(&mut batch, BATCH)).await });
            match taken {
                Ok(0) => break,
                Ok(_) => {
                    let closing = |order: &mut Order| matches!(order.command, Command::Close(_));
                    closers.extend(batch.extract_if(.., closing));
                    self.commit(&mut batch);
                }
                Err(_) => {}
            }
            if !closers.is_empty() {
                // What is queued already is still done; nothing comes after it.
                commands.close();
            }
            self.housekeep(taken.is_err());
        }
        let closed = match self.store.take() {
            Some(mut store) => {
                let left = self.leave(&mut store.connection).map_err(unavailable);
                store.close().and(left)
            }
            None => Err(JournalError::Unavailable(Arc::clone(&self.failure))),
        };
        drop(self);
        command::answer(&mut closers, &closed);
    }

    /// One transaction for all of `batch`.
    fn commit(&mut self, batch: &mut Vec<Order>) {
        if batch.is_empty() {
            return;
        }
        let begun = Instant::now();
        #[expect(clippy::cast_precision_loss, reason = "at most 1024")]
        self.meters.commands.record(batch.len() as f64);
        let committed = match self.transact(batch) {
            Ok(moment) => {
                self.settle_books(moment.now);
                Ok(())
            }
            Err(error) => {
                self.books.rollback();
                self.tell(Err(error.clone()));
                Err(error)
            }
        };
        self.meters.seconds.record(begun.elapsed());
        command::answer(batch, &committed);
    }

    fn transact(&mut self, batch: &mut [Order]) -> Result<Moment, JournalError> {
        let Some(store) = &mut self.store else {
            return Err(JournalError::Unavailable(Arc::clone(&self.failure)));
        };
        let (books, options) = (&mut self.books, &self.options);
        let time = &mut self.time;
        let mut transact = || {
            let moment = time.follow(&mut store.connection, books)?;
            let transaction = Transaction::new(&mut store.connection, TransactionBehavior::Immediate)?;
            let last_id = &mut store.last_id;
            let mut verbs = Verbs { connection: &transaction, books, last_id, options, moment };
            batch.iter_mut().try_for_each(|order| order.command.run(&mut verbs))?;
            verbs.tally()?;
            let is_due = time.is_due(moment);
            if is_due {
                time::note(&transaction, moment)?;
            }
            failpoint::reach(Point::Committing)?;
            transaction.commit()?;
            if is_due {
                time.noted(moment);
            }
            failpoint::reach(Point::Committed)?;
            Ok(moment)
        };
        match catch_unwind(AssertUnwindSafe(&mut transact)) {
            Ok(Ok(moment)) if store.is_in_place() => Ok(moment),
            Ok(Ok(_)) => Err(self.lost("its files were moved or deleted")),
            Ok(Err(error)) => Err(self.failed(&error)),
            Err(_) => Err(self.lost("a commit panicked")),
        }
    }

    /// In an orderly end nobody has died: what is still leased is due again, and the time is noted to the last.
    fn leave(&mut self, connection: &mut Connection) -> rusqlite::Result<()> {
        let moment = self.time.follow(connection, &mut self.books)?;
        let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
        self.books.leased().try_for_each(|id| rows::give_back(&transaction, id))?;
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
    fn failed(&mut self, error: &rusqlite::Error) -> JournalError {
        let passing =
            [Some(ErrorCode::DiskFull), Some(ErrorCode::DatabaseBusy), Some(ErrorCode::DatabaseLocked)];
        if passing.contains(&error.sqlite_error_code()) {
            JournalError::Unavailable(error.to_string().into())
        } else {
            self.lost(&error.to_string())
        }
    }

    /// Gives the connection up.
    fn lost(&mut self, why: &str) -> JournalError {
        tracing::error!(why, "the journal's store failed; it is opened again before it is used");
        self.store = None;
        self.failure = why.into();
        let error = JournalError::Unavailable(why.into());
        self.tell(Err(error.clone()));
        error
    }

    fn settle_books(&mut self, now: UnixMillis) {
        self.books.commit(now);
        self.tell(Ok(self.books.stats()));
    }

    fn tell(&self, stats: Result<Stats, JournalError>) {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner) = stats;
    }

    fn is_well(&self) -> bool {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner).is_ok()
    }

    fn has_chores(&self) -> bool {
        self.sweep.is_running() || self.store.as_ref().is_some_and(Store::has_wal)
    }

    /// What nobody waits for: recovery, operators' changes, checkpoints, purges.
    fn housekeep(&mut self, idle: bool) {
        let tick = self.looked_at.elapsed() >= TICK;
        if tick {
            self.looked_at = Instant::now();
        }
        let is_well = self.is_well();
        let Some(store) = &mut self.store else {
            if tick {
                self.reopen();
            }
            return;
        };
        let last_id = store.last_id;
        let kept = store.checkpoint(idle).and_then(|()| match (tick, is_well) {
            (false, _) => Ok(false),
            (true, true) => store.notice(&mut self.books),
            // Nobody may be sent here until a commit has worked, so that none of the callers' would.
            (true, false) => rows::add_done(&store.connection, Queue::Inbox, 0).map(|()| true),
        });
        if tick && !store.is_in_place() {
            self.lost("its files were moved or deleted");
            return;
        }
        match kept {
            Ok(true) => self.settle_books(self.options.clock.now()),
            Ok(false) => {}
            Err(error) => drop(self.failed(&error)),
        }
        if let Some((mut step, answer)) = self.sweep.step(idle, last_id) {
            self.commit(&mut step);
            self.sweep.stepped(answer);
        }
    }

    fn reopen(&mut self) {
        let opened = Store::open(&self.place, false, &mut self.books).and_then(|store| {
            self.time.reopen(&store.connection).map_err(unavailable)?;
            Ok(store)
        });
        match opened {
            Ok(store) => {
                tracing::info!("the journal's store works again");
                self.store = Some(store);
                self.settle_books(self.options.clock.now());
            }
            Err(error) => {
                self.failure = error.to_string().into();
                self.tell(Err(error));
            }
        }
    }
}

/// Puts aside what was in work when the process before died.
fn take_up(connection: &Connection, books: &mut Books, now: UnixMillis) -> rusqlite::Result<()> {
    let mut entries = 0;
    rows::interrupted(connection, |row, times| {
        books.interrupted(&row, times, now);
        entries += 1;
    })?;
    if entries > 0 {
        tracing::warn!(
            entries,
            "the process before died while these were in work: they are tried again a little later and few at a time, \
             for one of them may have ended it; all others go on"
        );
    }
    Ok(())
}
