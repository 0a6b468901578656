//! What accepting costs beside a bare axum endpoint: `cargo bench --bench accept`.
//!
//! Each server is a process of its own, started afresh for every round, the servers in turn; this process is
//! the load: keep-alive connections in a closed loop, every request with its own signature and message.
//!
//! Options after `--`: `--rounds N` (5), `--seconds N` (4) for each, `--sustain N` (60) for `handled`,
//! `--connections N` (64), `--only NAME`. With `--postgres URL` also our server on that database, whose journal is
//! removed first, with `--history N` (0) finished entries in it, and `pgbench` with bare `INSERT … ON CONFLICT`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report")]

mod load;
mod pgbench;
mod report;
mod serve;

use std::time::Duration;

use report::{Report, Sample};
use serve::{Server, Target};

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
    let (only, postgres, history) = (named("--only"), named("--postgres"), named("--history"));
    let rounds = option("--rounds", 5);
    let connections = usize::try_from(option("--connections", 64)).expect("a number of connections");
    let mut report = Report::default();
    for round in 1..=rounds {
        for target in Target::ALL {
            let missing = target == Target::Postgres && postgres.is_none();
            if missing || only.is_some_and(|only| only != target.name()) {
                continue;
            }
            let seconds =
                if target == Target::Handled { option("--sustain", 60) } else { option("--seconds", 4) };
            let mut server = Server::start(target, [postgres, history]);
            let sample = measure(target, &mut server, connections, Duration::from_secs(seconds));
            server.stop();
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

fn measure(target: Target, server: &mut Server, connections: usize, span: Duration) -> Sample {
    load::run(server.address(), connections, Duration::from_millis(500));
    let before = server.usage();
    let load = load::run(server.address(), connections, span);
    let mut used = server.usage().since(&before);
    // What counts for the server with a handler is what it finished, not what it let in.
    if target != Target::Handled {
        used.finished = load.answered();
    }
    Sample::new(target, span, &load, &used)
}
