//! Signature conflicts: another body under a seen signature is never accepted, and kept for the operator.

use std::sync::Arc;

use rongcloud_callback::{
    ids::AppKey,
    journal::{EntryKey, Record, State},
    protocol::{Conversation, Inbound},
};

use crate::support::http::post;

use super::{
    faulty::{Behaviour, Faulty},
    setup::{NOW, SECRET, Setup, TIMESTAMP, TestServer, fresh_query, query, text},
};

fn user(record: &Record) -> String {
    Conversation::decode(&record.conversation).unwrap().user.as_str().to_owned()
}

#[tokio::test]
async fn a_signature_with_another_body_is_refused_and_its_own_body_still_is_a_retry() {
    let server = TestServer::start().await;
    let target = format!("/callback?{}", fresh_query());
    server.ask(post(&target, text("user", "1", "hello"))).await.assert_ack();
    let message = server.ask(post(&target, text("user", "2", "forged"))).await.assert_error(401, 1004);
    assert!(message.contains("another body"), "{message}");
    server.ask(post(&target, "not xml")).await.assert_error(401, 1004);
    server.ask(post(&target, "")).await.assert_error(401, 1004);
    server.ask(post(&target, text("user", "1", "hello"))).await.assert_ack();
    assert_eq!(server.inbox(State::Pending).await.len(), 1);
}

#[tokio::test]
async fn another_body_under_a_signature_is_a_dead_letter_of_its_user_once() {
    let server = TestServer::start().await;
    let target = format!("/callback?{}", fresh_query());
    server.ask(post(&target, text("ann", "1", "pay 5"))).await.assert_ack();
    let second = text("bo", "2", "cancel order");
    for _ in 0..4 {
        server.ask(post(&target, &second)).await.assert_error(401, 1004);
    }
    server.ask(post(&target, "not xml")).await.assert_error(401, 1004);
    server.ask(post(&target, Inbound::probe(NOW).to_xml())).await.assert_error(401, 1004);
    let letters = server.inbox(State::Dead).await;
    let bodies: Vec<_> = letters.iter().map(|letter| &*letter.body).collect();
    assert_eq!(bodies, [second.as_bytes(), b"not xml"]);
    assert_eq!(user(&letters[0]), "bo");
    let reason = letters[0].reason.as_deref().unwrap();
    assert!(reason.contains("another body") && reason.contains("revive"), "{reason}");
}

#[tokio::test]
async fn a_kept_body_can_be_revived_and_does_not_stand_in_for_its_message() {
    let server = TestServer::start().await;
    let target = format!("/callback?{}", fresh_query());
    server.ask(post(&target, text("ann", "1", "pay 5"))).await.assert_ack();
    let second = text("bo", "2", "cancel order");
    server.ask(post(&target, &second)).await.assert_error(401, 1004);
    // The platform signs its retry anew, so the message itself is accepted.
    server.deliver(&second).await.assert_ack();
    let pending = server.inbox(State::Pending).await;
    assert_eq!(pending.len(), 2);
    let app = AppKey::new("appkey");
    assert_eq!(
        pending[1].key,
        EntryKey::of(&rongcloud_callback::protocol::parse(second.as_bytes()).unwrap().dedup_key(&app))
    );

    let [letter] = server.inbox(State::Dead).await.try_into().unwrap();
    server.journal.revive(letter.id).await.unwrap();
    let revived = server.inbox(State::Pending).await;
    assert_eq!(revived.iter().filter(|entry| user(entry) == "bo").count(), 2);
}

#[tokio::test]
async fn one_address_keeps_a_few_bodies_and_no_more() {
    let server = TestServer::start().await;
    let target = format!("/callback?{}", fresh_query());
    server.ask(post(&target, text("ann", "1", "hello"))).await.assert_ack();
    let mut connection = server.connect().await;
    for number in 0..100 {
        let body = text("eve", &number.to_string(), "flood");
        connection.ask(post(&target, body)).await.assert_error(401, 1004);
    }
    assert_eq!(server.inbox(State::Dead).await.len(), 8);
    // Each address has a limit of its own.
    let other = format!("/callback?{}", query(SECRET, "another", TIMESTAMP));
    server.ask(post(&other, text("ann", "2", "hello"))).await.assert_ack();
    server.ask(post(&other, text("bo", "3", "hello"))).await.assert_error(401, 1004);
    assert_eq!(server.inbox(State::Dead).await.len(), 9);
}

#[tokio::test]
async fn another_body_that_another_server_has_bound_is_kept_and_binds_nothing_here() {
    let mut setup = Setup::new().await;
    let journal = Faulty::new(Arc::clone(&setup.journal), Behaviour::Bound);
    setup.journal = Arc::new(journal.clone());
    let server = setup.start().await;
    let target = format!("/callback?{}", fresh_query());
    server.ask(post(&target, text("eve", "2", "forged"))).await.assert_error(401, 1004);
    server.ask(post(&target, text("eve", "2", "forged"))).await.assert_error(401, 1004);
    assert_eq!(server.inbox(State::Dead).await.len(), 1);
    // The other server has bound the signature to this body, which comes to this server with the next try.
    journal.set(Behaviour::Working);
    server.ask(post(&target, text("ann", "1", "hello"))).await.assert_ack();
}
