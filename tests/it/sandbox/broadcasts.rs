//! Messages to all followers: their recipients, and one a day.

use std::time::Duration;

use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    sandbox::{Options, Sandbox},
};
use serde_json::json;

use super::{call, json, sent};

const NOON: UnixMillis = UnixMillis(1_760_000_400_000); // 2025-10-09 17:00 in Beijing

async fn broadcast(sandbox: &Sandbox, account: &str) -> serde_json::Value {
    let body = json!({
        "fromuser": format!("{account}@sandbox"), "msgtype": "text", "text": { "content": "news" },
    });
    json(&call(sandbox, "/message/operation/sendall.json", &body.to_string()).await)
}

async fn start_with_clock() -> (Sandbox, Clock) {
    let clock = Clock::manual(NOON);
    let options = Options { clock: clock.clone(), ..Options::default() };
    (Sandbox::start_with(options).await.unwrap(), clock)
}

#[tokio::test]
async fn an_account_sends_to_all_once_a_day_and_is_told_so() {
    let (sandbox, clock) = start_with_clock().await;
    let first = broadcast(&sandbox, "demo").await;
    assert!(first["errcode"] == 0 && first["msg_id"].is_string(), "{first}");
    clock.advance(Duration::from_hours(6));
    let second = broadcast(&sandbox, "demo").await;
    assert_eq!(second["errcode"], 1007);
    assert!(second["errmsg"].as_str().unwrap().contains("one such message a day"), "{second}");
    clock.advance(Duration::from_hours(2));
    assert_eq!(broadcast(&sandbox, "demo").await["errcode"], 0, "the next day in Beijing");
    assert_eq!(sent(&sandbox).len(), 2);
}

#[tokio::test]
async fn it_goes_to_followers_only_unless_everybody_follows() {
    let (sandbox, _) = start_with_clock().await;
    for user in ["a", "b", "c"] {
        sandbox.user(user).follows().await;
    }
    sandbox.user("b").unfollows().await;
    broadcast(&sandbox, "demo").await;
    let users = |of: usize| sent(&sandbox)[of].users.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(users(0), ["a", "c"]);
    assert!(sent(&sandbox)[0].broadcast);
    assert_eq!(sandbox.user("c").received().await.text(), "news");
    sandbox.user("b").received_nothing(Duration::from_millis(20)).await;

    let all = "mcid=all&displayName=n&portraitUrl=&uiType=0&introduction=&isFollow=true&routeUrl=&RC-App-Key=sandbox";
    assert_eq!(call(&sandbox, "/mc/add.json", all).await.status, 200);
    broadcast(&sandbox, "all").await;
    assert_eq!(users(1), ["ann", "bo", "a", "b", "c"]);
}

#[tokio::test]
async fn a_filter_that_says_nothing_lets_everybody_in() {
    for filter in [json!({}), json!({ "is_to_all": true })] {
        let sandbox = Sandbox::start().await;
        let body = json!({
            "fromuser": "demo@sandbox", "filter": filter, "msgtype": "text", "text": { "content": "x" },
        });
        let answer = json(&call(&sandbox, "/message/sendall.json", &body.to_string()).await);
        assert_eq!(answer["errcode"], 0, "{answer}");
        let body = json!({
            "channelId": "demo", "filter": filter, "msgtype": "text", "text": { "content": "x" },
        });
        let token = sandbox.portal_token();
        let path = format!("/interface/acme/api/push/mass/send?access_token={token}");
        let answer = json(&call(&sandbox, &path, &body.to_string()).await);
        assert_eq!((&answer["code"], sent(&sandbox).len()), (&json!(200), 2), "{answer}");
    }
}
