//! The bounds of everything that the sandbox keeps.

use rongcloud_callback::{
    Text,
    sandbox::{BodyType, DeliveryState, Sandbox},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Bot, ask, call, signed};
use crate::support::http::Connection;

#[tokio::test]
async fn thousands_of_messages_leave_a_window_of_the_latest() {
    let sandbox = std::sync::Arc::new(Sandbox::start().await);
    let bot = Bot::start(&sandbox, "", |service| {
        service.on(|text: Text, _context| async move { text.content })
    })
    .await;
    let mut users = JoinSet::new();
    for user in 0..50 {
        let sandbox = std::sync::Arc::clone(&sandbox);
        users.spawn(async move {
            let user = sandbox.user(format!("u{user}"));
            for n in 0..60 {
                assert_eq!(user.says(n.to_string()).await.state, DeliveryState::Accepted);
                assert_eq!(user.received().await.text(), n.to_string());
            }
        });
    }
    users.join_all().await;
    bot.idle().await;
    assert_eq!(sandbox.messages().len(), 1000);
    assert_eq!((sandbox.deliveries().len(), sandbox.calls().len()), (500, 500));
    let (messages, deliveries) = (sandbox.messages(), sandbox.deliveries());
    assert_eq!((messages[999].id, deliveries[499].id), (6000, 3000));
    let state = ask(sandbox.local_addr(), "GET /sandbox/state", &[], "").await.body;
    assert!(state.len() < 2 << 20, "{} bytes", state.len());
    bot.stop().await;
}

#[tokio::test]
async fn users_beyond_the_bound_are_refused_and_known_ones_go_on() {
    let sandbox = Sandbox::start().await;
    let follow = |from: usize| {
        let users: Vec<_> = (from..from + 50).map(|n| format!("u{n}")).collect();
        serde_json::json!({ "mcId": "demo", "userId": users }).to_string()
    };
    let mut answers = Vec::new();
    for from in (0..2000).step_by(50) {
        answers.push(super::json(&call(&sandbox, "/mc/subscribe.json", &follow(from)).await));
    }
    assert!(answers[..39].iter().all(|answer| answer["errcode"] == 0));
    assert_eq!(answers[39]["errcode"], 1002, "two were there before");
    let known = super::json(&call(&sandbox, "/mc/subscribe.json", &follow(0)).await);
    assert_eq!(known["errcode"], 0);
}

/// A body of four megabytes that names hundreds of thousands of users.
fn flooding_body() -> String {
    json!({ "fromuser": "demo@x", "touser": vec!["u"; 1 << 20] }).to_string()
}

async fn state(sandbox: &Sandbox) -> String {
    ask(sandbox.local_addr(), "GET /sandbox/state", &[], "").await.body
}

#[tokio::test]
async fn a_call_by_nobody_knows_whom_is_remembered_in_brief() {
    let sandbox = Sandbox::start().await;
    let address = sandbox.local_addr();
    let body = flooding_body();
    for (path, status) in [
        ("/message/send.json", 401),
        ("/media/upload?type=image", 401),
        ("/interface/acme/api/push/send?access_token=x", 200),
    ] {
        let line = format!("POST {path}");
        let answer = ask(address, &line, &[("content-type", "application/json")], &body).await;
        assert_eq!(answer.status, status, "{path}");
        let call = sandbox.calls().pop().unwrap();
        assert_eq!(path.split('?').next(), Some(call.path.as_str()));
        assert!(call.refused.is_some() && call.users.is_empty(), "{call:?}");
        assert!(call.body.starts_with("{\"fromuser\":\"demo@x\"") && call.body.len() == 500);
    }
    let long = format!("POST /mc/{}", "x".repeat(30_000));
    assert_eq!(ask(address, &long, &[], "").await.status, 401);
    assert!(state(&sandbox).await.len() < 16 << 10);
}

#[tokio::test]
async fn nobody_knows_whom_is_answered_although_the_body_does_not_come() {
    let sandbox = Sandbox::start().await;
    for origin in ["", "origin: http://evil.example\r\n"] {
        let mut connection = Connection::open(sandbox.local_addr()).await;
        let head =
            format!("POST /mc/add.json HTTP/1.1\r\nhost: x\r\n{origin}content-length: 4000000\r\n\r\nm");
        let status = if origin.is_empty() { 401 } else { 403 };
        assert_eq!(connection.ask(head).await.status, status);
    }
    let calls = sandbox.calls();
    assert_eq!((calls.len(), calls[0].body.as_str()), (1, "m"));
}

