//! Deliveries: which callbacks are the same message, and the operator's probe.

use std::sync::Arc;

use futures_util::future::join_all;
use rongcloud_callback::{journal::State, protocol::Inbound};

use crate::support::http::{Connection, post};

use super::{
    faulty::{Behaviour, Faulty},
    setup::{NOW, SECRET, Setup, TIMESTAMP, TestServer, delivery, endpoint, fresh_query, query, text},
};

#[tokio::test]
async fn sixty_four_identical_deliveries_at_once_are_one_entry_and_sixty_four_acks() {
    let server = TestServer::start().await;
    let body = text("user", "1", "hello");
    let one = delivery(&body);
    // Half of the requests are equal to each other byte by byte, as the platform's retries are.
    let requests: Vec<Vec<u8>> =
        (0..64).map(|n| if n % 2 == 0 { one.clone() } else { delivery(&body) }).collect();
    let mut connections = join_all(requests.iter().map(|_| Connection::open(server.address))).await;
    let answers =
        join_all(connections.iter_mut().zip(&requests).map(|(c, request)| c.ask(request))).await;
    for answer in answers {
        answer.assert_ack();
    }
    assert_eq!(server.inbox(State::Pending).await.len(), 1);
}

#[tokio::test]
async fn two_users_with_the_same_message_id_are_two_messages() {
    let server = TestServer::start().await;
    server.deliver(text("user 1", "1", "hello")).await.assert_ack();
    server.deliver(text("user 2", "1", "hello")).await.assert_ack();
    assert_eq!(server.inbox(State::Pending).await.len(), 2);
}

#[tokio::test]
async fn one_message_to_two_apps_is_two_messages() {
    let mut setup = Setup::new().await;
    setup.endpoints.push(endpoint("/other", "other", &[SECRET]));
    let server = setup.start().await;
    let body = text("user", "1", "hello");
    server.ask(post(&format!("/callback?{}", fresh_query()), &body)).await.assert_ack();
    server.ask(post(&format!("/other?{}", fresh_query()), &body)).await.assert_ack();
    let inbox = server.inbox(State::Pending).await;
    assert_eq!(inbox.len(), 2);
    assert_ne!(inbox[0].conversation, inbox[1].conversation);
}

#[tokio::test]
async fn two_events_in_the_same_second_are_two_messages_and_their_retries_are_not() {
    let server = TestServer::start().await;
    let event = |event: &str| {
        format!(
            "<xml><ToUserName>mcid</ToUserName><FromUserName>user</FromUserName><CreateTime>1</CreateTime>\
             <MsgType>event</MsgType><Event>{event}</Event></xml>"
        )
    };
    for name in ["subscribe", "unsubscribe", "subscribe", "unsubscribe", "wave"] {
        server.deliver(event(name)).await.assert_ack();
    }
    assert_eq!(server.inbox(State::Pending).await.len(), 3);
}

#[tokio::test]
async fn messages_of_one_user_are_one_conversation_in_order_of_acceptance() {
    let server = TestServer::start().await;
    for id in ["3", "1", "2"] {
        server.deliver(text("user", id, id)).await.assert_ack();
    }
    let inbox = server.inbox(State::Pending).await;
    assert!(inbox.iter().all(|entry| entry.conversation == inbox[0].conversation));
    let ids: Vec<bool> = inbox
        .iter()
        .zip(["3", "1", "2"])
        .map(|(entry, id)| entry.body == text("user", id, id))
        .collect();
    assert_eq!(ids, [true; 3]);
}

#[tokio::test]
async fn an_unknown_kind_is_accepted() {
    let server = TestServer::start().await;
    server.deliver(text("user", "1", "hello").replace("[text]", "[hologram]")).await.assert_ack();
    assert_eq!(server.inbox(State::Pending).await.len(), 1);
}

#[tokio::test]
async fn a_retry_that_is_signed_anew_is_a_duplicate() {
    let server = TestServer::start().await;
    let body = text("user", "1", "hello");
    for nonce in ["a", "b", "c", "d"] {
        let query = query(SECRET, nonce, TIMESTAMP);
        server.ask(post(&format!("/callback?{query}"), &body)).await.assert_ack();
    }
    assert_eq!(server.inbox(State::Pending).await.len(), 1);
}

#[tokio::test]
async fn a_probe_is_answered_with_our_version_and_not_kept() {
    let server = TestServer::start().await;
    let answer = server.deliver(Inbound::probe(NOW).to_xml()).await;
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!((answer.status, answer.body), (200, format!("{{\"rongcloud-callback\":\"{version}\"}}")));
    assert_eq!(server.journal.stats().await.unwrap(), rongcloud_callback::journal::Stats::default());
    server.deliver(text("user", "1", "hello")).await.assert_ack();
}

#[tokio::test]
async fn a_probe_is_refused_when_a_message_would_be() {
    let mut setup = Setup::new().await;
    setup.journal = Arc::new(Faulty::new(Arc::clone(&setup.journal), Behaviour::Failing));
    let server = setup.start().await;
    let probe = Inbound::probe(NOW).to_xml();
    server.deliver(&probe).await.assert_error(503, 1000);
    server.ask(post("/callback?rc-nonce=1", &probe)).await.assert_error(401, 1004);
}
