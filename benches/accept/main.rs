//! The cost of accepting beside a bare axum endpoint and beside the store alone: `cargo bench --bench accept`.
//!
//! Each server is a process of its own, started afresh for every round, the servers in turn; this process is
//! the load: keep-alive connections in a closed loop, every request with its own signature and message. A store alone is
//! such a process too, and loads itself with as many tasks as there would be connections.
//!
//! Options after `--`: `--rounds N` (5), `--seconds N` (4) for each, `--sustain N` (60) where messages are handled,
//! `--connections N` (64) to each server, `--conversations N` (1000), `--only NAME` (more than once if need be, `single` for
//! one message at a time); `--backlog N` and `--history N` (0) pending and finished entries in the SQLite journal before it
//! begins; `--deliver N` (256) replies sent at once. A 503 is a failure, unless `--may-refuse` has them counted, for so many
//! connections that they wait for each other. With `--postgres URL` also the store alone and our servers on that database,
//! whose journal is removed first, with the same history, three of them also on databases of their own (which it makes), and
//! `pgbench` with bare `INSERT … ON CONFLICT`; `--grown N` then compares a history of a thousand finished entries with one of
//! so many, and measures nothing else.
//!
//! Instead of the table: `--fill PATH` makes a journal on SQLite with such a backlog and history, and `--journal PATH`
//! measures on that file, which changes; `--filled N` prints the size of the file after so many handled messages. With
//! `--wechat ADDRESS` only the server there gets WeChat's messages, with `--callbacks ADDRESS` the platform's callbacks, as
//! `benches/peers/run` has it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report")]

mod alone;
mod api;
#[path = "../shared/child.rs"]
mod child;
mod database;
mod filled;
mod fleet;
mod grown;
mod http;
mod load;
#[path = "../shared/memory.rs"]
mod memory;
mod message;
#[path = "../shared/message_id.rs"]
mod message_id;
#[path = "../shared/options.rs"]
mod options;
#[path = "../shared/postgres.rs"]
mod postgres;
mod process;
mod report;
mod serve;
mod single;
#[path = "../shared/spread.rs"]
mod spread;
mod stock;
mod stores;
mod target;

use std::time::Duration;

use database::Database;
use fleet::{Fleet, Setup};
use load::{Demand, Wire};
use mimalloc::MiMalloc;
use options::Options;
use report::{Report, Sample};
use stock::Stock;
use target::Target;

/// The executable's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == serve::FLAG) {
        serve::child(&arguments[at + 1..]);
        return;
    }
    let options = Options::of(arguments);
    let stock =
        Stock { backlog: options.number("--backlog", 0), history: options.number("--history", 0) };
    if let Some(path) = options.named("--fill") {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(stock.fill(&format!("sqlite:{path}")));
        return;
    }
    let demand = Demand {
        wire: Wire::RongCloud { users: options.number("--conversations", 1000) },
        connections: usize::try_from(options.number("--connections", 64))
            .expect("a number of connections"),
        messages: options.number("--filled", u64::MAX),
        unreplied: None,
        may_refuse: options.has("--may-refuse"),
    };
    for (name, wire) in [("--wechat", Wire::WeChat), ("--callbacks", demand.wire)] {
        if let Some(peer) = options.named(name) {
            let span = Duration::from_secs(options.number("--seconds", 4));
            peers(peer.parse().expect("an address"), Demand { wire, ..demand }, span);
            return;
        }
    }
    let journal = options.named("--journal").map(|path| format!("sqlite:{path}"));
    let setup = Setup {
        stock,
        journal: journal.as_deref(),
        postgres: options.named("--postgres"),
        api: api::start(None),
        deliver: options.number("--deliver", 256),
    };
    if options.has("--filled") {
        println!("{}", filled::measure(setup, demand));
    } else if setup.postgres.is_some() && options.has("--grown") {
        println!("{}", compare_histories(&options, setup, demand));
    } else {
        print_table(&options, setup, demand);
    }
}

fn compare_histories(options: &Options, setup: Setup<'_>, demand: Demand) -> String {
    let spans = Spans::read(options);
    grown::compare(options.number("--grown", 0), options.number("--rounds", 5), |target, stock| {
        measure(target, Setup { stock, ..setup }, demand, spans.of(target))
    })
}

fn print_table(options: &Options, setup: Setup<'_>, demand: Demand) {
    let spans = Spans::read(options);
    let (mut report, mut singles) = (Report::default(), Vec::new());
    for round in 1..=options.number("--rounds", 5) {
        for target in Target::ALL {
            let missing = target.is_shared() && setup.postgres.is_none();
            if missing || !options.selects(target.name()) {
                continue;
            }
            let sample = measure(target, setup, demand, spans.of(target));
            eprintln!("round {round}: {sample}");
            report.add(target, sample);
        }
        if options.selects(single::NAME) {
            let medians = single::measure(setup, options.number("--conversations", 1000), spans.span);
            eprintln!("round {round}: {medians}");
            singles.push(medians);
        }
        if let Some(url) = setup.postgres {
            for connections in [PGBENCH, OF_A_REPLICA] {
                let inserts = Database::of(url).pgbench(connections, spans.span.as_secs());
                eprintln!("round {round}: pgbench -c {connections:<6}{:8.0}/s", inserts.per_second);
                report.add_inserts(connections, inserts);
            }
        }
    }
    print!("{report}");
    if !singles.is_empty() {
        print!("{}", single::Table(singles));
    }
    println!("Each: median (minimum to maximum).");
}

/// The time to warm up before anything counts.
const WARM_UP: Duration = Duration::from_millis(500);

/// The number of connections with which `pgbench` is the baseline: PostgreSQL takes a hundred by default.
const PGBENCH: usize = 64;

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
    fn read(options: &Options) -> Self {
        let [span, sustained] =
            [("--seconds", 4), ("--sustain", 60)].map(|(name, default)| options.number(name, default));
        Self { span: Duration::from_secs(span), sustained: Duration::from_secs(sustained) }
    }

    fn of(self, target: Target) -> Duration {
        if target.handles() { self.sustained } else { self.span }
    }
}

/// How many messages may be without their reply where messages are replied to.
const UNREPLIED: u64 = 1000;

fn measure(target: Target, setup: Setup<'_>, demand: Demand, span: Duration) -> Sample {
    let unreplied = (target == Target::Answered).then_some(UNREPLIED);
    let demand = Demand { unreplied, ..demand };
    let mut fleet = Fleet::start(target, setup);
    fleet.load(demand, WARM_UP);
    let before = fleet.usage();
    let load = fleet.load(demand, span);
    let mut used = fleet.usage().since(&before);
    fleet.stop();
    // What counts for the server with a handler is what it finished, not what it let in.
    if !target.handles() {
        used.finished = load.answered;
    }
    Sample::new(target, span, &load, &used)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn peers(server: std::net::SocketAddr, demand: Demand, span: Duration) {
    load::run(&[server], demand, WARM_UP);
    let load = load::run(&[server], demand, span);
    let per_second = load.answered as f64 / span.as_secs_f64();
    let [p50, p99] = [load.p50, load.p99].map(|latency| latency.as_secs_f64() * 1e3);
    eprintln!("{per_second:8.0}/s  p50 {p50:6.2} ms  p99 {p99:6.2} ms");
}
