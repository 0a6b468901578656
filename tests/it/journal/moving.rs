//! A journal that is copied, on SQLite: no server takes an incomplete copy, nor what was moved.

use std::sync::Arc;

use rongcloud_callback::{
    clock::Clock,
    journal::{self, Administration, EntryId, Filter, JournalError, Queues, Transfer},
};
use tempfile::{TempDir, tempdir};

use super::support::{Opener, START, append_all, dead, message, options, url};

const TARGET: &str = "postgres://db.example.com/journal";

fn clock() -> Clock {
    Clock::manual(START)
}

async fn server(folder: &TempDir) -> Arc<dyn Queues> {
    journal::open_server(&url(folder), options(&clock())).await.unwrap()
}

async fn operator(folder: &TempDir) -> Arc<dyn Administration> {
    journal::open_operator(&url(folder), options(&clock())).await.unwrap()
}

async fn open_source(folder: &TempDir) -> Arc<dyn Transfer> {
    journal::open_source(&url(folder), options(&clock())).await.unwrap()
}

async fn open_target(folder: &TempDir) -> Arc<dyn Transfer> {
    journal::open_target(&url(folder), options(&clock())).await.unwrap()
}

async fn refusal(folder: &TempDir, opener: Opener) -> String {
    opener.instruction(&url(folder)).await
}

/// Copies all entries, as `journal copy` does, up to the last one.
async fn copy_entries(source: &dyn Transfer, target: &dyn Transfer) {
    target.begin_copy().await.unwrap();
    let records = source.page(EntryId(0), 100).await.unwrap();
    target.restore(records).await.unwrap();
}

/// A journal with a pending entry and a dead letter, which no server has.
async fn filled() -> TempDir {
    let folder = tempdir().unwrap();
    let server = server(&folder).await;
    append_all(&*server, [message("a", "1"), dead("a", "2")]).await;
    server.close().await.unwrap();
    folder
}

#[tokio::test]
async fn no_server_takes_a_copy_before_it_is_complete() {
    let (from, to) = (filled().await, tempdir().unwrap());
    let source = open_source(&from).await;
    let target = open_target(&to).await;
    for folder in [&from, &to] {
        let message = refusal(folder, Opener::Server).await;
        assert!(message.contains("is being copied"), "{message}");
    }
    // A copy that is killed only loses its locks; at any moment of it.
    drop(target);
    let message = refusal(&to, Opener::Server).await;
    assert!(message.contains("incomplete copy: remove it"), "{message}");
    let target = open_target(&to).await;
    copy_entries(&*source, &*target).await;
    drop(target);
    for opener in [Opener::Server, Opener::Source] {
        let message = refusal(&to, opener).await;
        assert!(message.contains("incomplete copy: remove it"), "{message}");
    }
    let operator = operator(&to).await;
    assert_eq!(operator.stats().await.unwrap().inbox.pending, 1);
    let target = open_target(&to).await;
    let refused = target.begin_copy().await;
    assert!(matches!(refused, Err(JournalError::Open(_))), "{refused:?}");
    drop((source, target));

    let server = server(&from).await;
    assert_eq!(server.stats().await.unwrap().inbox.pending, 1, "the source is as it was");
}

#[tokio::test]
async fn no_server_takes_a_journal_that_was_moved_and_all_of_it_is_in_the_other() {
    let (from, to) = (filled().await, tempdir().unwrap());
    let source = open_source(&from).await;
    let target = open_target(&to).await;
    copy_entries(&*source, &*target).await;
    source.move_to(TARGET.to_owned()).await.unwrap();
    let message = refusal(&to, Opener::Server).await;
    assert!(message.contains("is being copied"), "there is never more than one: {message}");
    target.end_copy().await.unwrap();
    drop((source, target));

    let message = refusal(&from, Opener::Server).await;
    assert!(message.contains(&format!("was moved to {TARGET}")), "{message}");
    let server = server(&to).await;
    let stats = server.stats().await.unwrap().inbox;
    assert_eq!((stats.pending, stats.dead), (1, 1));
}

#[tokio::test]
async fn an_operator_looks_at_what_was_moved_and_changes_nothing_in_it() {
    let from = filled().await;
    open_source(&from).await.move_to(TARGET.to_owned()).await.unwrap();
    let operator = operator(&from).await;
    let all = Filter { limit: 9, ..Filter::default() };
    assert_eq!(operator.list(all).await.unwrap().len(), 2);
    let refused = operator.revive(EntryId(2)).await;
    assert!(matches!(&refused, Err(JournalError::Open(why)) if why.contains(TARGET)), "{refused:?}");
}

#[tokio::test]
async fn what_was_moved_is_taken_back_into_use_by_copying_it() {
    let (from, to) = (filled().await, tempdir().unwrap());
    let source = open_source(&from).await;
    source.move_to(TARGET.to_owned()).await.unwrap();
    let target = open_target(&to).await;
    copy_entries(&*source, &*target).await;
    source.move_to("sqlite:elsewhere.db".to_owned()).await.unwrap();
    target.end_copy().await.unwrap();
    drop((source, target));
    let message = refusal(&from, Opener::Server).await;
    assert!(message.contains("sqlite:elsewhere.db") && !message.contains(TARGET), "{message}");
    server(&to).await;
}
