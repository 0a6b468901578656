//! The answer to each kind of request: status, error code and headers.

use std::{sync::Arc, time::Duration};

use rongcloud_callback::journal::{Outcome, Queue, State};

use crate::support::http::post;

use super::{
    faulty::{Behaviour, Faulty},
    setup::{NOW, Setup, TestServer, delivery, fresh_query, memory_journal, text},
};

#[tokio::test]
async fn an_accepted_message_is_answered_with_an_empty_200() {
    let server = TestServer::start().await;
    let body = text("user", "1", "hello");
    server.deliver(&body).await.assert_ack();
    let inbox = server.inbox(State::Pending).await;
    assert_eq!(inbox.len(), 1);
    assert_eq!(inbox[0].body, body.as_bytes());
}

#[tokio::test]
async fn a_duplicate_is_answered_with_an_empty_200_and_not_kept_again() {
    let server = TestServer::start().await;
    let body = text("user", "1", "hello");
    let retried = delivery(&body);
    server.ask(&retried).await.assert_ack();
    server.ask(&retried).await.assert_ack();
    server.deliver(&body).await.assert_ack();
    assert_eq!(server.inbox(State::Pending).await.len(), 1);
}

#[tokio::test]
async fn a_wrong_signature_is_answered_with_401_and_code_1004() {
    let server = TestServer::start().await;
    let query = fresh_query().replace("rc-nonce=n", "rc-nonce=m");
    let answer = server.ask(post(&format!("/callback?{query}"), text("user", "1", "hello"))).await;
    let message = answer.assert_error(401, 1004);
    assert!(message.contains("signed"), "{message}");
    assert!(server.inbox(State::Pending).await.is_empty());
}

#[tokio::test]
async fn what_is_not_understood_is_answered_with_400_and_code_1002_saying_what_and_kept() {
    let server = TestServer::start().await;
    let body = text("user", "1", "hello").replace("FromUserName", "Sender");
    let message = server.deliver(&body).await.assert_error(400, 1002);
    assert!(message.contains("FromUserName"), "{message}");

    let dead = server.inbox(State::Dead).await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].body, body.as_bytes());
    assert_eq!(dead[0].reason.as_deref(), Some(message.as_str()));
    assert!(server.inbox(State::Pending).await.is_empty());
}

#[tokio::test]
async fn what_was_not_understood_is_kept_once_and_can_be_revived() {
    let server = TestServer::start().await;
    for _ in 0..3 {
        server.deliver("not xml").await.assert_error(400, 1002);
    }
    let dead = server.inbox(State::Dead).await;
    assert_eq!(dead.len(), 1);
    server.journal.revive(dead[0].id).await.unwrap();
    assert_eq!(server.inbox(State::Pending).await[0].id, dead[0].id);
}

#[tokio::test]
async fn what_was_not_understood_and_cannot_be_kept_is_answered_with_503() {
    let mut setup = Setup::new().await;
    let journal = Faulty::new(Arc::clone(&setup.journal), Behaviour::Failing);
    setup.journal = Arc::new(journal.clone());
    let server = setup.start().await;
    server.deliver("not xml").await.assert_error(503, 1000);
    journal.set(Behaviour::Working);
    server.deliver("not xml").await.assert_error(400, 1002);
    assert_eq!(server.inbox(State::Dead).await.len(), 1);
}

#[tokio::test]
async fn too_long_a_body_is_answered_with_413_and_code_1002() {
    let server = TestServer::start().await;
    let fits = text("user", "1", &"x".repeat(60 * 1024));
    server.deliver(fits).await.assert_ack();
    let message =
        server.deliver(text("user", "2", &"x".repeat(64 * 1024))).await.assert_error(413, 1002);
    assert!(message.contains("65536 bytes"), "{message}");
}

#[tokio::test]
async fn other_methods_are_answered_with_405_and_the_one_that_is_allowed() {
    let server = TestServer::start().await;
    for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
        let request = format!("{method} /callback?{} HTTP/1.1\r\nhost: test\r\n\r\n", fresh_query());
        let answer = server.ask(request).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
    }
}

#[tokio::test]
async fn an_encoded_body_is_answered_with_415_and_code_1002_before_it_is_read() {
    let server = TestServer::start().await;
    let head = |coding: &str, length: usize, query: &str| {
        format!(
            "POST /callback?{query} HTTP/1.1\r\nhost: test\r\ncontent-encoding: {coding}\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    for coding in ["gzip", "br", "identity, gzip", "x-unheard-of"] {
        let mut connection = server.connect().await;
        let message = connection.ask(head(coding, 1000, &fresh_query())).await.assert_error(415, 1002);
        assert!(message.contains(coding.rsplit(' ').next().unwrap()), "{message}");
        assert_eq!(connection.closed().await, "");
    }
    server.ask(head("gzip", 0, "rc-nonce=1")).await.assert_error(401, 1004);
    assert!(server.inbox(State::Dead).await.is_empty());

    for (id, coding) in ["identity", "Identity", "", "identity,identity"].into_iter().enumerate() {
        let body = text("user", &id.to_string(), "hello");
        server.ask(head(coding, body.len(), &fresh_query()) + body.as_str()).await.assert_ack();
    }
}

#[tokio::test]
async fn what_cannot_be_made_durable_is_answered_with_503_and_code_1000_and_is_not_remembered() {
    let mut setup = Setup::new().await;
    let journal = Faulty::new(Arc::clone(&setup.journal), Behaviour::Failing);
    setup.journal = Arc::new(journal.clone());
    let server = setup.start().await;

    let retried = delivery(text("user", "1", "hello"));
    let answer = server.ask(&retried).await;
    let message = answer.assert_error(503, 1000);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(!message.contains("sdb1"), "the platform need not know our disks: {message}");

    journal.set(Behaviour::Working);
    server.ask(&retried).await.assert_ack();
    assert_eq!(server.inbox(State::Pending).await.len(), 1);
}

#[tokio::test]
async fn a_full_journal_is_answered_with_503_until_something_is_done() {
    let mut setup = Setup::new().await;
    setup.journal = memory_journal(&setup.clock, 1).await;
    let server = setup.start().await;
    server.deliver(text("user", "1", "hello")).await.assert_ack();
    let retried = delivery(text("user", "2", "hello"));
    assert_eq!(server.ask(&retried).await.header("retry-after"), Some("1"));
    server.ask(&retried).await.assert_error(503, 1000);

    let until = NOW.plus(Duration::from_mins(1));
    let [entry] = server.journal.lease(Queue::Inbox, 1, until).await.unwrap().try_into().unwrap();
    server.journal.finish(entry.lease, Outcome::default()).await.unwrap();
    server.ask(&retried).await.assert_ack();
}
