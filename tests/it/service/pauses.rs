//! Pauses of an account's sending: its replies wait in order, nobody else's do, and a restart changes nothing.

use std::time::Duration;

use rongcloud_callback::{
    CallbackService, Client, Text,
    client::{NewAccount, Options, Profile},
    journal::{Filter, Queue, Record, State},
    sandbox::{ChatMessage, Sandbox, User},
    service::PausedAccount,
};
use tempfile::TempDir;

use crate::{
    sandbox::{Bot, sent},
    support::until,
};

const REASON: &str = "sending for the account demo is paused by alice";

/// A sandbox, and a journal in a file for a bot that repeats what it is told.
struct Bench {
    sandbox: Sandbox,
    folder: TempDir,
}

impl Bench {
    /// A sandbox with the account `other` besides `demo`.
    async fn new() -> Self {
        let sandbox = Sandbox::start().await;
        let minute = Duration::from_mins(1);
        let options = Options { connect_timeout: minute, timeout: minute };
        let (app, secret) = (sandbox.app_key().clone(), sandbox.secret().into());
        let client = Client::new(app, secret, [sandbox.api_url().parse().unwrap()], options).unwrap();
        let profile = Profile {
            id: "other".into(),
            name: "Other".to_owned(),
            portrait_url: "http://x/logo.png".to_owned(),
            ui_type: 0,
            introduction: String::new(),
        };
        let route_url = "http://127.0.0.1:9".to_owned();
        client
            .accounts()
            .create(&NewAccount { profile, followed_by_all: true, route_url })
            .await
            .unwrap();
        Self { sandbox, folder: tempfile::tempdir().unwrap() }
    }

    /// Starts a bot on the journal, on the sandbox's time.
    async fn start(&self) -> Bot {
        let url = format!("sqlite:{}", self.folder.path().join("journal.db").display());
        let echo = |service: CallbackService| {
            service.with_clock(self.sandbox.clock()).on(async |text: Text, _| text.content)
        };
        Bot::start_on(&self.sandbox, &url, "", echo).await
    }

    /// The key of the account `demo` among the pauses.
    fn demo(&self) -> String {
        PausedAccount { app: self.sandbox.app_key().clone(), account: "demo".into() }.key()
    }

    /// The texts that the platform got for a user.
    fn received(&self, user: &str) -> Vec<String> {
        let mut messages = sent(&self.sandbox);
        messages.retain(|message| message.users.iter().any(|it| it.as_str() == user));
        messages.iter().map(ChatMessage::text).collect()
    }

    /// Lets the replies that wait come back until a user has received so many.
    async fn wait_until_received(&self, user: &str, count: usize) {
        until("the replies", async || {
            self.sandbox.advance(Duration::from_secs(10));
            (self.received(user).len() == count).then_some(())
        })
        .await;
    }
}

/// The replies that wait because of the pause, oldest first.
async fn paused(bot: &Bot) -> Vec<Record> {
    let (queue, state) = (Some(Queue::Outbox), Some(State::Pending));
    let filter = Filter { queue, state, limit: 100, ..Filter::default() };
    let mut waiting = bot.journal.list(filter).await.unwrap();
    waiting.retain(|record| record.reason.as_deref() == Some(REASON));
    waiting.reverse();
    waiting
}

/// Pauses sending for `demo`, and has a user say something until its reply waits. Returns how many replies came before.
async fn pause(bench: &Bench, bot: &Bot, user: &User<'_>) -> usize {
    bot.journal.pause(bench.demo(), "alice".to_owned()).await.unwrap();
    for number in 0.. {
        user.says(number.to_string()).await;
        let waits = until("a reply that is sent or waits", async || {
            let waits = !paused(bot).await.is_empty();
            let stats = bot.journal.stats().await.unwrap();
            (waits || stats.inbox.pending + stats.outbox.pending == 0).then_some(waits)
        });
        if waits.await {
            return number;
        }
    }
    unreachable!("a pause is read within a second or so");
}

#[tokio::test]
async fn while_an_account_is_paused_its_replies_wait_in_order_and_those_of_others_go_on() {
    let bench = Bench::new().await;
    let bot = bench.start().await;
    let ann = bench.sandbox.user("ann");
    let before = pause(&bench, &bot, &ann).await;
    let texts = ["a", "b", "c"];
    for text in texts {
        ann.says(text).await;
    }
    let other = bench.sandbox.user("bob").with("other");
    for text in texts {
        other.says(text).await;
        assert_eq!(other.received().await.text(), text);
    }
    assert_eq!(bench.received("ann").len(), before);
    let waiting = paused(&bot).await;
    assert_eq!(waiting.len(), 1, "the first of the conversation is tried, the others wait for it");
    assert_eq!(waiting[0].attempts, 0, "no attempt counts");
    assert!(bot.journal.attempts(waiting[0].id).await.unwrap().is_empty(), "and none is kept");

    bot.journal.resume(bench.demo()).await.unwrap();
    bench.wait_until_received("ann", before + 4).await;
    let expected: Vec<_> = (0..=before).map(|number| number.to_string()).collect();
    assert_eq!(bench.received("ann"), [expected, texts.map(str::to_owned).to_vec()].concat());
    bot.idle().await;
    bot.stop().await;
}

#[tokio::test]
async fn a_pause_lasts_across_a_restart_and_not_one_reply_is_sent_before_it_is_known() {
    let bench = Bench::new().await;
    let bot = bench.start().await;
    let ann = bench.sandbox.user("ann");
    let before = pause(&bench, &bot, &ann).await;
    bot.stop().await;
    for _ in 0..3 {
        bench.sandbox.advance(Duration::from_secs(10));
        let bot = bench.start().await;
        ann.says("again").await;
        until("the reply that waits again", async || {
            let waiting = paused(&bot).await;
            waiting.first().filter(|record| record.due_at > bench.sandbox.now()).map(drop)
        })
        .await;
        assert_eq!(bench.received("ann").len(), before);
        bot.stop().await;
    }
    let bot = bench.start().await;
    bot.journal.resume(bench.demo()).await.unwrap();
    bench.wait_until_received("ann", before + 4).await;
    bot.stop().await;
}
