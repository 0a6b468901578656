//! The limits of the server: how much at once, and for how long.

use std::{sync::Arc, thread, time::Duration};

use ::metrics::{Gauge, GaugeFn};
use axum::{Extension, Router, http::StatusCode};
use rongcloud_callback::{
    journal::State,
    server::{Arrival, ConnectionLimits, Listener},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::{
    http::{Connection, get, post},
    until,
};

use super::{
    faulty::{Behaviour, Faulty},
    setup::{LOOPBACK, Setup, TestServer, delivery, fresh_query, text},
};

/// A time that is shorter than any test waits, and longer than a message takes.
const SHORT: Duration = Duration::from_millis(300);

async fn with_hanging_journal(change: impl FnOnce(&mut Setup)) -> (TestServer, Faulty) {
    let mut setup = Setup::new().await;
    let journal = Faulty::new(Arc::clone(&setup.journal), Behaviour::Hanging);
    setup.journal = Arc::new(journal.clone());
    change(&mut setup);
    (setup.start().await, journal)
}

#[tokio::test]
async fn a_journal_that_hangs_is_answered_with_503_in_time_and_the_retry_is_accepted() {
    let (server, journal) = with_hanging_journal(|setup| setup.options.answer_timeout = SHORT).await;
    let retried = delivery(text("user", "1", "hello"));
    let answer = server.ask(&retried).await;
    answer.assert_error(503, 1000);
    assert_eq!(answer.header("retry-after"), Some("1"));
    journal.set(Behaviour::Working);
    server.ask(&retried).await.assert_ack();
    assert_eq!(server.inbox(State::Pending).await.len(), 1);
}

#[tokio::test]
async fn a_callback_beyond_the_bound_is_answered_with_503_at_once() {
    let (server, journal) = with_hanging_journal(|setup| setup.options.max_in_flight = 2).await;
    let mut open = [server.connect().await, server.connect().await];
    for (id, connection) in open.iter_mut().enumerate() {
        connection.send(delivery(text("user", &id.to_string(), "hello"))).await.unwrap();
    }
    journal.wait_for_appends(2).await;

    let answer = server.deliver(text("user", "9", "hello")).await;
    answer.assert_error(503, 1000);
    assert_eq!(answer.header("retry-after"), Some("1"));

    journal.set(Behaviour::Working);
    for mut connection in open {
        connection.answer().await.assert_ack();
    }
    server.deliver(text("user", "9", "hello")).await.assert_ack();
    assert_eq!(server.inbox(State::Pending).await.len(), 3);
}

#[tokio::test]
async fn one_signature_has_eight_requests_in_progress_and_the_others_their_places() {
    let (server, journal) = with_hanging_journal(|_| {}).await;
    let seen = fresh_query();
    let request = post(&format!("/callback?{seen}"), text("user", "1", "hello"));
    let mut open = Vec::new();
    for _ in 0..8 {
        let mut connection = server.connect().await;
        connection.send(&request).await.unwrap();
        open.push(connection);
    }
    journal.wait_for_appends(8).await;
    let answer = server.ask(&request).await;
    answer.assert_error(503, 1000);
    assert_eq!(answer.header("retry-after"), Some("1"));
    let mut other = server.connect().await;
    other.send(delivery(text("user", "2", "hello"))).await.unwrap();
    journal.wait_for_appends(9).await;

    // Clients that hang up give their places back, as clients that are answered do.
    open.truncate(4);
    journal.set(Behaviour::Working);
    for mut connection in open {
        connection.answer().await.assert_ack();
    }
    other.answer().await.assert_ack();
    for _ in 0..20 {
        server.ask(&request).await.assert_ack();
    }
    assert_eq!(server.inbox(State::Pending).await.len(), 2);
}

#[tokio::test]
async fn bodies_that_do_not_come_take_no_place_of_those_that_wait_for_the_journal() {
    let mut setup = Setup::new().await;
    setup.options.max_in_flight = 2;
    // The limit is longer than this test takes.
    setup.options.body_timeout = Duration::from_mins(10);
    let server = setup.start().await;
    let mut crowd = Vec::new();
    for address in 0..5 {
        let query = fresh_query();
        for _ in 0..8 {
            crowd.push(slow_body(&server, &query).await);
        }
        let ninth = post(&format!("/callback?{query}"), text("user", "x", "hello"));
        server.ask(ninth).await.assert_error(503, 1000);
        let body = text("user", &address.to_string(), "hello");
        // The request comes in two pieces, as many clients send it.
        let request = delivery(&body);
        let mut honest = server.connect().await;
        honest.send(&request[..request.len() - body.len()]).await.unwrap();
        tokio::task::yield_now().await;
        honest.send(&body).await.unwrap();
        honest.answer().await.assert_ack();
    }
    assert_eq!(server.inbox(State::Pending).await.len(), 5);
}

#[tokio::test]
async fn a_crowd_that_waits_for_its_bodies_is_bounded_and_a_body_that_is_there_needs_no_place_in_it() {
    let mut setup = Setup::new().await;
    setup.options.max_waiting_bodies = 3;
    setup.options.body_timeout = Duration::from_mins(10);
    let server = setup.start().await;
    let mut crowd = Vec::new();
    for _ in 0..3 {
        crowd.push(slow_body(&server, &fresh_query()).await);
    }
    let request = delivery(text("user", "1", "hello"));
    let mut fourth = server.connect().await;
    fourth.send(&request[..request.len() - 20]).await.unwrap();
    fourth.answer().await.assert_error(503, 1000);
    server.deliver(text("user", "2", "hello")).await.assert_ack();
    crowd.pop();
    until("a place that is free again", async || {
        let mut slow = server.connect().await;
        slow.send(&request[..request.len() - 20]).await.unwrap();
        slow.send(&request[request.len() - 20..]).await.unwrap();
        (slow.answer().await.status == 200).then_some(())
    })
    .await;
}

/// Sends a request whose body the server asks for, and which does not come.
async fn slow_body(server: &TestServer, query: &str) -> Connection {
    let head = "HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 60000\r\n\r\n";
    let mut slow = server.connect().await;
    assert_eq!(slow.ask(format!("POST /callback?{query} {head}")).await.status, 100);
    slow.send("<").await.unwrap();
    slow
}

#[tokio::test]
async fn an_accept_loop_that_ends_by_itself_ends_the_listener_with_an_error() {
    /// A gauge that panics when the accept loop counts a new connection.
    struct FailingGauge;
    impl GaugeFn for FailingGauge {
        fn increment(&self, _: f64) {
            panic!("a fault in the accept loop");
        }
        fn decrement(&self, _: f64) {}
        fn set(&self, _: f64) {}
    }
    let listener = Listener::bind(LOOPBACK, 1).await.unwrap();
    let address = listener.local_addr();
    let listener = listener.with_gauge(Gauge::from_arc(Arc::new(FailingGauge)));
    let serving = listener.serve(Router::new(), ConnectionLimits::default(), CancellationToken::new());
    let (served, ()) = tokio::join!(serving, async { drop(Connection::open(address).await) });
    let error = served.unwrap_err().to_string();
    assert!(
        error.contains(&address.to_string()) && error.contains("a fault in the accept loop"),
        "{error}"
    );
    assert!(Connection::try_open(address).await.is_err());
}

#[tokio::test]
async fn a_client_that_hangs_up_while_it_waits_frees_its_place() {
    let (server, journal) = with_hanging_journal(|setup| setup.options.max_in_flight = 1).await;
    let mut gone = server.connect().await;
    gone.send(delivery(text("user", "1", "hello"))).await.unwrap();
    journal.wait_for_appends(1).await;
    drop(gone);
    journal.set(Behaviour::Working);
    // The server learns some time later that the client is gone. Until then the place is taken.
    while server.deliver(text("user", "2", "hello")).await.status == 503 {}
    assert!(!server.inbox(State::Pending).await.is_empty());
}

#[tokio::test]
async fn clients_that_send_nothing_or_half_a_header_are_closed_while_others_are_served() {
    let mut setup = Setup::new().await;
    setup.limits.header_timeout = SHORT;
    let server = setup.start().await;
    let mut silent = server.connect().await;
    let mut half = server.connect().await;
    half.send("POST /callback?rc-nonce=1 HTTP/1.1\r\nhost: te").await.unwrap();
    let mut idle = server.connect().await;
    idle.ask(delivery(text("user", "1", "hello"))).await.assert_ack();
    server.deliver(text("user", "2", "hello")).await.assert_ack();

    for slow in [&mut silent, &mut half, &mut idle] {
        assert!(!slow.closed().await.contains("200 OK"));
    }
    server.deliver(text("user", "3", "hello")).await.assert_ack();
}

#[tokio::test]
async fn half_a_body_is_answered_with_408_and_closed_while_others_are_served() {
    let mut setup = Setup::new().await;
    setup.options.body_timeout = SHORT;
    let server = setup.start().await;
    let request = delivery(text("user", "1", "hello"));
    let mut slow = server.connect().await;
    slow.send(&request[..request.len() - 20]).await.unwrap();
    server.deliver(text("user", "2", "hello")).await.assert_ack();

    let answer = slow.answer().await;
    answer.assert_error(408, 1002);
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(slow.closed().await, "");
    // Nothing was kept of half a body, so the retry is a first delivery.
    assert!(server.inbox(State::Dead).await.is_empty());
    server.ask(&request).await.assert_ack();
}

#[tokio::test]
async fn a_body_that_trickles_is_answered_with_408() {
    let mut setup = Setup::new().await;
    setup.options.body_timeout = SHORT;
    let server = setup.start().await;
    let head = "HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut slow = server.connect().await;
    slow.send(format!("POST /callback?{} {head}", fresh_query())).await.unwrap();
    while slow.is_silent() && slow.send("1\r\nx\r\n").await.is_ok() {
        tokio::time::sleep(SHORT / 100).await;
    }
    slow.answer().await.assert_error(408, 1002);
}

#[tokio::test]
async fn a_client_that_asks_and_asks_and_never_listens_is_cut_off() {
    let mut setup = Setup::new().await;
    setup.limits.header_timeout = SHORT;
    let server = setup.start().await;
    let mut deaf = server.connect().await;
    let questions = "GET /nowhere HTTP/1.1\r\nhost: test\r\n\r\n".repeat(1000);
    while deaf.send(&questions).await.is_ok() {}
    server.deliver(text("user", "1", "hello")).await.assert_ack();
}

#[tokio::test]
async fn headers_without_end_are_refused() {
    let server = TestServer::start().await;
    let mut connection = server.connect().await;
    connection.send("POST /callback HTTP/1.1\r\nhost: test\r\n").await.unwrap();
    while connection.is_silent() && connection.send("x-filler: 0123456789abcdef\r\n").await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(connection.closed().await.starts_with("HTTP/1.1 431"));
}

/// Occupies its core for a millisecond for each request, and answers whether the request should be shed.
async fn answer_slowly(Extension(arrival): Extension<Arrival>) -> StatusCode {
    #[expect(clippy::disallowed_methods, reason = "the work that occupies the core")]
    thread::sleep(Duration::from_millis(1));
    if arrival.should_shed { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

#[tokio::test]
async fn requests_that_wait_for_their_turn_for_too_long_are_shed_until_the_others_are_done() {
    let listener = Listener::bind(LOOPBACK, 1).await.unwrap();
    let address = listener.local_addr();
    let mut serving = JoinSet::new();
    let limits = ConnectionLimits { max_connections: 2000, ..ConnectionLimits::default() };
    let router = Router::new().fallback(answer_slowly);
    serving.spawn(listener.serve(router, limits, CancellationToken::new()));
    let mut connections = Vec::new();
    for _ in 0..800 {
        connections.push(Connection::open(address).await);
    }
    for connection in &mut connections {
        connection.send(get("/")).await.unwrap();
    }
    let mut shed = 0;
    for connection in &mut connections {
        shed += usize::from(connection.answer().await.status == 503);
    }
    // The first 256 requests are never shed, whatever the machine does meanwhile.
    assert!((1..=800 - 256).contains(&shed), "{shed} of 800");
    until("a request in time", async || {
        (connections[0].ask(get("/")).await.status == 200).then_some(())
    })
    .await;
}
