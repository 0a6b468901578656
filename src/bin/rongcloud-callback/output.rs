//! Standard output, where a command's data goes: whoever reads it may go away before the end.
//!
//! # Design
//!
//! The macros of the standard library panic where nobody reads any more. Letting the system end the process instead
//! would cut off what a command does besides printing, such as sending to the rest of a list, and would end a server
//! for the sake of a log that nobody reads. So the macros of the same names here take their place in the executable.

use std::{
    fmt,
    io::{self, Write as _},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::failure::Failure;

/// Nobody reads standard output any more.
static IS_CLOSED: AtomicBool = AtomicBool::new(false);
/// Why something could not be written to it.
static FAILED: OnceLock<io::Error> = OnceLock::new();

/// Like the standard library's, but without a reader it writes nothing.
macro_rules! print {
    ($($text:tt)*) => { $crate::output::write(format_args!($($text)*)) };
}

/// Like the standard library's, but without a reader it writes nothing.
macro_rules! println {
    () => { $crate::output::write(format_args!("\n")) };
    ($($text:tt)*) => { $crate::output::write(format_args!("{}\n", format_args!($($text)*))) };
}

/// Whether what is printed reaches nobody: a command that does nothing else may end.
pub(crate) fn is_closed() -> bool {
    IS_CLOSED.load(Ordering::Relaxed) || FAILED.get().is_some()
}

/// Writes a text, unless nobody reads it.
pub(crate) fn write(text: fmt::Arguments<'_>) {
    if is_closed() {
        return;
    }
    let mut output = io::stdout().lock();
    if let Err(error) = output.write_fmt(text).and_then(|()| output.flush()) {
        if error.kind() == io::ErrorKind::BrokenPipe {
            IS_CLOSED.store(true, Ordering::Relaxed);
        } else {
            _ = FAILED.set(error);
        }
    }
}

/// The failure of a command whose data could not be written, to a disk that is full perhaps.
pub(crate) fn check() -> Result<(), Failure> {
    let Some(error) = FAILED.get() else { return Ok(()) };
    let failure = Failure::ours(anyhow::anyhow!("cannot write to standard output: {error}"));
    Err(failure.hint("what is there is not all of it: make room, or print it somewhere else"))
}
