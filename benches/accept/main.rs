//! What accepting costs beside a bare axum endpoint: `cargo bench --bench accept`.
//!
//! Each server is a process of its own, started afresh for every round, the servers in turn; this process is
//! the load: keep-alive connections in a closed loop, every request with its own signature and message.
//!
//! Options after `--`: `--rounds N` (5), `--seconds N` (4) for each, `--sustain N` (60) for `handled`,
//! `--connections N` (64), `--only NAME`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report")]

mod load;
mod report;
mod serve;

use std::time::Duration;

use report::{Report, Sample};
use serve::{Server, Target};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == serve::FLAG) {
        serve::child(&arguments[at + 1]);
        return;
    }
    let option = |name: &str, default: u64| {
        let at = arguments.iter().position(|argument| argument == name);
        at.map_or(default, |at| arguments[at + 1].parse().expect("a number follows the option"))
    };
    let only = arguments.iter().position(|argument| argument == "--only").map(|at| &arguments[at + 1]);
    let rounds = option("--rounds", 5);
    let connections = usize::try_from(option("--connections", 64)).expect("a number of connections");
    let mut report = Report::default();
    for round in 1..=rounds {
        for target in Target::ALL {
            if only.is_some_and(|only| only != target.name()) {
                continue;
            }
            let seconds =
                if target == Target::Handled { option("--sustain", 60) } else { option("--seconds", 4) };
            let sample = measure(target, connections, Duration::from_secs(seconds));
            eprintln!("round {round}: {sample}");
            report.add(target, sample);
        }
    }
    println!("{report}");
}

fn measure(target: Target, connections: usize, span: Duration) -> Sample {
    let mut server = Server::start(target);
    load::run(server.address(), connections, Duration::from_millis(500));
    let before = server.usage();
    let load = load::run(server.address(), connections, span);
    let mut used = server.usage().since(&before);
    server.stop();
    // What counts for the server with a handler is what it finished, not what it let in.
    if target != Target::Handled {
        used.finished = load.answered();
    }
    Sample::new(target, span, &load, &used)
}
