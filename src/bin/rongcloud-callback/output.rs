//! Standard output, where a command's data goes; its reader may go away before the end.
//!
//! # Design
//!
//! The macros of the standard library panic where the reader is gone. If the system ended the process instead, a command
//! could not finish its other work, such as sending to the rest of a list, and a server would end because of its log. So
//! the macros of the same names in this file replace them in the executable.

use std::{
    fmt::{self, Write as _},
    io::{self, Write as _},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use serde::Serialize;

use crate::{failure::Failure, terminal};

/// Whether the reader of standard output is gone.
static IS_CLOSED: AtomicBool = AtomicBool::new(false);
/// The first error of writing to standard output.
static ERROR: OnceLock<io::Error> = OnceLock::new();

/// Prints like the standard library's macro, but writes nothing once the reader is gone.
macro_rules! print {
    ($($text:tt)*) => { $crate::output::write(format_args!($($text)*)) };
}

/// Prints a line like the standard library's macro, but writes nothing once the reader is gone.
macro_rules! println {
    () => { $crate::output::write(format_args!("\n")) };
    ($($text:tt)*) => { $crate::output::write(format_args!("{}\n", format_args!($($text)*))) };
}

/// Whether nothing more can be printed: a command that only prints may end.
pub(crate) fn is_closed() -> bool {
    IS_CLOSED.load(Ordering::Relaxed) || ERROR.get().is_some()
}

/// Writes a text, unless the reader is gone.
pub(crate) fn write(text: fmt::Arguments<'_>) {
    if is_closed() {
        return;
    }
    let mut output = io::stdout().lock();
    if let Err(error) = output.write_fmt(text).and_then(|()| output.flush()) {
        if error.kind() == io::ErrorKind::BrokenPipe {
            IS_CLOSED.store(true, Ordering::Relaxed);
        } else {
            _ = ERROR.set(error);
        }
    }
}

/// The failure of a command whose data could not be written, for example to a full disk.
pub(crate) fn check() -> Result<(), Failure> {
    let Some(error) = ERROR.get() else { return Ok(()) };
    let failure = Failure::ours(anyhow::anyhow!("cannot write to standard output: {error}"));
    Err(failure.hint("what is there is not all of it: make room, or print it somewhere else"))
}

/// Prints a value as one line of JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string(value).map_err(Failure::ours)?);
    Ok(())
}

/// A table of names and values, without those that have no value.
pub(crate) fn table(rows: &[(&str, &str)]) -> String {
    let mut table = String::new();
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        _ = writeln!(table, "{:14}{}", format!("{name}:"), terminal::line(value));
    }
    table.trim_end().to_owned()
}
