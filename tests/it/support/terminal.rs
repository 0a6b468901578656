//! A person at a terminal, where a command's standard input and standard error are.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    process::{Command, Stdio},
};

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};

/// What a command did at a terminal.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) code: Option<i32>,
    /// What was to be read on the terminal: standard error, and what was typed.
    pub(crate) terminal: String,
}

/// Runs a command to its end; `typed` is what the person types.
pub(crate) fn at_terminal(mut command: Command, typed: &str) -> Seen {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let theirs = || ioctl_tiocgptpeer(&ours, OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    command.stdin(theirs()).stderr(theirs()).stdout(Stdio::null());
    let mut terminal = File::from(ours.try_clone().unwrap());
    terminal.write_all(typed.as_bytes()).unwrap();
    let mut child = command.spawn().unwrap();
    // The command has its other end for as long as it runs, and nobody else has it then.
    drop(command);
    let mut seen = Vec::new();
    // Ends with an error where the other end is closed.
    _ = terminal.read_to_end(&mut seen);
    let code = child.wait().unwrap().code();
    Seen { code, terminal: String::from_utf8(seen).unwrap() }
}
