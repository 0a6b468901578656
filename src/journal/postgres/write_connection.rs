//! A write connection: one on which a writer runs its transactions, with the statements prepared.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use tokio::time::timeout;

use super::{
    address::Address,
    connection::Connection,
    error::{Failure, TIMEOUT, panicked_error, timed_out_error},
    retry::{TRIES, with_timeout},
    statements::Statements,
    transaction::{Answers, Context, Transaction},
};
use crate::{
    failpoint::{self, Point},
    journal::{Access, JournalError},
};

/// A plan is used for so long, and until there are a quarter more pending entries and some: which index is right depends
/// on how long the tables are, and an empty one says nothing.
const REPLAN: Duration = Duration::from_secs(1);
const REPLAN_ENTRIES: u64 = 50;

/// A connection to the database, with the writers' statements.
#[derive(Debug)]
pub(super) struct WriteConnection {
    pub(super) connection: Connection,
    pub(super) statements: Statements,
    /// The number of the connection among those of its replica: each counts in a row of the tally of its own.
    pub(super) number: usize,
    planned_at: Instant,
    planned_for: u64,
    is_custom: bool,
}

impl WriteConnection {
    pub(super) async fn open(address: &Address, number: usize) -> Result<Self, JournalError> {
        let connection = Connection::open(address, Access::Server).await?;
        let statements =
            with_timeout(&connection.client, || Statements::prepare(&connection.client)).await?;
        Ok(Self {
            connection,
            statements,
            number,
            planned_at: Instant::now(),
            planned_for: 0,
            is_custom: std::env::var("PLAN").is_ok(),
        })
    }

    /// Runs the statements of a transaction, and again where the database takes them back because of another one.
    pub(super) async fn run(
        &mut self,
        transaction: &Transaction,
        context: Context,
        pending: u64,
    ) -> Result<Answers, Failure> {
        let mut again = 1..TRIES;
        loop {
            let has_grown = pending > self.planned_for + self.planned_for / 4 + REPLAN_ENTRIES;
            let replan = !self.is_custom && (has_grown || self.planned_at.elapsed() >= REPLAN);
            if replan {
                (self.planned_at, self.planned_for) = (Instant::now(), pending);
            }
            let client = &self.connection.client;
            let run = async {
                if replan {
                    client.batch_execute("discard plans").await?;
                }
                transaction.run(client, &self.statements, context).await
            };
            match guard(run).await {
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

/// Bounds the time of `work`, and makes a panic in it the end of its connection, and not of the writer.
async fn guard<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    match timeout(TIMEOUT, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(Failure::Lost(panicked_error())),
        Err(_) => Err(Failure::Lost(timed_out_error())),
    }
}
