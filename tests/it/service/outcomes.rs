//! The outcomes of attempts: done, tried again, or a dead letter; and the log when nobody takes a message.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use rongcloud_callback::{
    Article, Context, Event, FromInbound, HandlerError, Inbound, Payload, Subscribe, Text,
    UnknownMessage,
    journal::{Queue, State},
};
use tokio::task::JoinSet;

use super::running::Running;
use crate::support::messages::{self, subscribe, text};

fn texts(service: &Running) -> Vec<String> {
    service.platform.sent().into_iter().map(|(_, text)| text).collect()
}

#[tokio::test]
async fn the_first_handler_that_takes_a_message_handles_it() {
    struct Command(String);
    impl FromInbound for Command {
        fn from_inbound(inbound: &Inbound) -> Option<Self> {
            Some(Self(Text::from_inbound(inbound)?.content.strip_prefix('/')?.to_owned()))
        }
    }
    async fn any(_: Inbound, _: Context) -> &'static str {
        "any"
    }
    let service = Running::start(|service| {
        service
            .on(async |command: Command, _| format!("command {}", command.0))
            .on(async |text: Text, _| format!("text {}", text.content))
            .on(async |_: Event, _| "event")
            .on(async |_: Subscribe, _| "never asked: the event handler comes first")
            .on(any)
    })
    .await;
    let other = "<xml><ToUserName>demo</ToUserName><FromUserName>d</FromUserName><CreateTime>1</CreateTime>\
                 <MsgType>sticker</MsgType><MsgId>9</MsgId></xml>";
    for body in [text("a", "1", "/help"), text("b", "1", "help"), subscribe("c"), other.to_owned()] {
        service.deliver(&body).await.assert_ack();
        service.wait_until_idle().await;
    }
    assert_eq!(texts(&service), ["command help", "text help", "event", "any"]);
    service.stop().await;
}

#[tokio::test]
async fn a_failing_handler_is_tried_again_until_it_succeeds() {
    let service = Running::start(|service| {
        service.on(async |_: Text, context: Context| match context.attempt() {
            1 => Err(HandlerError::from("not yet")),
            2 => panic!("not even now"),
            attempt => Ok(format!("attempt {attempt}")),
        })
    })
    .await;
    service.deliver(&text("user", "1", "hello")).await.assert_ack();
    service.wait_until_idle().await;
    assert_eq!(texts(&service), ["attempt 3"]);
    service.stop().await;
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_cut_off_and_tried_again() {
    let service = Running::start_with("timeout = \"50ms\"\n", |service| {
        service.on(async |_: Text, context: Context| {
            if context.attempt() == 1 {
                std::future::pending::<()>().await;
            }
            "in time"
        })
    })
    .await;
    service.deliver(&text("user", "1", "hello")).await.assert_ack();
    service.wait_until_idle().await;
    assert_eq!(texts(&service), ["in time"]);
    service.stop().await;
}

#[tokio::test]
async fn after_the_last_attempt_a_message_is_a_dead_letter_and_the_next_one_goes_on() {
    let service = Running::start_with("attempts = 3\n", |service| {
        service.on(async |text: Text, _| match text.content.as_str() {
            "bad" => Err(HandlerError::from("the order system is away")),
            other => Ok(other.to_owned()),
        })
    })
    .await;
    service.deliver(&text("user", "1", "bad")).await.assert_ack();
    service.deliver(&text("user", "2", "good")).await.assert_ack();
    service.wait_until_idle().await;
    assert_eq!(texts(&service), ["good"]);
    let records = service.records().await;
    assert_eq!((records[0].state, records[0].attempts), (State::Dead, 3));
    assert_eq!(records[0].reason.as_deref(), Some("the order system is away"));
    service.stop().await;
}

#[tokio::test]
async fn a_permanent_error_and_a_limit_that_is_not_kept_are_dead_letters_at_once() {
    let service = Running::start(|service| {
        service.on(async |text: Text, _| match text.content.as_str() {
            "long" => Ok(Payload::text("字".repeat(667))),
            "empty" => Ok(Payload::news([] as [Article; 0])),
            _ => Err(HandlerError::permanent("no such order")),
        })
    })
    .await;
    for (id, content) in [("1", "long"), ("2", "empty"), ("3", "other")] {
        service.deliver(&text("user", id, content)).await.assert_ack();
    }
    service.wait_until_idle().await;
    let records = service.records().await;
    assert!(
        records.iter().all(|record| (record.state, record.attempts) == (State::Dead, 1)),
        "{records:#?}"
    );
    let reasons: Vec<_> = records.iter().map(|record| record.reason.as_deref().unwrap()).collect();
    assert_eq!(
        reasons[0],
        "the reply's text is 2001 bytes long; the platform takes at most 2000: shorten it or send it in parts"
    );
    assert_eq!(reasons[1], "the reply's number of articles is 0; the platform takes at least 1");
    assert_eq!(reasons[2], "no such order");
    assert_eq!(texts(&service), [""; 0]);
    service.stop().await;
}

#[tokio::test]
async fn without_a_handler_a_message_is_kept_and_done() {
    let service = Running::start(|service| service.on(async |_: UnknownMessage, _| ())).await;
    service.deliver(&text("user", "1", "hello")).await.assert_ack();
    service.wait_until_idle().await;
    let records = service.records().await;
    assert_eq!((records.len(), records[0].state), (1, State::Done));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_delivered_64_times_at_once_is_handled_once() {
    let handled = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&handled);
    let service = Running::start(|service| {
        service.on(move |_: Text, _| {
            counter.fetch_add(1, Ordering::SeqCst);
            async { "once" }
        })
    })
    .await;
    let body = text("user", "1", "hello");
    let mut deliveries = JoinSet::new();
    for _ in 0..64 {
        let (callbacks, request) = (service.callbacks, messages::delivery(&body));
        deliveries.spawn(async move {
            crate::support::http::Connection::open(callbacks).await.ask(request).await
        });
    }
    for answer in deliveries.join_all().await {
        answer.assert_ack();
    }
    service.wait_until_idle().await;
    assert_eq!(handled.load(Ordering::SeqCst), 1);
    assert_eq!(texts(&service), ["once"]);
    // Another user's message may have the same id.
    service.deliver(&text("other user", "1", "hello")).await.assert_ack();
    service.wait_until_idle().await;
    let inbox =
        service.records().await.into_iter().filter(|record| record.queue == Queue::Inbox).count();
    assert_eq!(inbox, 2);
    service.stop().await;
}
