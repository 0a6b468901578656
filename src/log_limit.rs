//! The log rate limit: a flood of events of one kind does not become a flood of log lines.

use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use crate::lock::lock;

/// A limit on log lines of one kind: the first lines of each window are written, the others are counted.
#[derive(Debug)]
pub(crate) struct LogRateLimit {
    /// Most lines in a window.
    lines: u64,
    /// The length of a window.
    window: Duration,
    /// The window of the last line; `None` before the first line.
    current: Mutex<Option<Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Instant,
    /// The number of lines since the window began, written or not.
    count: u64,
}

impl LogRateLimit {
    /// A limit of `lines` lines, at least one, in each `window`.
    pub(crate) const fn new(lines: u64, window: Duration) -> Self {
        Self { lines, window, current: Mutex::new(None) }
    }

    /// Admits another line, or counts it as unlogged and returns `None`.
    ///
    /// The first line of a window is always admitted, with the number of lines that were left out in the window before.
    pub(crate) fn admit(&self) -> Option<u64> {
        let mut current = self.current();
        let ended = current.take_if(|window| self.has_ended(window));
        let window = current.get_or_insert_with(|| Window { began: Instant::now(), count: 0 });
        window.count += 1;
        (window.count <= self.lines).then(|| self.unlogged(ended))
    }

    /// Whether another line may be written; if not, it is counted as unlogged.
    ///
    /// A window in which lines were left out goes on until their number is taken with
    /// [`next_unlogged`](Self::next_unlogged), so that the line about them comes before the lines of the next window.
    pub(crate) fn may_log(&self) -> bool {
        let mut current = self.current();
        let _ended = current.take_if(|window| self.has_ended(window) && window.count <= self.lines);
        let window = current.get_or_insert_with(|| Window { began: Instant::now(), count: 0 });
        window.count += 1;
        window.count <= self.lines
    }

    /// Waits for the end of a window in which lines were left out, and returns their number. The wait has no end if no
    /// line was left out.
    pub(crate) async fn next_unlogged(&self) -> u64 {
        let current = *self.current();
        match current.filter(|window| window.count > self.lines) {
            Some(window) => sleep_until(window.began + self.window).await,
            None => std::future::pending().await,
        }
        let ended = self.current().take_if(|window| self.has_ended(window));
        self.unlogged(ended)
    }

    /// Ends the window, and returns the number of lines that were left out in it.
    pub(crate) fn take_unlogged(&self) -> u64 {
        let ended = self.current().take();
        self.unlogged(ended)
    }

    fn has_ended(&self, window: &Window) -> bool {
        window.began.elapsed() >= self.window
    }

    fn unlogged(&self, window: Option<Window>) -> u64 {
        window.map_or(0, |window| window.count.saturating_sub(self.lines))
    }

    fn current(&self) -> MutexGuard<'_, Option<Window>> {
        lock(&self.current)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    const WINDOW: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn the_first_lines_of_a_window_are_written_and_the_next_window_counts_the_others() {
        let limit = LogRateLimit::new(10, WINDOW);
        let written = (0..1000).filter_map(|_| limit.admit()).collect::<Vec<_>>();
        assert_eq!(written, [0; 10]);
        advance(WINDOW / 2).await;
        assert_eq!(limit.admit(), None);
        advance(WINDOW / 2).await;
        assert_eq!(limit.admit(), Some(991));
        assert_eq!(limit.admit(), Some(0));
    }

    #[tokio::test(start_paused = true)]
    async fn where_little_happens_every_line_is_written() {
        let limit = LogRateLimit::new(10, WINDOW);
        for _ in 0..1000 {
            assert_eq!(limit.admit(), Some(0));
            advance(WINDOW / 10).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_lines_a_second_are_admitted_and_the_others_are_counted() {
        let limit = LogRateLimit::new(20, WINDOW);
        let logged = |limit: &LogRateLimit| (0..500).filter(|_| limit.may_log()).count();
        assert_eq!(logged(&limit), 20);
        advance(WINDOW / 2).await;
        assert_eq!(logged(&limit), 0);
        assert_eq!(limit.next_unlogged().await, 980);
        assert!(limit.current().is_none());
        assert_eq!(logged(&limit), 20);
        assert_eq!(limit.take_unlogged(), 480);
    }

    #[tokio::test(start_paused = true)]
    async fn the_lines_that_were_left_out_are_reported_before_the_lines_of_the_next_window() {
        let limit = LogRateLimit::new(20, WINDOW);
        assert_eq!((0..21).filter(|_| limit.may_log()).count(), 20);
        advance(WINDOW * 2).await;
        assert!(!limit.may_log());
        assert_eq!(limit.next_unlogged().await, 2);
        assert!(limit.may_log());
        // Without lines left out, the next window begins by itself.
        advance(WINDOW).await;
        assert_eq!((0..21).filter(|_| limit.may_log()).count(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_without_too_many_lines_has_no_end_to_wait_for() {
        let limit = LogRateLimit::new(20, WINDOW);
        assert!(limit.may_log());
        assert!(timeout(WINDOW * 2, limit.next_unlogged()).await.is_err());
    }
}
