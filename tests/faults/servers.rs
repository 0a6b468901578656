//! Servers that are killed again and again, and started again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rongcloud_callback::journal::Records;
use tokio::net::TcpStream;

use crate::support::{process::Home, until};

/// The servers of a test.
#[derive(Default)]
pub(crate) struct Servers {
    ended: AtomicUsize,
    stop: AtomicBool,
}

impl Servers {
    /// How many servers have ended.
    pub(crate) fn ended(&self) -> usize {
        self.ended.load(Ordering::SeqCst)
    }

    /// Has no server started any more.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Kills the server within this time after it has begun to serve, sometimes before, and starts it again whenever it has
    /// ended; returns the logs of all of them.
    pub(crate) async fn keep_alive(
        self: Arc<Self>,
        home: Arc<Home>,
        killed_within: Duration,
    ) -> Vec<Vec<String>> {
        let mut logs = Vec::new();
        let stopped = || self.stop.load(Ordering::SeqCst);
        while !stopped() {
            let mut server = home.spawn();
            let kills_early = rand::random_ratio(1, 8);
            let mut end: Option<Instant> = None;
            while server.status().is_none() && !stopped() && end.is_none_or(|end| Instant::now() < end) {
                if end.is_none() && (kills_early || TcpStream::connect(home.callbacks()).await.is_ok()) {
                    end = Some(Instant::now() + killed_within.mul_f64(rand::random()));
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            logs.push(server.killed());
            self.ended.fetch_add(1, Ordering::SeqCst);
        }
        logs
    }
}

/// Waits until a server that is left alone has worked off everything.
///
/// The leases of a server that ended may have to be taken over first; then there is some progress all the time.
pub(crate) async fn worked_off(journal: &dyn Records) {
    let mut left = u64::MAX;
    while left > 0 {
        let progress = async || {
            let stats = journal.stats().await.unwrap();
            let pending = stats.inbox.pending + stats.outbox.pending;
            (pending < left).then_some(pending)
        };
        left = until("progress", progress).await;
    }
}
