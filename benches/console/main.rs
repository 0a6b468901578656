//! The console with ten million entries behind it, beside callbacks: `cargo bench --bench console`.
//!
//! The server is a process of its own. This process sends it callbacks at a steady rate, in an open loop: callbacks leave
//! when they are due, and their latency counts from then. It measures their acknowledgements by turns: undisturbed, and
//! while one reader asks for the first page of a list, a group or a search, one request after the other. At last a job
//! revives one group of dead letters, a tenth of them in a full journal, beside the same callbacks, which come undisturbed
//! for as long before.
//!
//! Options after `--`: `--entries N` (10000000), and `--dead N` (a tenth of them) of those are dead letters; `--rate N` (500)
//! callbacks a second; `--seconds N` (5) for each measurement; `--rounds N` (3); `--pause MS` (0) between two requests of
//! the reader; `--only NAME` for one kind of request (more than once if need be, `revive` for the job); `--job-rate N` (1000,
//! which is the most) for the dead letters that the job revives a second.
//!
//! The journal is on SQLite, in a temporary folder unless `--journal PATH` names the file, which is made if it is not
//! there; it stays there, and grows and changes with each run. With `--postgres URL` it is in that database, whose journal
//! is removed first, unless `--filled` says that an earlier run has filled it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report")]

#[path = "../shared/child.rs"]
mod child;
mod content;
mod fill;
mod history;
mod job;
mod load;
#[path = "../shared/memory.rs"]
mod memory;
#[path = "../shared/message_id.rs"]
mod message_id;
#[path = "../../tests/it/support/open_loop.rs"]
mod open_loop;
#[path = "../shared/options.rs"]
mod options;
#[path = "../shared/percentile.rs"]
mod percentile;
#[path = "../shared/postgres.rs"]
mod postgres;
mod reader;
mod reasons;
mod report;
mod routes;
mod server;
#[path = "../shared/spread.rs"]
mod spread;
mod users;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use history::History;
use load::Load;
use mimalloc::MiMalloc;
use options::Options;
use reader::Reader;
use report::{Report, Sample};
use rongcloud_callback::clock::Clock;
use routes::ROUTES;
use server::Server;

/// The executable's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The time to warm up before anything counts.
const WARM_UP: Duration = Duration::from_secs(2);
/// The name that `--only` knows the job by.
const REVIVE: &str = "revive";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if server::serve(&arguments) {
        return;
    }
    let options = Options::of(arguments);
    open_loop::open_many_files();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let entries = options.number("--entries", 10_000_000);
    let history = History {
        entries,
        dead: options.number("--dead", entries / 10),
        ended_at: Clock::system().now(),
    };
    let url = prepare(&options, &folder.path().join("journal.db"), &history);
    let server = Server::start(&url);
    println!("{}", measure(&options, &server, &history));
    println!("Most memory of the server: {} MiB.", server.most_memory() >> 20);
    println!("Cells: median (minimum to maximum) of the rounds.");
    server.stop();
}

/// Fills the journal, unless it is there already. Returns its URL.
fn prepare(options: &Options, temporary: &std::path::Path, history: &History) -> String {
    let path = options.named("--journal").map_or_else(|| temporary.to_owned(), PathBuf::from);
    let (url, is_there) = match options.named("--postgres") {
        Some(url) => (url.to_owned(), options.has("--filled")),
        None => (format!("sqlite:{}", path.display()), path.exists()),
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if !is_there {
        let started = Instant::now();
        runtime.block_on(async {
            if options.has("--postgres") {
                fill::remove(&url).await;
            }
            fill::fill(&url, history).await;
        });
        eprintln!("filled in {} s", started.elapsed().as_secs());
        // Whatever a server does at its first start with such a journal is done before anything is measured.
        Server::start(&url).stop();
    }
    if options.has("--postgres") {
        runtime.block_on(fill::settle(&url));
    }
    url
}

fn measure(options: &Options, server: &Server, history: &History) -> Report {
    let span = Duration::from_secs(options.number("--seconds", 5));
    let pause = Duration::from_millis(options.number("--pause", 0));
    let rate = u32::try_from(options.number("--rate", 500)).expect("a rate");
    let job_rate = options.number("--job-rate", 1000);
    let load = Load { server: server.callbacks, rate: rate.into() };
    let mut report = Report::default();
    load.run(WARM_UP);
    for round in 1..=options.number("--rounds", 3) {
        for (name, path) in ROUTES.into_iter().filter(|(name, _)| options.selects(name)) {
            let undisturbed = load.run(span);
            // The server closes a connection on which nothing is asked for long.
            let reader = Reader::connect(server.console);
            let ask = || reader.ask_for(|number| path(history, number), span, pause);
            let (beside, answers) = load.run_beside(span, ask);
            let memory = server.most_memory();
            let sample = Sample { answers, undisturbed, beside, memory };
            eprintln!("round {round}: {name:48}{sample}");
            report.add(name, sample);
        }
        if options.selects(REVIVE) {
            report.add_revival(job::revive(server.console, load, round, job_rate));
        }
    }
    report
}
