//! One connection to the database, set up as the journal needs it.

use std::{error::Error as _, time::Duration};

use futures_util::future::poll_fn;
use tokio::{
    sync::mpsc::{self, UnboundedReceiver},
    task::JoinSet,
    time::timeout,
};
use tokio_postgres::{AsyncMessage, Client, error::SqlState};

use super::{
    address::{Address, open_error},
    schema::{self, SCHEMA},
};
use crate::{
    failpoint::Injected,
    journal::{Access, JournalError},
};

/// The longest that a command is waited for; after it the connection is given up.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// A connection; closed when dropped.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) client: Client,
    /// The payloads of the channel that it listens to.
    pub(super) notices: UnboundedReceiver<String>,
    /// Moves the bytes.
    _driver: JoinSet<()>,
}

impl Session {
    /// Connects, and makes sure that the tables are of our version.
    pub(super) async fn open(address: &Address, access: Access) -> Result<Self, JournalError> {
        let opened = timeout(PATIENCE, async {
            let session = Self::connect(address).await?;
            schema::prepare(&session.client, access).await?;
            session.set_up().await.map_err(|error| unavailable(&error))?;
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
        Ok(Self { client, notices, _driver: driver })
    }

    /// Every statement has its index, and the statistics of tables that fill and empty are never right: so
    /// nothing is left to the planner's guess. A commit is a commit, whatever the server's default is.
    async fn set_up(&self) -> Result<(), tokio_postgres::Error> {
        let milliseconds = PATIENCE.as_millis();
        self.client
            .batch_execute(&format!(
                "set search_path = {SCHEMA};
                 set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off;
                 set plan_cache_mode = force_generic_plan; set jit = off;
                 set statement_timeout = {milliseconds};
                 set idle_in_transaction_session_timeout = {milliseconds};
                 select set_config('synchronous_commit', 'on', false)
                 where current_setting('synchronous_commit') = 'off'"
            ))
            .await
    }
}

/// What the database answers, within the time that it has.
pub(super) async fn soon<T>(
    asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, JournalError> {
    match timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(|error| unavailable(&error)),
        Err(_) => Err(silent()),
    }
}

/// Why a transaction did not come to its end.
#[derive(Debug)]
pub(super) enum Failure {
    /// Two transactions waited for each other, and the database has taken this one back.
    Collision(JournalError),
    /// The connection cannot be trusted any more: what it was last asked may or may not have been done.
    Lost(JournalError),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let collisions = [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE];
        match error.code() {
            Some(code) if collisions.contains(code) => Self::Collision(unavailable(&error)),
            _ => Self::Lost(unavailable(&error)),
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
