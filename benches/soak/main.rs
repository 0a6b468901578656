//! The server while ten million messages pass, to see whether anything grows: `cargo bench --bench soak`.
//!
//! The server is a process of its own, on SQLite, and answers every message with a text; finished ones are purged after
//! ten seconds. This process is its users, who wait for the server when it falls behind, and the platform that takes
//! the replies. Rows of CSV go to standard output; `benches/soak/chart` draws them. The run ends with an error if a
//! message was lost on its way, or answered twice.
//!
//! Options after `--`: `--messages N` (10000000), `--samples N` (100), `--connections N` (64), and how many messages
//! may be without their reply, `--backlog N` (10000).

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report")]

#[path = "../overload/message.rs"]
mod message;
mod platform;
mod sample;
mod server;
mod users;

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64, atomic::Ordering},
    time::{Duration, Instant},
};

use sample::Samples;
use server::Server;

/// Time between two checks whether a sample is due.
const TICK: Duration = Duration::from_millis(5);
/// Longest time without a reply. Beyond it something has gone wrong.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// The progress of the run.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The number of messages whose delivery has begun.
    pub(crate) begun: AtomicU64,
    /// The number of messages that the server has acknowledged.
    pub(crate) accepted: AtomicU64,
    /// The number of messages whose reply has arrived.
    pub(crate) answered: AtomicU64,
    /// The number of replies to messages that had a reply already.
    pub(crate) repeated: AtomicU64,
    /// The microseconds to the acknowledgement of each message, since the last sample.
    latencies: Mutex<Vec<u32>>,
}

impl Progress {
    /// Begins the next message, unless all have begun, or too many wait for their reply.
    pub(crate) fn begin(&self, plan: &Plan) -> Option<u64> {
        let answered = self.answered.load(Ordering::Relaxed);
        let most = plan.messages.min(answered + plan.backlog);
        let next = |begun: u64| (begun < most).then_some(begun + 1);
        self.begun.try_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()
    }

    /// Notes that a message was acknowledged.
    pub(crate) fn accepted(&self, latency: Duration) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        let micros = u32::try_from(latency.as_micros()).unwrap_or(u32::MAX);
        self.latencies.lock().unwrap_or_else(PoisonError::into_inner).push(micros);
    }

    pub(crate) fn take_latencies(&self) -> Vec<u32> {
        std::mem::take(&mut self.latencies.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The plan of the run: how much is sent, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) messages: u64,
    pub(crate) backlog: u64,
    pub(crate) connections: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == server::FLAG) {
        server::child(&arguments[at + 1..]);
        return;
    }
    let option = |name: &str, default: u64| {
        let at = arguments.iter().position(|argument| argument == name);
        at.map_or(default, |at| arguments[at + 1].parse().expect("a number follows the option"))
    };
    let plan = Plan {
        messages: option("--messages", 10_000_000),
        backlog: option("--backlog", 10_000),
        connections: option("--connections", 64),
    };
    let every = (plan.messages / option("--samples", 100)).max(1);

    let progress = Arc::new(Progress::default());
    let platform = platform::start(plan.messages, Arc::clone(&progress));
    let server = Server::start(platform);
    let users = users::start(server.address(), plan, Arc::clone(&progress));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let samples = runtime.expect("a runtime").block_on(observe(&server, plan, &progress, every));
    users.join().expect("every message was acknowledged");
    eprintln!("{}", samples.comparison());
    let totals = server.stop();
    check(plan, &progress, &totals);
}

/// Takes a sample after `every` so many replies, until all have arrived.
async fn observe(server: &Server, plan: Plan, progress: &Progress, every: u64) -> Samples {
    println!("{}", sample::HEADER);
    let mut samples = Samples::new(server.usage());
    let mut last = (0, Instant::now());
    while last.0 < plan.messages {
        tokio::time::sleep(TICK).await;
        let answered = progress.answered.load(Ordering::Relaxed);
        if answered >= plan.messages.min(last.0 + every) {
            println!("{}", samples.add(answered, progress, server));
            last = (answered, Instant::now());
        }
        assert!(last.1.elapsed() < LONGEST_SILENCE, "{answered} replies, and no more come");
    }
    samples
}

/// Asserts that nothing was lost, and nothing was done twice.
fn check(plan: Plan, progress: &Progress, totals: &server::Totals) {
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (accepted, repeated) = (of(&progress.accepted), of(&progress.repeated));
    eprintln!("{accepted} acknowledged, {repeated} answered twice; the server: {totals:?}");
    assert_eq!(accepted, plan.messages);
    assert_eq!(repeated, 0, "nothing failed that had to be sent again");
    assert_eq!(totals.accepted, totals.done + totals.dead + totals.pending, "conservation");
    assert_eq!((totals.accepted, totals.done, totals.sent), (accepted, accepted, accepted));
}