#[tokio::test]
async fn a_refused_reply_still_belongs_to_the_delivery_that_it_answers() {
    let sandbox = Sandbox::start().await;
    sandbox.user("ann").says("hi").await;
    let key = sandbox.app_key();
    let reply = json!({
        "fromuser": format!("demo@{key}"), "touser": format!("ann@{key}"),
        "msgtype": "text", "text": { "content": "x" },
    });
    let line = "POST /message/operation/send.json";
    let headers = [("content-type", "application/json")];
    ask(sandbox.local_addr(), line, &headers, reply.to_string()).await;
    let call = sandbox.calls().pop().unwrap();
    assert_eq!((call.status, call.delivery, call.users.len()), (Some(401), Some(1), 0));
    assert_eq!((call.body_type, &call.body), (BodyType::Json, &reply.to_string()));
}

#[tokio::test]
async fn another_site_s_page_calls_no_api_even_where_it_could_sign() {
    let sandbox = Sandbox::start().await;
    let signed = signed(&sandbox);
    let mut headers: Vec<_> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    headers.extend([("content-type", "text/plain"), ("origin", "http://evil.example")]);
    for path in ["/mc/info.json", "/message/send.json", "/media/upload", "/interface/x/api/push/send"] {
        let answer = ask(sandbox.local_addr(), &format!("POST {path}"), &headers, "{}").await;
        assert_eq!(answer.status, 403, "{path}");
    }
    assert_eq!(sandbox.calls(), []);
}

#[tokio::test]
async fn of_a_call_that_is_carried_out_a_hundred_short_names_are_remembered() {
    let sandbox = Sandbox::start().await;
    let key = sandbox.app_key();
    let text = |users: Value| {
        let from = format!("demo@{key}");
        let text = json!({ "content": "x" });
        json!({ "fromuser": from, "touser": users, "msgtype": "text", "text": text }).to_string()
    };
    let users: Vec<_> = (0..100).map(|n| format!("u{n}@{key}")).collect();
    let answer = super::json(&call(&sandbox, "/message/batchsend.json", &text(json!(users))).await);
    assert_eq!((&answer["errcode"], sandbox.calls()[0].users.len()), (&json!(0), 100));
    for users in [json!(format!("{}@{key}", "x".repeat(4097))), json!("u".repeat(100_000))] {
        let send = "/message/operation/send.json";
        let answer = super::json(&call(&sandbox, send, &text(users)).await);
        assert_eq!(answer["errcode"], 1002);
    }
    assert!(state(&sandbox).await.len() < 64 << 10);
    let mut refused = 0;
    for n in 0..300 {
        let user = json!(format!("{n}{}@{key}", "x".repeat(4000)));
        let answer = call(&sandbox, "/message/operation/send.json", &text(user)).await;
        refused += i32::from(super::json(&answer)["errcode"] == 1002);
    }
    assert!((100..200).contains(&refused), "{refused} of 300 long ids");
    let longest =
        sandbox.calls().into_iter().flat_map(|call| call.users).map(|user| user.as_str().len()).max();
    assert_eq!(longest, Some(200));
    assert!(state(&sandbox).await.len() < 8 << 20);
}

#[tokio::test]
async fn whatever_is_said_the_state_stays_small() {
    let sandbox = std::sync::Arc::new(Sandbox::start().await);
    let mut writers = JoinSet::new();
    for user in 0..10 {
        let sandbox = std::sync::Arc::clone(&sandbox);
        writers.spawn(async move {
            for _ in 0..50 {
                sandbox.user(format!("u{user}")).says("说".repeat(10_000)).await;
            }
        });
    }
    writers.join_all().await;
    assert!(sandbox.messages().len() < 100 && !sandbox.messages().is_empty());
    assert!(sandbox.deliveries().len() < 200 && !sandbox.deliveries().is_empty());
    let state = state(&sandbox).await;
    assert!(state.len() < 8 << 20, "{} bytes", state.len());
}
