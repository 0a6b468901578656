//! The writer: takes the requests that are queued, runs them as one transaction, commits it, and answers.
//!
//! While a commit is under way, the next transaction begins on another connection. Nobody is answered before the commit.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use metrics::Histogram;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    backlog::Reservation,
    command::{Append, Command},
    error::{Failure, unavailable_error},
    records::{count, queue_number},
    replica::Replica,
    retry::with_timeout,
    statements::{LEAVE, ORPHANS, PASS, RELEASE, shard, text},
    transaction::{Answers, Context, Effects, Outcome, Transaction},
    write_connection::WriteConnection,
};
use crate::journal::{JournalError, Queue};

/// Most requests in one transaction.
const BATCH: usize = 1024;
/// After a failed connection, how long until the next is tried.
const RETRY: Duration = Duration::from_millis(250);

fn connections() -> usize {
    std::env::var("WRITERS").ok().and_then(|it| it.parse().ok()).unwrap_or(2)
}

/// The writer of a replica, with its connections.
#[derive(Debug)]
pub(super) struct Writer {
    replica: Arc<Replica>,
    /// The connections that have nothing to do.
    free: Vec<WriteConnection>,
    /// The commits under way. Each gives its connection back, unless it has failed.
    commits: JoinSet<Option<WriteConnection>>,
    /// The latest failure, and when it happened.
    failure: (JournalError, Instant),
    seconds: Histogram,
    commands: Histogram,
}

impl Writer {
    /// Starts the writer, once it has a connection.
    pub(super) async fn open(replica: Arc<Replica>) -> Result<Self, JournalError> {
        let mut writer = Self {
            replica,
            free: Vec::new(),
            commits: JoinSet::new(),
            failure: (JournalError::closed(), Instant::now()),
            seconds: crate::metrics::commit_seconds(),
            commands: crate::metrics::commit_commands(),
        };
        writer.connect().await?;
        Ok(writer)
    }

    /// Works until every sender of its queue is gone, or until it is told to close: what is queued then is still done.
    pub(super) async fn run(&mut self, mut queue: mpsc::Receiver<Command>, closing: &CancellationToken) {
        let mut queued = Vec::with_capacity(BATCH);
        loop {
            // What comes while all connections are busy shares the next transaction.
            self.wait_for_a_connection().await;
            tokio::select! {
                () = closing.cancelled(), if !queue.is_closed() => queue.close(),
                received = queue.recv_many(&mut queued, BATCH) => {
                    if received == 0 {
                        break;
                    }
                    let requests = queued.drain(..).filter(|command| !command.is_abandoned());
                    let transaction: Transaction = requests.collect();
                    if !transaction.is_empty() {
                        self.write(transaction).await;
                    }
                }
            }
        }
        self.drain().await;
    }

    async fn wait_for_a_connection(&mut self) {
        while self.free.is_empty() {
            let Some(ended) = self.commits.join_next().await else { return };
            self.free.extend(ended.ok().flatten());
        }
    }

    /// Waits until nothing is under way.
    async fn drain(&mut self) {
        while let Some(ended) = self.commits.join_next().await {
            self.free.extend(ended.ok().flatten());
        }
    }

