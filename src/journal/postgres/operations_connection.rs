//! The connection for an operator's operations, and for everything that a server only reads.

use std::sync::Arc;

use tokio::sync::Mutex;
use tokio_postgres::{Client, Error};

use super::{address::Address, connection::Connection, retry::with_timeout};
use crate::journal::{JournalError, driver::access::Access};

/// A connection that is used by one caller after the other, and made anew when the last one has failed.
#[derive(Debug)]
pub(super) struct OperationsConnection {
    address: Address,
    access: Access,
    connection: Mutex<Option<Connection>>,
}

impl OperationsConnection {
    pub(super) fn new(address: Address, access: Access, connection: Connection) -> Self {
        Self { address, access, connection: Mutex::new(Some(connection)) }
    }

    /// Does `work` alone on the connection. The connection is given up if the work fails or is cut off halfway.
    pub(super) async fn with<T, F>(&self, work: impl Fn(Arc<Client>) -> F) -> Result<T, JournalError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut place = self.connection.lock().await;
        let connection = match place.take().filter(|connection| !connection.client.is_closed()) {
            Some(connection) => connection,
            None => Connection::open(&self.address, self.access).await?,
        };
        let done = with_timeout(&connection.client, || work(Arc::clone(&connection.client))).await?;
        *place = Some(connection);
        Ok(done)
    }

    /// Ends the connection, and with it the locks that it holds.
    pub(super) async fn close(&self) {
        self.connection.lock().await.take();
    }
}
