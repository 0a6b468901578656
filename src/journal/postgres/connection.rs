//! A connection to the database, with the settings that the journal needs.

use std::sync::Arc;

use futures_util::future::poll_fn;
use tokio::{
    sync::mpsc::{self, UnboundedReceiver},
    task::JoinSet,
    time::timeout,
};
use tokio_postgres::{AsyncMessage, Error};

use super::{
    address::Address,
    client::Client,
    error::{TIMEOUT, connect_error, timed_out_error, unavailable_error},
    marks,
    schema::{self, SCHEMA},
};
use crate::journal::{JournalError, driver::access::Access};

/// A connection that is ready for the journal's statements; it is closed when this is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client: Arc<Client>,
    /// The payloads of the channel that the connection listens to.
    pub(super) notifications: UnboundedReceiver<String>,
    /// The task that moves the connection's bytes; it ends when this is dropped.
    _driver: JoinSet<()>,
}

impl Connection {
    /// Connects, and makes sure that the tables are of this program's version and that the journal may be opened for
    /// `access`.
    pub(super) async fn open(address: &Address, access: Access) -> Result<Self, JournalError> {
        let opened = timeout(TIMEOUT, async {
            let connection = Self::connect(address).await?;
            connection.set_up().await.map_err(|error| unavailable_error(&error))?;
            Ok(connection)
        });
        let connection = opened.await.unwrap_or_else(|_| Err(timed_out_error()))?;
        // A migration of long tables takes longer.
        schema::prepare(&connection.client, access).await?;
        let entered = timeout(TIMEOUT, marks::enter(&connection.client, access));
        entered.await.unwrap_or_else(|_| Err(timed_out_error()))?;
        Ok(connection)
    }

    async fn connect(address: &Address) -> Result<Self, JournalError> {
        let (client, mut connection) =
            address.config.connect(address.tls.clone()).await.map_err(|error| connect_error(&error))?;
        let (sender, notifications) = mpsc::unbounded_channel();
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(notification) = message {
                    let _ = sender.send(notification.payload().to_owned());
                }
            }
        });
        Ok(Self { client: Arc::new(Client::new(client)), notifications, _driver: driver })
    }

    /// Makes the settings of the connection.
    ///
    /// A commit waits for the log on disk, and a statement outside of a transaction is isolated as one inside, whatever
    /// the server's defaults are. The server checks whether the client is alive, for the advisory locks of a machine that
    /// is lost end only with its connections.
    ///
    /// # Design
    ///
    /// Every statement has its index, and the statistics of tables that fill and empty are never right, so a plan that
    /// reads a whole table is forbidden. So is one that collects the rows of an index in a bitmap before it takes the first of
    /// them: it comes by all those that were deleted since the last vacuum, each time anew, and by a whole group for one page.
    /// Plans are kept, as planning costs more than most executions. A long search takes no second core from those who append.
    async fn set_up(&self) -> Result<(), Error> {
        let milliseconds = TIMEOUT.as_millis();
        self.client
            .batch_execute(&format!(
                "set default_transaction_isolation = 'read committed';
                 set search_path = {SCHEMA};
                 set enable_seqscan = off; set enable_bitmapscan = off;
                 set enable_hashjoin = off; set enable_mergejoin = off;
                 set plan_cache_mode = force_generic_plan; set jit = off; set max_parallel_workers_per_gather = 0;
                 set statement_timeout = {milliseconds};
                 set idle_in_transaction_session_timeout = {milliseconds};
                 set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3;
                 select set_config('synchronous_commit', 'on', false)
                 where current_setting('synchronous_commit') = 'off'"
            ))
            .await
    }
}
