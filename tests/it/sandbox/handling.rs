//! The handling of each message, as the server under test reports it.

use std::time::Duration;

use rongcloud_callback::sandbox::{
    DeliveryState, Handling, HandlingEvent, HandlingState, HandlingStep, ReplyState, Sandbox,
};
use serde_json::{Value, json};

use super::{ask, json, route::Route, told::Told};
use crate::support::until;

impl Told {
    /// Delivers a text of `user`; returns its body.
    async fn say(&self, user: &str, text: &str) -> String {
        self.sandbox.user(user).says(text).await.xml
    }

    fn message(&self, entry: i64, body: &str, attempt: u32, event: HandlingEvent) {
        let body = body.to_owned().into();
        self.observer.note(&HandlingStep { entry, answers: None, body, attempt, event });
    }

    fn reply(&self, entry: i64, answers: i64, attempt: u32, event: HandlingEvent) {
        let (answers, body) = (Some(answers), "{}".into());
        self.observer.note(&HandlingStep { entry, answers, body, attempt, event });
    }

    /// The handling of each delivery's message.
    fn handlings(&self) -> Vec<Option<Handling>> {
        self.sandbox.deliveries().into_iter().map(|delivery| delivery.handling).collect()
    }

    fn states(&self) -> Vec<Option<(HandlingState, Option<u64>)>> {
        let state = |it: Option<Handling>| it.map(|it| (it.state, it.behind));
        self.handlings().into_iter().map(state).collect()
    }
}

fn retry(reason: &str, after: u64) -> HandlingEvent {
    HandlingEvent::Retry { reason: reason.to_owned(), after: Duration::from_secs(after) }
}

fn done(by: &str, replies: usize) -> HandlingEvent {
    HandlingEvent::Done { by: Some(by.to_owned()), replies }
}

#[tokio::test]
async fn a_message_is_followed_through_its_attempts_to_its_last_reply() {
    let told = Told::start().await;
    let body = told.say("ann", "hello").await;
    assert_eq!(told.handlings(), [None], "nobody has told of this server's work yet");
    let handling = || told.handlings().pop().flatten().unwrap();

    told.message(12, &body, 1, HandlingEvent::Begun);
    assert_eq!((handling().state, handling().entry), (HandlingState::Working, Some(12)));
    told.message(12, &body, 1, retry("the service is down", 60));
    let failed = handling();
    assert_eq!((failed.state, failed.attempts), (HandlingState::Retrying, 1));
    assert_eq!(failed.reason.as_deref(), Some("the service is down"));
    assert!(failed.retry_at.is_some_and(|at| at > told.sandbox.now()), "{failed:?}");

    told.message(12, &body, 2, HandlingEvent::Begun);
    // The first reply may be reported before the message that it answers.
    told.reply(13, 12, 1, HandlingEvent::Begun);
    told.message(12, &body, 2, done("rule \"welcome\"", 2));
    told.reply(13, 12, 1, done("", 0));
    let replied = handling();
    assert_eq!((replied.state, replied.attempts, replied.reason), (HandlingState::Done, 2, None));
    assert_eq!((replied.by.as_deref(), replied.retry_at), (Some("rule \"welcome\""), None));
    let replies: Vec<_> = replied.replies.iter().map(|reply| (reply.entry, reply.state)).collect();
    assert_eq!(replies, [(Some(13), ReplyState::Sent), (None, ReplyState::Waiting)]);

    told.reply(14, 12, 1, HandlingEvent::Begun);
    told.reply(14, 12, 1, retry("refused", 4));
    assert_eq!(handling().replies[1].state, ReplyState::Retrying);
    told.reply(14, 12, 2, HandlingEvent::Dead { reason: "too long".to_owned() });
    let dead = handling().replies.remove(1);
    assert_eq!((dead.state, dead.attempts), (ReplyState::Dead, 2));
    assert_eq!((dead.reason.as_deref(), dead.retry_at), (Some("too long"), None));
}

