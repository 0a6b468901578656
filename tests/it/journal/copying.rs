//! A PostgreSQL journal while it is copied, and what a copy leaves behind.

use std::sync::Arc;

use rongcloud_callback::{
    clock::Clock,
    journal::{self, EntryId, Queue, Queues, Transfer},
};

use super::{
    shared::{open, refusal},
    support::{LEASE, Opener, START, append_all, keys, message, options},
};
use crate::support::postgres::{Cluster, client, cut_off_others};

async fn open_source(url: &str) -> Arc<dyn Transfer> {
    journal::open_source(url, options(&Clock::manual(START))).await.unwrap()
}

async fn open_target(url: &str) -> Arc<dyn Transfer> {
    journal::open_target(url, options(&Clock::manual(START))).await.unwrap()
}

async fn look(url: &str) {
    let operator = journal::open_operator(url, options(&Clock::manual(START))).await.unwrap();
    operator.stats().await.unwrap();
}

async fn server(url: &str) -> Arc<dyn Queues> {
    open(url, &Clock::manual(START)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_and_a_copy_are_never_at_a_journal_together() {
    let Some(cluster) = Cluster::shared().await else { return };
    let url = cluster.database().await;
    let (first, second) = (server(&url).await, server(&url).await);
    for opener in [Opener::Source, Opener::Target] {
        let message = refusal(&url, opener).await;
        assert!(message.contains("in use by a server") && message.contains("stop it"), "{message}");
    }
    first.close().await.unwrap();
    let message = refusal(&url, Opener::Source).await;
    assert!(message.contains("in use by a server"), "{message}");
    second.close().await.unwrap();
    for opener in [Opener::Source, Opener::Target] {
        let copy = if matches!(opener, Opener::Source) {
            open_source(&url).await
        } else {
            open_target(&url).await
        };
        let message = refusal(&url, Opener::Server).await;
        assert!(message.contains("is being copied") && message.contains("wait"), "{message}");
        let message = refusal(&url, Opener::Source).await;
        assert!(message.contains("another copy"), "{message}");
        look(&url).await;
        copy.close().await.unwrap();
    }
    let copy = open_source(&url).await;
    cut_off_others(&client(&url).await).await;
    server(&url).await;
    drop(copy);
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_copy_is_taken_by_no_server_and_a_whole_one_is() {
    let Some(cluster) = Cluster::shared().await else { return };
    let (from, to) = (cluster.database().await, cluster.database().await);
    let journal = server(&from).await;
    append_all(&*journal, [message("a", "1"), message("b", "2")]).await;
    journal.close().await.unwrap();
    let source = open_source(&from).await;
    let records = source.page(EntryId(0), 9).await.unwrap();

    let target = open_target(&to).await;
    target.begin_copy().await.unwrap();
    target.restore(vec![records[0].clone()]).await.unwrap();
    target.close().await.unwrap();
    for opener in [Opener::Server, Opener::Source, Opener::Target] {
        let message = refusal(&to, opener).await;
        assert!(message.contains("half a copy") && message.contains("drop schema"), "{message}");
    }
    client(&to).await.batch_execute("drop schema rongcloud_callback cascade").await.unwrap();

    let target = open_target(&to).await;
    target.begin_copy().await.unwrap();
    target.restore(records).await.unwrap();
    target.end_copy().await.unwrap();
    target.close().await.unwrap();
    let journal = server(&to).await;
    let leased = journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap();
    assert_eq!(keys(&leased), ["1", "2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_was_moved_says_where_to_and_how_to_use_it_all_the_same() {
    let Some(cluster) = Cluster::shared().await else { return };
    let url = cluster.database().await;
    server(&url).await.close().await.unwrap();
    let source = open_source(&url).await;
    source.move_to("postgres://u:***@db/new".to_owned()).await.unwrap();
    source.close().await.unwrap();
    for opener in [Opener::Server, Opener::Target] {
        let message = refusal(&url, opener).await;
        assert!(message.contains("was copied to postgres://u:***@db/new"), "{message}");
    }
    let message = refusal(&url, Opener::Server).await;
    let (_, undo) = message.rsplit_once("say in the database: ").unwrap();
    look(&url).await;
    let client = client(&url).await;
    client.batch_execute(undo).await.unwrap();
    server(&url).await.close().await.unwrap();

    // A copy that begins once more has not come to its end yet.
    let source = open_source(&url).await;
    source.move_to("elsewhere".to_owned()).await.unwrap();
    source.close().await.unwrap();
    let source = open_source(&url).await;
    source.page(EntryId(0), 9).await.unwrap();
    source.close().await.unwrap();
    server(&url).await;
}
