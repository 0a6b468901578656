//! How many log lines of one kind are written, so that a flood of forged requests does not become one of the log.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Lines of one kind in a [`WINDOW`]: enough to see everything where little happens.
const LINES: u64 = 10;
const WINDOW: Duration = Duration::from_secs(10);

/// Lets through the first lines of each [`WINDOW`], and counts the others.
#[derive(Debug)]
pub(super) struct Sieve {
    /// How many it lets through.
    lines: u64,
    window: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    /// How many have come since.
    count: u64,
}

impl Sieve {
    pub(super) fn new() -> Self {
        Self::of(LINES)
    }

    /// Lets through so many lines of each window.
    pub(super) fn of(lines: u64) -> Self {
        Self { lines, window: Mutex::new(Window { began: Instant::now(), count: 0 }) }
    }

    /// Whether a line is to be written, and how many before it were not and have not been spoken of since.
    pub(super) fn pass(&self) -> Option<u64> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let mut unlogged = 0;
        if window.began.elapsed() >= WINDOW {
            unlogged = window.count.saturating_sub(self.lines);
            *window = Window { began: Instant::now(), count: 0 };
        }
        window.count += 1;
        (window.count <= self.lines).then_some(unlogged)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_lines_of_a_window_are_written_and_the_next_window_counts_the_others() {
        let sieve = Sieve::new();
        let written = (0..1000).filter_map(|_| sieve.pass()).collect::<Vec<_>>();
        assert_eq!(written, [0; 10]);
        advance(WINDOW / 2).await;
        assert_eq!(sieve.pass(), None);
        advance(WINDOW / 2).await;
        assert_eq!(sieve.pass(), Some(991));
        assert_eq!(sieve.pass(), Some(0));
    }

    #[tokio::test(start_paused = true)]
    async fn where_little_happens_every_line_is_written() {
        let sieve = Sieve::new();
        for _ in 0..1000 {
            assert_eq!(sieve.pass(), Some(0));
            advance(WINDOW / 10).await;
        }
    }
}
