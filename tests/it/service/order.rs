//! Order: a conversation's messages are handled one at a time and in order, whatever happens to them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use rongcloud_callback::{Context, Handler, HandlerError, HandlerResult, IntoReply, Text};
use tokio::task::JoinSet;

use super::running::Running;
use crate::support::{http::Connection, messages};

const USERS: usize = 50;
const MESSAGES: usize = 40;

/// The events of a user's messages, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Began(usize),
    Failed(usize),
    Done(usize),
}

type History = Arc<Mutex<HashMap<String, Vec<Event>>>>;

/// Handles a message in a random time, and fails twice at every seventh message.
struct Recorder(History);

impl Recorder {
    fn note(&self, context: &Context, step: Event) {
        self.0.lock().unwrap().entry(context.user().to_string()).or_default().push(step);
    }
}

impl Handler<Text> for Recorder {
    async fn handle(&self, text: Text, context: Context) -> HandlerResult {
        let number: usize = text.content.parse()?;
        self.note(&context, Event::Began(number));
        tokio::time::sleep(Duration::from_micros(rand::random_range(0..3000))).await;
        if number % 7 == 3 && context.attempt() <= 2 {
            self.note(&context, Event::Failed(number));
            return Err(HandlerError::from("not yet"));
        }
        self.note(&context, Event::Done(number));
        text.content.into_reply()
    }
}

/// Asserts that each message began and ended before the next one began, and that its last event is that it was done.
fn assert_in_order(user: &str, steps: &[Event]) {
    let mut expected = Vec::new();
    for number in 0..MESSAGES {
        let failures = if number % 7 == 3 { 2 } else { 0 };
        for _ in 0..failures {
            expected.extend([Event::Began(number), Event::Failed(number)]);
        }
        expected.extend([Event::Began(number), Event::Done(number)]);
    }
    assert_eq!(steps, expected, "{user}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_conversation_is_handled_and_answered_in_order() {
    let history = History::default();
    let service = Running::start(|service| service.on(Recorder(Arc::clone(&history)))).await;

    let mut senders = JoinSet::new();
    for user in 0..USERS {
        let callbacks = service.callbacks;
        senders.spawn(async move {
            let mut connection = Connection::open(callbacks).await;
            for number in 0..MESSAGES {
                let body =
                    messages::text(&format!("user{user}"), &number.to_string(), &number.to_string());
                connection.ask(messages::delivery(&body)).await.assert_ack();
            }
        });
    }
    senders.join_all().await;
    service.wait_until_idle().await;

    let history = std::mem::take(&mut *history.lock().unwrap());
    assert_eq!(history.len(), USERS);
    for (user, steps) in &history {
        assert_in_order(user, steps);
    }
    let mut replies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (user, text) in service.platform.sent() {
        replies.entry(user).or_default().push(text);
    }
    let expected: Vec<String> = (0..MESSAGES).map(|number| number.to_string()).collect();
    assert_eq!(replies.len(), USERS);
    assert!(replies.values().all(|texts| *texts == expected));
    assert_eq!(service.stats().await.inbox.done, (USERS * MESSAGES) as u64);
    service.stop().await;
}

#[tokio::test]
async fn a_conversation_whose_handler_hangs_delays_no_other() {
    let service = Running::start(|service| {
        service.on(async |text: Text, context: Context| {
            if context.user().as_str() == "hanging" {
                std::future::pending::<()>().await;
            }
            text.content
        })
    })
    .await;
    service.deliver(&messages::text("hanging", "1", "first")).await.assert_ack();
    service.deliver(&messages::text("hanging", "2", "second")).await.assert_ack();
    for number in 0..100 {
        let user = format!("user{number}");
        service.deliver(&messages::text(&user, "1", "hello")).await.assert_ack();
    }
    let answered = async || (service.platform.sent().len() == 100).then_some(());
    crate::support::until("100 replies", answered).await;
    let stats = service.stats().await;
    assert_eq!((stats.inbox.pending, stats.inbox.leased, stats.inbox.done), (2, 1, 100));
}

#[tokio::test]
async fn several_replies_to_one_message_go_out_in_order() {
    let service = Running::start(|service| {
        service.on(async |_: Text, _| {
            (0..20)
                .map(|number| rongcloud_callback::Payload::text(number.to_string()))
                .collect::<Vec<_>>()
        })
    })
    .await;
    service.deliver(&messages::text("user", "1", "count")).await.assert_ack();
    service.wait_until_idle().await;
    let texts: Vec<String> = service.platform.sent().into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
    service.stop().await;
}
