//! The real executable: few open files, very long ids, and dead letters that an operator revives.

use rongcloud_callback::{
    clock::Clock,
    journal::{Record, State},
    signature::{Timestamps, signed_query},
};

use crate::support::{
    http::{Connection, post},
    messages::{PATH, SECRET, delivery, text},
    platform::Platform,
    postgres::Cluster,
    process::{Home, Process},
    until,
};

const ECHO: &str = "[[rules]]\non = \"text\"\nreply = { text = \"you: {{ content }}\" }\n";

/// Builds an address that somebody has seen.
fn target(nonce: &str) -> String {
    format!("{PATH}?{}", signed_query(&SECRET.into(), nonce, Clock::system().now()))
}

async fn dead_letters(home: &Home) -> Vec<Record> {
    let mut records = home.records().await;
    records.retain(|record| record.state == State::Dead);
    records
}

async fn ask(server: &Process, request: Vec<u8>) -> crate::support::http::Answer {
    Connection::open(server.callbacks).await.ask(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_under_another_one_s_signature_is_answered_once_an_operator_revives_it() {
    let platform = Platform::start().await;
    let home = Home::new().with_api(&platform.url()).with_server("").with(ECHO);
    let server = home.start().await;
    let seen = target("14314");
    ask(&server, post(&seen, text("ann", "A1", "pay 5"))).await.assert_ack();
    for _ in 0..4 {
        ask(&server, post(&seen, text("bo", "B1", "cancel"))).await.assert_error(401, 1004);
    }
    let [letter] = dead_letters(&home).await.try_into().unwrap();
    until("one reply", async || (platform.sent().len() == 1).then_some(())).await;
    let revived = home.command(&["journal", "revive", &letter.id.to_string()]).status().unwrap();
    assert!(revived.success());
    until("two replies", async || (platform.sent().len() == 2).then_some(())).await;
    let sent = |user: &str, text: &str| (user.to_owned(), text.to_owned());
    assert_eq!(platform.sent(), [sent("ann", "you: pay 5"), sent("bo", "you: cancel")]);
    let metrics = server.metrics().await;
    assert!(metrics.contains("outcome=\"replayed\"} 4\n"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_replicas_either_keeps_what_the_other_has_bound_and_takes_the_message_that_it_is_bound_to()
 {
    let Some(cluster) = Cluster::shared().await else { return };
    let url = cluster.database().await;
    let homes = [Home::new().with_journal(url.clone()), Home::new().with_journal(url)];
    let (first, second) = tokio::join!(homes[0].start(), homes[1].start());
    let seen = target("14314");
    let genuine = post(&seen, text("ann", "A1", "pay 5"));
    let other = post(&seen, text("bo", "B1", "cancel"));
    ask(&first, genuine.clone()).await.assert_ack();
    for server in [&second, &first, &second] {
        ask(server, other.clone()).await.assert_error(401, 1004);
    }
    assert_eq!(dead_letters(&homes[0]).await.len(), 1);
    // The second replica has seen the other body first, and must drop its binding.
    ask(&second, genuine).await.assert_ack();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_few_open_files_a_crowd_of_idle_connections_keeps_nobody_out() {
    // The crowd has as many connections as the usual soft limit has files. The hard limit cannot be raised.
    let home = Home::new().with_server("header_timeout = \"10m\"\n");
    let server = home.start_limited(300).await;
    let mut crowd = Vec::new();
    for _ in 0..400 {
        crowd.push(Connection::open(server.callbacks).await);
    }
    for number in 0..5 {
        ask(&server, delivery(&text("user", &number.to_string(), "x"))).await.assert_ack();
    }
    assert_eq!(server.readiness().await.0, 200);
    assert_eq!(home.records().await.len(), 5);
    drop(crowd);
    let log = server.killed();
    assert!(!log.iter().any(|line| line.contains("cannot accept")), "{log:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_without_end_make_no_log_line_without_end() {
    let home = Home::new().with(ECHO);
    let server = home.start().await;
    let long = "x".repeat(20_000);
    for (user, id) in [(long.as_str(), "1"), ("user", long.as_str())] {
        let answer = server.deliver(&text(user, id, "x")).await;
        answer.assert_error(400, 1002);
        assert!(answer.body.len() < 300, "{}", answer.body);
    }
    // Revived messages are handled; the API refuses such a user, and the reply is tried again and again.
    for letter in dead_letters(&home).await {
        home.journal().await.revive(letter.id).await.unwrap();
    }
    server.told("attempt failed").await;
    let log = server.killed();
    let longest = log.iter().map(String::len).max().unwrap();
    assert!(longest < 4096, "{longest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_milliseconds_is_served_and_probed_in_milliseconds() {
    // The key belongs to the app's section, which is the last one.
    let home = Home::new().with("timestamps = \"milliseconds\"\n");
    let server = home.start().await;
    let query = Timestamps::Milliseconds.signed_query(&SECRET.into(), "14314", Clock::system().now());
    ask(&server, post(&format!("{PATH}?{query}"), text("ann", "1", "x"))).await.assert_ack();
    let message = server.deliver(&text("ann", "2", "x")).await.assert_error(401, 1004);
    assert!(message.contains("timestamps = \"seconds\""), "{message}");
    let url = format!("http://{}{PATH}", server.callbacks);
    let probed = home.command(&["check", "--url", &url]).output().unwrap();
    assert!(probed.status.success(), "{}", String::from_utf8_lossy(&probed.stderr));
}
