//! The router inside somebody else's `axum` program keeps its own bounds.

use std::net::SocketAddr;

use axum::{Router, http::StatusCode, routing::get};
use tokio::{net::TcpListener, task::JoinSet};

use crate::support::http::{Connection, post};

use super::setup::{Setup, fresh_query, memory_journal, text};

#[tokio::test]
async fn a_nested_router_accepts_and_refuses_as_it_does_alone() {
    let mut setup = Setup::new().await;
    setup.journal = memory_journal(&setup.clock, 100).await;
    let callbacks = setup.callbacks();
    let program = Router::new()
        .route("/", get(async || "mine"))
        .nest("/bots", callbacks.router())
        .fallback(async || (StatusCode::NOT_FOUND, "theirs"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        axum::serve(listener, program.into_make_service_with_connect_info::<SocketAddr>())
            .await
            .unwrap();
    });

    let ask = async |request: Vec<u8>| Connection::open(address).await.ask(request).await;
    let target = format!("/bots/callback?{}", fresh_query());
    ask(post(&target, text("user", "1", "hello"))).await.assert_ack();
    ask(post(&target, text("user", "2", "forged"))).await.assert_error(401, 1004);
    let too_long = post(&format!("/bots/callback?{}", fresh_query()), vec![b'x'; 70_000]);
    ask(too_long).await.assert_error(413, 1002);
    let gzip = format!(
        "POST {target} HTTP/1.1\r\nhost: x\r\ncontent-encoding: gzip\r\ncontent-length: 9\r\n\r\n"
    );
    ask(gzip.into_bytes()).await.assert_error(415, 1002);
    // The program itself answers all other paths.
    for path in ["/nowhere", "/bots/callback/", "/bots", "/callback"] {
        let answer = ask(post(path, "")).await;
        assert_eq!((answer.status, answer.body.as_str()), (404, "theirs"), "{path}");
    }
    assert_eq!(ask(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n".to_vec()).await.body, "mine");
    let stats = setup.journal.stats().await.unwrap();
    assert_eq!((stats.inbox.pending, stats.inbox.dead), (1, 1));
}
