//! The audit list: what cannot be noted in it is neither done nor shown.

use rongcloud_callback::journal::{AuditFilter, EntryKey, Filter, NewEntry, Queue, State};
use rusqlite::Connection;
use serde_json::json;

use super::setup::{Server, json};
use crate::support::messages::text;

const OPERATOR: &str = "authorization: Bearer 0123456789abcdef-operator";
const READER: &str = "authorization: Bearer 0123456789abcdef-reader";
const TOKENS: &str = "admin.tokens = [\
    { name = 'operator', token = '0123456789abcdef-operator', may = ['bodies', 'operate'] }, \
    { name = 'reader', token = '0123456789abcdef-reader', may = 'read' }]";

/// A server with one dead letter in a file of SQLite.
async fn server(folder: &tempfile::TempDir) -> Server {
    let url = format!("sqlite:{}", folder.path().join("journal.db").display());
    let server = Server::start(&format!("journal.url = '{url}'\n{TOKENS}")).await;
    let entry = NewEntry {
        queue: Queue::Inbox,
        key: EntryKey::of("1"),
        conversation: "app".to_owned(),
        body: text("u1", "1", "a secret").into(),
        dead: Some("no handler could".to_owned()),
    };
    server.journal.append(entry, None).await.unwrap();
    server
}

#[tokio::test]
async fn who_did_or_saw_what_is_in_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder).await;
    for token in [READER, OPERATOR] {
        assert_eq!(server.get("/api/v1/entries/1", &[token]).await.status, 200);
    }
    let answer = server.post("/api/v1/entries/1/discard", &[OPERATOR], &json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let all = AuditFilter { limit: 10, ..AuditFilter::default() };
    let records = server.journal.audit(all).await.unwrap();
    let records: Vec<_> = records
        .iter()
        .map(|record| (record.who.as_str(), record.action.as_str(), record.count))
        .filter(|(_, action, _)| ["look", "discard"].contains(action))
        .collect();
    assert!(records.contains(&("operator", "discard", 1)), "{records:?}");
    assert!(records.contains(&("operator", "look", 1)), "{records:?}");
    assert!(records.iter().all(|(who, ..)| *who == "operator"), "{records:?}");
}

#[tokio::test]
async fn what_cannot_be_noted_is_neither_done_nor_shown() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder).await;
    Connection::open(folder.path().join("journal.db")).unwrap().execute("drop table audit", ()).unwrap();
    for action in ["revive", "discard"] {
        let answer = server.post(&format!("/api/v1/entries/1/{action}"), &[OPERATOR], &json!({})).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(json(&answer)["error"].as_str().unwrap().contains("nothing was done"), "{answer:?}");
    }
    let entries = server.journal.list(Filter::default()).await.unwrap();
    assert_eq!(entries[0].state, State::Dead);
    for path in ["/api/v1/entries/1", "/api/v1/entries"] {
        let answer = server.get(path, &[OPERATOR]).await;
        assert!(answer.status == 503 && !answer.body.contains("a secret"), "{path}: {answer:?}");
        assert_eq!(server.get(path, &[READER]).await.status, 200, "{path}");
    }
}
