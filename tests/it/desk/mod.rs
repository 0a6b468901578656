//! Conversations that a person has: taken over, answered and given back, while the bot is at work in them.

mod command;
mod races;
mod turns;

use std::ops::Deref;

use rongcloud_callback::{
    CallbackService,
    protocol::Conversation,
    sandbox::{ChatMessage, Sandbox, Side},
};
use tempfile::TempDir;

use crate::{sandbox::Bot, support::postgres::Cluster};

/// A service behind a sandbox, with its journal in one of the stores.
struct Bench {
    sandbox: Sandbox,
    bot: Bot,
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
        let journal = match store {
            Store::Memory => "memory:".to_owned(),
            Store::Sqlite => format!("sqlite:{}", folder.path().join("journal.db").display()),
            Store::Postgres => Cluster::shared().await?.database().await,
        };
        let bot = Bot::start_on(&sandbox, &journal, sections, register).await;
        Some(Self { sandbox, bot, _folder: folder })
    }

    /// The conversation of a user with the account `demo`.
    fn conversation(&self, user: &str) -> Conversation {
        Conversation { app: self.sandbox.app_key().clone(), account: "demo".into(), user: user.into() }
    }

    /// The texts that a user has received, in order.
    fn received(&self, user: &str) -> Vec<String> {
        let mut messages = self.sandbox.messages();
        messages.retain(|message| {
            message.from == Side::Account && message.users.iter().any(|it| it.as_str() == user)
        });
        messages.iter().map(ChatMessage::text).collect()
    }

    async fn stop(self) {
        self.bot.stop().await;
    }
}

impl Deref for Bench {
    type Target = Bot;

    fn deref(&self) -> &Bot {
        &self.bot
    }
}
