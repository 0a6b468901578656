//! SIGTERM: open requests end, handlers get their grace period, nothing is lost, exit code 0.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use rongcloud_callback::{Text, journal::State};
use tokio::{sync::Notify, task::JoinSet};

use super::running::Running;
use crate::support::{
    http::Connection,
    messages::{delivery, text},
    platform::Platform,
    process::{Home, free_address},
    until,
};

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_finishes_open_requests_and_loses_nothing() {
    let home = Home::new();
    let server = home.start().await;
    let acked = Arc::new(AtomicU64::new(0));
    let mut load = JoinSet::new();
    for connection in 0..16 {
        let (address, acked) = (server.callbacks, Arc::clone(&acked));
        load.spawn(async move {
            let mut stream = Connection::open(address).await;
            for number in 0.. {
                let body = text(&format!("user{connection}"), &number.to_string(), "hello");
                // A server that drains closes a connection between two requests, never within a request.
                let Ok(answer) = stream.try_ask(delivery(&body)).await else { return };
                answer.assert_ack();
                acked.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    until("some load", async || (acked.load(Ordering::SeqCst) > 200).then_some(())).await;
    server.terminate();
    load.join_all().await;
    let (status, _) = server.ended();
    assert_eq!(status.code(), Some(0));
    let accepted = home.records().await.len() as u64;
    let acked = acked.load(Ordering::SeqCst);
    // A connection's last request may have been accepted without its answer arriving.
    assert!((acked..=acked + 16).contains(&accepted), "{acked} acknowledged, {accepted} accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stop_leaves_is_handled_after_the_next_start() {
    let platform = Platform::start().await;
    let home = Home::of_example("echo", &platform.url());
    let server = home.start().await;
    for number in 0..50 {
        server.deliver(&text("user", &number.to_string(), &number.to_string())).await.assert_ack();
    }
    server.terminate();
    assert_eq!(server.ended().0.code(), Some(0));
    let server = home.start().await;
    until("all replies", async || (platform.sent().len() >= 50).then_some(())).await;
    server.terminate();
    assert_eq!(server.ended().0.code(), Some(0));
    let texts: Vec<_> = platform.sent().into_iter().map(|(_, text)| text).collect();
    let expected: Vec<_> = (0..50).map(|number| format!("You said: {number}")).collect();
    assert_eq!(texts, expected);
    assert!(home.records().await.iter().all(|record| record.state == State::Done));
}

#[tokio::test]
async fn a_handler_that_has_begun_may_end_within_the_grace_period() {
    let (began, ended) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
    let service = Running::start(|service| {
        let (began, ended) = (Arc::clone(&began), Arc::clone(&ended));
        service.on(move |_: Text, _context| {
            let (began, ended) = (Arc::clone(&began), Arc::clone(&ended));
            async move {
                began.notify_one();
                tokio::time::sleep(Duration::from_millis(300)).await;
                ended.store(true, Ordering::SeqCst);
            }
        })
    })
    .await;
    service.deliver(&text("user", "1", "hello")).await.assert_ack();
    began.notified().await;
    service.stop().await;
    assert!(ended.load(Ordering::SeqCst), "it was cut off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_known_across_a_restart() {
    let home = Home::new();
    let body = text("user", "1", "hello");
    for _ in 0..2 {
        let server = home.start().await;
        let mut deliveries = JoinSet::new();
        for _ in 0..64 {
            let (address, request) = (server.callbacks, delivery(&body));
            deliveries.spawn(async move { Connection::open(address).await.ask(request).await });
        }
        for answer in deliveries.join_all().await {
            answer.assert_ack();
        }
        server.kill();
    }
    assert_eq!(home.records().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_journal_is_refused() {
    let mut home = Home::new();
    let _first = home.start().await;
    home.listen_on(free_address());
    let second = home.command(&["serve"]).output().unwrap();
    let errors = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{errors}");
    assert!(errors.contains("error: the journal at `sqlite:data/journal.db`\ncaused by: "), "{errors}");
}
