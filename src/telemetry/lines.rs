//! The lines of the log, written to standard error by a thread of its own, so that a reader who is slow or gone delays and
//! ends nothing.
//!
//! # Design
//!
//! `tracing-appender` has such a thread, too. But where that does not end in time, it prints a complaint to the very stream
//! that is blocked, which waits for the reader or panics.

use std::{
    io::{self, Write},
    mem,
    sync::{Condvar, Mutex, MutexGuard, Once, PoisonError},
    thread,
    time::Duration,
};

use crate::metrics;

/// Bytes that may wait to be written; beyond them lines are lost, and counted.
const MOST_WAITING: usize = 1 << 20;
/// The size to which the buffer goes back after a burst.
const USUAL_WAITING: usize = 64 << 10;
/// How long the end of the process waits for a reader to take what is left.
const LAST_WAIT: Duration = Duration::from_secs(1);
/// Pause before the next try where standard error is non-blocking and full.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) static LINES: Lines = Lines {
    waiting: Mutex::new(Waiting { text: Vec::new(), lines: 0, lost: 0, is_writing: false }),
    arrived: Condvar::new(),
    written: Condvar::new(),
};

/// Prints a text to standard error, after what has been logged.
pub fn print(text: &str) {
    LINES.push(text.as_bytes());
}

/// Waits until all that was printed and logged is written, but not for long for a reader who does not read.
///
/// The end of a program: [`CallbackService::run`](crate::CallbackService::run) does it before it returns.
pub fn finish() {
    let waiting = LINES.lock();
    let left = |waiting: &mut Waiting| waiting.is_writing || !waiting.text.is_empty();
    drop(LINES.written.wait_timeout_while(waiting, LAST_WAIT, left));
}

/// The text that waits to be written to standard error.
pub(super) struct Lines {
    waiting: Mutex<Waiting>,
    /// Wakes the thread that writes.
    arrived: Condvar,
    /// Wakes the end of the process.
    written: Condvar,
}

struct Waiting {
    text: Vec<u8>,
    /// How many lines are in `text`.
    lines: u64,
    /// Lines that nobody was told yet to be lost.
    lost: u64,
    is_writing: bool,
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line, or several that belong together; or loses it, but never waits.
    fn push(&'static self, line: &[u8]) {
        static WRITER: Once = Once::new();
        WRITER.call_once(|| {
            let writer = thread::Builder::new().name("log".to_owned());
            // Without the thread lines are lost when they are too many, which is all that can be done.
            _ = writer.spawn(|| self.write());
        });
        let mut waiting = self.lock();
        if waiting.text.len() + line.len() > MOST_WAITING {
            waiting.lost += 1;
            return;
        }
        waiting.text.extend_from_slice(line);
        waiting.lines += 1;
        self.arrived.notify_one();
    }

    /// Writes what arrives, for as long as the process lives.
    fn write(&self) {
        let mut text = Vec::new();
        loop {
            let lines = self.take(&mut text);
            let result = write_out(&text);
            let lost = self.note(result.is_ok(), lines);
            if lost > 0 {
                metrics::log_lines_lost().increment(lost);
            }
            if result.is_ok() && lost > 0 {
                tracing::warn!(
                    lost,
                    "lines of the log are lost: whoever reads it was away, or slower than it was written"
                );
            }
        }
    }

    /// Waits for lines and moves them to `text`; returns how many there are.
    fn take(&self, text: &mut Vec<u8>) -> u64 {
        text.clear();
        text.shrink_to(USUAL_WAITING);
        let waiting = self.arrived.wait_while(self.lock(), |waiting| waiting.text.is_empty());
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        mem::swap(&mut waiting.text, text);
        waiting.is_writing = true;
        mem::take(&mut waiting.lines)
    }

    /// Notes how it went with so many lines; returns how many have been lost since the last time.
    fn note(&self, is_written: bool, lines: u64) -> u64 {
        let mut waiting = self.lock();
        waiting.is_writing = false;
        self.written.notify_all();
        mem::take(&mut waiting.lost) + if is_written { 0 } else { lines }
    }
}

/// One call for each event, which never fails: nothing can be done about it where something is logged.
impl Write for &'static Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_out(mut text: &[u8]) -> io::Result<()> {
    let mut stderr = io::stderr();
    while !text.is_empty() {
        match stderr.write(text) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => text = &text[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Somebody else who has the same terminal or pipe may have made it so.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::park_timeout(PAUSE),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
