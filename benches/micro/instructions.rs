//! Instructions, counted by callgrind: this executable runs under it with a step done N times, and 2 N times.
//!
//! The difference is the cost of the step, without its preparation. Other threads count too, but have
//! nothing to do.

use std::{io::ErrorKind, process::Command};

use crate::steps::STEPS;

/// The argument that makes this executable the one that is counted.
pub(crate) const FLAG: &str = "--counted";

const COUNT: u64 = 10_000;

/// Counts the instructions of one run of a step, and of its baseline. `None` without valgrind.
pub(crate) fn count(step: usize) -> Option<[u64; 2]> {
    let once = |which| {
        Some((count_process(step, which, 2 * COUNT)? - count_process(step, which, COUNT)?) / COUNT)
    };
    Some([once(0)?, once(1)?])
}

/// The instructions of a whole process.
fn count_process(step: usize, which: usize, count: u64) -> Option<u64> {
    let valgrind = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().expect("our own path"))
        .args([FLAG, &step.to_string(), &which.to_string(), &count.to_string()])
        .output();
    let output = match valgrind {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        started => started.expect("valgrind starts"),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let total = said.lines().find_map(|line| line.split_once("Collected : "));
    Some(total.expect("callgrind says what it collected").1.trim().parse().expect("a number"))
}

/// Runs as the process that is counted. The arguments are a step's number, the step or its baseline, and the number of runs.
pub(crate) fn child(arguments: &[String]) {
    let number = |at: usize| arguments[at].parse::<usize>().expect("a number");
    let [mut step, mut baseline] = (STEPS[number(0)].prepare)();
    let run = if number(1) == 0 { &mut step } else { &mut baseline };
    for _ in 0..number(2) {
        run();
    }
}
