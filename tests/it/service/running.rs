//! A whole service in this process, on free ports, with a journal on disk.

use std::{net::SocketAddr, sync::Arc};

use rongcloud_callback::{
    CallbackService, Config, ServiceError,
    clock::UnixMillis,
    journal::{self, Activity, Filter, Queues, Record, Stats},
    statistics::Statistics,
};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::{
    http::{Answer, Connection},
    messages::{APP, PATH, SECRET, delivery},
    platform::Platform,
    until,
};

/// A running service, with its platform and the folder of its journal.
pub(super) struct Running {
    pub(super) platform: Platform,
    pub(super) callbacks: SocketAddr,
    pub(super) statistics: Statistics,
    journal: Arc<dyn Queues>,
    stop: CancellationToken,
    tasks: JoinSet<Result<(), ServiceError>>,
    folder: TempDir,
}

impl Running {
    /// Starts a service with the handlers that `register` adds. Failed attempts are repeated almost at once.
    pub(super) async fn start(register: impl FnOnce(CallbackService) -> CallbackService) -> Self {
        Self::start_with("", register).await
    }

    /// Starts a service as [`start`](Self::start) does, with other keys of `[dispatch]`.
    pub(super) async fn start_with(
        dispatch: &str,
        register: impl FnOnce(CallbackService) -> CallbackService,
    ) -> Self {
        Self::start_in(dispatch, "", register).await
    }

    /// Starts a service as [`start_with`](Self::start_with) does, with more lines in the app's section.
    pub(super) async fn start_in(
        dispatch: &str,
        app: &str,
        register: impl FnOnce(CallbackService) -> CallbackService,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let platform = Platform::start().await;
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n\
             [journal]\nurl = \"sqlite:{}\"\n\
             [dispatch]\nbackoff = \"10ms\"\nmax_backoff = \"20ms\"\n{dispatch}\n\
             [deliver]\nbackoff = \"10ms\"\nmax_backoff = \"20ms\"\nrate.per_second = 100000\n\
             [[apps]]\npath = \"{PATH}\"\nkey = \"{APP}\"\nsecrets = [\"{SECRET}\"]\napi_url = \"{}\"\n{app}",
            folder.path().join("journal.db").display(),
            platform.url(),
        );
        let config = Config::from_toml(&text, |_| None).unwrap();
        let server = register(CallbackService::new(config)).bind().await.unwrap();
        let (callbacks, journal, statistics, stop) =
            (server.callback_addr(), server.journal(), server.statistics(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(server.run(stop.clone().cancelled_owned()));
        Self { platform, callbacks, statistics, journal, stop, tasks, folder }
    }

    pub(super) async fn deliver(&self, body: &str) -> Answer {
        Connection::open(self.callbacks).await.ask(delivery(body)).await
    }

    pub(super) async fn stats(&self) -> Stats {
        self.journal.stats().await.unwrap()
    }

    /// All entries, oldest first.
    pub(super) async fn records(&self) -> Vec<Record> {
        let all = Filter { limit: 1_000_000, ..Filter::default() };
        let mut records = self.journal.list(all).await.unwrap();
        records.reverse();
        records
    }

    /// Waits until nothing is pending in either queue.
    pub(super) async fn wait_until_idle(&self) {
        let idle = async || {
            let stats = self.stats().await;
            (stats.inbox.pending + stats.outbox.pending == 0).then_some(())
        };
        until("an idle journal", idle).await;
    }

    /// The journal, while the service runs.
    pub(super) fn journal(&self) -> Arc<dyn Queues> {
        Arc::clone(&self.journal)
    }

    /// The activity in the journal of a service that has ended.
    pub(super) async fn activity(folder: &TempDir, since: UnixMillis) -> Vec<Activity> {
        let url = format!("sqlite:{}", folder.path().join("journal.db").display());
        let journal = journal::open_operator(&url, journal::Options::default()).await.unwrap();
        journal.activity(since).await.unwrap()
    }

    /// Stops the service as SIGTERM would, and waits for its end.
    pub(super) async fn stop(self) {
        self.stop_and_keep().await;
    }

    /// Stops the service as [`stop`](Self::stop) does, and returns the folder of its journal.
    pub(super) async fn stop_and_keep(mut self) -> TempDir {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap().unwrap();
        }
        self.folder
    }
}
