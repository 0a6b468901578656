//! The cost of each step on a message's way, in time and in instructions: `cargo bench --bench micro`.
//!
//! Every step stands beside the least that any program would do in its place, measured in turn with it. Instructions
//! do not depend on what else the machine does; valgrind counts them. `-- --instructions` does nothing else, and other
//! options after `--` are criterion's, without the table: `-- --save-baseline before`, `-- verify`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report")]

mod instructions;
mod report;
mod steps;
mod times;

use report::Row;
use steps::STEPS;

fn main() {
    // The journal answers by a task on its caller's runtime, so one must be running beside this thread.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let _inside = runtime.enter();
    // Cargo's own argument comes first.
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.first().map(String::as_str) {
        Some(instructions::FLAG) => instructions::child(&arguments[1..]),
        Some("--instructions") => report(|row| row),
        Some(_) => _ = times::measure(),
        None => {
            let mut times = times::measure().into_iter();
            report(|row| Row { times: times.next(), ..row });
        }
    }
}

fn report(with_times: impl FnMut(Row) -> Row) {
    let rows = STEPS.iter().enumerate().map(|(index, step)| Row {
        step,
        times: None,
        instructions: instructions::count(index),
    });
    let rows: Vec<Row> = rows.map(with_times).collect();
    if rows.iter().any(|row| row.instructions.is_none()) {
        eprintln!("no instructions: valgrind counts them, and is missing (apt-get install valgrind)");
    }
    println!("{}", report::table(rows));
}
