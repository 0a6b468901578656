//! The timer of one connection: a deadline for each request, and one alarm for all of them.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use hyper::rt::{self, Timer};
use tokio::time::{Instant, Sleep, sleep_until};

use super::headroom::ConnectionHeadroom;
use crate::lock::lock;

/// The timer that `hyper` uses for the requests of one connection.
///
/// `hyper` asks for a new deadline with each request, and nearly all deadlines are met. Setting and clearing the
/// runtime's timer for each would cost more than verifying and parsing the request. So the alarm is left standing when a
/// deadline is met; when it rings, it is set for the deadline that holds by then.
#[derive(Debug)]
pub(super) struct ConnectionTimer {
    alarm: Alarm,
    headroom: ConnectionHeadroom,
}

/// The runtime's timer that all deadlines of a connection share; `None` until there is a deadline.
type Alarm = Arc<Mutex<Option<Pin<Box<Sleep>>>>>;

impl ConnectionTimer {
    pub(super) fn new(headroom: ConnectionHeadroom) -> Self {
        Self { alarm: Alarm::default(), headroom }
    }
}

impl Timer for ConnectionTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        self.sleep_until((Instant::now() + duration).into_std())
    }

    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn rt::Sleep>> {
        let deadline = Instant::from_std(deadline);
        // The clock is read only where headroom is scarce: `hyper` has just read it for this request.
        let at = if self.headroom.is_scarce() {
            let now = Instant::now();
            now + self.headroom.shorten(deadline.saturating_duration_since(now))
        } else {
            deadline
        };
        Box::pin(Deadline { at, alarm: Arc::clone(&self.alarm) })
    }
}

/// One deadline; it completes once its time has come.
struct Deadline {
    at: Instant,
    alarm: Alarm,
}

impl rt::Sleep for Deadline {}

impl Future for Deadline {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut alarm = lock(&self.alarm);
        let alarm = alarm.get_or_insert_with(|| Box::pin(sleep_until(self.at)));
        if alarm.deadline() > self.at {
            alarm.as_mut().reset(self.at);
        }
        // The alarm rings for the earliest deadline that it was set for. The clock is read only then.
        while alarm.as_mut().poll(context).is_ready() {
            if Instant::now() >= self.at {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(self.at);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        sync::Semaphore,
        time::{advance, timeout},
    };

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn timer(slots: usize) -> ConnectionTimer {
        ConnectionTimer::new(ConnectionHeadroom::new(Arc::new(Semaphore::new(slots))))
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_is_kept_though_an_earlier_one_was_met_before_it() {
        let timer = timer(1);
        let begun = Instant::now();
        // The deadline is set, polled once, and met.
        assert!(timeout(SECOND / 2, timer.sleep(SECOND)).await.is_err());
        timer.sleep(SECOND).await;
        assert_eq!(begun.elapsed().as_millis() / 100, 15);
    }

    #[tokio::test(start_paused = true)]
    async fn an_earlier_deadline_after_a_later_one_is_kept_too() {
        let timer = timer(1);
        let begun = Instant::now();
        assert!(timeout(SECOND / 2, timer.sleep(SECOND * 10)).await.is_err());
        timer.sleep(SECOND).await;
        assert_eq!(begun.elapsed().as_millis() / 100, 15);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_that_is_over_when_it_is_looked_at_is_over() {
        let deadline = timer(1).sleep(SECOND);
        advance(SECOND * 2).await;
        timeout(Duration::ZERO, deadline).await.unwrap();
    }
}
