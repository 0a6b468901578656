//! A write connection: the connection on which the writer runs a transaction, with the statements prepared.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use tokio::time::timeout;

use super::{
    client::Client,
    connection::Connection,
    due::append_due,
    error::{Failure, TIMEOUT, panicked_error, timed_out_error},
    fragments::shard,
    replica::Replica,
    retry::{TRIES, with_timeout},
    statements::Statements,
    transaction::{Answers, Context, Transaction},
};
use crate::{
    failpoint::{self, Point},
    journal::{JournalError, driver::access::Access},
};

/// How long plans are kept, unless there are a quarter more pending entries before, and at least so many more.
const KEEP_PLANS: Duration = Duration::from_secs(1);
const KEEP_PLANS_ENTRIES: u64 = 50;

/// A connection to the database, with the writer's statements.
#[derive(Debug)]
pub(super) struct WriteConnection {
    pub(super) connection: Connection,
    pub(super) statements: Statements,
    /// The shard of the tally that only this connection writes, so that no connection waits for another one's commit.
    pub(super) shard: i64,
    /// The time at which the plans of the statements were made, and the number of pending entries at that time.
    planned: (Instant, u64),
}

impl WriteConnection {
    /// Opens the connection with this number among those of its replica.
    pub(super) async fn open(replica: &Replica, number: usize) -> Result<Self, JournalError> {
        let connection = Connection::open(&replica.address, Access::Server).await?;
        let client = &connection.client;
        let statements = with_timeout(client, || Statements::prepare(client)).await?;
        let shard = shard(replica.id, number);
        Ok(Self { connection, statements, shard, planned: (Instant::now(), 0) })
    }

    /// Runs the statements of a transaction, and again where the database takes them back because of another one.
    pub(super) async fn run(
        &mut self,
        transaction: &Transaction,
        context: Context<'_>,
        pending: u64,
    ) -> Result<Answers, Failure> {
        self.discard_old_plans(pending).await?;
        let client = &self.connection.client;
        retry(client, async || transaction.run(client, &self.statements, context).await).await
    }

    /// Appends what is due, and again where the database takes that back.
    pub(super) async fn append_due(&self, replica: &Replica) -> Result<(), Failure> {
        let client = &self.connection.client;
        retry(client, async || append_due(replica, client, self.shard).await).await
    }

    /// Has the statements planned again, if the tables may have become much longer.
    ///
    /// # Design
    ///
    /// Which index is right depends on how long the tables are, and an empty table says nothing of it. Planning anew at
    /// each execution (`plan_cache_mode = force_custom_plan`) would need none of this; it took the database 1.6 to 2.3
    /// times the processor time for each accepted message.
    async fn discard_old_plans(&mut self, pending: u64) -> Result<(), Failure> {
        let (planned_at, planned_for) = self.planned;
        let has_grown = pending > planned_for + planned_for / 4 + KEEP_PLANS_ENTRIES;
        if has_grown || planned_at.elapsed() >= KEEP_PLANS {
            let client = &self.connection.client;
            guard(async { Ok(client.batch_execute("discard plans").await?) }).await?;
            self.planned = (Instant::now(), pending);
        }
        Ok(())
    }

    /// Commits the transaction whose statements have been run.
    pub(super) async fn commit(&self) -> Result<(), JournalError> {
        let commit = async {
            failpoint::reach(Point::Committing)?;
            self.connection.client.batch_execute("commit").await?;
            Ok(failpoint::reach(Point::Committed)?)
        };
        guard(commit).await.map_err(|failure| match failure {
            Failure::Collision(error) | Failure::Lost(error) => error,
        })
    }
}

/// Does `work`, which is one transaction, again where the database takes it back because of another one.
async fn retry<T>(client: &Client, work: impl AsyncFn() -> Result<T, Failure>) -> Result<T, Failure> {
    let mut again = 1..TRIES;
    loop {
        match guard(work()).await {
            Err(Failure::Collision(error)) => {
                guard(async { Ok(client.batch_execute("rollback").await?) }).await?;
                if again.next().is_none() {
                    return Err(Failure::Collision(error));
                }
                tracing::debug!(%error, "tried again");
            }
            done => return done,
        }
    }
}

/// Bounds the time of `work`. A panic in `work` is the end of its connection, and not of the writer.
async fn guard<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    match timeout(TIMEOUT, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(Failure::Lost(panicked_error())),
        Err(_) => Err(Failure::Lost(timed_out_error())),
    }
}
