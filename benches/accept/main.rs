//! What accepting costs beside a bare axum endpoint: `cargo bench --bench accept`.
//!
//! Each server is a process of its own, started afresh for every round, the servers in turn; this process is
//! the load: keep-alive connections in a closed loop, every request with its own signature and message.
//!
//! Options after `--`: `--rounds N` (5), `--seconds N` (4) for each, `--sustain N` (60) for `handled`,
//! `--connections N` (64), `--conversations N` (1000), `--only NAME`; `--backlog N` and `--history N` (0) pending and
//! finished entries in the SQLite journal before it begins. With `--postgres URL` also our server on that database,
//! whose journal is removed first, with the same history, and `pgbench` with bare `INSERT … ON CONFLICT`. With
//! `--wechat ADDRESS` only the server there, as `benches/peers/run` has it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report")]

mod load;
mod pgbench;
mod report;
mod serve;

use std::time::Duration;

use load::Wire;
use report::{Report, Sample};
use serve::{Server, Stock, Target};

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
    let named = |name: &str| {
        arguments.iter().position(|argument| argument == name).map(|at| arguments[at + 1].as_str())
    };
    let (only, postgres) = (named("--only"), named("--postgres"));
    let stock = Stock { backlog: option("--backlog", 0), history: option("--history", 0) };
    let wire = Wire::RongCloud { users: option("--conversations", 1000) };
    let rounds = option("--rounds", 5);
    let connections = usize::try_from(option("--connections", 64)).expect("a number of connections");
    if let Some(peer) = named("--wechat") {
        let span = Duration::from_secs(option("--seconds", 4));
        peers(peer.parse().expect("an address"), connections, span);
        return;
    }
    let mut report = Report::default();
    for round in 1..=rounds {
        for target in Target::ALL {
            let missing = target == Target::Postgres && postgres.is_none();
            if missing || only.is_some_and(|only| only != target.name()) {
                continue;
            }
            let seconds =
                if target == Target::Handled { option("--sustain", 60) } else { option("--seconds", 4) };
            let server = Server::start(target, stock, postgres);
            let sample = measure(target, server, wire, connections, Duration::from_secs(seconds));
            eprintln!("round {round}: {sample}");
            report.add(target, sample);
        }
        if let Some(url) = postgres {
            let per_second = pgbench::run(url, connections, option("--seconds", 4));
            eprintln!("round {round}: pgbench  {per_second:8.0}/s");
        }
    }
    println!("{report}");
}

/// Half a second to warm up goes before what counts.
const WARM_UP: Duration = Duration::from_millis(500);

fn measure(
    target: Target,
    mut server: Server,
    wire: Wire,
    connections: usize,
    span: Duration,
) -> Sample {
    load::run(server.address(), wire, connections, WARM_UP);
    let before = server.usage();
    let load = load::run(server.address(), wire, connections, span);
    let mut used = server.usage().since(&before);
    server.stop();
    // What counts for the server with a handler is what it finished, not what it let in.
    if target != Target::Handled {
        used.finished = load.answered();
    }
    Sample::new(target, span, &load, &used)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn peers(server: std::net::SocketAddr, connections: usize, span: Duration) {
    load::run(server, Wire::WeChat, connections, WARM_UP);
    let load = load::run(server, Wire::WeChat, connections, span);
    let per_second = load.answered() as f64 / span.as_secs_f64();
    let [p50, p99] = [0.5, 0.99].map(|share| load.percentile(share).as_secs_f64() * 1e3);
    eprintln!("{per_second:8.0}/s  p50 {p50:6.2} ms  p99 {p99:6.2} ms");
}
