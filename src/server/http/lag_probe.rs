//! The queue delay of a core runtime: a probe measures how long requests wait for their turn, and sheds load.
//!
//! # Design
//!
//! The work of a runtime that cannot keep up waits in the operating system's list of ready connections, where nobody
//! sees how long it has been there. A server without a probe would answer late and refuse nobody. So from time to time a
//! request makes the runtime send one byte, the probe, to itself. The probe waits behind the connections that are ready
//! by then. While a probe is under way for too long, new requests are refused, until it is back. Each late probe halves
//! the accept window of the next one, which is the time in which requests are still accepted behind it; each probe in
//! time doubles the window. So just as much is refused that the other requests are answered in time.
//!
//! A pause of the whole process is no queue delay: after it the probe is among the first bytes that are read.

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

/// Queue delay from which on a probe is late. Also the longest accept window.
const LATE: Duration = Duration::from_millis(100);
/// Number of requests that are accepted behind a probe in any case: requests that were in progress, and requests that were
/// read with the probe. So many requests say nothing about a queue.
const ALWAYS_ACCEPTED: u64 = 256;
/// Shortest accept window, however many probes were late.
const SHORTEST_WINDOW: Duration = Duration::from_millis(1);
/// Time from a probe's return to the next probe.
const PAUSE: Duration = Duration::from_millis(10);

/// The probe of one core runtime; clones share it.
#[derive(Debug, Clone)]
pub(super) struct LagProbe(Arc<State>);

/// The state of the probe, which only the runtime's own thread uses. Times are microseconds since `started`.
#[derive(Debug)]
struct State {
    /// The socket that probes are written to.
    sender: StdStream,
    started: Instant,
    /// The time at which the probe left; 0 if no probe is under way.
    sent_at: AtomicU64,
    /// The time at which the last probe came back.
    returned_at: AtomicU64,
    /// The number of requests since the probe left.
    requests: AtomicU64,
    /// The length of the accept window: the time after the probe has left in which requests are accepted.
    accept_window: AtomicU64,
}

impl LagProbe {
    /// Starts the probe of `runtime`.
    ///
    /// # Errors
    ///
    /// The operating system has no file descriptors left.
    pub(super) fn start(runtime: &Runtime) -> io::Result<Self> {
        let (sender, receiver) = StdStream::pair()?;
        sender.set_nonblocking(true)?;
        receiver.set_nonblocking(true)?;
        let _entered = runtime.enter();
        let receiver = UnixStream::from_std(receiver)?;
        let state = Arc::new(State {
            sender,
            started: Instant::now(),
            sent_at: AtomicU64::new(0),
            returned_at: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            accept_window: AtomicU64::new(micros(LATE)),
        });
        runtime.spawn(Arc::clone(&state).receive_probes(receiver));
        Ok(Self(state))
    }

    /// Counts a request that arrives `now`, and says whether it should be refused to shed load.
    pub(super) fn should_shed(&self, now: Instant) -> bool {
        let State { sender, sent_at, returned_at, requests, accept_window, .. } = &*self.0;
        let now = self.0.micros_at(now);
        let sent = sent_at.load(Relaxed);
        if sent == 0 {
            let is_due = now >= returned_at.load(Relaxed) + micros(PAUSE);
            if is_due && (&*sender).write(&[0]).is_ok() {
                requests.store(0, Relaxed);
                sent_at.store(now, Relaxed);
            }
            return false;
        }
        let behind_probe = requests.fetch_add(1, Relaxed);
        behind_probe >= ALWAYS_ACCEPTED && now >= sent + accept_window.load(Relaxed)
    }
}

impl State {
    /// Reads the probes back; ends with the runtime.
    async fn receive_probes(self: Arc<Self>, mut receiver: UnixStream) {
        // A socket pair within the process does not fail. If it did, no further probe would leave, and nothing be shed.
        let mut is_open = true;
        while is_open {
            is_open = receiver.read_u8().await.is_ok();
            self.note_return(Instant::now());
        }
    }

    /// Notes that the probe came back, and adapts the accept window of the next one.
    fn note_return(&self, now: Instant) {
        let now = self.micros_at(now);
        let was_late = now >= self.sent_at.swap(0, Relaxed) + micros(LATE);
        self.returned_at.store(now, Relaxed);
        let window = self.accept_window.load(Relaxed);
        let window = if was_late { window / 2 } else { window * 2 };
        self.accept_window.store(window.clamp(micros(SHORTEST_WINDOW), micros(LATE)), Relaxed);
    }

    /// The microseconds from the start to `at`, and at least 1, because 0 stands for no time.
    fn micros_at(&self, at: Instant) -> u64 {
        micros(at.saturating_duration_since(self.started)).max(1)
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use tokio::{runtime::Builder, task::yield_now};

    use super::*;

    /// The number of requests to shed among `requests` that arrive `now`.
    fn shed(probe: &LagProbe, requests: u64, now: Instant) -> u64 {
        (0..requests).map(|_| u64::from(probe.should_shed(now))).sum()
    }

    #[test]
    fn requests_are_shed_while_the_probe_is_under_way_for_too_long() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let probe = LagProbe::start(&runtime).unwrap();
        let sent = Instant::now() + PAUSE;
        assert_eq!(shed(&probe, 1 + ALWAYS_ACCEPTED, sent), 0);
        assert_eq!(shed(&probe, 1000, sent + LATE - Duration::from_millis(1)), 0);
        assert_eq!(shed(&probe, 1000, sent + LATE), 1000);
        runtime.block_on(async {
            while probe.should_shed(sent + LATE) {
                yield_now().await;
            }
        });
        assert_eq!(shed(&probe, 1000, sent + LATE), 0);
    }

    #[test]
    fn after_a_pause_of_the_process_nothing_is_shed() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let probe = LagProbe::start(&runtime).unwrap();
        let sent = Instant::now() + PAUSE;
        assert_eq!(shed(&probe, 1, sent), 0);
        assert_eq!(shed(&probe, ALWAYS_ACCEPTED, sent + LATE * 10), 0);
    }

    #[test]
    fn the_later_the_probes_the_less_is_accepted() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let probe = LagProbe::start(&runtime).unwrap();
        let mut now = Instant::now();
        // The accept window in milliseconds behind a probe that is under way for `delay`.
        let mut window_before = |delay| {
            now += PAUSE;
            assert_eq!(shed(&probe, 1 + ALWAYS_ACCEPTED, now), 0);
            let millis =
                (1..=100).find(|&millis| probe.should_shed(now + Duration::from_millis(millis)));
            now += delay;
            probe.0.note_return(now);
            millis.unwrap()
        };
        let delays = [LATE, LATE, LATE * 9, LATE / 2, LATE / 2, LATE / 2, LATE / 2];
        assert_eq!(delays.map(&mut window_before), [100, 50, 25, 13, 25, 50, 100]);
        assert_eq!([LATE; 10].map(&mut window_before)[7..], [1, 1, 1]);
    }
}
