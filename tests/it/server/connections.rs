//! Connections: reused, refused unread, bounded in number, drained.

use std::{sync::Arc, time::Duration};

use rongcloud_callback::journal::State;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

use crate::support::http::{Connection, post};

use super::{
    faulty::{Behaviour, Faulty},
    setup::{Setup, TestServer, delivery, fresh_query, text},
};

#[tokio::test]
async fn a_connection_serves_many_requests_whatever_their_answers() {
    let server = TestServer::start().await;
    let mut connection = server.connect().await;
    connection.ask(delivery(text("user", "1", "hello"))).await.assert_ack();
    connection.ask(post("/callback?rc-nonce=1", text("user", "2", "x"))).await.assert_error(401, 1004);
    connection.ask(delivery("not xml")).await.assert_error(400, 1002);
    assert_eq!(connection.ask(post("/nowhere", "body")).await.status, 404);
    connection.ask(delivery(text("user", "2", "hello"))).await.assert_ack();
    assert_eq!(server.inbox(State::Pending).await.len(), 2);
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_order() {
    let server = TestServer::start().await;
    let mut connection = server.connect().await;
    let ahead =
        [delivery(text("user", "1", "a")), delivery("not xml"), delivery(text("user", "2", "b"))];
    connection.send(ahead.concat()).await.unwrap();
    connection.answer().await.assert_ack();
    connection.answer().await.assert_error(400, 1002);
    connection.answer().await.assert_ack();
}

#[tokio::test]
async fn a_wrong_signature_is_refused_before_the_body_is_sent() {
    let server = TestServer::start().await;
    let query = fresh_query().replace("rc-nonce=n", "rc-nonce=m");
    let head = format!("POST /callback?{query} HTTP/1.1\r\nhost: test\r\ncontent-length: 9999\r\n\r\n");
    let mut connection = server.connect().await;
    connection.ask(head).await.assert_error(401, 1004);
    // Nobody can tell where the next request would begin.
    assert_eq!(connection.closed().await, "");
}

#[tokio::test]
async fn a_body_is_asked_for_only_after_its_signature_was_found_right() {
    let server = TestServer::start().await;
    let body = text("user", "1", "hello");
    let head = |query: &str| {
        let length = body.len();
        format!(
            "POST /callback?{query} HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    let mut right = server.connect().await;
    assert_eq!(right.ask(head(&fresh_query())).await.status, 100);
    right.ask(&body).await.assert_ack();
    let mut wrong = server.connect().await;
    wrong.ask(head("rc-nonce=1")).await.assert_error(401, 1004);
}

#[tokio::test]
async fn a_connection_beyond_the_bound_waits_until_another_one_is_closed() {
    let mut setup = Setup::new().await;
    setup.limits.max_connections = 1;
    let server = setup.start().await;
    let mut first = server.connect().await;
    first.ask(delivery(text("user", "0", "hello"))).await.assert_ack();
    let mut second = server.connect().await;
    second.send(delivery(text("user", "x", "hello"))).await.unwrap();
    for id in 1..20 {
        first.ask(delivery(text("user", &id.to_string(), "hello"))).await.assert_ack();
        assert!(second.is_silent());
    }
    drop(first);
    second.answer().await.assert_ack();
}

#[tokio::test]
async fn a_crowd_of_idle_and_slow_connections_does_not_keep_others_out_for_as_long_as_it_may_stay() {
    let mut setup = Setup::new().await;
    setup.limits.max_connections = 200;
    // The limit is longer than any test waits.
    setup.limits.header_timeout = Duration::from_mins(1);
    let server = setup.start().await;
    let mut crowd = JoinSet::new();
    for number in 0..250 {
        let address = server.address;
        let mut connection = TcpStream::connect(address).await.unwrap();
        crowd.spawn(async move {
            loop {
                if number % 10 == 0 {
                    let _ = connection.write_all(b"POST /callback HTTP/1.1\r\nx-fil").await;
                }
                let _ = connection.read_to_end(&mut Vec::new()).await;
                connection = TcpStream::connect(address).await.unwrap();
            }
        });
    }
    let mut others = JoinSet::new();
    for id in 0..20 {
        let address = server.address;
        let request = delivery(text("user", &id.to_string(), "hello"));
        others.spawn(async move { Connection::open(address).await.ask(request).await.assert_ack() });
    }
    others.join_all().await;
    assert_eq!(server.inbox(State::Pending).await.len(), 20);
}

#[tokio::test]
async fn a_drain_finishes_open_requests_closes_idle_connections_and_refuses_new_ones() {
    let mut setup = Setup::new().await;
    let journal = Faulty::new(Arc::clone(&setup.journal), Behaviour::Working);
    setup.journal = Arc::new(journal.clone());
    let mut server = setup.start().await;
    let mut idle = server.connect().await;
    idle.ask(delivery(text("user", "1", "hello"))).await.assert_ack();
    journal.set(Behaviour::Hanging);
    let mut open = server.connect().await;
    open.send(delivery(text("user", "2", "hello"))).await.unwrap();
    journal.wait_for_appends(2).await;

    server.stop.cancel();
    assert_eq!(idle.closed().await, "");
    assert!(TcpStream::connect(server.address).await.is_err());
    // The two connections are on different core runtimes: one with nothing left to close does not end the other.
    drop(idle);
    assert!(timeout(Duration::from_millis(200), server.wait_for_end()).await.is_err());
    journal.set(Behaviour::Working);
    open.answer().await.assert_ack();
    assert_eq!(open.closed().await, "");
    server.wait_for_end().await;
    assert_eq!(server.inbox(State::Pending).await.len(), 2);
}

#[tokio::test]
async fn a_drain_ends_even_if_a_request_does_not() {
    let mut setup = Setup::new().await;
    let journal = Faulty::new(Arc::clone(&setup.journal), Behaviour::Hanging);
    setup.journal = Arc::new(journal.clone());
    setup.options.answer_timeout = Duration::from_hours(1);
    setup.limits.drain_timeout = Duration::from_millis(100);
    let mut server = setup.start().await;
    let mut open = server.connect().await;
    open.send(delivery(text("user", "1", "hello"))).await.unwrap();
    journal.wait_for_appends(1).await;

    server.stop.cancel();
    server.wait_for_end().await;
    assert_eq!(open.closed().await, "");
}
