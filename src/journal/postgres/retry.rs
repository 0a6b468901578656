//! Work on a connection: within the time that the database may take, and again where it takes a transaction back.

use tokio::time::timeout;
use tokio_postgres::Error;

use super::{
    client::Client,
    error::{TIMEOUT, describe, is_collision, timed_out_error, unavailable_error},
};
use crate::journal::JournalError;

/// How often a transaction is tried that the database takes back because of another one.
pub(super) const TRIES: usize = 5;
/// The statement that begins a transaction. It names the isolation level, for a role's or a database's default may be
/// another one.
pub(super) const BEGIN: &str = "begin isolation level read committed";
/// The statement that begins a transaction in which all reads are of one moment.
pub(super) const READ: &str = "begin isolation level repeatable read read only";

/// Waits for the result of `work` no longer than the database may take.
pub(super) async fn with_timeout<T, F>(client: &Client, work: impl Fn() -> F) -> Result<T, JournalError>
where
    F: Future<Output = Result<T, Error>>,
{
    match timeout(TIMEOUT, retry_collisions(client, work)).await {
        Ok(answer) => answer.map_err(|error| unavailable_error(&error)),
        Err(_) => Err(timed_out_error()),
    }
}

/// Does `work`, which is one transaction, again where the database takes it back because of another one.
pub(super) async fn retry_collisions<T, F>(client: &Client, work: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut again = 1..TRIES;
    loop {
        match work().await {
            Err(error) if is_collision(&error) && again.next().is_some() => {
                tracing::debug!(error = describe(&error), "tried again");
                client.batch_execute("rollback").await?;
            }
            done => return done,
        }
    }
}
