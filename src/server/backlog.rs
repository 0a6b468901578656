//! How long the requests of a lane wait for their turn.
//!
//! # Design
//!
//! A lane that cannot keep up has its work in the operating system's list of ready connections, where nobody sees how
//! long it has been there: whoever answers late has no reason to refuse anybody. So from time to time a request sends a
//! byte from the lane to itself. The byte waits behind the connections that are ready by then, and once it is on its
//! way for too long, new requests do better to be refused, until it is back. Each byte that was late halves the time in
//! which requests are accepted behind the next one, each that was not doubles it: so that much is refused that the
//! others are in time.
//!
//! A pause of the whole process is not that: after it the byte is among the first that are read.

use std::{
    io::{self, Write as _},
    os::unix::net::UnixStream as StdStream,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{io::AsyncReadExt as _, net::UnixStream, runtime::Runtime, time::Instant};

/// From this time on, what waited for its turn is late.
const LATE: Duration = Duration::from_millis(100);
/// What is served while the byte is on its way, though nobody waits: what was in progress, and what was read with it.
const IN_PROGRESS: u64 = 256;
/// Least time in which requests are accepted, however many bytes were late.
const LEAST: Duration = Duration::from_millis(1);
/// From a byte's return to the next one.
const PAUSE: Duration = Duration::from_millis(10);

/// The waiting requests of one lane, as its connections see them.
#[derive(Debug, Clone)]
pub(super) struct Backlog(Arc<State>);

/// Only the lane's own thread uses it.
#[derive(Debug)]
struct State {
    near_end: StdStream,
    began: Instant,
    /// Microseconds from the beginning to when the byte left; 0 if none is on its way.
    sent: AtomicU64,
    /// Microseconds from the beginning to when the last byte was back.
    back: AtomicU64,
    /// Requests since the byte left.
    served: AtomicU64,
    /// For how many microseconds since it left they are accepted.
    open: AtomicU64,
}

impl Backlog {
    /// Of the lane that is `runtime`.
    ///
    /// # Errors
    ///
    /// The operating system has no file descriptors left.
    pub(super) fn of(runtime: &Runtime) -> io::Result<Self> {
        let (near_end, far_end) = StdStream::pair()?;
        near_end.set_nonblocking(true)?;
        far_end.set_nonblocking(true)?;
        let _entered = runtime.enter();
        let far_end = UnixStream::from_std(far_end)?;
        let (sent, back, served) = Default::default();
        let open = micros(LATE).into();
        let state = Arc::new(State { near_end, began: Instant::now(), sent, back, served, open });
        runtime.spawn(Arc::clone(&state).watch(far_end));
        Ok(Self(state))
    }

    /// Counts a request that arrives `now`; whether it has waited for so long that it is to be refused.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        let State { near_end, sent, back, served, open, .. } = &*self.0;
        let now = self.0.micros(now);
        let left = sent.load(Relaxed);
        if left == 0 {
            if now >= back.load(Relaxed) + micros(PAUSE) && (&*near_end).write(&[0]).is_ok() {
                served.store(0, Relaxed);
                sent.store(now, Relaxed);
            }
            return false;
        }
        let served = served.fetch_add(1, Relaxed);
        served >= IN_PROGRESS && now >= left + open.load(Relaxed)
    }
}

impl State {
    /// Takes the bytes back; ends with the lane.
    async fn watch(self: Arc<Self>, mut far_end: UnixStream) {
        // Nothing can fail between the two ends; if it did, no byte would leave any more.
        let mut is_well = true;
        while is_well {
            is_well = far_end.read_u8().await.is_ok();
            self.returned(Instant::now());
        }
    }

    fn returned(&self, at: Instant) {
        let at = self.micros(at);
        let was_late = at >= self.sent.swap(0, Relaxed) + micros(LATE);
        self.back.store(at, Relaxed);
        let open = self.open.load(Relaxed);
        let open = if was_late { open / 2 } else { open * 2 };
        self.open.store(open.clamp(micros(LEAST), micros(LATE)), Relaxed);
    }

    /// Never 0.
    fn micros(&self, at: Instant) -> u64 {
        micros(at.saturating_duration_since(self.began)).max(1)
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use tokio::{runtime::Builder, task::yield_now};

    use super::*;

    /// How many of `requests` that arrive `now` are late.
    fn late(backlog: &Backlog, requests: u64, now: Instant) -> u64 {
        (0..requests).map(|_| u64::from(backlog.is_late(now))).sum()
    }

    #[test]
    fn requests_are_late_while_the_byte_is_on_its_way_for_too_long() {
        let lane = Builder::new_current_thread().enable_all().build().unwrap();
        let backlog = Backlog::of(&lane).unwrap();
        let sent = Instant::now() + PAUSE;
        assert_eq!(late(&backlog, 1 + IN_PROGRESS, sent), 0);
        assert_eq!(late(&backlog, 1000, sent + LATE - Duration::from_millis(1)), 0);
        assert_eq!(late(&backlog, 1000, sent + LATE), 1000);
        lane.block_on(async {
            while backlog.is_late(sent + LATE) {
                yield_now().await;
            }
        });
        assert_eq!(late(&backlog, 1000, sent + LATE), 0);
    }

    #[test]
    fn after_a_pause_of_the_process_nothing_is_late() {
        let lane = Builder::new_current_thread().enable_all().build().unwrap();
        let backlog = Backlog::of(&lane).unwrap();
        let sent = Instant::now() + PAUSE;
        assert_eq!(late(&backlog, 1, sent), 0);
        assert_eq!(late(&backlog, IN_PROGRESS, sent + LATE * 10), 0);
    }

    #[test]
    fn the_later_the_bytes_the_less_is_accepted() {
        let lane = Builder::new_current_thread().enable_all().build().unwrap();
        let backlog = Backlog::of(&lane).unwrap();
        let mut now = Instant::now();
        // How long requests are accepted behind a byte that is on its way for `flight`.
        let mut open_for = |flight| {
            now += PAUSE;
            assert_eq!(late(&backlog, 1 + IN_PROGRESS, now), 0);
            let millis = (1..=100).find(|&millis| backlog.is_late(now + Duration::from_millis(millis)));
            now += flight;
            backlog.0.returned(now);
            millis.unwrap()
        };
        let flights = [LATE, LATE, LATE * 9, LATE / 2, LATE / 2, LATE / 2, LATE / 2];
        assert_eq!(flights.map(&mut open_for), [100, 50, 25, 13, 25, 50, 100]);
        assert_eq!([LATE; 10].map(&mut open_for)[7..], [1, 1, 1]);
    }
}
