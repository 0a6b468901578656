//! The server at twice the load that it can serve: `cargo bench --bench overload`.
//!
//! The executable runs as it is installed, with its defaults, on one core; the load comes from the other one, in an
//! open loop: requests leave when they are due, and their latency counts from then.
//!
//! Options after `--`: `--seconds N` (120) of overload, `--idle N` (10000) and `--slow N` (1000) connections,
//! `--in-flight N` for another `max_in_flight` than the default.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report")]

mod crowd;
#[path = "../shared/memory.rs"]
mod memory;
mod message;
#[path = "../../tests/it/support/open_loop.rs"]
mod open_loop;
#[path = "../shared/percentile.rs"]
mod percentile;
mod report;
mod server;

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use open_loop::{Plan, Sample};
use report::Row;
use rongcloud_callback::clock::Clock;
use rustix::thread::{CpuSet, sched_setaffinity};
use secrecy::SecretString;
use server::Server;

/// Most requests in flight: a second of twice the load, at 0.2 s an answer, and more.
const CONNECTIONS: usize = 8000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        Some(arguments[at + 1].parse::<u64>().expect("a number follows the option"))
    };
    let count = |name, default| {
        option(name).map_or(default, |count| usize::try_from(count).expect("a number of connections"))
    };
    let overload = Duration::from_secs(option("--seconds").unwrap_or(120));
    let (idle, slow) = (count("--idle", 10_000), count("--slow", 1000));
    open_loop::open_many_files();

    pin_to_core(0);
    let in_flight = option("--in-flight").map(|most| format!("max_in_flight = {most}"));
    let server = Server::start(&in_flight.unwrap_or_default());
    pin_to_core(1);
    let address = server.address();
    let mut accepted = 0;
    let mut phase = |name: &str, rate: f64, span: Duration, connections: usize| {
        let samples = load(Plan { server: address, rate, span, connections });
        let row = Row::new(name, span, &samples, server.resident());
        eprintln!("{row}");
        accepted += row.accepted();
        (row, samples)
    };
    let seconds = Duration::from_secs;

    phase("warm-up", 5000.0, seconds(2), 64);
    let (closed, _) = phase("all that it can, 64 connections", f64::INFINITY, seconds(5), 64);
    let capacity = closed.per_second();
    let half = capacity / 2.0;
    let mut rows = vec![phase("half of that", half, seconds(20), CONNECTIONS).0];
    rows.push(phase("twice that", capacity * 2.0, overload, CONNECTIONS).0);
    let (row, samples) = phase("half, at once afterwards", half, seconds(20), CONNECTIONS);
    rows.push(row);
    let unwell = report::bad_tenths(&samples);
    let crowd = crowd::Crowd::start(address, idle, slow);
    let name = format!("half, beside {idle} idle and {slow} slow connections");
    rows.push(phase(&name, half, seconds(60), 256).0);
    println!("{}", crowd.report());
    drop(crowd);

    println!(
        "It can do {capacity:.0} a second, with 64 connections in a closed loop. Then, in an open loop:\n"
    );
    println!("{}", report::table(&rows));
    println!(
        "After the overload these tenths of a second had a 503 or a p99 of 50 ms or more (0 is the first): {unwell:?}"
    );
    println!("Most memory at any time: {} MiB.", server.peak_resident() >> 20);
    let kept = server.stop();
    println!("Acknowledged: {accepted}; in the journal: {kept}.");
    assert!(accepted <= kept, "something was acknowledged and lost");
}

fn load(plan: Plan) -> Vec<Sample> {
    // No two queries of this process are equal.
    static FIRST: AtomicU64 = AtomicU64::new(0);
    let first = FIRST.fetch_add(1 << 32, Ordering::Relaxed);
    let (secret, clock) = (SecretString::from(server::SECRET), Clock::system());
    open_loop::run(plan, move |number, request| {
        message::message(first + number, &secret, &clock, request);
    })
}

/// Restricts this process, and the processes that it starts from now on, to one core.
fn pin_to_core(core: usize) {
    let mut cores = CpuSet::new();
    cores.set(core);
    sched_setaffinity(None, &cores).expect("this machine has two cores");
}

/// The address that everything is sent to.
pub(crate) type Address = SocketAddr;
