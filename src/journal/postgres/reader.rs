//! The connection for everything that is neither written in bulk nor kept up: what operators ask and do.

use std::sync::Arc;

use tokio::sync::Mutex;
use tokio_postgres::{Client, Error};

use super::{address::Address, connection::Connection, retry::with_timeout};
use crate::journal::{Access, JournalError};

/// Reads, and does an operator's work, on one connection that is made when it is needed.
#[derive(Debug)]
pub(super) struct Reader {
    address: Address,
    access: Access,
    session: Mutex<Option<Connection>>,
}

impl Reader {
    pub(super) fn new(address: Address, access: Access, session: Connection) -> Self {
        Self { address, access, session: Mutex::new(Some(session)) }
    }

    /// Does `work` alone on the connection, which is given up if the work fails or is cut off halfway.
    pub(super) async fn with<T, F>(&self, work: impl Fn(Arc<Client>) -> F) -> Result<T, JournalError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut place = self.session.lock().await;
        let session = match place.take().filter(|session| !session.client.is_closed()) {
            Some(session) => session,
            None => Connection::open(&self.address, self.access).await?,
        };
        let done = with_timeout(&session.client, || work(Arc::clone(&session.client))).await?;
        *place = Some(session);
        Ok(done)
    }

    /// Ends the connection, and with it what is locked for its sake.
    pub(super) async fn close(&self) {
        self.session.lock().await.take();
    }
}
