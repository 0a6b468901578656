//! What a command prints where standard output is a terminal.

use std::{
    fs::File,
    io::Read as _,
    process::{Command, Stdio},
};

use rustix::{
    pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

/// Runs a command to its end on a terminal of so many columns; returns what was printed there. It must succeed.
pub(crate) fn printed_on(columns: u16, mut command: Command) -> String {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&ours, size).unwrap();
    let theirs = ioctl_tiocgptpeer(&ours, OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    command.env_remove("COLUMNS").stdin(Stdio::null()).stdout(theirs).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    // The command has the terminal's other end for as long as it runs, and nobody else has it then.
    drop(command);
    let mut seen = Vec::new();
    // Ends with an error where the other end is closed.
    _ = File::from(ours).read_to_end(&mut seen);
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    String::from_utf8(seen).unwrap().replace("\r\n", "\n")
}
