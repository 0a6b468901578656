//! Access to the console: tokens, sessions, this machine, and requests that other sites make a browser send.

use std::time::Duration;

use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    journal::AuditFilter,
};
use serde_json::json;

use super::setup::{Server, json};
use crate::support::http::Answer;

const SESSION: &str = "/api/v1/session";
const ALICE: &str = "0123456789abcdef-alice";
const METRICS: &str = "0123456789abcdef-metrics";
/// Two persons, and a token for the metrics.
const TOKENS: &str = "admin.tokens = ['0123456789abcdef-metrics', \
    { name = 'alice', token = '0123456789abcdef-alice', may = ['read', 'answer'] }, \
    { name = 'bob', token = '0123456789abcdef-bob', may = 'operate' }]";

/// The header with which a session's page asks, from the answer to its log-in.
fn cookie(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap();
    format!("cookie: other=1; {cookie}")
}

async fn log_in(server: &Server, token: &str) -> Answer {
    server.post(SESSION, &[], &json!({ "token": token })).await
}

/// Asserts that an answer is an error of the API with these words.
fn assert_refused(answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let error = json(answer);
    assert!(error["error"].as_str().unwrap().contains(words), "{error}");
}

#[tokio::test]
async fn a_token_says_who_it_is_and_what_they_may() {
    let server = Server::start(TOKENS).await;
    for (token, who, may) in [
        (ALICE, "alice", json!(["read", "answer"])),
        ("0123456789abcdef-bob", "bob", json!(["read", "operate"])),
    ] {
        let answer = server.get(SESSION, &[&format!("authorization: Bearer {token}")]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let session = json(&answer);
        assert_eq!((&session["who"], &session["may"]), (&json!(who), &may));
        assert_eq!(session["expires_at"], json!(null));
        assert_eq!(session["accounts"], json!([{ "app": "app", "account": null }]));
    }
    let answer = server.get(SESSION, &[]).await;
    assert_refused(&answer, 401, "nobody is logged in");
    assert_eq!(json(&answer)["needs"], json!("token"));
    assert_refused(&server.get(SESSION, &["authorization: Bearer x"]).await, 401, "no such token");
    assert_refused(&server.get(SESSION, &["cookie: rongcloud_console=x.1.y"]).await, 401, "has ended");
}

#[tokio::test]
async fn a_token_for_the_metrics_opens_nothing_else_and_no_other_opens_the_metrics() {
    let server = Server::start(TOKENS).await;
    let metrics = format!("authorization: Bearer {METRICS}");
    assert_eq!(server.get("/metrics", &[&metrics]).await.status, 200);
    let answer = server.get(SESSION, &[&metrics]).await;
    assert_refused(&answer, 403, "has not the right `read`");
    assert_eq!(json(&answer)["missing"], json!("read"));
    assert_refused(&log_in(&server, METRICS).await, 403, "has not the right `read`");
    assert_eq!(server.get("/metrics", &[&format!("authorization: Bearer {ALICE}")]).await.status, 401);
    assert_eq!(server.get("/metrics", &[]).await.status, 401);
    assert_eq!(server.get("/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn where_no_token_may_read_the_console_says_what_to_write() {
    let server = Server::start("admin.tokens = ['0123456789abcdef-metrics']").await;
    let metrics = format!("authorization: Bearer {METRICS}");
    for headers in [&[][..], &[metrics.as_str()]] {
        assert_refused(
            &server.get(SESSION, headers).await,
            403,
            "no token of admin.tokens may read: write",
        );
    }
    assert_refused(&log_in(&server, METRICS).await, 403, "no token of admin.tokens may read: write");
}

#[tokio::test]
async fn a_page_makes_a_session_of_a_token_which_ends_by_itself() {
    let server = Server::start(TOKENS).await;
    let answer = log_in(&server, ALICE).await;
    let header = answer.header("set-cookie").unwrap();
    assert!(header.ends_with("; HttpOnly; SameSite=Strict; Path=/; Max-Age=28800"), "{header}");
    let begun = json(&answer);
    assert_eq!(begun["expires_at"].as_i64(), begun["now"].as_i64().map(|now| now + 28_800_000));
    let cookie = cookie(&answer);
    let answer = server.get(SESSION, &[&cookie]).await;
    assert_eq!(
        (json(&answer)["who"].as_str(), &json(&answer)["expires_at"]),
        (Some("alice"), &begun["expires_at"])
    );

    server.clock.advance(Duration::from_hours(8).saturating_sub(Duration::from_millis(1)));
    assert_eq!(server.get(SESSION, &[&cookie]).await.status, 200);
    server.clock.advance(Duration::from_millis(1));
    let answer = server.get(SESSION, &[&cookie]).await;
    assert_refused(&answer, 401, "the session has ended");
}

#[tokio::test]
async fn a_log_in_is_in_the_audit_list_and_a_refused_one_is_not() {
    let server = Server::start(TOKENS).await;
    for token in [ALICE, METRICS, "guess"] {
        log_in(&server, token).await;
    }
    let filter = AuditFilter { limit: 10, ..AuditFilter::default() };
    let records = server.journal.audit(filter).await.unwrap();
    let records: Vec<_> =
        records.iter().map(|record| (record.who.as_str(), record.action.as_str())).collect();
    assert_eq!(records, [("alice", "log in")]);
}

#[tokio::test]
async fn behind_tls_the_cookie_is_for_tls_only_and_a_log_out_clears_it() {
    let server = Server::start(TOKENS).await;
    let token = json!({ "token": ALICE });
    let answer = server.post(SESSION, &["x-forwarded-proto: https"], &token).await;
    assert!(answer.header("set-cookie").unwrap().ends_with("; Secure"), "{answer:?}");
    let answer = server.ask("DELETE", SESSION, &[], None).await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").unwrap().starts_with("rongcloud_console=; "), "{answer:?}");
    assert!(answer.header("set-cookie").unwrap().contains("; Max-Age=0"), "{answer:?}");
}

#[tokio::test]
async fn a_session_is_known_to_every_replica_and_ends_with_its_token() {
    let clock = Clock::manual(UnixMillis(1_700_000_000_000));
    let server = Server::start_on(&clock, TOKENS).await;
    let session = cookie(&log_in(&server, ALICE).await);
    assert_eq!(Server::start_on(&clock, TOKENS).await.get(SESSION, &[&session]).await.status, 200);
    for tokens in [TOKENS.replace(ALICE, "fedcba9876543210-alice"), TOKENS.replace("'alice'", "'carol'")]
    {
        let without = Server::start_on(&clock, &tokens).await;
        assert_refused(&without.get(SESSION, &[&session]).await, 401, "the session has ended");
    }
}

#[tokio::test]
async fn five_log_ins_may_fail_in_a_second() {
    let server = Server::start(TOKENS).await;
    for _ in 0..5 {
        assert_refused(&log_in(&server, "guess").await, 401, "no such token");
    }
    for token in ["guess", ALICE] {
        assert_refused(&log_in(&server, token).await, 429, "too many log-ins have failed");
    }
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(log_in(&server, ALICE).await.status, 200);
}

/// Neither a form nor a script of another site can use the session of the browser that it is shown in.
#[tokio::test]
async fn another_site_s_page_can_change_nothing() {
    let server = Server::start(TOKENS).await;
    let session = cookie(&log_in(&server, ALICE).await);
    let own = format!("origin: http://{}", server.address);
    let neighbour = format!("origin: http://127.0.0.1:{}", server.address.port() ^ 1);
    for foreign in [
        &["origin: https://evil.example"][..],
        &["origin: null"],
        &[&neighbour],
        &["sec-fetch-site: cross-site"],
        &["sec-fetch-site: same-site"],
        &["sec-fetch-site: none"],
        &[&own, "sec-fetch-site: cross-site"],
    ] {
        for method in ["POST", "DELETE", "PUT", "PATCH", "OPTIONS"] {
            let headers = [&[session.as_str()], foreign].concat();
            let answer = server.ask(method, SESSION, &headers, Some("{}")).await;
            assert_refused(&answer, 403, "another site's page may change nothing here");
        }
    }
    for headers in
        [&[own.as_str()][..], &["sec-fetch-site: same-origin"], &[&own, "sec-fetch-site: same-origin"]]
    {
        let headers = [&[session.as_str()], headers].concat();
        let answer = server.ask("DELETE", SESSION, &headers, None).await;
        assert_eq!(answer.status, 204, "{headers:?}: {answer:?}");
    }
    // A browser says where such a request comes from. One that does not say it is no page's.
    let answer = server.post("/api/v1/jobs", &[&session], &json!({})).await;
    assert_refused(&answer, 403, "send the token itself");
    for media_type in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"]
    {
        let media_type = format!("content-type: {media_type}");
        let answer = server.ask("POST", SESSION, &[&own, &media_type], Some("{}")).await;
        assert_refused(&answer, 415, "application/json");
    }
}

#[tokio::test]
async fn another_site_s_page_reads_nothing_but_may_have_a_link_to_the_page() {
    let server = Server::start("").await;
    for site in ["cross-site", "same-site"] {
        let site = format!("sec-fetch-site: {site}");
        for path in [SESSION, "/", "/api/v1/nothing"] {
            let answer = server.get(path, &[&site]).await;
            assert_refused(&answer, 403, "another site's page may read nothing here");
        }
        let link = [site.as_str(), "sec-fetch-mode: navigate", "sec-fetch-dest: document"];
        assert_eq!(server.get("/", &link).await.status, 200);
        assert_eq!(server.get(SESSION, &link).await.status, 403);
    }
    for site in ["same-origin", "none"] {
        assert_eq!(server.get(SESSION, &[&format!("sec-fetch-site: {site}")]).await.status, 200);
    }
}

#[tokio::test]
async fn without_a_token_everybody_on_this_machine_may_do_everything() {
    let server = Server::start("").await;
    let port = server.address.port();
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let session = json(&server.get(SESSION, &[&format!("host: {host}:{port}")]).await);
        assert_eq!(session["who"], json!("local"));
        assert_eq!(session["may"], json!(["metrics", "read", "bodies", "answer", "send", "operate"]));
    }
    for (header, words) in [
        ("host: evil.example", "a host other than localhost"),
        ("host: 127.0.0.1.evil.example", "a host other than localhost"),
        ("host: 192.0.2.1", "a host other than localhost"),
        ("x-forwarded-for: 192.0.2.1", "through a proxy"),
        ("x-forwarded-for: 127.0.0.1", "through a proxy"),
        ("forwarded: for=192.0.2.1", "through a proxy"),
        ("x-real-ip: 192.0.2.1", "through a proxy"),
    ] {
        let answer = server.get(SESSION, &[header]).await;
        assert_refused(&answer, 403, words);
        assert!(answer.body.contains("write [[admin.tokens]] with name, token and may"), "{answer:?}");
        assert_refused(&server.post("/api/v1/jobs", &[header], &json!({})).await, 403, words);
    }
    // With a token, a proxy is welcome, and so is any name.
    let server = Server::start(TOKENS).await;
    let token = format!("authorization: Bearer {ALICE}");
    let proxied = [token.as_str(), "host: console.example", "x-forwarded-for: 192.0.2.1"];
    assert_eq!(server.get(SESSION, &proxied).await.status, 200);
}

#[tokio::test]
async fn every_answer_bounds_what_it_may_do_in_a_browser() {
    let server = Server::start(TOKENS).await;
    for (path, caching) in [("/", "no-cache"), (SESSION, "no-store"), ("/api/v1/nothing", "no-store")] {
        let answer = server.get(path, &[]).await;
        let policy = answer.header("content-security-policy").unwrap();
        for part in
            ["default-src 'self'; ", "form-action 'none'", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some(caching), "{path}");
    }
}

#[tokio::test]
async fn what_is_no_route_is_told_as_json_to_those_who_are_known() {
    let server = Server::start(TOKENS).await;
    let token = format!("authorization: Bearer {ALICE}");
    assert_refused(&server.get("/api/v1/nothing", &[&token]).await, 404, "there is no such route");
    assert_refused(&server.get("/api/v1/nothing", &[]).await, 401, "nobody is logged in");
    for body in ["", "[]", "{\"token\": 5}", "{\"token\": \"x\", \"more\": 1}", "{"] {
        assert_refused(&server.ask("POST", SESSION, &[], Some(body)).await, 400, "not the JSON");
    }
    let answer = server.ask("POST", SESSION, &[], Some(&format!("\"{}\"", "x".repeat(70_000)))).await;
    assert_refused(&answer, 413, "longer than 64 KiB");
}
