//! How each entry ended, as the journal keeps it with the entry: who handled it, or why nobody did.

use std::time::Duration;

use rongcloud_callback::{
    CallbackService, Config, HandlerError, Image, Reply, Rules,
    journal::{Filter, Queue},
    protocol::Conversation,
    sandbox::{ChatContent, Sandbox},
    service::Ending,
};

use crate::sandbox::Bot;

const MINUTE: Duration = Duration::from_mins(1);

/// A rule that answers a text once an hour, and a handler of pictures that reminds.
fn register(service: CallbackService) -> CallbackService {
    let rules = "[[apps]]\nkey = 'a'\nsecrets = ['s']\napi_url = 'http://127.0.0.1:9'\n\
                 [[rules]]\nname = 'welcome'\non = 'text'\nevery = '1h'\nreply = { text = 'hi' }\n";
    let rules = Rules::new(&Config::from_toml(rules, |_| None).unwrap().rules).unwrap();
    service
        .route(rules)
        .on(async |_: Image, _| Reply::none().and("a picture").later(MINUTE, "one more?"))
}

/// The endings of the entries of a queue, oldest first.
async fn endings(bot: &Bot, queue: Queue) -> Vec<Option<Ending>> {
    bot.idle().await;
    let filter = Filter { queue: Some(queue), limit: 100, ..Filter::default() };
    let mut records = bot.journal.list(filter).await.unwrap();
    records.reverse();
    let read = |written: &String| Ending::parse(written).unwrap();
    records.iter().map(|record| record.ending.as_ref().map(read)).collect()
}

#[tokio::test]
async fn each_entry_says_who_handled_it_or_why_nobody_did() {
    let sandbox = Sandbox::start().await;
    let clock = sandbox.clock();
    let bot = Bot::start(&sandbox, "", |service| register(service.with_clock(clock))).await;
    let (user, app) = (sandbox.user("ann"), sandbox.app_key().clone());
    let conversation = Conversation { app, account: "demo".into(), user: "ann".into() };
    user.says("good day").await;
    user.says("good day again").await;
    user.sends(ChatContent::Image { url: "https://example.com/a.jpg".to_owned() }).await;
    user.sends(ChatContent::Voice { url: "https://example.com/a.amr".to_owned(), seconds: None }).await;
    bot.idle().await;
    bot.desk.hand_over(&conversation).await.unwrap();
    bot.idle().await;
    user.says("is anybody there?").await;
    bot.idle().await;
    sandbox.advance(2 * MINUTE);
    crate::support::until("the reminder", async || {
        (endings(&bot, Queue::Inbox).await.len() == 6).then_some(())
    })
    .await;

    let by = |name: &str| Some(name.to_owned());
    let expected = [
        Ending::Handled { by: by("rule \"welcome\"") },
        Ending::Quiet { by: "rule \"welcome\"".to_owned() },
        Ending::Handled { by: by("handler 2 (Image)") },
        Ending::NotTaken,
        Ending::Kept,
        Ending::Outdated,
    ];
    assert_eq!(endings(&bot, Queue::Inbox).await, expected.map(Some));
    let sent = endings(&bot, Queue::Outbox).await;
    assert_eq!(sent, vec![Some(Ending::Handled { by: None }); 3], "two replies and the desk's sentence");
    bot.stop().await;
}

#[tokio::test]
async fn a_message_that_is_given_up_has_no_ending() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", |service| {
        service.on(async |_: Image, _| Err::<(), _>(HandlerError::permanent("no such picture")))
    })
    .await;
    sandbox.user("ann").sends(ChatContent::Image { url: "https://example.com/a.jpg".to_owned() }).await;
    assert_eq!(endings(&bot, Queue::Inbox).await, [None]);
    bot.stop().await;
}
