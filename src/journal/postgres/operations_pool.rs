//! The connections for an operator's operations, and for everything that a server only reads.

use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;
use tokio_postgres::Error;

use super::{address::Address, client::Client, connection::Connection, retry::with_timeout};
use crate::{
    journal::{JournalError, driver::access::Access, error::closed_error},
    lock::lock,
};

/// How many connections there are at most: a long search, which uses two, holds up no short look.
const CONNECTIONS: usize = 3;

/// A few connections, each used by one caller after the other, and made when they are needed.
#[derive(Debug)]
pub(super) struct OperationsPool {
    address: Address,
    access: Access,
    /// The number of connections that may be used at once.
    count: usize,
    /// The right to use a connection.
    places: Semaphore,
    /// The connections that nobody uses.
    free: Mutex<Vec<Connection>>,
}

impl OperationsPool {
    /// A pool with its first connection. A copy has the journal alone, so that it has no second connection.
    pub(super) fn new(address: Address, access: Access, connection: Connection) -> Self {
        let count = match access {
            Access::Server | Access::Operator => CONNECTIONS,
            Access::Source | Access::Target => 1,
        };
        let places = Semaphore::new(count);
        Self { address, access, count, places, free: Mutex::new(vec![connection]) }
    }

    /// Does `work` alone on a connection. The connection is given up if the work fails or is cut off halfway.
    pub(super) async fn with<T, F>(&self, work: impl Fn(Arc<Client>) -> F) -> Result<T, JournalError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let _place = self.places.acquire().await.map_err(|_| closed_error())?;
        let free = lock(&self.free).pop();
        let connection = match free.filter(|connection| !connection.client.is_closed()) {
            Some(connection) => connection,
            None => Connection::open(&self.address, self.access).await?,
        };
        let done = with_timeout(&connection.client, || work(Arc::clone(&connection.client))).await?;
        lock(&self.free).push(connection);
        Ok(done)
    }

    /// Ends the connections, once nobody uses them, and with them the locks that they hold.
    pub(super) async fn close(&self) {
        let all = self.places.acquire_many(self.count.try_into().unwrap_or(u32::MAX)).await;
        lock(&self.free).clear();
        drop(all);
    }
}
