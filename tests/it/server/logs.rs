//! The log and the metrics of the server, and the secrets that must never be in the log.

use rongcloud_callback::metrics;

use crate::support::{http::post, log::Log, secrecy};

use super::setup::{SECRET, SPARE_SECRET, Setup, TIMESTAMP, TestServer, delivery, query, text};

/// Sends messages and forgeries of every sort. Returns the nonce and the signature of each.
async fn send_messages_and_forgeries(server: &TestServer) -> Vec<String> {
    let mut used = Vec::new();
    for (nonce, secret, timestamp, body) in [
        ("nonce-fine", SECRET, TIMESTAMP, text("user-7", "id-7", "confidential")),
        ("nonce-dead", SECRET, TIMESTAMP, "<xml><confidential>confidential</xml>".to_owned()),
        ("nonce-empty", SPARE_SECRET, TIMESTAMP, "confidential".to_owned()),
        ("nonce-stale", SECRET, "1700000000", text("user", "1", "confidential")),
        ("nonce-other", "another secret", TIMESTAMP, text("user", "1", "confidential")),
        ("nonce-large", SECRET, TIMESTAMP, "confidential".repeat(10_000)),
    ] {
        let query = query(secret, nonce, timestamp);
        used.push(nonce.to_owned());
        used.push(query.rsplit('=').next().unwrap().to_owned());
        server.ask(post(&format!("/callback?{query}"), &body)).await;
        server.ask(post(&format!("/callback?{query}"), "another confidential body")).await;
        server.ask(post(&format!("/callback?{query}&{query}"), &body)).await;
        server.ask(post(&format!("/nowhere?{query}"), &body)).await;
    }
    used
}

#[tokio::test]
async fn no_secret_signature_nonce_or_body_gets_into_the_log() {
    let (log, _guard) = Log::capture();
    let server = Setup::new().await.start_on_this_thread().await;
    let used = send_messages_and_forgeries(&server).await;
    let lines = log.lines();
    for expected in ["callback accepted", "callback refused", "user-7", "replayed", "stale", "mismatch"]
    {
        assert!(lines.contains(expected), "{expected} is not in the log:\n{lines}");
    }
    let secrets = [SECRET, SPARE_SECRET, "another secret", "confidential", "rc-nonce="];
    for hidden in secrets.into_iter().chain(used.iter().map(String::as_str)) {
        assert!(!lines.contains(hidden), "{hidden} is in the log:\n{lines}");
    }
}

#[tokio::test]
async fn a_refusal_is_logged_with_the_client_behind_a_trusted_proxy() {
    let (log, _guard) = Log::capture();
    let mut setup = Setup::new().await;
    setup.options.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let server = setup.start_on_this_thread().await;
    server
        .ask("POST /callback HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 192.0.2.1, 198.51.100.7\r\n\r\n")
        .await;
    let lines = log.lines();
    for field in ["app=appkey", "path=/callback", "client=198.51.100.7", "reason=\"missing\""] {
        assert!(lines.contains(field), "{field} is not in the log:\n{lines}");
    }
}

#[tokio::test]
async fn a_refusal_is_logged_with_the_peer_where_no_proxy_is_trusted() {
    let (log, _guard) = Log::capture();
    let server = Setup::new().await.start_on_this_thread().await;
    server.ask("POST /callback HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 198.51.100.7\r\n\r\n").await;
    assert!(log.lines().contains("client=127.0.0.1"), "{}", log.lines());
}

