//! A log rate limit: so many lines a second over the whole process, then one line that says how many more there were.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

const SECOND: Duration = Duration::from_secs(1);

/// The lines about handled messages, of all services of the process.
pub(super) static HANDLED: LogLimit = LogLimit::new(20);

/// How many lines were written in the second that has begun last.
#[derive(Debug)]
pub(super) struct LogLimit {
    per_second: u64,
    current: Mutex<Option<Current>>,
}

/// A second with lines in it.
#[derive(Debug, Clone, Copy)]
struct Current {
    began: Instant,
    written: u64,
    left_out: u64,
}

impl LogLimit {
    const fn new(per_second: u64) -> Self {
        Self { per_second, current: Mutex::new(None) }
    }

    /// Whether another line may be written; if not, it is counted.
    pub(super) fn admits(&self) -> bool {
        let now = Instant::now();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let last = current.filter(|second| now.duration_since(second.began) < SECOND);
        let ended = if last.is_none() { current.take() } else { None };
        let second = current.get_or_insert(Current { began: now, written: 0, left_out: 0 });
        let admits = second.written < self.per_second;
        if admits {
            second.written += 1
        } else {
            second.left_out += 1
        }
        let left_out = ended.map_or(0, |second| second.left_out);
        drop(current);
        tell(left_out);
        admits
    }

    /// Waits for the end of a second in which lines were left out, and says how many; for ever if there were none.
    pub(super) async fn end_of_second(&self) {
        let current = *self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match current.filter(|second| second.left_out > 0) {
            Some(second) => sleep_until(second.began + SECOND).await,
            None => std::future::pending().await,
        }
        self.flush(|second| second.began.elapsed() >= SECOND);
    }

    /// Says how many lines have been left out, before the process ends.
    pub(super) fn end(&self) {
        self.flush(|_| true);
    }

    fn flush(&self, is_over: impl FnOnce(&Current) -> bool) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = current.take_if(|second| is_over(second));
        drop(current);
        tell(ended.map_or(0, |second| second.left_out));
    }
}

fn tell(left_out: u64) {
    match left_out {
        0 => {}
        1 => tracing::info!("and 1 more message was handled in this second"),
        _ => tracing::info!("and {left_out} more messages were handled in this second"),
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, pause};

    use super::*;

    #[tokio::test]
    async fn so_many_lines_a_second_are_admitted_and_the_others_are_counted() {
        pause();
        let limit = LogLimit::new(20);
        let admitted = |limit: &LogLimit| (0..500).filter(|_| limit.admits()).count();
        assert_eq!(admitted(&limit), 20);
        advance(SECOND / 2).await;
        assert_eq!(admitted(&limit), 0);
        assert_eq!(limit.current.lock().unwrap().unwrap().left_out, 980);
        limit.end_of_second().await;
        assert!(limit.current.lock().unwrap().is_none());
        assert_eq!(admitted(&limit), 20);
    }

    #[tokio::test]
    async fn a_second_without_too_many_lines_has_no_end_to_wait_for() {
        let limit = LogLimit::new(20);
        assert!(limit.admits());
        let waited = tokio::time::timeout(Duration::ZERO, limit.end_of_second()).await;
        assert!(waited.is_err());
    }
}
