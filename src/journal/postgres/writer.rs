//! The writer: takes what is queued, commits it as one transaction, then answers all who wait.

use std::{collections::BTreeSet, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use metrics::Histogram;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

use super::{
    address::Address,
    batch::{Answers, Batch, Effects, Outcome, Writing},
    command::{Append, Command},
    session::{Failure, PATIENCE, Session, panicked, silent, unavailable},
    shared::Shared,
    statements::{LEAVE, ORPHANS, RELEASE, Statements, text},
    values::{count, queue_number},
};
use crate::{
    failpoint::{self, Point},
    journal::{Access, JournalError, Options, Queue},
};

/// Most commands in one transaction.
const BATCH: usize = 1024;
/// After a failed connection, how long until the next is tried.
const RETRY: Duration = Duration::from_millis(250);
/// A plan is used for so long, and until there are twice as many pending entries and some more: which index is right
/// depends on how long the tables are, and an empty one says nothing.
const REPLAN: Duration = Duration::from_secs(1);
const REPLAN_ENTRIES: u64 = 100;
/// How often a transaction that met another one's locks the wrong way round is tried.
const TRIES: usize = 5;

/// What the writer's task owns.
#[derive(Debug)]
pub(super) struct Writer {
    address: Address,
    options: Options,
    replica: i64,
    shared: Arc<Shared>,
    /// None after it failed, until there is another.
    pen: Option<Pen>,
    tried_at: Instant,
    failure: JournalError,
    /// Pending entries by queue, as of the last transaction.
    pending: [u64; 2],
    seconds: Histogram,
    commands: Histogram,
}

/// The connection that writes, with its statements.
#[derive(Debug)]
struct Pen {
    session: Session,
    statements: Statements,
    planned_at: Instant,
    /// The pending entries at that time.
    planned_for: u64,
}

impl Writer {
    pub(super) async fn open(
        address: Address,
        options: Options,
        replica: i64,
        shared: Arc<Shared>,
    ) -> Result<Self, JournalError> {
        let mut writer = Self {
            address,
            options,
            replica,
            shared,
            pen: None,
            tried_at: Instant::now(),
            failure: JournalError::closed(),
            pending: [0; 2],
            seconds: crate::metrics::commit_seconds(),
            commands: crate::metrics::commit_commands(),
        };
        writer.connect().await?;
        Ok(writer)
    }

    /// Works until every sender is gone or one has asked to close; returns who has.
    pub(super) async fn run(&mut self, mut commands: mpsc::Receiver<Command>) -> Vec<Command> {
        let (mut queued, mut closers) = (Vec::with_capacity(BATCH), Vec::new());
        while commands.recv_many(&mut queued, BATCH).await > 0 {
            closers.extend(queued.extract_if(.., |command| matches!(command, Command::Close(_))));
            if !closers.is_empty() {
                // What is queued already is still done; nothing comes after it.
                commands.close();
            }
            let mut batch = Batch::default();
            for command in queued.drain(..).filter(|command| !command.is_abandoned()) {
                batch.push(command);
            }
            if !batch.is_empty() {
                self.work(batch).await;
            }
        }
        closers
    }

    async fn work(&mut self, mut batch: Batch) {
        if let Err(error) = self.reconnect().await {
            return self.give_up(batch, &error);
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 1024")]
        self.commands.record(batch.len() as f64);
        if self.pending[0].saturating_add(batch.most_new()) <= self.options.max_pending {
            return self.commit(batch).await;
        }
        // Close to the bound, each append is looked at by itself, after what makes room.
        let appends = batch.take_appends();
        if !batch.is_empty() {
            self.commit(batch).await;
        }
        for call in appends {
            match self.fits(&call.input).await {
                Ok(()) => self.commit(Batch::of(call)).await,
                Err(refused) => call.answer(Err(refused)),
            }
        }
    }

    /// One transaction for all of `batch`.
    async fn commit(&mut self, batch: Batch) {
        let begun = Instant::now();
        let had_room = self.pending[1] < self.options.max_pending;
        let writing = Writing {
            replica: self.replica,
            max_pending: self.options.max_pending,
            now: self.options.clock.manual_now(),
        };
        for _ in 0..TRIES {
            let Some(pen) = &mut self.pen else { break };
            match pen.transact(&batch, writing, self.pending.iter().sum()).await {
                Ok(answers) => {
                    self.seconds.record(begun.elapsed());
                    return match batch.outcome(&answers) {
                        Ok(outcome) => self.tell(outcome, had_room),
                        // Its waiters are gone with it.
                        Err(error) => drop(self.fail(unavailable(&error))),
                    };
                }
                Err(Failure::Collision(error)) => {
                    tracing::debug!(%error, "tried again");
                    self.failure = error;
                }
                Err(Failure::Lost(error)) => drop(self.fail(error)),
            }
        }
        self.give_up(batch, &self.failure);
    }

    /// Who settles does so once: their leases end by themselves, at the latest with the next connection.
    fn give_up(&self, batch: Batch, error: &JournalError) {
        for lease in batch.settles() {
            self.shared.let_go(lease);
        }
        batch.fail(error);
    }

    fn tell(&mut self, outcome: Outcome, had_room: bool) {
        let Outcome { effects: Effects { pending, mut ready }, appends, settles, leases } = outcome;
        self.pending = pending;
        for (call, _) in &settles {
            self.shared.let_go(&call.input.lease);
        }
        for (_, entries) in &leases {
            for entry in entries {
                self.shared.hold(&entry.lease);
            }
        }
        // Room in the Outbox lets the Inbox go on.
        ready[0] |= !had_room && settles.iter().any(|(call, _)| call.input.lease.queue == Queue::Outbox);
        for queue in [Queue::Inbox, Queue::Outbox] {
            if ready[queue as usize] {
                self.shared.news(queue);
            }
        }
        for (call, answer) in appends {
            call.answer(answer);
        }
        for (call, answer) in settles {
            call.answer(answer);
        }
        for (call, entries) in leases {
            call.answer(Ok(entries));
        }
    }

    /// Refuses an append that goes beyond the bound on the backlog, as far as is known of other replicas.
    async fn fits(&mut self, append: &Append) -> Result<(), JournalError> {
        let Some(Pen { session: Session { client, .. }, statements, .. }) = &self.pen else {
            return Err(self.failure.clone());
        };
        let adding = append.rows.iter().filter(|row| row.entry.adds_to_inbox());
        let keys: Vec<_> = adding.map(|row| row.key).collect::<BTreeSet<_>>().into_iter().collect();
        let queue = queue_number(Queue::Inbox);
        let asked = timeout(PATIENCE, client.query_one(&statements.room, &[&queue, &keys])).await;
        match asked {
            Ok(Ok(row)) => {
                let (fresh, pending) = (count(row.get(0)), count(row.get(1)));
                if fresh > 0 && pending + fresh > self.options.max_pending {
                    return Err(JournalError::Full(pending));
                }
                Ok(())
            }
            Ok(Err(error)) => Err(self.fail(unavailable(&error))),
            Err(_) => Err(self.fail(silent())),
        }
    }

    /// The connection cannot be trusted any more: what it was last asked may or may not have been done.
    fn fail(&mut self, error: JournalError) -> JournalError {
        if self.pen.take().is_some() {
            tracing::error!(%error, "the journal's database failed; it is connected to again");
        }
        self.tried_at = Instant::now();
        self.failure = error.clone();
        error
    }

    async fn reconnect(&mut self) -> Result<(), JournalError> {
        if self.pen.as_ref().is_some_and(|pen| !pen.session.client.is_closed()) {
            return Ok(());
        }
        if self.pen.take().is_none() && self.tried_at.elapsed() < RETRY {
            return Err(self.failure.clone());
        }
        self.tried_at = Instant::now();
        self.connect().await.inspect_err(|error| self.failure = error.clone())?;
        tracing::info!("the journal's database works again");
        Ok(())
    }

    async fn connect(&mut self) -> Result<(), JournalError> {
        let session = Session::open(&self.address, Access::Server).await?;
        let prepared = timeout(PATIENCE, Statements::prepare(&session.client)).await;
        let statements = prepared.map_err(|_| silent())?.map_err(|error| unavailable(&error))?;
        // What was leased by a commit of whose success we never heard.
        let (.., fences) = self.shared.held();
        let freed = timeout(PATIENCE, session.client.execute(ORPHANS, &[&self.replica, &fences])).await;
        freed.map_err(|_| silent())?.map_err(|error| unavailable(&error))?;
        self.tried_at = Instant::now();
        self.pen = Some(Pen { session, statements, planned_at: self.tried_at, planned_for: 0 });
        Ok(())
    }

    /// Gives back what is still leased, so that others need not wait, and takes this replica off the list.
    pub(super) async fn leave(&self) -> Result<(), JournalError> {
        let Some(Pen { session: Session { client, .. }, .. }) = &self.pen else {
            return Err(self.failure.clone());
        };
        let (queues, lines, fences) = self.shared.held();
        let leave = async {
            client.execute(RELEASE, &[&queues, &lines, &fences]).await?;
            client.execute(&text(LEAVE), &[&vec![self.replica]]).await
        };
        let left = timeout(PATIENCE, leave).await.map_err(|_| silent())?;
        left.map(drop).map_err(|error| unavailable(&error))
    }
}

impl Pen {
    /// One transaction, where so many entries are pending; a panic in it ends this connection, and not the writer.
    async fn transact(
        &mut self,
        batch: &Batch,
        writing: Writing,
        pending: u64,
    ) -> Result<Answers, Failure> {
        let sent = async {
            let has_grown = pending > 2 * self.planned_for + REPLAN_ENTRIES;
            if has_grown || self.planned_at.elapsed() >= REPLAN {
                self.session.client.batch_execute("discard plans").await?;
                (self.planned_at, self.planned_for) = (Instant::now(), pending);
            }
            let answers = batch.send(&self.session.client, &self.statements, writing).await?;
            failpoint::reach(Point::Committed)?;
            Ok(answers)
        };
        match timeout(PATIENCE, AssertUnwindSafe(sent).catch_unwind()).await {
            Ok(Ok(sent)) => sent,
            Ok(Err(_)) => Err(Failure::Lost(panicked())),
            Err(_) => Err(Failure::Lost(silent())),
        }
    }
}
