//! The pushes of the sandbox: their documented form, their signature and their retries.

use std::time::Duration;

use futures_util::future::join_all;
use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    sandbox::{ChatContent, DeliveryState, Faults, Options, ReasonKind, Sandbox},
    signature::Verifier,
};

use super::{ask, call, json, route::Route, sandbox, with_short_timeout};
use crate::fixtures::fixture;

#[tokio::test]
async fn every_kind_is_pushed_byte_for_byte_as_the_documents_print_it() {
    let route = Route::start([]).await;
    let clock = Clock::manual(UnixMillis(134_223_445_860));
    let options = Options { clock, route_url: route.url(), ..Options::default() };
    let sandbox = Sandbox::start_with(options).await.unwrap();
    let image = || ChatContent::Image { url: "this is a url".into() };
    let voice = ChatContent::Voice { url: "this is url".into(), seconds: None };
    let place =
        ChatContent::Location { latitude: 15.501, longitude: 142.324, label: "POI信息".into() };
    let card = ChatContent::ImgTxt {
        title: "title".into(),
        description: "description".into(),
        picture_url: "picUrl".into(),
        url: "url".into(),
    };
    for (heading, content) in [
        ("接收消息/文本消息格式", ChatContent::text("content")),
        ("接收消息/图片消息格式", image()),
        ("接收消息/语音消息格式", voice),
        ("接收消息/位置消息格式", place),
        ("接收消息/图文消息格式", card),
        ("事件推送/关注事件", ChatContent::Subscribe),
        ("事件推送/取消关注事件", ChatContent::Unsubscribe),
    ] {
        let delivery = sandbox.user("fromUserName").sends(content).await;
        assert_eq!(delivery.state, DeliveryState::Accepted);
        let body = route.came().await.pop().unwrap().body;
        // One of the examples is printed inside a list, one space to the right.
        let documented = fixture(&format!("rongcloud/{heading}/message.xml"));
        let documented = match documented.strip_prefix(' ') {
            Some(indented) => indented.replace("\n ", "\n"),
            None => documented,
        };
        // All examples have the message id "msgId", and two of them a sample name for the account.
        let ours = body.replace("[demo]", "[toUserName]");
        let ours = match ours.split_once("<MsgId>").zip(ours.split_once("</MsgID>")) {
            Some(((before, _), (_, after))) => format!("{before}<MsgId>msgId</MsgID>{after}"),
            None => ours,
        };
        assert_eq!(ours, documented.trim_end().replace("[toUserId]", "[toUserName]"), "{heading}");
        assert_eq!(delivery.xml, body);
    }
    sandbox.faults(Faults { mended_end_tag: true, ..Faults::default() });
    sandbox.user("u").sends(image()).await;
    assert!(route.came().await.pop().unwrap().body.contains("</MsgId>"));
}

#[tokio::test]
async fn every_push_is_rightly_signed_now_and_with_a_nonce_of_its_own() {
    let route = Route::start([500, 500]).await;
    let sandbox = with_short_timeout(&route.url()).await;
    sandbox.user("u").says("hi").await;
    let verifier = Verifier::new(vec![sandbox.secret().into()], Duration::from_mins(1));
    let came = route.came().await;
    let seen: std::collections::HashSet<_> =
        came.iter().map(|push| verifier.verify(&push.query, sandbox.now()).unwrap()).collect();
    assert_eq!((came.len(), seen.len()), (3, 3));
}

#[tokio::test]
async fn an_empty_200_ends_a_delivery() {
    let route = Route::start([]).await;
    let sandbox = with_short_timeout(&route.url()).await;
    let delivery = sandbox.user("u").says("hi").await;
    assert_eq!((delivery.state, delivery.attempts.len()), (DeliveryState::Accepted, 1));
    assert_eq!((delivery.attempts[0].status, &delivery.attempts[0].error), (Some(200), &None));
    assert_eq!(route.came().await.len(), 1);
}

#[tokio::test]
async fn what_is_not_accepted_is_pushed_three_times_more_with_the_same_body() {
    let route = Route::start([500, 503, 401, 400, 500]).await;
    let sandbox = with_short_timeout(&route.url()).await;
    let delivery = sandbox.user("u").says("hi").await;
    assert_eq!(delivery.state, DeliveryState::Failed);
    assert_eq!(delivery.reason.as_deref(), Some("answered 400"));
    let statuses: Vec<_> =
        delivery.attempts.iter().map(|attempt| (attempt.number, attempt.status)).collect();
    assert_eq!(statuses, [(1, Some(500)), (2, Some(503)), (3, Some(401)), (4, Some(400))]);
    let came = route.came().await;
    assert_eq!(came.len(), 4);
    assert!(came.iter().all(|push| push.body == came[0].body && push.body.contains("<MsgId>")));
}

#[tokio::test]
async fn a_server_that_does_not_answer_in_time_is_left_and_asked_again() {
    let route = Route::start([0]).await;
    let sandbox = with_short_timeout(&route.url()).await;
    let delivery = sandbox.user("u").says("hi").await;
    assert_eq!(delivery.state, DeliveryState::Accepted);
    let errors: Vec<_> = delivery.attempts.iter().map(|attempt| attempt.error.as_deref()).collect();
    assert_eq!(errors, [Some("no answer within 300ms"), None]);
}

