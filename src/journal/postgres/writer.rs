//! The writer: takes what is queued, commits it as one transaction, then answers all who wait.
//!
//! While a slow commit is under way, what comes next is written on another connection, once the first has all of its
//! locks (see [`Progress`]). Nobody is told of anything before it is committed.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::{
    StreamExt,
    future::{BoxFuture, FutureExt, OptionFuture},
    stream::FuturesUnordered,
};
use metrics::Histogram;
use tokio::sync::mpsc;

use super::{
    batch::{Batch, Effects, Outcome, Writing},
    command::{Append, Command},
    pen::{Ended, Pace, Pen, Progress},
    pens::Pens,
    session::{Failure, Session, soon, unavailable},
    shared::Shared,
    statements::shard,
    values::{count, queue_number},
};
use crate::journal::{JournalError, Options, Queue};

/// Most commands in one transaction.
const BATCH: usize = 1024;

/// What the writer's task owns.
pub(super) struct Writer {
    options: Options,
    shared: Arc<Shared>,
    pens: Pens,
    under_way: FuturesUnordered<BoxFuture<'static, (Ended, Begun)>>,
    /// Until it is over, nothing begins beside what is under way.
    turn: Option<BoxFuture<'static, ()>>,
    /// Of the last few transactions.
    pace: Pace,
    backlog: Backlog,
    seconds: Histogram,
    commands: Histogram,
}

/// What was known when a transaction began.
#[derive(Debug, Clone, Copy)]
struct Begun {
    /// How many new entries it may bring.
    new: u64,
    /// How many those that had ended may have brought.
    before: u64,
    had_room: bool,
}

/// How many entries are pending.
#[derive(Debug, Default)]
struct Backlog {
    /// By queue, as far as is known; in the Inbox rather too many than too few.
    pending: [u64; 2],
    /// How many new ones are under way.
    under_way: u64,
    /// How many have been.
    ended: u64,
}

impl Writer {
    pub(super) fn new(options: Options, shared: Arc<Shared>, pens: Pens) -> Self {
        Self {
            options,
            shared,
            pens,
            under_way: FuturesUnordered::new(),
            turn: None,
            pace: Pace::default(),
            backlog: Backlog::default(),
            seconds: crate::metrics::commit_seconds(),
            commands: crate::metrics::commit_commands(),
        }
    }

    /// Works until every sender is gone or one has asked to close; returns who has, and the connections.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) -> (Vec<Command>, Pens) {
        let (mut queued, mut closers) = (Vec::with_capacity(BATCH), Vec::new());
        loop {
            let may_begin =
                self.under_way.is_empty() || (self.turn.is_none() && self.pens.first().is_some());
            tokio::select! {
                Some((ended, begun)) = self.under_way.next() => self.end(ended, begun),
                Some(()) = OptionFuture::from(self.turn.as_mut()) => {
                    self.turn = None;
                    self.pens.want_another(self.under_way.len());
                }
                Some(()) = self.pens.another() => {}
                received = commands.recv_many(&mut queued, BATCH), if may_begin => {
                    if received == 0 {
                        break;
                    }
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
            }
        }
        self.drain().await;
        (closers, self.pens)
    }

