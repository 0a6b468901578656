//! Overload: excess callbacks are refused at once, memory stays bounded, and every acknowledged message is kept.
//!
//! `cargo bench --bench overload` does the same for minutes, at twice the load that the machine can serve, and measures.

use std::time::Duration;

use rongcloud_callback::journal::State;
use tokio::{net::TcpStream, task::JoinSet};

use crate::support::{
    http::Connection,
    messages::{delivery, text},
    open_loop::{self, Plan},
    process::Home,
    skip, until,
};

const MIB: u64 = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn under_overload_every_request_is_answered_and_what_was_acknowledged_is_kept() {
    let home = Home::new().with_server("max_in_flight = 4");
    let server = home.start().await;
    let plan =
        Plan { server: server.callbacks, rate: 5000.0, span: Duration::from_secs(2), connections: 256 };
    let load = move || {
        open_loop::run(plan, |number, request| {
            request.extend(delivery(&text(
                &format!("user{}", number % 50),
                &number.to_string(),
                "hello",
            )));
        })
    };
    let samples = tokio::task::spawn_blocking(load).await.unwrap();
    assert_eq!(samples.len(), 10_000);
    let of = |status| samples.iter().filter(|sample| sample.status == status).count();
    let (accepted, refused, unanswered) = (of(Some(200)), of(Some(503)), of(None));
    assert!(accepted > 0 && refused > 0, "{accepted} accepted, {refused} refused");
    assert_eq!(accepted + refused + unanswered, samples.len(), "no other answer");
    assert!(server.most_resident() < 256 * MIB, "{} MiB", server.most_resident() / MIB);

    server.deliver(&text("afterwards", "1", "hello")).await.assert_ack();
    let all_done = async || {
        let records = home.records().await;
        records.iter().all(|record| record.state == State::Done).then_some(records.len())
    };
    let kept = until("all done", all_done).await;
    // Messages whose sender no longer waited may have been accepted.
    assert!(
        (accepted + 1..=accepted + 1 + unanswered).contains(&kept),
        "{kept} kept, {accepted} accepted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_ten_thousand_idle_and_a_thousand_slow_connections_messages_are_accepted() {
    // Each connection is one file in this process and one in the server; the tests beside this one need files, too.
    let files = usize::try_from(open_loop::open_many_files()).unwrap_or(usize::MAX);
    let crowd = files.saturating_sub(2000).min(11_000);
    if crowd < 11_000 {
        return skip("a process may open too few files: raise `ulimit -n` to 13000");
    }
    let home = Home::new();
    let server = home.start().await;
    let mut connections = JoinSet::new();
    for number in 0..crowd {
        let address = server.callbacks;
        connections.spawn(async move {
            let mut connection = TcpStream::connect(address).await.unwrap();
            if number % 11 == 0 {
                let half = b"POST /callback?rc-nonce=1 HTTP/1.1\r\nhost: slow";
                tokio::io::AsyncWriteExt::write_all(&mut connection, half).await.unwrap();
            }
            connection
        });
    }
    // There are more connections than slots: the last ones wait in the operating system's queue.
    let _connections = connections.join_all().await;
    for id in 0..20 {
        let mut connection = Connection::open(server.callbacks).await;
        connection.ask(delivery(&text("user", &id.to_string(), "hello"))).await.assert_ack();
    }
    assert!(server.most_resident() < 512 * MIB, "{} MiB", server.most_resident() / MIB);
}