    async fn write(&mut self, mut transaction: Transaction) {
        if let Err(error) = self.reconnect().await {
            return transaction.fail(&error);
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 1024")]
        self.commands.record(transaction.len() as f64);
        if let Some(reservation) = self.replica.backlog.reserve(transaction.most_new()) {
            return self.commit(transaction, reservation).await;
        }
        // Close to the bound, each append is looked at by itself, after what makes room.
        self.drain().await;
        let appends = transaction.take_appends();
        if let Some(reservation) = self.replica.backlog.reserve(0)
            && !transaction.is_empty()
        {
            self.commit(transaction, reservation).await;
            self.drain().await;
        }
        for call in appends {
            match self.reserve(&call.input).await {
                Ok(reservation) => self.commit(Transaction::of(call), reservation).await,
                Err(refused) => call.answer(Err(refused)),
            }
            self.drain().await;
        }
    }

    /// Makes sure that there is a connection.
    async fn reconnect(&mut self) -> Result<(), JournalError> {
        let had_some = !self.free.is_empty();
        self.free.retain(|it| !it.connection.client.is_closed());
        if !self.free.is_empty() {
            return Ok(());
        }
        self.drain().await;
        if !self.free.is_empty() {
            return Ok(());
        }
        // One that was closed while it had nothing to do has failed nobody.
        let (failure, at) = &self.failure;
        if !had_some && at.elapsed() < RETRY {
            return Err(failure.clone());
        }
        let connected = self.connect().await;
        if let Err(error) = &connected {
            self.failure = (error.clone(), Instant::now());
        } else {
            tracing::info!("the journal's database works again");
        }
        connected
    }

    async fn connect(&mut self) -> Result<(), JournalError> {
        let connection = WriteConnection::open(&self.replica.address, 0).await?;
        // As no lease is under way, what is leased without our knowledge was leased by a commit of whose success we
        // never heard.
        let client = &connection.connection.client;
        let (now, fences) = (self.replica.manual_now(), self.replica.leases.fences());
        let free = || async { client.execute(&text(ORPHANS), &[&now, &self.replica.id, &fences]).await };
        with_timeout(client, free).await?;
        self.free.push(connection);
        for number in 1..connections() {
            match WriteConnection::open(&self.replica.address, number).await {
                Ok(connection) => self.free.push(connection),
                Err(error) => {
                    tracing::debug!(%error, "no other connection to the journal's database");
                    break;
                }
            }
        }
        Ok(())
    }

    /// Gives up a connection that cannot be trusted any more: its last transaction may or may not have been committed.
    fn disconnect(&mut self, error: &JournalError) {
        tracing::error!(%error, "the journal's database failed; it is connected to again");
        self.failure = (error.clone(), Instant::now());
    }

    /// Runs one transaction, and has it committed in the background.
    async fn commit(&mut self, transaction: Transaction, reservation: Reservation) {
        let Some(mut connection) = self.free.pop() else {
            self.replica.backlog.end(reservation, None);
            return transaction.fail(&self.failure.0);
        };
        let context = Context {
            replica: self.replica.id,
            shard: shard(self.replica.id, connection.number),
            max_pending: self.replica.options.max_pending,
            now: self.replica.manual_now(),
            elapsed: self.replica.time.known(),
        };
        let begun = Instant::now();
        let pending = self.replica.backlog.pending();
        match connection.run(&transaction, context, pending).await {
            Ok(answers) => {
                let commit = Commit {
                    replica: Arc::clone(&self.replica),
                    connection,
                    transaction,
                    answers,
                    reservation,
                    begun,
                    seconds: self.seconds.clone(),
                };
                self.commits.spawn(commit.run());
            }
            Err(failure) => {
                self.replica.backlog.end(reservation, None);
                match failure {
                    Failure::Collision(error) => {
                        transaction.fail(&error);
                        self.free.push(connection);
                    }
                    Failure::Lost(error) => {
                        self.disconnect(&error);
                        transaction.fail(&error);
                    }
                }
            }
        }
    }

    /// Reserves room for an append close to the bound on the backlog, as far as is known of other replicas.
    async fn reserve(&mut self, append: &Append) -> Result<Reservation, JournalError> {
        let Some(WriteConnection { connection, statements, .. }) = self.free.first() else {
            return Err(self.failure.0.clone());
        };
        let client = &connection.client;
        let adding = append.rows.iter().filter(|row| row.entry.adds_to_inbox());
        let keys: Vec<_> = adding.map(|row| row.key).collect::<BTreeSet<_>>().into_iter().collect();
        let queue = queue_number(Queue::Inbox);
        let ask = || async { client.query_one(&statements.room, &[&queue, &keys]).await };
        match with_timeout(client, ask).await {
            Ok(row) => {
                let (new, pending) = (count(row.get(0)), count(row.get(1)));
                let reserved = self.replica.backlog.reserve_beside(pending, append.most_new(), new);
                reserved.ok_or(JournalError::Full(pending))
            }
            Err(error) => {
                self.disconnect(&error);
                Err(error)
            }
        }
    }

    /// Gives back what is still leased, so that others need not wait, and takes the replica off the list.
    pub(super) async fn leave(&self) -> Result<(), JournalError> {
        let Some(WriteConnection { connection, .. }) = self.free.first() else {
            return Err(self.failure.0.clone());
        };
        let (client, replica) = (&connection.client, &self.replica);
        let leave = || async {
            client.execute(RELEASE, &[&replica.id]).await?;
            client.execute(PASS, &[&replica.time.known()]).await?;
            client.execute(&text(LEAVE), &[&vec![replica.id]]).await
        };
        with_timeout(client, leave).await.map(drop)
    }
}

/// A transaction whose statements have been run.
struct Commit {
    replica: Arc<Replica>,
    connection: WriteConnection,
    transaction: Transaction,
    answers: Answers,
    reservation: Reservation,
    begun: Instant,
    seconds: Histogram,
}

impl Commit {
    async fn run(self) -> Option<WriteConnection> {
        let Self { replica, connection, transaction, answers, reservation, begun, seconds } = self;
        let committed = connection.commit().await;
        let seconds = move || seconds.record(begun.elapsed());
        match committed {
            Ok(()) => match transaction.outcome(&answers) {
                Ok(outcome) => {
                    seconds();
                    replica.backlog.end(reservation, Some(outcome.effects.pending[0]));
                    answer(&replica, outcome);
                    return Some(connection);
                }
                // Its waiters are gone with it.
                Err(error) => {
                    tracing::error!(error = %unavailable_error(&error), "the journal's database failed; it is connected to again");
                }
            },
            Err(error) => {
                tracing::error!(%error, "the journal's database failed; it is connected to again");
                transaction.fail(&error);
            }
        }
        replica.backlog.end(reservation, None);
        None
    }
}

fn answer(replica: &Replica, outcome: Outcome) {
    let Outcome { effects: Effects { pending, mut ready }, appends, settles, leases } = outcome;
    for (call, _) in &settles {
        replica.leases.remove(&call.input.lease);
    }
    for (call, entries) in &leases {
        let span = Duration::from_millis(call.input.span.try_into().unwrap_or(0));
        for entry in entries {
            replica.leases.add(&entry.lease, span);
        }
    }
    // Room in the Outbox lets the Inbox go on.
    let sent = settles.iter().filter(|(call, _)| call.input.lease.queue == Queue::Outbox).count();
    ready[0] |= sent > 0 && pending[1].saturating_add(sent as u64) >= replica.options.max_pending;
    for queue in [Queue::Inbox, Queue::Outbox] {
        if ready[queue as usize] {
            replica.notify(queue);
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
