//! The writer: takes the requests that are queued, runs them as one transaction, has it committed, and goes on.
//!
//! While a transaction is being committed, the next one begins on another connection. No caller is answered before the
//! commit.

use std::{sync::Arc, time::Instant};

use metrics::Histogram;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    backlog::Reservation,
    commands::{Append, Command},
    commit::Commit,
    error::Failure,
    records::count,
    replica::Replica,
    replica_statements::{LEAVE, RECORD_ELAPSED, RELEASE_LEASES},
    retry::with_timeout,
    transaction::{Answers, Context, Transaction},
    write_connection::WriteConnection,
    write_pool::WritePool,
};
use crate::journal::{
    JournalError, Queue,
    driver::{numbers::queue_number, request::MAX_BATCH},
};

/// The writer of a replica.
#[derive(Debug)]
pub(super) struct Writer {
    replica: Arc<Replica>,
    /// The write connections. They are opened before the writer starts, and made anew after a failure.
    pool: WritePool,
    /// The metric of how long a transaction takes.
    seconds: Histogram,
    /// The metric of how many requests share a transaction.
    commands: Histogram,
}

impl Writer {
    /// Makes the writer, once it has a connection.
    pub(super) async fn open(replica: Arc<Replica>) -> Result<Self, JournalError> {
        Ok(Self {
            pool: WritePool::open(Arc::clone(&replica)).await?,
            replica,
            seconds: crate::metrics::commit_seconds(),
            commands: crate::metrics::commit_commands(),
        })
    }

    /// Works until every sender of the queue is gone, or until it is told to close: what is queued then is still done.
    pub(super) async fn run(&mut self, mut queue: mpsc::Receiver<Command>, closing: &CancellationToken) {
        let mut queued = Vec::with_capacity(MAX_BATCH);
        loop {
            let (has_commits, is_busy) = (self.pool.has_commits(), self.pool.is_busy());
            tokio::select! {
                () = closing.cancelled(), if !queue.is_closed() => queue.close(),
                () = self.pool.wait_for_commit(), if has_commits => {}
                // The requests that come while all connections are busy share the next transaction.
                received = queue.recv_many(&mut queued, MAX_BATCH), if !is_busy => {
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
        self.pool.drain().await;
    }

    /// Runs the requests that were taken together: as one transaction, unless the Inbox may not have room for all.
    async fn write(&mut self, mut transaction: Transaction) {
        if let Err(error) = self.pool.reconnect().await {
            return transaction.fail(&error);
        }
        if transaction.leases_inbox()
            && self.replica.next_due.may_be_now()
            && let Err(error) = self.append_due().await
        {
            return transaction.fail(&error);
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 1024")]
        self.commands.record(transaction.len() as f64);
        if let Some(reservation) = self.replica.backlog.reserve(transaction.max_added()) {
            return self.run_one(transaction, reservation).await;
        }
        // Close to the bound, each append is looked at by itself, after the requests that make room.
        let appends = transaction.take_appends();
        if !transaction.is_empty() {
            self.run_one(transaction, self.replica.backlog.reserve_none()).await;
        }
        for request in appends {
            self.pool.drain().await;
            match self.reserve(&request.input).await {
                Ok(reservation) => self.run_one(Transaction::of_append(request), reservation).await,
                Err(refused) => request.answer(Err(refused)),
            }
        }
    }

    /// Runs one transaction, and has it committed in the background.
    async fn run_one(&mut self, transaction: Transaction, reservation: Reservation) {
        let begun = Instant::now();
        match self.run_statements(&transaction).await {
            Ok((connection, answers)) => self.pool.commit(Commit {
                replica: Arc::clone(&self.replica),
                connection,
                transaction,
                answers,
                reservation,
                begun,
                seconds: self.seconds.clone(),
            }),
            Err(error) => {
                self.replica.backlog.end(reservation, None);
                transaction.fail(&error);
            }
        }
    }

    /// Runs the statements of a transaction on a free connection.
    async fn run_statements(
        &mut self,
        transaction: &Transaction,
    ) -> Result<(WriteConnection, Answers), JournalError> {
        let mut connection = self.pool.take()?;
        let context = Context {
            replica: self.replica.id,
            replica_name: &self.replica.options.replica,
            shard: connection.shard,
            max_pending: self.replica.options.max_pending,
            now: self.replica.manual_now(),
            elapsed: self.replica.time.known(),
        };
        match connection.run(transaction, context, self.replica.backlog.committed()).await {
            Ok(answers) => Ok((connection, answers)),
            Err(Failure::Collision(error)) => {
                self.pool.put_back(connection);
                Err(error)
            }
            Err(Failure::Lost(error)) => Err(self.pool.fail(error)),
        }
    }

    /// Appends what is due, on a free connection, before a lease of the Inbox.
    async fn append_due(&mut self) -> Result<(), JournalError> {
        let connection = self.pool.take()?;
        match connection.append_due(&self.replica).await {
            Ok(()) => {
                self.pool.put_back(connection);
                Ok(())
            }
            Err(Failure::Collision(error)) => {
                self.pool.put_back(connection);
                Err(error)
            }
            Err(Failure::Lost(error)) => Err(self.pool.fail(error)),
        }
    }

    /// Reserves room for an append close to the bound on the backlog, as far as is known of other replicas.
    async fn reserve(&mut self, append: &Append) -> Result<Reservation, JournalError> {
        let Some(row) = append.row_of_inbox() else { return Ok(self.replica.backlog.reserve_none()) };
        let connection = self.pool.take()?;
        let WriteConnection { connection: session, statements, .. } = &connection;
        let queue = queue_number(Queue::Inbox);
        let client: &tokio_postgres::Client = &session.client;
        let ask = || async { client.query_one(&statements.room, &[&queue, &row.entry.key]).await };
        match with_timeout(&session.client, ask).await {
            Ok(row) => {
                self.pool.put_back(connection);
                let (is_new, pending) = (row.get(0), count(row.get(1)));
                let reserved = self.replica.backlog.reserve_beside(pending, is_new);
                reserved.ok_or(JournalError::Full(pending))
            }
            Err(error) => Err(self.pool.fail(error)),
        }
    }

    /// Gives back the replica's leases, so that others need not wait, and takes the replica off the list.
    pub(super) async fn leave(&mut self) -> Result<(), JournalError> {
        let (connection, replica) = (self.pool.take()?, &self.replica);
        let client = &connection.connection.client;
        let leave = || async {
            client.execute(RELEASE_LEASES, &[&replica.id]).await?;
            client.execute(RECORD_ELAPSED, &[&replica.time.known()]).await?;
            client.execute(LEAVE.as_str(), &[&vec![replica.id]]).await
        };
        with_timeout(client, leave).await.map(drop)
    }
}
