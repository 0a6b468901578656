//! A reader that keeps the journal's file open: the server goes on, and the log warns the operator.

use rusqlite::Connection;

use crate::support::{
    http::Connection as Client,
    messages::{delivery, text},
    process::Home,
    until,
};

/// The value of a metric.
fn wal_bytes(metrics: &str) -> Option<f64> {
    let line = metrics.lines().find(|line| line.starts_with("rongcloud_callback_journal_wal_bytes "));
    line.map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_holds_the_write_ahead_log_up_is_told_and_so_is_its_end() {
    // The log file is larger than a checkpoint leaves it.
    const BYTES: f64 = 5e6;
    let home = Home::new().with_server("");
    let server = home.start().await;
    server.deliver(&text("user", "m0", "hello")).await.assert_ack();
    let reader = Connection::open(home.database()).unwrap();
    reader.execute_batch("begin; select count(*) from entry").unwrap();

    let mut client = Client::open(server.callbacks).await;
    let (long, mut number) = ("long ".repeat(900), 0);
    let grown = async || {
        number += 1;
        let body = text(&format!("user{number}"), &format!("m{number}"), &long);
        client.ask(delivery(&body)).await.assert_ack();
        wal_bytes(&server.metrics().await).filter(|bytes| *bytes > BYTES)
    };
    until("a log that grows", grown).await;
    server.told("has a read transaction open on the journal").await;
    drop(reader);
    server.told("nobody holds the journal's write-ahead log up any more").await;
    server.deliver(&text("user", "after", "hello")).await.assert_ack();
}
