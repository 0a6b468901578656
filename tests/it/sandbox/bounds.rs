//! The stand-in stays small however much it is used.

use rongcloud_callback::{
    Text,
    sandbox::{DeliveryState, Sandbox},
};
use tokio::task::JoinSet;

use super::{Bot, ask};

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
        answers.push(super::json(&super::call(&sandbox, "/mc/subscribe.json", &follow(from)).await));
    }
    assert!(answers[..39].iter().all(|answer| answer["errcode"] == 0));
    assert_eq!(answers[39]["errcode"], 1002, "two were there before");
    let known = super::json(&super::call(&sandbox, "/mc/subscribe.json", &follow(0)).await);
    assert_eq!(known["errcode"], 0);
}