#[tokio::test]
async fn a_message_to_an_account_without_an_open_route_is_not_sent() {
    let route = Route::start([]).await;
    let sandbox = sandbox().await;
    let delivery = sandbox.user("u").says("hi").await;
    assert_eq!(delivery.state, DeliveryState::NotSent);
    assert_eq!(delivery.reason.as_deref(), Some("the account has no routeUrl"));
    sandbox.route_to(route.url());
    let switch = async |open| {
        let body = format!("mcid=demo&RC-App-Key=uwd1c0sxdlx2&isOpen={open}");
        assert_eq!(call(&sandbox, "/mc/route/setSwitch.json", &body).await.status, 200);
    };
    switch(false).await;
    let delivery = sandbox.user("u").says("hi").await;
    assert_eq!(delivery.reason.as_deref(), Some("the account's route is switched off"));
    assert_eq!(route.came().await, []);
    switch(true).await;
    assert_eq!(sandbox.user("u").says("hi").await.state, DeliveryState::Accepted);
}

#[tokio::test]
async fn following_through_the_api_pushes_nothing_and_following_by_hand_does() {
    let route = Route::start([]).await;
    let sandbox = sandbox().await;
    sandbox.route_to(route.url());
    for path in ["/mc/subscribe.json", "/mc/unsubscribe.json"] {
        let body = r#"{"mcId":"demo","userId":["u","v"]}"#;
        assert_eq!(call(&sandbox, path, body).await.status, 200);
    }
    assert_eq!((route.came().await, sandbox.deliveries()), (vec![], vec![]));
    sandbox.user("u").follows().await;
    assert!(route.came().await[0].body.contains("<Event><![CDATA[subscribe]]></Event>"));
}

/// A sandbox that pauses after ten time-outs, which have happened; and its clock.
async fn paused(faults: Faults) -> (Sandbox, Clock) {
    let silent = Route::start([0; 40]).await;
    let clock = Clock::manual(UnixMillis(1_760_000_400_000));
    let options = Options {
        faults,
        timeout: Duration::from_millis(300),
        pause: Duration::from_millis(1),
        route_url: silent.url(),
        clock: clock.clone(),
        ..Options::default()
    };
    let sandbox = Sandbox::start_with(options).await.unwrap();
    let users: Vec<_> = (0..10).map(|n| sandbox.user(format!("u{n}"))).collect();
    let deliveries = join_all(users.iter().map(|user| user.says("hi"))).await;
    for delivery in deliveries {
        assert_eq!(delivery.reason_kind, Some(ReasonKind::Timeout), "{delivery:#?}");
    }
    (sandbox, clock)
}

async fn paused_until(sandbox: &Sandbox) -> serde_json::Value {
    let state = json(&ask(sandbox.local_addr(), "GET /sandbox/state", &[], "").await);
    state["paused_until"].clone()
}

#[tokio::test]
async fn after_ten_time_outs_in_a_row_nothing_is_pushed_for_a_minute_if_the_switch_says_so() {
    let (sandbox, clock) = paused(Faults { pause_after_timeouts: true, ..Faults::default() }).await;
    let route = Route::start([]).await;
    sandbox.route_to(route.url());
    assert_eq!(paused_until(&sandbox).await, sandbox.now().0 + 60_000);
    let delivery = sandbox.user("u").says("hi").await;
    assert_eq!(
        (delivery.state, delivery.reason_kind, delivery.attempts.len()),
        (DeliveryState::NotSent, Some(ReasonKind::Paused), 0)
    );
    let reason = delivery.reason.unwrap();
    assert!(
        reason.starts_with("pushing pauses for 60 s more") && reason.contains("10 deliveries"),
        "{reason}"
    );
    let line = format!("POST /sandbox/deliveries/{}/resend", delivery.id);
    let again = ask(sandbox.local_addr(), &line, &[], "").await;
    assert_eq!(again.status, 409);
    assert!(json(&again)["error"].as_str().unwrap().contains("pushing pauses"), "{again:?}");

    clock.advance(Duration::from_mins(1));
    assert!(paused_until(&sandbox).await.is_null());
    assert_eq!(sandbox.user("u").says("hi").await.state, DeliveryState::Accepted);
    assert_eq!(ask(sandbox.local_addr(), &line, &[], "").await.status, 202);
}

#[tokio::test]
async fn a_pause_ends_with_its_switch_and_there_is_none_without_it() {
    let route = Route::start([]).await;
    for pause_after_timeouts in [true, false] {
        let (sandbox, _) = paused(Faults { pause_after_timeouts, ..Faults::default() }).await;
        assert_eq!(paused_until(&sandbox).await.is_null(), !pause_after_timeouts);
        sandbox.faults(Faults::default());
        sandbox.route_to(route.url());
        assert!(paused_until(&sandbox).await.is_null());
        assert_eq!(sandbox.user("u").says("hi").await.state, DeliveryState::Accepted);
    }
}
