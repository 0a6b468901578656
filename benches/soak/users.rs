//! The users: connections that each send a message, wait for the acknowledgement, and send the next.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rongcloud_callback::clock::Clock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{Plan, Progress, message::message, server::SECRET};

/// Pause of a user while too many messages are without their reply.
const PAUSE: Duration = Duration::from_millis(1);

/// Sends all planned messages, on a thread of its own.
pub(crate) fn start(server: SocketAddr, plan: Plan, progress: Arc<Progress>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let mut connections = JoinSet::new();
            for _ in 0..plan.connections {
                connections.spawn(connection(server, plan, Arc::clone(&progress)));
            }
            connections.join_all().await;
        });
    })
}

async fn connection(server: SocketAddr, plan: Plan, progress: Arc<Progress>) {
    let mut stream = TcpStream::connect(server).await.expect("the server listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let (secret, clock) = (SECRET.into(), Clock::system());
    let (mut request, mut answer) = (Vec::new(), [0; 512]);
    while progress.begun.load(Ordering::Relaxed) < plan.messages {
        let Some(number) = progress.begin(&plan) else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        request.clear();
        message(number, &secret, &clock, &mut request);
        let sent_at = Instant::now();
        stream.write_all(&request).await.expect("the connection stays open");
        // An acknowledgement is short, has no body, and comes as one piece.
        let length = stream.read(&mut answer).await.expect("an answer");
        let text = String::from_utf8_lossy(&answer[..length]);
        assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("\r\n\r\n"), "{text}");
        progress.accepted(sent_at.elapsed());
    }
}
