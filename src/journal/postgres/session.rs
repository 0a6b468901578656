//! One connection to the database, set up as the journal needs it.

use std::{error::Error as _, sync::Arc, time::Duration};

use futures_util::future::poll_fn;
use tokio::{
    sync::mpsc::{self, UnboundedReceiver},
    task::JoinSet,
    time::timeout,
};
use tokio_postgres::{AsyncMessage, Client, error::SqlState};

use super::{
    address::{Address, open_error},
    copying,
    schema::{self, SCHEMA},
};
use crate::{
    failpoint::Injected,
    journal::{Access, JournalError},
};

/// The longest that a command is waited for; after it the connection is given up.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How often a transaction is tried that the database takes back for the sake of others.
pub(super) const TRIES: usize = 5;
/// Begins a transaction. Its isolation is named, for a role's or a database's default may be another one.
pub(super) const BEGIN: &str = "begin isolation level read committed";

/// A connection; closed when dropped.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) client: Arc<Client>,
    /// The payloads of the channel that it listens to.
    pub(super) notices: UnboundedReceiver<String>,
    /// Moves the bytes.
    _driver: JoinSet<()>,
}

impl Session {
    /// Connects, and makes sure that the tables are of our version and that the journal is there for this `access`.
    pub(super) async fn open(address: &Address, access: Access) -> Result<Self, JournalError> {
        let opened = timeout(PATIENCE, async {
            let session = Self::connect(address).await?;
            session.set_up().await.map_err(|error| unavailable(&error))?;
            schema::prepare(&session.client, access).await?;
            copying::enter(&session.client, access).await?;
            Ok(session)
        });
        opened.await.unwrap_or_else(|_| Err(silent()))
    }

    async fn connect(address: &Address) -> Result<Self, JournalError> {
        let (client, mut connection) =
            address.config.connect(address.tls.clone()).await.map_err(|error| refused(&error))?;
        let (sender, notices) = mpsc::unbounded_channel();
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(notice) = message {
                    let _ = sender.send(notice.payload().to_owned());
                }
            }
        });
        Ok(Self { client: Arc::new(client), notices, _driver: driver })
    }

    /// Every statement has its index, and the statistics of tables that fill and empty are never right: so
    /// nothing is left to the planner's guess. A commit is a commit, and a statement outside of a transaction is
    /// isolated as one of ours, whatever the server's defaults are. The advisory locks of a machine that is lost end
    /// with its connections, so the server looks after these.
    async fn set_up(&self) -> Result<(), tokio_postgres::Error> {
        let milliseconds = PATIENCE.as_millis();
        self.client
            .batch_execute(&format!(
                "set default_transaction_isolation = 'read committed';
                 set search_path = {SCHEMA};
                 set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off;
                 set plan_cache_mode = force_generic_plan; set jit = off;
                 set statement_timeout = {milliseconds};
                 set idle_in_transaction_session_timeout = {milliseconds};
                 set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3;
                 select set_config('synchronous_commit', 'on', false)
                 where current_setting('synchronous_commit') = 'off'"
            ))
            .await
    }
}

/// The result of `work`, within the time that the database has.
pub(super) async fn soon<T, F>(client: &Client, work: impl Fn() -> F) -> Result<T, JournalError>
where
    F: Future<Output = Result<T, tokio_postgres::Error>>,
{
    match timeout(PATIENCE, retried(client, work)).await {
        Ok(answer) => answer.map_err(|error| unavailable(&error)),
        Err(_) => Err(silent()),
    }
}

/// Does `work`, a transaction, again where the database takes it back for the sake of others.
pub(super) async fn retried<T, F>(
    client: &Client,
    work: impl Fn() -> F,
) -> Result<T, tokio_postgres::Error>
where
    F: Future<Output = Result<T, tokio_postgres::Error>>,
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

/// Whether the database has taken a transaction back because of another one.
fn is_collision(error: &tokio_postgres::Error) -> bool {
    let collisions = [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE];
    error.code().is_some_and(|code| collisions.contains(code))
}

/// Why a transaction did not come to its end.
#[derive(Debug)]
pub(super) enum Failure {
    /// The database has taken this transaction back because of another one.
    Collision(JournalError),
    /// The connection cannot be trusted any more: what it was last asked may or may not have been done.
    Lost(JournalError),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        if is_collision(&error) {
            Self::Collision(unavailable(&error))
        } else {
            Self::Lost(unavailable(&error))
        }
    }
}

impl From<Injected> for Failure {
    fn from(injected: Injected) -> Self {
        Self::Lost(injected.into())
    }
}

/// Why there is no connection: what the configuration has to do with it, or the server.
fn refused(error: &tokio_postgres::Error) -> JournalError {
    let yours = [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INVALID_CATALOG_NAME,
    ];
    match error.code() {
        Some(code) if yours.contains(code) => {
            open_error(&format!("the database refuses us: {}: change [journal] url", describe(error)))
        }
        _ => unavailable(error),
    }
}

/// The database cannot do it now.
pub(super) fn unavailable(error: &tokio_postgres::Error) -> JournalError {
    JournalError::Unavailable(describe(error).into())
}

/// The database did not answer.
pub(super) fn silent() -> JournalError {
    JournalError::Unavailable(format!("the database did not answer within {PATIENCE:?}").into())
}

/// What worked on the connection did not come to an end.
pub(super) fn panicked() -> JournalError {
    JournalError::Unavailable("the work on its connection panicked".into())
}

/// The driver's own text says no more than its kind.
pub(super) fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(refused) = error.as_db_error() {
        return format!("{} ({})", refused.message(), refused.code().code());
    }
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
