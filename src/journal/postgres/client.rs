//! A client of the database that keeps the statements which it has prepared.

use std::{
    num::NonZeroUsize,
    ops::Deref,
    sync::Mutex,
    time::{Duration, Instant},
};

use lru::LruCache;
use tokio_postgres::{Error, Row, Statement, types::ToSql};

use crate::lock::lock;

/// How many statements are kept prepared.
const KEPT: NonZeroUsize = NonZeroUsize::new(64).unwrap();
/// How long a statement is kept. Its plan is that of its first execution, and which index is right depends on how long the
/// tables are.
const KEEP: Duration = Duration::from_secs(1);

/// A client whose texts of statements are prepared once for the many times that a page runs them.
#[derive(Debug)]
pub(super) struct Client {
    client: tokio_postgres::Client,
    prepared: Mutex<LruCache<String, Prepared>>,
}

#[derive(Debug, Clone)]
struct Prepared {
    statement: Statement,
    at: Instant,
}

/// Everything else is as without kept statements.
impl Deref for Client {
    type Target = tokio_postgres::Client;

    fn deref(&self) -> &Self::Target {
        &self.client
    }
}

impl Client {
    pub(super) fn new(client: tokio_postgres::Client) -> Self {
        Self { client, prepared: Mutex::new(LruCache::new(KEPT)) }
    }

    /// The rows of a statement.
    pub(super) async fn query(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        self.client.query(&self.statement(sql).await?, parameters).await
    }

    /// The only row of a statement.
    pub(super) async fn query_one(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Row, Error> {
        self.client.query_one(&self.statement(sql).await?, parameters).await
    }

    /// The row of a statement that has one or none.
    pub(super) async fn query_opt(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        self.client.query_opt(&self.statement(sql).await?, parameters).await
    }

    /// Executes a statement; returns how many rows it has changed.
    pub(super) async fn execute(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Error> {
        self.client.execute(&self.statement(sql).await?, parameters).await
    }

    async fn statement(&self, sql: &str) -> Result<Statement, Error> {
        let kept = lock(&self.prepared).get(sql).filter(|it| it.at.elapsed() < KEEP).cloned();
        if let Some(Prepared { statement, .. }) = kept {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        let prepared = Prepared { statement: statement.clone(), at: Instant::now() };
        lock(&self.prepared).put(sql.to_owned(), prepared);
        Ok(statement)
    }
}
