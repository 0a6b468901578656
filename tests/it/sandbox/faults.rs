//! The injected faults, seen from a server that records requests.

use std::time::Duration;

use rongcloud_callback::{
    protocol::parse,
    sandbox::{AnswerFault, Delivery, DeliveryFault, DeliveryState, Faults, Options, Sandbox},
    signature::{SignatureError, Verifier},
};

use super::{
    call,
    route::{Came, Route},
    sandbox, sent, signed,
};
use crate::support::http::Connection;

/// Delivers one message under `faults`; returns its delivery and the requests.
async fn under(faults: Faults, statuses: &[u16]) -> (Sandbox, Delivery, Vec<Came>) {
    let route = Route::start(statuses.iter().copied()).await;
    let (route_url, pause) = (route.url(), Duration::from_millis(1));
    let options = Options { faults, route_url, pause, ..Options::default() };
    let sandbox = Sandbox::start_with(options).await.unwrap();
    let delivery = sandbox.user("u").says("hi").await;
    assert_eq!(delivery.state, DeliveryState::Accepted);
    (sandbox, delivery, route.came().await)
}

fn faults(delivery: &Delivery) -> Vec<Option<DeliveryFault>> {
    delivery.attempts.iter().map(|attempt| attempt.fault).collect()
}

fn verify(sandbox: &Sandbox, came: &Came) -> Result<(), SignatureError> {
    let verifier = Verifier::new(vec![sandbox.secret().into()], Duration::from_mins(5));
    verifier.verify(&came.query, sandbox.now()).map(drop)
}

#[tokio::test]
async fn a_duplicate_comes_after_the_message_was_accepted_under_a_signature_of_its_own() {
    let (_, delivery, came) = under(Faults { duplicate: 1.0, ..Faults::default() }, &[500]).await;
    assert_eq!(faults(&delivery), [None, None, Some(DeliveryFault::Duplicate)]);
    assert!(came.len() == 3 && came[2].body == came[0].body && came[2].query != came[1].query);
}

#[tokio::test]
async fn the_same_message_comes_twice_at_once() {
    let (_, delivery, came) = under(Faults { simultaneous: 1.0, ..Faults::default() }, &[]).await;
    assert_eq!(faults(&delivery), [Some(DeliveryFault::Simultaneous), None]);
    assert!(came.len() == 2 && came[0].body == came[1].body && came[0].query != came[1].query);
}

#[tokio::test]
async fn a_dropped_answer_makes_it_come_again_and_the_last_is_not_dropped() {
    let (_, delivery, came) = under(Faults { drop_answer: 1.0, ..Faults::default() }, &[]).await;
    let dropped = Some(DeliveryFault::DropAnswer);
    assert_eq!(faults(&delivery), [dropped, dropped, dropped, None]);
    assert_eq!(delivery.attempts[0].status, Some(200));
    assert_eq!(delivery.attempts[0].error.as_deref(), Some("answer dropped"));
    assert!(came.len() == 4 && came.iter().all(|push| push.body == came[0].body));
}

#[tokio::test]
async fn a_slow_network_brings_the_same_body() {
    let (_, delivery, came) = under(Faults { slow_ms: 80, ..Faults::default() }, &[]).await;
    assert_eq!((came.len(), &came[0].body), (1, &delivery.xml));
}

#[tokio::test]
async fn forgeries_are_recognisable_by_their_signature_alone() {
    let (sandbox, delivery, came) =
        under(Faults { wrong_signature: 1.0, stale_signature: 1.0, ..Faults::default() }, &[401, 401])
            .await;
    assert_eq!(
        faults(&delivery),
        [Some(DeliveryFault::WrongSignature), Some(DeliveryFault::StaleSignature), None]
    );
    assert_eq!(verify(&sandbox, &came[0]), Err(SignatureError::Mismatch));
    assert!(matches!(verify(&sandbox, &came[1]), Err(SignatureError::Stale(..))));
    assert_eq!(verify(&sandbox, &came[2]), Ok(()));
    for (attempt, came) in delivery.attempts.iter().zip(&came).take(2) {
        assert_eq!(attempt.expected, 401);
        assert!(parse(came.body.as_bytes()).is_ok() && came.body.contains("forged"));
        assert_eq!(attempt.xml.as_ref(), Some(&came.body));
    }
}

