//! The history of requests: each can be made again by hand, and shows why it failed.

use rongcloud_callback::sandbox::{
    Attempt, DeliveryFault, DeliveryState, ErrorKind, Faults, ReasonKind, Sandbox,
};
use serde_json::json;
use tokio::{io::AsyncReadExt, net::TcpListener, task::JoinSet};

use super::{ask, call, json, route::Route, with_short_timeout};
use crate::support::until;

/// A server that reads a little of each request and closes the connection.
async fn closing() -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/callback", listener.local_addr().unwrap());
    let closing = async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 16]).await;
        }
    };
    (url, JoinSet::from_iter([closing]))
}

#[tokio::test]
async fn an_attempt_keeps_the_very_request_that_was_made() {
    let route = Route::start([500]).await;
    let sandbox = with_short_timeout(&format!("{}?tenant=7", route.url())).await;
    for faults in [Faults::default(), Faults { slow_ms: 8, ..Faults::default() }] {
        sandbox.faults(faults);
        let delivery = sandbox.user("u").says("hi").await;
        let heads = route.heads().await;
        let of_this = &heads[heads.len() - delivery.attempts.len()..];
        for (attempt, head) in delivery.attempts.iter().zip(of_this) {
            assert_eq!((attempt.method, attempt.resent), ("POST", false));
            assert_eq!(format!("tenant=7&{}", attempt.query), head.query);
            let mut kept = attempt.headers.clone();
            kept.sort();
            assert_eq!(kept, head.headers);
        }
    }
}

#[tokio::test]
async fn a_failed_attempt_says_in_one_word_why() {
    let silent = Route::start([0; 8]).await;
    let plain = Route::start([]).await;
    let (broken, _closing) = closing().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (url, error, reason) in [
        (silent.url(), ErrorKind::Timeout, ReasonKind::Timeout),
        (format!("http://{closed}/callback"), ErrorKind::Refused, ReasonKind::Refused),
        ("http://nowhere.invalid/callback".to_owned(), ErrorKind::Dns, ReasonKind::Dns),
        (plain.url().replace("http:", "https:"), ErrorKind::Tls, ReasonKind::Tls),
        (broken, ErrorKind::Broken, ReasonKind::Broken),
        ("no address at all".to_owned(), ErrorKind::Broken, ReasonKind::Broken),
    ] {
        let sandbox = with_short_timeout(&url).await;
        // The machine's resolver may take longer than usual for a name.
        let delivery = sandbox.user("u").says("hi").await;
        let kinds: Vec<_> = delivery.attempts.iter().filter_map(|attempt| attempt.error_kind).collect();
        assert_eq!(kinds, [error; 4], "{url}: {delivery:#?}");
        assert_eq!(delivery.reason_kind, Some(reason), "{url}: {delivery:#?}");
    }
    let refusing = Route::start([500, 500, 500, 503]).await;
    let delivery = with_short_timeout(&refusing.url()).await.user("u").says("hi").await;
    assert_eq!(delivery.reason_kind, Some(ReasonKind::Answered));
    assert!(delivery.attempts.iter().all(|attempt| attempt.error_kind.is_none()));
    let delivery = with_short_timeout("").await.user("u").says("hi").await;
    assert_eq!(delivery.reason_kind, Some(ReasonKind::NoRoute));
}

#[tokio::test]
async fn an_answer_that_was_dropped_is_marked_so_and_requests_beside_the_tries_have_no_number() {
    let route = Route::start([]).await;
    let sandbox = with_short_timeout(&route.url()).await;
    sandbox.faults(Faults {
        drop_answer: 1.0,
        unknown_kind: 1.0,
        simultaneous: 1.0,
        duplicate: 1.0,
        ..Faults::default()
    });
    let delivery = sandbox.user("u").says("hi").await;
    let tries = |attempt: &&Attempt| attempt.number > 0;
    let told: Vec<_> =
        delivery.attempts.iter().filter(tries).map(|it| (it.number, it.error_kind)).collect();
    let dropped = Some(ErrorKind::Dropped);
    assert_eq!(told, [(1, dropped), (2, dropped), (3, dropped), (4, None)]);
    let beside: Vec<_> =
        delivery.attempts.iter().filter(|it| it.number == 0).map(|it| it.fault.unwrap()).collect();
    let twin = DeliveryFault::Simultaneous;
    let (unknown, duplicate) = (DeliveryFault::UnknownKind, DeliveryFault::Duplicate);
    assert_eq!(beside, [unknown, twin, twin, twin, twin, duplicate]);
}

#[tokio::test]
async fn a_delivery_that_is_sent_again_by_hand_says_so_and_goes_on_counting() {
    let route = Route::start([]).await;
    let sandbox = with_short_timeout(&route.url()).await;
    sandbox.user("u").says("hi").await;
    let again = ask(sandbox.local_addr(), "POST /sandbox/deliveries/1/resend", &[], "").await;
    assert_eq!(again.status, 202);
    let ended = async || {
        let delivery = sandbox.deliveries().remove(0);
        (delivery.attempts.len() == 2 && delivery.state == DeliveryState::Accepted).then_some(delivery)
    };
    let delivery = until("the second attempt", ended).await;
    let attempts: Vec<_> = delivery.attempts.iter().map(|it| (it.number, it.resent)).collect();
    assert_eq!(attempts, [(1, false), (2, true)]);
}

#[tokio::test]
async fn a_call_tells_its_method_its_duration_and_what_its_body_is() {
    let sandbox = Sandbox::start().await;
    sandbox.faults(Faults { slow_ms: 20, ..Faults::default() });
    let form = format!("mcid=demo&RC-App-Key={}", sandbox.app_key());
    call(&sandbox, "/mc/info.json", &form).await;
    call(&sandbox, "/mc/subscribe.json", r#"{"mcId":"demo","userId":["u"]}"#).await;
    call(&sandbox, "/mc/info.json", "").await;
    super::documents::upload(&sandbox, "/media/upload", "image", b"\xff\xd8\xff\xe0").await;
    let state = json(&ask(sandbox.local_addr(), "GET /sandbox/state", &[], "").await);
    let told: Vec<_> = state["calls"].as_array().unwrap().iter().map(|it| &it["body_type"]).collect();
    assert_eq!(told, ["form", "json", "none", "multipart"]);
    for call in sandbox.calls() {
        assert_eq!(call.method, "POST");
        assert!(call.ms >= 20, "{call:?}");
    }
}

#[tokio::test]
async fn what_happened_is_forgotten_at_a_call_and_accounts_and_users_stay() {
    let route = Route::start([]).await;
    let sandbox = with_short_timeout(&route.url()).await;
    sandbox.user("carol").says("hi").await;
    call(&sandbox, "/mc/info.json", "").await;
    let cleared = ask(sandbox.local_addr(), "POST /sandbox/clear", &[], "").await;
    assert_eq!((cleared.status, json(&cleared)), (200, json!({})));
    let state = json(&ask(sandbox.local_addr(), "GET /sandbox/state", &[], "").await);
    for what in ["messages", "deliveries", "calls"] {
        assert_eq!(state[what], json!([]), "{what}");
    }
    assert_eq!(state["users"][2]["id"], "carol");
    assert_eq!(state["accounts"][0]["id"], "demo");
    let delivery = sandbox.user("carol").says("again").await;
    assert_eq!((delivery.id, delivery.message), (2, 2), "ids go on");
}
