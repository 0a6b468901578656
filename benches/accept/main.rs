//! The cost of accepting beside a bare axum endpoint: `cargo bench --bench accept`.
//!
//! Each server is a process of its own, started afresh for every round, the servers in turn; this process is
//! the load: keep-alive connections in a closed loop, every request with its own signature and message.
//!
//! Options after `--`: `--rounds N` (5), `--seconds N` (4) for each, `--sustain N` (60) where messages are handled,
//! `--connections N` (64) to each server, `--conversations N` (1000), `--only NAME` (more than once if need be); `--backlog N` and
//! `--history N` (0) pending and finished entries in the SQLite journal before it begins. A 503 is a failure, unless
//! `--may-refuse` has them counted, for so many connections that they wait for each other. With `--postgres URL` also our
//! servers on that database, whose journal is removed first, with the same history, three of them also on databases of
//! their own (which it makes), and `pgbench` with bare `INSERT … ON CONFLICT`; `--grown N` then compares a history of a
//! thousand finished entries with one of so many, and measures nothing else. With `--wechat ADDRESS` only the server there
//! gets WeChat's messages, with `--callbacks ADDRESS` the platform's callbacks, as `benches/peers/run` has it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report")]

mod database;
mod fleet;
mod grown;
mod load;
mod process;
mod report;
mod serve;

use std::time::Duration;

use database::Database;
use fleet::Fleet;
use load::{Demand, Wire};
use mimalloc::MiMalloc;
use report::{Report, Sample};
use serve::{Stock, Target};

/// The executable's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == serve::FLAG) {
        serve::child(&arguments[at + 1..]);
        return;
    }
    let option = |name: &str, default: u64| {
        let at = arguments.iter().position(|argument| argument == name);
        at.map_or(default, |at| arguments[at + 1].parse().expect("a number follows the option"))
    };
    let all_named = |name: &'static str| {
        let places = arguments.iter().enumerate().filter(move |(_, argument)| *argument == name);
        places.map(|(at, _)| arguments[at + 1].as_str())
    };
    let named = |name| all_named(name).next();
    let (only, postgres) = (all_named("--only").collect::<Vec<_>>(), named("--postgres"));
    let stock = Stock { backlog: option("--backlog", 0), history: option("--history", 0) };
    let rounds = option("--rounds", 5);
    let demand = Demand {
        wire: Wire::RongCloud { users: option("--conversations", 1000) },
        connections: usize::try_from(option("--connections", 64)).expect("a number of connections"),
        may_refuse: arguments.iter().any(|argument| argument == "--may-refuse"),
    };
    for (name, wire) in [("--wechat", Wire::WeChat), ("--callbacks", demand.wire)] {
        if let Some(peer) = named(name) {
            let span = Duration::from_secs(option("--seconds", 4));
            peers(peer.parse().expect("an address"), Demand { wire, ..demand }, span);
            return;
        }
    }
    let [span, sustained] = [option("--seconds", 4), option("--sustain", 60)].map(Duration::from_secs);
    let spans = Spans { span, sustained };
    if postgres.is_some() && named("--grown").is_some() {
        let table = grown::compare(option("--grown", 0), rounds, |target, stock| {
            measure(target, Fleet::start(target, stock, postgres), demand, spans.of(target))
        });
        println!("{table}");
        return;
    }
    let mut report = Report::default();
    for round in 1..=rounds {
        for target in Target::ALL {
            let missing = target.is_shared() && postgres.is_none();
            if missing || !(only.is_empty() || only.contains(&target.name())) {
                continue;
            }
            let fleet = Fleet::start(target, stock, postgres);
            let sample = measure(target, fleet, demand, spans.of(target));
            eprintln!("round {round}: {sample}");
            report.add(target, sample);
        }
        if let Some(url) = postgres {
            for connections in [demand.connections, OF_A_REPLICA] {
                let inserts = Database::of(url).pgbench(connections, span.as_secs());
                eprintln!("round {round}: pgbench -c {connections:<6}{:8.0}/s", inserts.per_second);
                report.add_inserts(connections, inserts);
            }
        }
    }
    println!("{report}");
}

/// The time to warm up before anything counts.
const WARM_UP: Duration = Duration::from_millis(500);

/// The number of write connections that a replica has.
const OF_A_REPLICA: usize = 3;

/// How long a target is measured.
#[derive(Debug, Clone, Copy)]
struct Spans {
    span: Duration,
    /// How long a target is measured where messages are handled.
    sustained: Duration,
}

impl Spans {
    fn of(self, target: Target) -> Duration {
        if target.handles() { self.sustained } else { self.span }
    }
}

fn measure(target: Target, mut fleet: Fleet, demand: Demand, span: Duration) -> Sample {
    let addresses = fleet.addresses();
    load::run(&addresses, demand, WARM_UP);
    let before = fleet.usage();
    let load = load::run(&addresses, demand, span);
    let mut used = fleet.usage().since(&before);
    fleet.stop();
    // What counts for the server with a handler is what it finished, not what it let in.
    if !target.handles() {
        used.finished = load.answered();
    }
    Sample::new(target, span, &load, &used)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn peers(server: std::net::SocketAddr, demand: Demand, span: Duration) {
    load::run(&[server], demand, WARM_UP);
    let load = load::run(&[server], demand, span);
    let per_second = load.answered() as f64 / span.as_secs_f64();
    let [p50, p99] = [0.5, 0.99].map(|share| load.percentile(share).as_secs_f64() * 1e3);
    eprintln!("{per_second:8.0}/s  p50 {p50:6.2} ms  p99 {p99:6.2} ms");
}
