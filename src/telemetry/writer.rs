//! The writer of the log: a thread of its own writes the lines to standard error, so that a reader who is slow or gone
//! delays and ends nothing.
//!
//! # Design
//!
//! `tracing-appender` has such a thread, too. But if that thread does not end in time, it prints a complaint to the very
//! stream that is blocked, and so waits for the reader or panics.

use std::{
    io::{self, Write},
    mem,
    sync::{Condvar, Mutex, MutexGuard, Once, PoisonError},
    thread,
    time::Duration,
};

use crate::{lock::lock, metrics};

/// Most bytes that wait to be written. Lines beyond them are lost, and counted.
const MAX_WAITING: usize = 1 << 20;
/// The size to which the buffer shrinks after a burst.
const USUAL_WAITING: usize = 64 << 10;
/// Most time that the end of the process waits for the reader.
const LAST_WAIT: Duration = Duration::from_secs(1);
/// Pause before the next try where standard error is non-blocking and full.
const PAUSE: Duration = Duration::from_millis(20);

/// The writer of this process.
pub(super) static WRITER: LogWriter = LogWriter {
    waiting: Mutex::new(Waiting { text: Vec::new(), lines: 0, lost: 0, is_writing: false }),
    arrived: Condvar::new(),
    written: Condvar::new(),
};

/// Prints a text to standard error, after what has been logged.
pub fn print(text: &str) {
    WRITER.push(text.as_bytes());
}

/// Waits until everything that was printed and logged is written, but not for long if the reader does not read.
///
/// A program calls this at its end; [`CallbackService::run`](crate::CallbackService::run) does so before it returns.
pub fn finish() {
    let waiting = WRITER.lock();
    let is_unwritten = |waiting: &mut Waiting| waiting.is_writing || !waiting.text.is_empty();
    drop(WRITER.written.wait_timeout_while(waiting, LAST_WAIT, is_unwritten));
}

/// The writer of the log, whose thread starts with the first line, and lives as long as the process.
pub(super) struct LogWriter {
    waiting: Mutex<Waiting>,
    /// The condition that wakes the thread when a line has arrived.
    arrived: Condvar,
    /// The condition that wakes the end of the process when the thread has written.
    written: Condvar,
}

/// The lines that wait to be written.
struct Waiting {
    text: Vec<u8>,
    /// The number of lines in `text`.
    lines: u64,
    /// The number of lost lines that are not reported yet.
    lost: u64,
    /// Whether the thread is writing lines that it has taken.
    is_writing: bool,
}

impl LogWriter {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        lock(&self.waiting)
    }

    /// Adds a line, or several lines that belong together. If there are too many, the line is lost; the caller never waits.
    fn push(&'static self, line: &[u8]) {
        static THREAD: Once = Once::new();
        THREAD.call_once(|| {
            let thread = thread::Builder::new().name("log".to_owned());
            // Without the thread nothing is written, and lines are lost once they are too many. Nothing else can be done.
            _ = thread.spawn(|| self.write_all());
        });
        let mut waiting = self.lock();
        if waiting.text.len() + line.len() > MAX_WAITING {
            waiting.lost += 1;
            return;
        }
        waiting.text.extend_from_slice(line);
        waiting.lines += 1;
        self.arrived.notify_one();
    }

    /// Writes the lines that arrive, for as long as the process lives.
    fn write_all(&self) {
        let mut text = Vec::new();
        loop {
            let lines = self.take(&mut text);
            let result = write_out(&text);
            let lost = self.note_written(result.is_ok(), lines);
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

    /// Waits for lines and moves them to `text`. Returns their number.
    fn take(&self, text: &mut Vec<u8>) -> u64 {
        text.clear();
        text.shrink_to(USUAL_WAITING);
        let waiting = self.arrived.wait_while(self.lock(), |waiting| waiting.text.is_empty());
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        mem::swap(&mut waiting.text, text);
        waiting.is_writing = true;
        mem::take(&mut waiting.lines)
    }

    /// Notes whether `lines` lines were written. Returns the number of lines that are lost and not reported yet.
    fn note_written(&self, is_written: bool, lines: u64) -> u64 {
        let mut waiting = self.lock();
        waiting.is_writing = false;
        self.written.notify_all();
        mem::take(&mut waiting.lost) + if is_written { 0 } else { lines }
    }
}

/// Each event is one write, which never fails: code that logs could do nothing about a failure.
impl Write for &'static LogWriter {
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
            // Another process with the same terminal or pipe may have made it non-blocking.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::park_timeout(PAUSE),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
