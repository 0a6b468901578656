//! An upgrade: what an earlier version has accepted is known to the server of this version, to the platform and to an
//! operator.

use rusqlite::Connection;
use serde_json::Value;

use crate::support::{
    messages::text,
    postgres::{Cluster, client},
    process::Home,
};

/// The tables of version 2 with entries, to which each test adds the message 90 and its reply 91, both done.
const SQLITE: &str = include_str!("../journal/sqlite_version_2.sql");
const POSTGRES: &str = include_str!("../journal/postgres_version_2.sql");

/// The keys are those that version 2 made of the message in [`retry_is_known`], and of its first reply.
const SQLITE_MESSAGE: &str = "
    insert into entry (id, queue, state, attempts, due_at, accepted_at, settled_at, settled_elapsed, conversation, key, body)
    select id, queue, 1, 1, 1699999990000, 1699999990000, 1699999995000, 5000,
        'test-app' || char(31) || 'demo' || char(31) || '小明', key, x'00'
    from (select 90 as id, 0 as queue, 'id' || char(31) || '消息-7VA9\\G4DD' || char(31) || 'test-app' || char(31) || 'demo'
            || char(31) || '小明' as key
        union all select 91, 1, '90.0')";
const POSTGRES_MESSAGE: &str = "
    insert into entry (id, queue, state, attempts, due_at, accepted_at, settled_at, key_digest, line, conversation, key, body)
    select id, queue, 1, 1, 1699999990000, 1699999990000, 1699999995000, substring(sha256(key) for 16),
        substring(sha256(conversation) for 16), conversation, key, ''
    from (select id, queue, convert_to(concat_ws(chr(31), 'test-app', 'demo', '小明'), 'UTF8') as conversation,
            convert_to(key, 'UTF8') as key
        from (values (90, 0, concat_ws(chr(31), 'id', '消息-7VA9\\G4DD', 'test-app', 'demo', '小明')), (91, 1, '90.0'))
            v (id, queue, key)) e";

/// Asserts that the platform's retry of the message is no new message, and that the message is shown with its reply.
async fn retry_is_known(home: &Home) {
    let server = home.start().await;
    let before = home.records().await.len();
    server.deliver(&text("小明", "消息-7VA9\\G4DD", "hello")).await.assert_ack();
    assert_eq!(home.records().await.len(), before, "the message was accepted again");
    server.deliver(&text("小明", "another", "hello")).await.assert_ack();
    assert!(home.records().await.len() > before, "a new message was taken for a known one");
    server.terminate();
    assert!(server.ended().0.success());

    let shown = home.command(&["journal", "show", "90", "--json"]).output().unwrap();
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["replies"][0]["id"], 91);
    assert_eq!(shown["replies"][0]["answers"], 90);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_version_has_accepted_in_sqlite_is_a_duplicate() {
    let home = Home::new();
    std::fs::create_dir_all(home.database().parent().unwrap()).unwrap();
    let journal = Connection::open(home.database()).unwrap();
    journal.execute_batch(SQLITE).unwrap();
    journal.execute_batch(SQLITE_MESSAGE).unwrap();
    drop(journal);
    retry_is_known(&home).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_version_has_accepted_in_postgresql_is_a_duplicate() {
    let Some(cluster) = Cluster::shared().await else { return };
    let url = cluster.database().await;
    let client = client(&url).await;
    client.batch_execute(POSTGRES).await.unwrap();
    client.batch_execute(POSTGRES_MESSAGE).await.unwrap();
    retry_is_known(&Home::new().with_journal(url)).await;
}
