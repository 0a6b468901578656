//! `journal stats`: how many entries there are.

use rongcloud_callback::{console::api::QueueNumbers, journal::Queue};
use serde::Serialize;

use super::{
    server::failure,
    source::{Local, Source},
    times::{Times, iso},
};
use crate::{failure::Failure, output::print_json};

#[derive(Debug, Serialize)]
struct StatsJson {
    inbox: QueueJson,
    outbox: QueueJson,
}

#[derive(Debug, Serialize)]
struct QueueJson {
    pending: u64,
    leased: u64,
    done: u64,
    dead: u64,
    oldest_pending: Option<String>,
}

pub(super) async fn run(source: &Source, json: bool, times: &Times) -> Result<(), Failure> {
    let (inbox, outbox) = match source {
        Source::Journal(Local { journal, .. }) => {
            let stats = journal.stats().await?;
            (stats.inbox.into(), stats.outbox.into())
        }
        Source::Server(server) => {
            let stats = server.client.stats().await.map_err(failure)?;
            (stats.inbox, stats.outbox)
        }
    };
    if json {
        return print_json(&StatsJson { inbox: inbox.into(), outbox: outbox.into() });
    }
    println!("{:8} {:>10} {:>10} {:>10}  oldest pending", "queue", "pending", "dead", "done");
    for (queue, numbers) in [(Queue::Inbox, inbox), (Queue::Outbox, outbox)] {
        let QueueNumbers { pending, done, dead, oldest_pending, .. } = numbers;
        let oldest = oldest_pending.map_or_else(|| "–".to_owned(), |at| times.to_the_second(at));
        println!("{:8} {pending:>10} {dead:>10} {done:>10}  {oldest}", queue.as_str());
    }
    Ok(())
}

impl From<QueueNumbers> for QueueJson {
    fn from(numbers: QueueNumbers) -> Self {
        let QueueNumbers { pending, leased, done, dead, oldest_pending } = numbers;
        Self { pending, leased, done, dead, oldest_pending: oldest_pending.map(iso) }
    }
}
