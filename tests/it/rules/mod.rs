//! Rules: the real executable behind the sandbox, and services that messages are forwarded to.

mod answers;
mod dialogues;
mod example;
mod forwarding;
mod hand_over;
mod kinds;
mod matching;
mod outages;
mod page;
mod python;
mod reload;
mod target;

use rongcloud_callback::{
    journal::{ConversationState, Record, State, StateFilter},
    sandbox::{Options, Sandbox},
};

use crate::support::{
    messages::{APP, PATH, SECRET},
    process::{Home, Process},
    until,
};

/// Sections with which failed attempts are repeated almost at once.
const HASTE: &str =
    "[dispatch]\nbackoff = \"10ms\"\nmax_backoff = \"1m\"\n[deliver]\nbackoff = \"10ms\"\n";

/// A platform for the app that [`Home`] is set up for.
async fn sandbox() -> Sandbox {
    let options = Options { app_key: APP.into(), secret: SECRET.into(), ..Options::default() };
    Sandbox::start_with(options).await.unwrap()
}

/// The real executable with rules, and the sandbox as its platform.
struct Bot {
    sandbox: Sandbox,
    home: Home,
    process: Process,
}

impl Bot {
    async fn start(rules: &str) -> Self {
        Self::start_with(HASTE, rules).await
    }

    /// Starts a bot with other sections than [`HASTE`].
    async fn start_with(sections: &str, rules: &str) -> Self {
        Self::start_on(sandbox().await, &format!("{sections}{rules}")).await
    }

    async fn start_on(sandbox: Sandbox, toml: &str) -> Self {
        let home = Home::new().with_api(sandbox.api_url()).with(toml);
        let process = home.start().await;
        sandbox.route_to(format!("http://{}{PATH}", process.callbacks));
        Self { sandbox, home, process }
    }

    /// Plays a conversation file.
    #[track_caller]
    fn plays(&self, conversation: &str) -> impl Future<Output = ()> {
        let conversation = conversation.parse().unwrap();
        async move {
            let report = self.sandbox.play(&conversation).await;
            assert!(report.has_passed(), "{report}");
        }
    }

    /// Waits until nothing is pending; returns the dead letters.
    async fn dead_letters(&self) -> Vec<Record> {
        let mut records = until("an idle journal", async || {
            let records = self.home.records().await;
            records.iter().all(|record| record.state != State::Pending).then_some(records)
        })
        .await;
        records.retain(|record| record.state == State::Dead);
        records
    }

    /// The states of all conversations.
    async fn states(&self) -> Vec<ConversationState> {
        let all = StateFilter { limit: 100, ..StateFilter::default() };
        self.home.journal().await.states(all).await.unwrap()
    }

    /// Waits until nothing is pending, and asserts that there are `count` dead letters; returns their reasons.
    async fn reasons(&self, count: usize) -> Vec<String> {
        let dead = self.dead_letters().await;
        assert_eq!(dead.len(), count, "{dead:?}");
        dead.into_iter().map(|record| record.reason.unwrap()).collect()
    }
}
