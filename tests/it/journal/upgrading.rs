//! The tables of the version before, with entries in them, are brought to this version.

use rongcloud_callback::{
    clock::Clock,
    journal::{self, Appended, Filter, JournalError, Queue, SignatureBinding, State},
};

use super::support::{LEASE, START, keys, message, options};
use crate::support::postgres::{Cluster, client};

/// The tables that a program of version 2 has left: entries 1 (done), 2 and 3 (pending) and 4 (dead), and a signature.
const VERSION_2: &str = include_str!("version_2.sql");

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_of_the_version_before_keep_their_entries_their_order_and_their_signatures() {
    let Some(cluster) = Cluster::shared().await else { return };
    let url = cluster.database().await;
    let client = client(&url).await;
    client.batch_execute(VERSION_2).await.unwrap();
    let clock = Clock::manual(START);
    let refused = journal::open_operator(&url, options(&clock)).await.unwrap_err().to_string();
    assert!(refused.contains("start the server once"), "an operator does not migrate: {refused}");

    let journal = journal::open_server(&url, options(&clock)).await.unwrap();
    let stats = journal.stats().await.unwrap();
    assert_eq!((stats.inbox.pending, stats.inbox.done, stats.inbox.dead), (2, 1, 1));
    assert_eq!(journal.append(message("a", "1"), None).await.unwrap(), Appended::Duplicate);
    let binding = SignatureBinding { signature: [7; 20], span: LEASE };
    let other_body = journal.append(message("a", "5"), Some(binding)).await;
    assert!(matches!(other_body, Err(JournalError::SignatureReused)), "{other_body:?}");
    let same_body = journal.append(message("a", "2"), Some(binding)).await.unwrap();
    assert_eq!(same_body, Appended::Duplicate);

    for expected in ["2", "3"] {
        let leased = journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap();
        assert_eq!(keys(&leased), [expected], "of a conversation one after the other");
        for entry in leased {
            journal.finish(entry.lease, Vec::new()).await.unwrap();
        }
    }
    let letters = Filter { state: Some(State::Dead), ..Filter::default() };
    let letter = journal.list(letters).await.unwrap().remove(0);
    journal.revive(letter.id).await.unwrap();
    let stats = journal.stats().await.unwrap();
    assert_eq!((stats.inbox.pending, stats.inbox.done, stats.inbox.dead), (1, 3, 0));

    let old = "select count(*) from information_schema.columns where table_schema = 'rongcloud_callback'
        and (table_name = 'seal' or column_name in
            ('line', 'key_digest', 'held', 'holder', 'beats', 'wall', 'stepped'))";
    assert_eq!(client.query_one(old, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_servers_that_find_the_version_before_one_migrates_and_all_go_on() {
    let Some(cluster) = Cluster::shared().await else { return };
    let url = cluster.database().await;
    client(&url).await.batch_execute(VERSION_2).await.unwrap();
    let clock = Clock::manual(START);
    let open = || journal::open_server(&url, options(&clock));
    let (first, second, third) = tokio::join!(open(), open(), open());
    for (number, journal) in [first, second, third].into_iter().enumerate() {
        let journal = journal.unwrap();
        let entry = message("c", &format!("new {number}"));
        assert_eq!(journal.append(entry, None).await.unwrap(), Appended::New);
    }
}