#[tokio::test]
async fn a_refusal_says_how_it_was_answered_and_where_the_body_is_kept() {
    let (log, _guard) = Log::capture();
    let server = Setup::new().await.start_on_this_thread().await;
    server.deliver("not xml").await.assert_error(400, 1002);
    server.deliver(text(&"x".repeat(600), "1", "hello")).await.assert_error(400, 1002);
    for timestamp in ["1700000000", "1963754000"] {
        let query = query(SECRET, "nonce", timestamp);
        server.ask(post(&format!("/callback?{query}"), "")).await.assert_error(401, 1004);
    }
    let lines = log.lines();
    for words in [
        "not one of the platform's messages, so it was answered 400 and is kept as a dead letter: \
         `rongcloud-callback journal list --state dead` lists it",
        "is longer than 512 bytes, so it was answered 400 and is kept as a dead letter: `rongcloud-callback journal list",
        "signed 2 years ago by our clock, at 2023-11-14 22:13 UTC, longer ago than is tolerated",
        "signed 6 years in the future by our clock, at 2032-03-24 15:13 UTC: is a clock wrong?",
    ] {
        assert!(lines.contains(words), "{words} is not in the log:\n{lines}");
    }
}

#[tokio::test]
async fn a_line_break_in_a_user_is_none_in_the_log() {
    let (log, _guard) = Log::capture();
    let server = Setup::new().await.start_on_this_thread().await;
    server.ask(delivery(text("user\nERROR forged", "id\r\nERROR forged", "x"))).await.assert_ack();
    let lines = log.lines();
    assert!(lines.contains("callback accepted") && lines.contains("forged"), "{lines}");
    assert!(!lines.lines().any(|line| line.starts_with("ERROR")), "{lines}");
}

#[tokio::test]
async fn a_flood_of_forgeries_is_counted_and_not_logged_and_hides_no_other_reason() {
    let (log, _guard) = Log::capture();
    let server = Setup::new().await.start_on_this_thread().await;
    let mut connection = server.connect().await;
    for number in 0..500 {
        let forged = format!("/callback?{}", query("guess", &number.to_string(), TIMESTAMP));
        connection.ask(post(&forged, "")).await.assert_error(401, 1004);
    }
    connection.ask(post("/callback", "")).await.assert_error(401, 1004);
    let lines = log.lines();
    // The limit is ten lines in each window of ten seconds, however long this took.
    let written = lines.matches("reason=\"mismatch\"").count();
    assert!((10..=50).contains(&written), "{written} lines");
    assert_eq!(lines.matches("reason=\"missing\"").count(), 1);
}

#[test]
fn each_outcome_is_counted_for_its_app() {
    let recorder = metrics::build_recorder().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    ::metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let server = Setup::new().await.start_on_this_thread().await;
            let body = text("user", "1", "hello");
            server.deliver(&body).await.assert_ack();
            server.deliver(&body).await.assert_ack();
            server.deliver("not xml").await.assert_error(400, 1002);
            server.ask(post("/callback", &body)).await.assert_error(401, 1004);
            let request = delivery(text("user", "2", "hello"));
            server.ask(&request).await.assert_ack();
            let forged = String::from_utf8(request).unwrap().replace("hello", "olleh");
            server.ask(forged).await.assert_error(401, 1004);
            let gzip = String::from_utf8(delivery(&body)).unwrap();
            let gzip = gzip.replacen("\r\n", "\r\ncontent-encoding: gzip\r\n", 1);
            server.ask(gzip).await.assert_error(415, 1002);
        });
    });
    let rendered = recorder.handle().render();
    assert_eq!(secrecy::leak(&rendered), None);
    for (outcome, count) in [
        ("accepted", 2),
        ("duplicate", 1),
        ("not_understood", 1),
        ("missing", 1),
        ("replayed", 1),
        ("encoded", 1),
        ("crowded", 0),
        ("long_id", 0),
        ("full", 0),
    ] {
        let line = format!(
            "rongcloud_callback_callbacks_total{{app=\"appkey\",outcome=\"{outcome}\"}} {count}\n"
        );
        assert!(rendered.contains(&line), "{line} is not in\n{rendered}");
    }
    assert!(rendered.contains("rongcloud_callback_ack_duration_seconds_count 3\n"), "{rendered}");
}
