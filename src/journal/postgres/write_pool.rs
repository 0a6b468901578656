//! The write connections of a replica: the free ones, and those on which a commit is under way.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::{
    commit::Commit, error::panicked_error, fragments::SHARDS, replica::Replica,
    replica_statements::RELEASE_ORPHANS, retry::with_timeout, write_connection::WriteConnection,
};
use crate::journal::{JournalError, error::closed_error};

/// How many write connections there are, if the database allows so many.
const CONNECTIONS: usize = 3;
const _: () = assert!(CONNECTIONS <= SHARDS);
/// After a failed attempt to connect, how long until the next one.
const RETRY: Duration = Duration::from_millis(250);

/// A fixed number of write connections, which are opened together and, after a failure of one, made anew together.
#[derive(Debug)]
pub(super) struct WritePool {
    replica: Arc<Replica>,
    /// The connections without a transaction. All of them are given up when one has failed.
    free: Vec<WriteConnection>,
    /// The commits under way. Each gives its connection back at its end, unless the connection has failed.
    commits: JoinSet<Result<WriteConnection, JournalError>>,
    /// The latest failure, until there are connections again.
    failure: Option<(JournalError, Instant)>,
}

impl WritePool {
    /// Opens the connections.
    pub(super) async fn open(replica: Arc<Replica>) -> Result<Self, JournalError> {
        let mut pool = Self { replica, free: Vec::new(), commits: JoinSet::new(), failure: None };
        pool.connect().await?;
        Ok(pool)
    }

    /// Whether commits are under way.
    pub(super) fn has_commits(&self) -> bool {
        !self.commits.is_empty()
    }

    /// Whether there is a commit under way on each of the connections.
    pub(super) fn is_busy(&self) -> bool {
        self.free.is_empty() && self.has_commits()
    }

    /// Takes a free connection; the error says why there is none.
    pub(super) fn take(&mut self) -> Result<WriteConnection, JournalError> {
        let failure = || self.failure.as_ref().map_or_else(closed_error, |(error, _)| error.clone());
        self.free.pop().ok_or_else(failure)
    }

    /// Gives a connection back that was taken.
    pub(super) fn put_back(&mut self, connection: WriteConnection) {
        if self.failure.is_none() {
            self.free.push(connection);
        }
    }

    /// Commits in the background.
    pub(super) fn commit(&mut self, commit: Commit) {
        self.commits.spawn(commit.run());
    }

    /// Waits until one of the commits has ended.
    pub(super) async fn wait_for_commit(&mut self) {
        match self.commits.join_next().await {
            Some(Ok(Ok(connection))) => self.put_back(connection),
            Some(Ok(Err(error))) => drop(self.fail(error)),
            Some(Err(_)) => drop(self.fail(panicked_error())),
            None => {}
        }
    }

    /// Waits until all commits have ended.
    pub(super) async fn drain(&mut self) {
        while self.has_commits() {
            self.wait_for_commit().await;
        }
    }

    /// Gives all connections up, because one of them cannot be trusted any more: its last transaction may or may not have
    /// been committed.
    pub(super) fn fail(&mut self, error: JournalError) -> JournalError {
        if self.failure.is_none() {
            tracing::error!(%error, "the journal's database failed; it is connected to again");
        }
        self.give_up(&error);
        error
    }

    fn give_up(&mut self, error: &JournalError) {
        self.free.clear();
        self.failure = Some((error.clone(), Instant::now()));
    }

    /// Makes sure that there is a free connection: makes all anew, once no commit is under way, where one has failed, or
    /// was closed while it was free.
    pub(super) async fn reconnect(&mut self) -> Result<(), JournalError> {
        if self.free.iter().any(|it| it.connection.client.is_closed()) {
            self.free.clear();
        }
        if self.free.is_empty() {
            self.drain().await;
        }
        if !self.free.is_empty() {
            return Ok(());
        }
        match &self.failure {
            Some((error, at)) if at.elapsed() < RETRY => return Err(error.clone()),
            _ => {}
        }
        self.connect().await.inspect_err(|error| self.give_up(error))?;
        tracing::info!("the journal's database works again");
        Ok(())
    }

    /// Opens the connections. The first one must be there; a database that allows fewer than all gets fewer.
    ///
    /// As no commit is under way, a lease that the replica does not know was committed on a connection that failed before
    /// the answer: nobody works on it, so it is released.
    async fn connect(&mut self) -> Result<(), JournalError> {
        let first = WriteConnection::open(&self.replica, 0).await?;
        let client = &first.connection.client;
        let (now, fences) = (self.replica.manual_now(), self.replica.leases.fences());
        let release = || async {
            client.execute(RELEASE_ORPHANS.as_str(), &[&now, &self.replica.id, &fences]).await
        };
        with_timeout(client, release).await?;
        self.replica.backlog.release_all();
        self.failure = None;
        self.free.push(first);
        for number in 1..CONNECTIONS {
            match WriteConnection::open(&self.replica, number).await {
                Ok(connection) => self.free.push(connection),
                Err(error) => {
                    tracing::debug!(%error, "no other connection to the journal's database");
                    break;
                }
            }
        }
        Ok(())
    }
}
