//! The timer of one connection: a deadline for each request, but one alarm for all of them.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use hyper::rt::{self, Timer};
use tokio::time::{Instant, Sleep, sleep_until};

/// Times the requests of one connection.
///
/// `hyper` asks for a new deadline with each request, nearly all of which are met. Setting and clearing the
/// runtime's timer for each would cost more than verifying and parsing it. So the alarm is left standing when a
/// deadline is met; when it rings, it is set for the deadline that counts by then.
#[derive(Debug, Default)]
pub(super) struct ConnectionTimer(Alarm);

type Alarm = Arc<Mutex<Option<Pin<Box<Sleep>>>>>;

impl Timer for ConnectionTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Deadline { at: Instant::now() + duration, alarm: Arc::clone(&self.0) })
    }

    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Deadline { at: deadline.into(), alarm: Arc::clone(&self.0) })
    }
}

struct Deadline {
    at: Instant,
    alarm: Alarm,
}

impl rt::Sleep for Deadline {}

impl Future for Deadline {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.at {
            return Poll::Ready(());
        }
        let mut alarm = self.alarm.lock().unwrap_or_else(PoisonError::into_inner);
        let alarm = alarm.get_or_insert_with(|| Box::pin(sleep_until(self.at)));
        if alarm.deadline() > self.at {
            alarm.as_mut().reset(self.at);
        }
        while alarm.as_mut().poll(context).is_ready() {
            alarm.as_mut().reset(self.at);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_deadline_is_kept_though_an_earlier_one_was_met_before_it() {
        let timer = ConnectionTimer::default();
        let begun = Instant::now();
        // Set, polled once, and met.
        assert!(timeout(SECOND / 2, timer.sleep(SECOND)).await.is_err());
        timer.sleep(SECOND).await;
        assert_eq!(begun.elapsed().as_millis() / 100, 15);
    }

    #[tokio::test(start_paused = true)]
    async fn an_earlier_deadline_after_a_later_one_is_kept_too() {
        let timer = ConnectionTimer::default();
        let begun = Instant::now();
        assert!(timeout(SECOND / 2, timer.sleep(SECOND * 10)).await.is_err());
        timer.sleep(SECOND).await;
        assert_eq!(begun.elapsed().as_millis() / 100, 15);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_that_is_over_when_it_is_looked_at_is_over() {
        let deadline = ConnectionTimer::default().sleep(SECOND);
        advance(SECOND * 2).await;
        timeout(Duration::ZERO, deadline).await.unwrap();
    }
}