#[tokio::test]
async fn who_writes_while_an_earlier_message_is_not_done_waits_behind_it() {
    use HandlingState::{Dead, Retrying, Waiting, Working};
    let told = Told::start().await;
    let first = told.say("ann", "one").await;
    told.message(1, &first, 1, HandlingEvent::Begun);
    told.message(1, &first, 1, retry("away", 60));
    let second = told.say("ann", "two").await;
    told.say("ann", "three").await;
    told.say("bo", "another conversation").await;
    let waiting = [Some((Retrying, None)), Some((Waiting, Some(1))), Some((Waiting, Some(2)))];
    assert_eq!(told.states()[..3], waiting);
    assert_eq!(told.states()[3], Some((Waiting, None)));

    told.message(1, &first, 2, HandlingEvent::Dead { reason: "away".to_owned() });
    told.message(2, &second, 1, HandlingEvent::Begun);
    let moved = [Some((Dead, None)), Some((Working, None)), Some((Waiting, Some(2)))];
    assert_eq!(told.states()[..3], moved);
}

#[tokio::test]
async fn what_a_rule_or_no_handler_leaves_unanswered_is_told_apart() {
    let told = Told::start().await;
    let (quiet, nobody) = (told.say("ann", "a").await, told.say("ann", "b").await);
    told.message(1, &quiet, 1, HandlingEvent::Quiet { by: "rule \"default\"".to_owned() });
    told.message(2, &nobody, 1, HandlingEvent::NotTaken);
    let [Some(quiet), Some(nobody)] = &told.handlings()[..] else { panic!("{:?}", told.handlings()) };
    assert_eq!((quiet.state, quiet.by.as_deref()), (HandlingState::Quiet, Some("rule \"default\"")));
    assert_eq!((nobody.state, nobody.by.as_deref()), (HandlingState::NotTaken, None));
}

#[tokio::test]
async fn a_resend_keeps_what_became_of_the_message_and_unknown_entries_are_ignored() {
    let told = Told::start().await;
    let body = told.say("ann", "hello").await;
    told.message(1, &body, 1, done("handler 1 (Text)", 0));
    told.message(2, "<xml>of another run</xml>", 1, HandlingEvent::Begun);
    told.reply(3, 9, 1, HandlingEvent::Begun);
    let before = told.handlings();
    let path = "POST /sandbox/deliveries/1/resend";
    assert_eq!(ask(told.sandbox.local_addr(), path, &[], "").await.status, 202);
    until("its end", async || {
        let attempts = told.sandbox.deliveries().remove(0).attempts;
        (attempts.len() == 2 && attempts[1].status == Some(200)).then_some(())
    })
    .await;
    assert_eq!(told.handlings(), before);
}

#[tokio::test]
async fn a_message_that_is_handled_before_its_delivery_has_ended_keeps_what_became_of_it() {
    let (sandbox, route) = (Sandbox::start().await, Route::start([500]).await);
    sandbox.route_to(route.url());
    let told = Told { observer: sandbox.observer(), sandbox, _route: route };
    let tells = async {
        let body = until("the first attempt", async || {
            let delivery = told.sandbox.deliveries().pop()?;
            (delivery.attempts.len() == 1).then_some(delivery.xml)
        })
        .await;
        told.message(1, &body, 1, done("handler 1 (Text)", 0));
    };
    let user = told.sandbox.user("ann");
    let (delivery, ()) = tokio::join!(user.says("hello"), tells);
    assert_eq!(delivery.state, DeliveryState::Accepted);
    assert_eq!(told.states(), [Some((HandlingState::Done, None))]);
}

#[tokio::test]
async fn the_page_is_told_of_each_step() {
    let told = Told::start().await;
    let address = told.sandbox.local_addr();
    let state = async || json(&ask(address, "GET /sandbox/state", &[], "").await);
    assert_eq!(state().await["observed"], json!(true));
    let body = told.say("ann", "hello").await;
    let delivery = async || state().await["deliveries"][0].clone();
    assert_eq!(delivery().await["handling"], Value::Null);
    let before = state().await["last_event"].clone();
    told.message(1, &body, 1, done("handler 1 (Text)", 1));
    assert_ne!(state().await["last_event"], before);
    let reply =
        json!({ "entry": null, "state": "waiting", "attempts": 0, "reason": null, "retry_at": null });
    let handling = json!({
        "state": "done", "entry": 1, "by": "handler 1 (Text)", "attempts": 1, "reason": null, "retry_at": null,
        "behind": null, "replies": [reply],
    });
    assert_eq!(delivery().await["handling"], handling);
    let unobserved = Sandbox::start().await;
    let state = json(&ask(unobserved.local_addr(), "GET /sandbox/state", &[], "").await);
    assert_eq!(state["observed"], json!(false));
}
