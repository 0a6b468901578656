//! The timer of one connection: a deadline for each request, but one alarm for all of them.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use hyper::rt::{self, Timer};
use tokio::{
    sync::Semaphore,
    time::{Instant, Sleep, sleep_until},
};

/// However crowded it is, a client has this time to send its headers.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);

/// Times the requests of one connection.
///
/// `hyper` asks for a new deadline with each request, nearly all of which are met. Setting and clearing the
/// runtime's timer for each would cost more than verifying and parsing it. So the alarm is left standing when a
/// deadline is met; when it rings, it is set for the deadline that counts by then.
#[derive(Debug)]
pub(super) struct ConnectionTimer {
    alarm: Alarm,
    room: Room,
}

/// How many more connections there is room for.
///
/// # Design
///
/// A crowd of idle or slow connections must not keep others out for as long as each of them may be idle. So where
/// less than half of the slots are free, patience shrinks with the square of what is: a crowd that takes them all
/// at once has left one in eight again after a second. Nothing has to be looked for and cut off, and a proxy's idle
/// connections last while there is room.
#[derive(Debug, Clone)]
pub(super) struct Room {
    slots: Arc<Semaphore>,
    size: usize,
}

impl Room {
    /// Room for as many connections as `slots` has permits now.
    pub(super) fn new(slots: Arc<Semaphore>) -> Self {
        Self { size: slots.available_permits(), slots }
    }

    #[expect(clippy::cast_precision_loss, reason = "a share of the connections")]
    fn share(&self) -> f64 {
        self.slots.available_permits() as f64 / (self.size as f64 / 2.0)
    }

    fn shorten(&self, patience: Duration) -> Duration {
        let share = self.share();
        if share < 1.0 {
            patience.mul_f64(share * share).max(LEAST_PATIENCE.min(patience))
        } else {
            patience
        }
    }
}

type Alarm = Arc<Mutex<Option<Pin<Box<Sleep>>>>>;

impl ConnectionTimer {
    pub(super) fn new(room: Room) -> Self {
        Self { alarm: Alarm::default(), room }
    }
}

impl Timer for ConnectionTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        self.sleep_until((Instant::now() + duration).into_std())
    }

    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn rt::Sleep>> {
        let deadline = Instant::from_std(deadline);
        // The clock is read only where there is a crowd: `hyper` has just done so for each request.
        let at = if self.room.share() < 1.0 {
            let now = Instant::now();
            now + self.room.shorten(deadline.saturating_duration_since(now))
        } else {
            deadline
        };
        Box::pin(Deadline { at, alarm: Arc::clone(&self.alarm) })
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
        let mut alarm = self.alarm.lock().unwrap_or_else(PoisonError::into_inner);
        let alarm = alarm.get_or_insert_with(|| Box::pin(sleep_until(self.at)));
        if alarm.deadline() > self.at {
            alarm.as_mut().reset(self.at);
        }
        // It rings for the earliest deadline that it was set for; only then is the time looked at.
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
    use tokio::time::{advance, timeout};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn timer(slots: usize) -> ConnectionTimer {
        ConnectionTimer::new(Room::new(Arc::new(Semaphore::new(slots))))
    }

    #[test]
    fn patience_shrinks_once_half_of_the_slots_are_taken() {
        let room = Room::new(Arc::new(Semaphore::new(1000)));
        for (taken, seconds) in
            [(0, 15.0), (500, 15.0), (600, 9.6), (750, 3.75), (900, 1.0), (1000, 1.0)]
        {
            let _slots = room.slots.try_acquire_many(taken).unwrap();
            assert_eq!(room.shorten(SECOND * 15), Duration::from_secs_f64(seconds), "{taken} taken");
            assert_eq!(room.shorten(SECOND / 10), SECOND / 10, "nothing is made longer");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_is_kept_though_an_earlier_one_was_met_before_it() {
        let timer = timer(1);
        let begun = Instant::now();
        // Set, polled once, and met.
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