    async fn work(&mut self, mut batch: Batch) {
        if let Err(error) = self.connect().await {
            return batch.fail(&error);
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 1024")]
        self.commands.record(batch.len() as f64);
        if self.backlog.most().saturating_add(batch.most_new()) <= self.options.max_pending {
            return self.begin(batch);
        }
        // Close to the bound, each append is looked at by itself, after what makes room.
        self.drain().await;
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

    /// Makes sure that there is a connection with nothing to do.
    async fn connect(&mut self) -> Result<(), JournalError> {
        if self.pens.are_there() {
            return Ok(());
        }
        self.drain().await;
        if self.pens.are_there() { Ok(()) } else { self.pens.connect_again().await }
    }

    /// One transaction for all of `batch`, from its beginning to its end.
    async fn commit(&mut self, batch: Batch) {
        self.begin(batch);
        self.drain().await;
    }

    /// Waits until nothing is under way.
    async fn drain(&mut self) {
        while let Some((ended, begun)) = self.under_way.next().await {
            self.end(ended, begun);
        }
    }

    fn begin(&mut self, batch: Batch) {
        let Some(pen) = self.pens.take() else { return batch.fail(&self.pens.failure()) };
        let writing = Writing {
            replica: self.pens.replica,
            shard: shard(self.pens.replica, pen.number),
            max_pending: self.options.max_pending,
            now: self.options.clock.manual_now(),
            elapsed: self.shared.time.known(),
        };
        let begun =
            Begun { new: batch.most_new(), before: self.backlog.ended, had_room: self.has_room() };
        self.backlog.under_way += begun.new;
        let (progress, usually) = (Arc::new(Progress::new()), self.pace);
        let written =
            pen.write(batch, writing, self.backlog.pending.iter().sum(), Arc::clone(&progress));
        self.turn = Some(async move { progress.turn(usually).await }.boxed());
        self.under_way.push(written.map(move |ended| (ended, begun)).boxed());
    }

    fn end(&mut self, ended: Ended, begun: Begun) {
        let Ended { pen, batch, written, pace } = ended;
        // It may not have seen these.
        let beside = self.backlog.ended - begun.before;
        self.backlog.ended += begun.new;
        self.backlog.under_way -= begun.new;
        self.pace = self.pace.and(pace);
        match written {
            Ok(answers) => match batch.outcome(&answers) {
                Ok(mut outcome) => {
                    self.seconds.record(pace.whole());
                    outcome.effects.pending[0] += beside;
                    self.tell(outcome, begun.had_room && self.has_room());
                    self.pens.put_back(pen);
                }
                // Its waiters are gone with it.
                Err(error) => drop(self.pens.fail(unavailable(&error))),
            },
            Err(Failure::Collision(error)) => {
                batch.fail(&error);
                self.pens.put_back(pen);
            }
            Err(Failure::Lost(error)) => batch.fail(&self.pens.fail(error)),
        }
    }

    fn tell(&mut self, outcome: Outcome, had_room: bool) {
        let Outcome { effects: Effects { pending, mut ready }, appends, settles, leases } = outcome;
        self.backlog.pending = pending;
        for (call, _) in &settles {
            self.shared.let_go(&call.input.lease);
        }
        for (call, entries) in &leases {
            let span = Duration::from_millis(call.input.span.try_into().unwrap_or(0));
            for entry in entries {
                self.shared.hold(&entry.lease, span);
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

    /// Whether the Outbox has.
    fn has_room(&self) -> bool {
        self.backlog.pending[1] < self.options.max_pending
    }

    /// Refuses an append that goes beyond the bound on the backlog, as far as is known of other replicas.
    async fn fits(&mut self, append: &Append) -> Result<(), JournalError> {
        let Some(Pen { session: Session { client, .. }, statements, .. }) = self.pens.first() else {
            return Err(self.pens.failure());
        };
        let adding = append.rows.iter().filter(|row| row.entry.adds_to_inbox());
        let keys: Vec<_> = adding.map(|row| row.key).collect::<BTreeSet<_>>().into_iter().collect();
        let queue = queue_number(Queue::Inbox);
        let ask = || async { client.query_one(&statements.room, &[&queue, &keys]).await };
        match soon(client, ask).await {
            Ok(row) => {
                let (fresh, pending) = (count(row.get(0)), count(row.get(1)));
                if fresh > 0 && pending + fresh > self.options.max_pending {
                    return Err(JournalError::Full(pending));
                }
                Ok(())
            }
            Err(error) => Err(self.pens.fail(error)),
        }
    }
}

impl Backlog {
    /// The most entries that may be pending in the Inbox.
    fn most(&self) -> u64 {
        self.pending[0].saturating_add(self.under_way)
    }
}
