//! A disk that is slow, read-only, or whose files disappear under the running server.

use std::{fs, path::PathBuf, time::Duration};

use tokio::task::JoinSet;

use crate::support::{
    disk::Disk,
    http::Connection,
    messages::{delivery, text},
    process::{Home, Process},
    until,
};

/// A server's folder whose data is on `Disk`.
fn home_on_a_disk(server: &str) -> (Home, Disk) {
    let home = Home::new().with_server(server);
    let disk = Disk::of(home.path().join("data"));
    (home.within(disk.environment()), disk)
}

/// Waits until callbacks may be sent to the server again.
async fn wait_until_ready(server: &Process) {
    until("readiness", async || (server.readiness().await.0 == 200).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_slow_disk_one_sync_is_for_all_who_wait() {
    let (home, disk) = home_on_a_disk("");
    let server = home.start().await;
    server.deliver(&text("user", "first", "hello")).await.assert_ack();
    disk.syncs_take(Duration::from_millis(200));
    let before = disk.syncs();
    let mut load = JoinSet::new();
    for user in 0..64 {
        let address = server.callbacks;
        load.spawn(async move {
            let mut connection = Connection::open(address).await;
            for number in 0..4 {
                let body = text(&format!("user{user}"), &number.to_string(), "hello");
                connection.ask(delivery(&body)).await.assert_ack();
            }
        });
    }
    load.join_all().await;
    let syncs = disk.syncs() - before;
    assert!(syncs < 256 / 4, "{syncs} syncs for 256 messages");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_disk_slower_than_an_answer_may_be_the_retry_is_acknowledged_and_known() {
    let (home, disk) = home_on_a_disk("answer_timeout = \"250ms\"");
    let server = home.start().await;
    disk.syncs_take(Duration::from_secs(1));
    let body = text("user", "1", "hello");
    server.deliver(&body).await.assert_error(503, 1000);
    disk.syncs_take(Duration::ZERO);
    until("an acknowledgement", async || (server.deliver(&body).await.status == 200).then_some(()))
        .await;
    server.terminate();
    assert_eq!(server.ended().0.code(), Some(0));
    assert_eq!(home.records().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_disk_is_read_only_nothing_is_acknowledged_and_the_server_is_not_ready() {
    let (home, disk) = home_on_a_disk("");
    let server = home.start().await;
    server.deliver(&text("user", "1", "hello")).await.assert_ack();
    wait_until_ready(&server).await;

    disk.is_read_only(true);
    let body = text("user", "2", "hello");
    server.deliver(&body).await.assert_error(503, 1000);
    assert_eq!(server.readiness().await.0, 503);

    disk.is_read_only(false);
    wait_until_ready(&server).await;
    server.deliver(&body).await.assert_ack();
    server.kill();
    assert_eq!(home.records().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_read_only_disk_no_server_starts_and_it_says_why() {
    let (home, disk) = home_on_a_disk("");
    home.start().await.kill();
    disk.is_read_only(true);
    let (status, log) = home.spawn().ended();
    assert_eq!(status.code(), Some(1));
    let said = log.join("\n");
    assert!(
        said.contains("Read-only file system") && said.contains("make its folder writable"),
        "{said}"
    );
}

/// Moves files of the journal away under the running server, and checks that nothing is acknowledged any more.
async fn move_files_away(home: &Home, server: &Process, names: &[&str]) -> Vec<(PathBuf, PathBuf)> {
    server.deliver(&text("user", "1", "hello")).await.assert_ack();
    let aside = home.path().join("aside");
    fs::create_dir(&aside).unwrap();
    let moved = names.iter().map(|name| (home.path().join("data").join(name), aside.join(name)));
    let moved: Vec<_> = moved.collect();
    for (from, to) in &moved {
        fs::rename(from, to).unwrap();
    }
    server.deliver(&text("user", "2", "hello")).await.assert_error(503, 1000);
    let (status, why) = server.readiness().await;
    assert_eq!(status, 503);
    assert!(why.contains("moved or deleted") || why.contains("there is no journal"), "{why}");
    moved
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_was_moved_away_takes_nothing_until_it_is_back() {
    let home = Home::new().with_server("");
    let server = home.start().await;
    for (from, to) in move_files_away(&home, &server, &["journal.db", "journal.db-wal"]).await {
        fs::rename(to, from).unwrap();
    }
    wait_until_ready(&server).await;
    server.deliver(&text("user", "2", "hello")).await.assert_ack();
    server.kill();
    assert_eq!(home.records().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_journal_takes_nothing_until_the_next_start_makes_a_new_one() {
    let home = Home::new().with_server("");
    let server = home.start().await;
    move_files_away(&home, &server, &["journal.db"]).await;
    // The server does not create the file again, because the operator may still have it.
    let gone = async || server.readiness().await.1.contains("there is no journal").then_some(());
    until("a look at the disk", gone).await;
    server.deliver(&text("user", "2", "hello")).await.assert_error(503, 1000);
    server.terminate();
    server.ended();
    let server = home.start().await;
    server.deliver(&text("user", "2", "hello")).await.assert_ack();
    server.kill();
    assert_eq!(home.records().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_write_ahead_log_is_noticed_before_anything_is_acknowledged() {
    let home = Home::new().with_server("");
    let server = home.start().await;
    move_files_away(&home, &server, &["journal.db-wal"]).await;
    wait_until_ready(&server).await;
    server.deliver(&text("user", "3", "hello")).await.assert_ack();
    server.kill();
    let kept = home.records().await;
    assert!(
        kept.iter().any(|record| String::from_utf8_lossy(&record.body).contains("<MsgId>3<")),
        "{kept:?}"
    );
}
