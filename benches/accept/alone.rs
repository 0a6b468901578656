//! A store alone under load: tasks in a closed loop, whose records one thread writes in batches.
//!
//! This is the limit of what a server can do on the store: group commit, and no HTTP.

use std::{
    path::Path,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

use rongcloud_callback::clock::Clock;
use tokio::{sync::oneshot, task::JoinSet};

use crate::{
    load::Load,
    message::TextMessage,
    stores::{self, Record, Store},
    target::Target,
};

/// The number of the next message.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A record, and the task that waits until the record is durable.
struct Waiting {
    record: Record,
    written: oneshot::Sender<()>,
}

/// Loads the store as the lines of standard input say, until that ends; prints what each line has led to.
///
/// A line is `finished`, which counts nothing here, or the number of tasks, the number of users, and the milliseconds.
pub(crate) fn child(target: Target, folder: &Path, url: &str) {
    let mut store = stores::open(target, folder, url);
    let (sender, records) = channel();
    std::thread::spawn(move || write_batches(&mut *store, &records));
    // The first line of every child is an address; nobody connects to this one.
    println!("127.0.0.1:0");
    for line in std::io::stdin().lines() {
        let line = line.expect("a line of text");
        let numbers: Vec<u64> = line.split(' ').map_while(|number| number.parse().ok()).collect();
        match numbers[..] {
            [tasks, users, milliseconds] => {
                println!("{}", run(&sender, tasks, users, Duration::from_millis(milliseconds)).encode());
            }
            _ => println!("0"),
        }
    }
}

/// Writes all records that wait as one batch, again and again.
fn write_batches(store: &mut dyn Store, records: &Receiver<Waiting>) {
    while let Ok(first) = records.recv() {
        let waiting = std::iter::once(first).chain(records.try_iter());
        let (batch, tasks): (Vec<_>, Vec<_>) =
            waiting.map(|waiting| (waiting.record, waiting.written)).unzip();
        store.write(&batch);
        for written in tasks {
            // The task waits for it, unless its runtime has ended.
            let _ = written.send(());
        }
    }
}

fn run(sender: &Sender<Waiting>, tasks: u64, users: u64, span: Duration) -> Load {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let latencies = runtime.block_on(async {
        let end = Instant::now() + span;
        let mut all = JoinSet::new();
        for _ in 0..tasks {
            all.spawn(task(sender.clone(), users, end));
        }
        all.join_all().await
    });
    Load::new(latencies.concat(), 0)
}

async fn task(sender: Sender<Waiting>, users: u64, end: Instant) -> Vec<Duration> {
    let (clock, mut latencies) = (Clock::system(), Vec::new());
    loop {
        let started = Instant::now();
        if started >= end {
            return latencies;
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let message = TextMessage { number, user: number % users, sent_at: clock.now() };
        let (written, durable) = oneshot::channel();
        sender.send(Waiting { record: message.into(), written }).expect("the writer runs");
        durable.await.expect("the writer runs");
        latencies.push(started.elapsed());
    }
}