#[tokio::test]
async fn a_seen_signature_comes_again_with_the_same_body_and_with_another() {
    let (_, delivery, came) = under(
        Faults { replayed_signature: 1.0, forged_body: 1.0, ..Faults::default() },
        &[200, 200, 401],
    )
    .await;
    assert_eq!(
        faults(&delivery),
        [None, Some(DeliveryFault::ReplayedSignature), Some(DeliveryFault::ForgedBody)]
    );
    assert_eq!(came[1], came[0]);
    assert!(came[2].query == came[0].query && came[2].body.contains("forged"));
    assert_eq!(delivery.attempts[2].expected, 401);
}

#[tokio::test]
async fn what_nobody_can_read_and_what_nobody_knows_is_rightly_signed() {
    let (sandbox, delivery, came) =
        under(Faults { malformed_xml: 1.0, unknown_kind: 1.0, ..Faults::default() }, &[400]).await;
    assert_eq!(
        faults(&delivery),
        [Some(DeliveryFault::MalformedXml), Some(DeliveryFault::UnknownKind), None]
    );
    assert_eq!((delivery.attempts[0].expected, delivery.attempts[1].expected), (400, 200));
    assert!(came.iter().all(|push| verify(&sandbox, push).is_ok()));
    assert!(parse(came[0].body.as_bytes()).is_err());
    assert_eq!(parse(came[1].body.as_bytes()).unwrap().kind(), "unknown");
}

/// The bytes of a request.
fn signed_post(sandbox: &Sandbox, path: &str, body: &str) -> String {
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n");
    for (name, value) in signed(sandbox) {
        head.extend([name, ": ", &value, "\r\n"]);
    }
    format!("{head}content-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn api_calls_are_answered_badly_or_not_at_all_and_have_no_effect() {
    let sandbox = sandbox().await;
    let text = r#"{"fromuser":"demo@uwd1c0sxdlx2","touser":"u@uwd1c0sxdlx2","msgtype":"text","text":{"content":"x"}}"#;
    let path = "/message/operation/send.json";
    let none = Faults::default;
    for (faults, status, part) in [
        (Faults { api_internal_error: 1.0, ..none() }, 200, "\"errcode\":1000"),
        (Faults { api_rate_exceeded: 1.0, ..none() }, 200, "\"errcode\":1008"),
        (Faults { api_status_500: 1.0, ..none() }, 500, "<html>"),
    ] {
        sandbox.faults(faults);
        let answer = call(&sandbox, path, text).await;
        assert!(answer.status == status && answer.body.contains(part), "{answer:?}");
    }
    sandbox.faults(Faults { api_cut: 1.0, ..none() });
    let mut connection = Connection::open(sandbox.local_addr()).await;
    connection.send(signed_post(&sandbox, path, text)).await.unwrap();
    let answer = connection.closed().await;
    assert!(!answer.ends_with("0\r\n\r\n"), "the chunked answer has no end: {answer:?}");

    sandbox.faults(Faults { api_silent: 1.0, ..none() });
    let mut connection = Connection::open(sandbox.local_addr()).await;
    connection.send(signed_post(&sandbox, path, text)).await.unwrap();
    crate::support::until("the silent call", async || {
        (sandbox.calls().last()?.fault == Some(AnswerFault::Silent)).then_some(())
    })
    .await;
    assert!(connection.is_silent());
    assert_eq!((sandbox.calls().len(), sent(&sandbox)), (5, vec![]));
    sandbox.faults(none());
    assert_eq!(call(&sandbox, path, text).await.status, 200);
    assert_eq!(sent(&sandbox).len(), 1);
}
