//! Commands at a terminal: they print there, ask there, and are answered.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::OwnedFd,
    process::{Command, Stdio},
};

use rustix::{
    pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

/// Runs a command to its end on a terminal of so many columns; returns what was printed there. It must succeed.
pub(crate) fn printed_on(columns: u16, mut command: Command) -> String {
    let ours = terminal();
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&ours, size).unwrap();
    command.env_remove("COLUMNS").stdin(Stdio::null()).stdout(other_end(&ours)).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    // The command has the terminal's other end for as long as it runs, and nobody else has it then.
    drop(command);
    let seen = all(ours);
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    seen
}

/// Runs a command to its end whose standard input and standard error are a terminal, where a person types `typed`; returns
/// its exit code and what was to be read there.
pub(crate) fn asked_on(mut command: Command, typed: &str) -> (Option<i32>, String) {
    let ours = terminal();
    command.stdin(other_end(&ours)).stderr(other_end(&ours)).stdout(Stdio::null());
    File::from(ours.try_clone().unwrap()).write_all(typed.as_bytes()).unwrap();
    let mut child = command.spawn().unwrap();
    drop(command);
    let seen = all(ours);
    (child.wait().unwrap().code(), seen)
}

fn terminal() -> OwnedFd {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    ours
}

fn other_end(ours: &OwnedFd) -> OwnedFd {
    ioctl_tiocgptpeer(ours, OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap()
}

/// All that is written to a terminal until its other end is closed, which reading from it tells by an error.
fn all(ours: OwnedFd) -> String {
    let mut seen = Vec::new();
    _ = File::from(ours).read_to_end(&mut seen);
    String::from_utf8(seen).unwrap().replace("\r\n", "\n")
}
