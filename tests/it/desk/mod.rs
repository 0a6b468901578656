//! Conversations that a person has: taken over, answered and given back, while the bot is at work in them.

mod command;
mod races;
mod turns;

use std::sync::Arc;

use rongcloud_callback::{
    CallbackService, Config, ServiceError,
    desk::Desk,
    journal::Queues,
    protocol::Conversation,
    sandbox::{Sandbox, Side},
};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::{postgres::Cluster, until};

/// A service behind a sandbox, and its desk.
struct Bench {
    sandbox: Sandbox,
    desk: Desk,
    journal: Arc<dyn Queues>,
    stop: CancellationToken,
    tasks: JoinSet<Result<(), ServiceError>>,
    _folder: TempDir,
}

/// The stores on which a test runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Store {
    Memory,
    Sqlite,
    Postgres,
}

impl Bench {
    /// Starts the service that `register` completes, with more sections of its configuration; none without the store.
    async fn start(
        store: Store,
        sections: &str,
        register: impl FnOnce(CallbackService) -> CallbackService,
    ) -> Option<Self> {
        let (sandbox, folder) = (Sandbox::start().await, tempfile::tempdir().unwrap());
        let url = match store {
            Store::Memory => "memory:".to_owned(),
            Store::Sqlite => format!("sqlite:{}", folder.path().join("journal.db").display()),
            Store::Postgres => Cluster::shared().await?.database().await,
        };
        let text = format!("{}\n{sections}", sandbox.callback_toml());
        let config = Config::from_toml(&text.replace("memory:", &url), |_| None).unwrap();
        let server = register(CallbackService::new(config)).bind().await.unwrap();
        sandbox.route_to(format!("http://{}/callback", server.callback_addr()));
        let (desk, journal) = (server.desk(), server.journal());
        let stop = CancellationToken::new();
        let tasks = JoinSet::from_iter([server.run(stop.clone().cancelled_owned())]);
        Some(Self { sandbox, desk, journal, stop, tasks, _folder: folder })
    }

    /// The conversation of a user with the account `demo`.
    fn conversation(&self, user: &str) -> Conversation {
        Conversation { app: self.sandbox.app_key().clone(), account: "demo".into(), user: user.into() }
    }

    /// Waits until nothing is pending in either queue.
    async fn idle(&self) {
        let idle = async || {
            let stats = self.journal.stats().await.unwrap();
            (stats.inbox.pending + stats.outbox.pending == 0).then_some(())
        };
        until("an idle journal", idle).await;
    }

    /// The texts that a user has received, in order.
    fn received(&self, user: &str) -> Vec<String> {
        let mut messages = self.sandbox.messages();
        messages.retain(|message| {
            message.from == Side::Account && message.users.iter().any(|it| it.as_str() == user)
        });
        messages.iter().map(rongcloud_callback::sandbox::ChatMessage::text).collect()
    }

    async fn stop(self) {
        self.stop.cancel();
        self.tasks.join_all().await;
    }
}
