//! The time at which something that is scheduled is due next, as far as a replica knows it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::clock::Clock;

/// The time at which a lease of the Inbox looks for what is due.
///
/// A replica's own finishes bring the time forward, and the maintenance reads it from the tables now and then, where other
/// replicas and operators schedule as well. So most leases need not look.
#[derive(Debug)]
pub(super) struct NextDue {
    clock: Clock,
    /// The time in milliseconds, by the process's own time, which no step of a clock changes.
    at: AtomicU64,
}

impl NextDue {
    /// A time that is not known yet: the first lease looks.
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, at: AtomicU64::new(0) }
    }

    /// Whether something may be due. A test's clock can jump at any moment, so that under it something always may.
    pub(super) fn may_be_now(&self) -> bool {
        self.clock.manual_now().is_some() || self.now() >= self.at.load(Ordering::Relaxed)
    }

    /// Brings the time forward, if something is due in `span`.
    pub(super) fn bring_forward(&self, span: Duration) {
        self.at.fetch_min(self.after(span), Ordering::Relaxed);
    }

    /// Takes over the time that was read from the tables. A time that was brought forward by a commit just now may be lost
    /// with this, until the next reading.
    pub(super) fn set(&self, span: Option<Duration>) {
        self.at.store(span.map_or(u64::MAX, |span| self.after(span)), Ordering::Relaxed);
    }

    fn after(&self, span: Duration) -> u64 {
        self.now().saturating_add(millis(span))
    }

    fn now(&self) -> u64 {
        millis(self.clock.elapsed())
    }
}

fn millis(span: Duration) -> u64 {
    span.as_millis().try_into().unwrap_or(u64::MAX)
}
