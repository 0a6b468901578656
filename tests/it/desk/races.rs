//! Two who want a conversation at the same moment: a person and the bot, or two persons.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use rongcloud_callback::{Reply, Text, desk::DeskError, journal::Filter};
use tokio::{sync::Notify, task::JoinSet};

use super::{Bench, Store};

const STORES: [Store; 3] = [Store::Memory, Store::Sqlite, Store::Postgres];

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bot_makes_of_a_message_does_not_count_once_a_person_has_the_conversation() {
    for store in STORES {
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (handler_begun, handler_goes_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        let bench = Bench::start(store, "[desk]\nhanded_over = \"人工来了\"", |service| {
            service.on(move |_: Text, _context| {
                let (begun, go_on) = (Arc::clone(&handler_begun), Arc::clone(&handler_goes_on));
                async move {
                    begun.notify_one();
                    go_on.notified().await;
                    "机器人的回答"
                }
            })
        })
        .await;
        let Some(bench) = bench else { continue };
        bench.sandbox.user("ann").says("你好").await;
        begun.notified().await;
        bench.desk.hand_over(&bench.conversation("ann")).await.unwrap();
        go_on.notify_one();
        bench.idle().await;
        bench.desk.answer(&bench.conversation("ann"), "bea", None, "您好").await.unwrap();
        bench.idle().await;
        assert_eq!(bench.sandbox.user("ann").received().await.text(), "人工来了", "{store:?}");
        assert_eq!(bench.sandbox.user("ann").received().await.text(), "您好", "{store:?}");
        let records = bench.journal.list(Filter { limit: 9, ..Filter::default() }).await.unwrap();
        let message = records.iter().find(|record| record.body.starts_with(b"<xml>")).unwrap();
        assert_eq!(message.attempts, 1, "{store:?}: the attempt that did not count is not counted");
        bench.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_take_a_conversation_at_once_one_has_it_and_the_user_is_told_once() {
    for store in STORES {
        let Some(bench) = Bench::start(store, "", |service| {
            service.on(|_: Text, _context| async { Reply::none().hand_over() })
        })
        .await
        else {
            continue;
        };
        for round in 0..5 {
            let user = format!("user{round}");
            let conversation = bench.conversation(&user);
            let mut takers = JoinSet::new();
            for _ in 0..8 {
                let (desk, conversation) = (bench.desk.clone(), conversation.clone());
                takers.spawn(async move { desk.hand_over(&conversation).await });
            }
            // The bot hands the same conversation over at the same time.
            bench.sandbox.user(user.as_str()).says("人工").await;
            let results = takers.join_all().await;
            let taken = results.iter().filter(|result| result.is_ok()).count();
            let refused = results.iter().filter(|it| matches!(it, Err(DeskError::WithPerson))).count();
            assert!(taken <= 1 && taken + refused == 8, "{store:?}: {results:?}");
            bench.sandbox.user(user.as_str()).received().await;
            bench.idle().await;
            assert_eq!(bench.received(&user).len(), 1, "{store:?}");
            assert_eq!(bench.desk.waiting(99).await.unwrap().len(), round + 1, "{store:?}");
        }
        bench.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_come_while_the_conversation_goes_to_and_fro_are_handled_or_kept_and_never_both() {
    const MESSAGES: usize = 60;
    for store in STORES {
        let handled = Arc::new(Mutex::new(Vec::new()));
        let by_bot = Arc::clone(&handled);
        let silent = "[desk]\nhanded_over = \"\"\ngiven_back = \"\"";
        let bench = Bench::start(store, silent, |service| {
            service.on(move |text: Text, _context| {
                let handled = Arc::clone(&by_bot);
                async move {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                    handled.lock().unwrap().push(text.content.clone());
                    text.content
                }
            })
        })
        .await;
        let Some(bench) = bench else { continue };
        let (desk, conversation) = (bench.desk.clone(), bench.conversation("ann"));
        let mut person = JoinSet::new();
        person.spawn(async move {
            for round in 0..10 {
                desk.hand_over(&conversation).await.unwrap();
                desk.answer(&conversation, "bea", None, format!("人工 {round}")).await.unwrap();
                tokio::time::sleep(Duration::from_millis(10)).await;
                desk.hand_back(&conversation, "bea").await.unwrap();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        for number in 0..MESSAGES {
            bench.sandbox.user("ann").says(number.to_string()).await;
        }
        person.join_all().await;
        bench.idle().await;
        let received = crate::support::until("all is sent", async || {
            let received = bench.received("ann");
            let persons = received.iter().filter(|text| text.starts_with("人工")).count();
            (persons == 10).then_some(received)
        })
        .await;
        let bots: Vec<usize> = received.iter().filter_map(|text| text.parse().ok()).collect();
        assert!(bots.is_sorted(), "{store:?}: in the order in which they were written: {received:?}");
        let mut once = bots.clone();
        once.dedup();
        assert_eq!(once, bots, "{store:?}: each is answered once");
        let by_person: Vec<_> = received.iter().filter(|text| text.starts_with("人工")).collect();
        let expected: Vec<_> = (0..10).map(|round| format!("人工 {round}")).collect();
        assert_eq!(by_person, expected.iter().collect::<Vec<_>>(), "{store:?}");
        let records = bench.journal.list(Filter { limit: 999, ..Filter::default() }).await.unwrap();
        let messages: Vec<_> =
            records.iter().filter(|record| record.body.starts_with(b"<xml>")).collect();
        assert_eq!(messages.len(), MESSAGES, "{store:?}");
        assert!(messages.iter().all(|message| message.settled_at.is_some()), "{store:?}: none waits");
        bench.stop().await;
    }
}
