//! Health, readiness and metrics on their own listener.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rongcloud_callback::{
    clock::Clock,
    internals::{
        self, ConnectionLimits, Listener,
        admin::{self, AdminToken, Render},
    },
    journal::{EntryKey, NewEntry, Queue, Queues},
};
use secrecy::SecretString;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::http::{Answer, Connection};

use super::{
    faulty::{Behaviour, Faulty},
    setup::{NOW, memory_journal},
};

struct AdminServer {
    address: SocketAddr,
    clock: Clock,
    journal: Faulty,
    stopping: CancellationToken,
    _serving: JoinSet<io::Result<()>>,
}

impl AdminServer {
    async fn start(render: Option<Render>) -> Self {
        Self::start_with(render, Vec::new()).await
    }

    async fn start_with(render: Option<Render>, tokens: Vec<SecretString>) -> Self {
        let clock = Clock::manual(NOW);
        let journal = Faulty::new(memory_journal(&clock, 100).await, Behaviour::Working);
        let stopping = CancellationToken::new();
        let tokens = tokens.into_iter().map(AdminToken::for_metrics).collect();
        let router =
            admin::router(Arc::new(journal.clone()), clock.clone(), stopping.clone(), render, tokens);
        let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), 1).await.unwrap();
        let address = listener.local_addr();
        let mut serving = JoinSet::new();
        serving.spawn(listener.serve(router, ConnectionLimits::default(), CancellationToken::new()));
        Self { address, clock, journal, stopping, _serving: serving }
    }

    async fn get(&self, path: &str) -> Answer {
        self.get_with(path, "x-other: 1").await
    }

    async fn get_with(&self, path: &str, header: &str) -> Answer {
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\n{header}\r\n\r\n");
        Connection::open(self.address).await.ask(request).await
    }
}

#[tokio::test]
async fn a_living_process_is_healthy_whatever_its_journal_does() {
    let server = AdminServer::start(None).await;
    server.journal.set(Behaviour::Failing);
    let answer = server.get("/healthz").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok\n"));
}

#[tokio::test]
async fn it_is_ready_while_the_journal_answers() {
    let server = AdminServer::start(None).await;
    assert_eq!(server.get("/readyz").await.status, 200);
    server.journal.set(Behaviour::Failing);
    let answer = server.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("unavailable"), "{}", answer.body);
    server.journal.set(Behaviour::Hanging);
    let answer = server.get("/readyz").await;
    assert_eq!((answer.status, answer.body.as_str()), (503, "not ready: the journal does not answer\n"));
    server.journal.set(Behaviour::Working);
    assert_eq!(server.get("/readyz").await.status, 200);
}

/// The requests of uptime monitors look like this.
#[tokio::test]
async fn head_is_answered_as_get_without_a_body_and_a_query_changes_nothing() {
    let server = AdminServer::start(Some(Arc::new(|| "metrics\n".to_owned()))).await;
    for path in ["/healthz", "/readyz", "/metrics", "/healthz?x=1"] {
        let mut connection = Connection::open(server.address).await;
        let head = format!("HEAD {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        connection.send(head).await.unwrap();
        let answer = connection.closed().await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"), "{path}: {answer}");
        let get = server.get(path).await;
        assert!(get.status == 200 && !get.body.is_empty(), "{path}: {get:?}");
    }
}

#[tokio::test]
async fn it_is_not_ready_once_it_is_stopping() {
    let server = AdminServer::start(None).await;
    server.stopping.cancel();
    let answer = server.get("/readyz").await;
    assert_eq!((answer.status, answer.body.as_str()), (503, "not ready: shutting down\n"));
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn without_a_recorder_of_ours_the_metrics_are_elsewhere() {
    let answer = AdminServer::start(None).await.get("/metrics").await;
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("recorder"), "{}", answer.body);
}

#[test]
fn a_scrape_shows_how_much_is_in_the_journal_and_how_old_it_is() {
    let recorder = internals::build_recorder().unwrap();
    let handle = recorder.handle();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    ::metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let server = AdminServer::start(Some(Arc::new(move || handle.render()))).await;
            for entry in [entry("1", None), entry("2", Some("unreadable"))] {
                server.journal.append(entry, None).await.unwrap();
            }
            server.clock.advance(Duration::from_secs(90));

            let answer = server.get("/metrics").await;
            assert_eq!(answer.status, 200);
            assert!(answer.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
            for line in [
                "rongcloud_callback_journal_entries{queue=\"inbox\",state=\"pending\"} 1\n",
                "rongcloud_callback_journal_entries{queue=\"inbox\",state=\"dead\"} 1\n",
                "rongcloud_callback_journal_entries{queue=\"outbox\",state=\"pending\"} 0\n",
                "rongcloud_callback_journal_oldest_pending_seconds{queue=\"inbox\"} 90\n",
                "rongcloud_callback_journal_oldest_pending_seconds{queue=\"outbox\"} 0\n",
            ] {
                assert!(answer.body.contains(line), "{line} is not in\n{}", answer.body);
            }
        });
    });
}

#[tokio::test]
async fn with_a_token_the_metrics_are_for_those_who_have_it_and_health_is_for_all() {
    let (first, second) = ("0123456789abcdef", "fedcba9876543210");
    let tokens = vec![first.into(), second.into()];
    let server = AdminServer::start_with(Some(Arc::new(|| "metrics\n".to_owned())), tokens).await;
    for token in [first, second] {
        for scheme in ["Bearer", "bearer"] {
            let answer = server.get_with("/metrics", &format!("authorization: {scheme} {token}")).await;
            assert_eq!((answer.status, answer.body.as_str()), (200, "metrics\n"));
        }
    }
    for header in [
        "x-other: 1".to_owned(),
        "authorization:".to_owned(),
        "authorization: Bearer".to_owned(),
        format!("authorization: {first}"),
        format!("authorization: Basic {first}"),
        format!("authorization: Bearer {}", &first[..15]),
        format!("authorization: Bearer {first}0"),
        format!("authorization: Bearer {first}{second}"),
        format!("authorization: Bearer {}", first.to_uppercase()),
        format!("x-authorization: Bearer {first}"),
    ] {
        let answer = server.get_with("/metrics", &header).await;
        assert_eq!(answer.status, 401, "{header}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    let answer = server.get(&format!("/metrics?token={first}")).await;
    assert_eq!(answer.status, 401, "a token in a URL ends up in logs");
    assert_eq!(server.get("/healthz").await.status, 200);
    assert_eq!(server.get("/readyz").await.status, 200);
}

fn entry(key: &str, dead: Option<&str>) -> NewEntry {
    NewEntry {
        queue: Queue::Inbox,
        key: EntryKey::of(key),
        conversation: key.to_owned(),
        body: "<xml/>".into(),
        dead: dead.map(str::to_owned),
    }
}
