//! Instructions, by callgrind: this executable runs under it with a step done so many times, and twice as many.
//!
//! The difference is what they take, without everything that was prepared for them. Other threads count too, but have
//! nothing to do.

use std::{io::ErrorKind, process::Command};

use crate::steps::STEPS;

/// Makes this executable the one that is counted.
pub(crate) const FLAG: &str = "--counted";

const COUNT: u64 = 10_000;

/// Of a step and of what is beside it, for one; `None` without valgrind.
pub(crate) fn of(step: usize) -> Option<[u64; 2]> {
    let once =
        |which| Some((collected(step, which, 2 * COUNT)? - collected(step, which, COUNT)?) / COUNT);
    Some([once(0)?, once(1)?])
}

/// The instructions of a whole process.
fn collected(step: usize, which: usize, count: u64) -> Option<u64> {
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

/// The process that is counted: a step's number, which side of it, and how many times.
pub(crate) fn child(arguments: &[String]) {
    let number = |at: usize| arguments[at].parse::<usize>().expect("a number");
    let [mut step, mut beside] = (STEPS[number(0)].prepare)();
    let run = if number(1) == 0 { &mut step } else { &mut beside };
    for _ in 0..number(2) {
        run();
    }
}
