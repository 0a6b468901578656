//! The platform's side of a test: the sandbox, and the messages that were sent to users.

use rongcloud_callback::{
    clock::Clock,
    sandbox::{Faults, Options, Sandbox, Side},
};

use super::{
    messages::{APP, SECRET},
    secrecy,
};

/// The sandbox's API, with the app that the tests sign for.
pub(crate) struct Platform(Sandbox);

impl Platform {
    pub(crate) async fn start() -> Self {
        Self::start_at(Clock::system()).await
    }

    /// Starts a platform that checks the timestamps of calls against `clock`.
    pub(crate) async fn start_at(clock: Clock) -> Self {
        secrecy::watch();
        let options = Options {
            clock,
            app_key: APP.into(),
            secret: SECRET.into(),
            remembered_messages: 1_000_000,
            ..Options::default()
        };
        Self(Sandbox::start_with(options).await.unwrap())
    }

    pub(crate) fn url(&self) -> String {
        self.0.api_url().to_owned()
    }

    /// Injects `faults` into the answers from now on.
    pub(crate) fn faults(&self, faults: Faults) {
        self.0.faults(faults);
    }

    /// Users and texts, in the order in which they were sent.
    pub(crate) fn sent(&self) -> Vec<(String, String)> {
        let sent = self.0.messages().into_iter().filter(|message| message.from == Side::Account);
        sent.map(|message| (message.users[0].to_string(), message.text())).collect()
    }
}
