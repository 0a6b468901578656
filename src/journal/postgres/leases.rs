//! The leases that this replica has given.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use crate::{
    clock::Clock,
    journal::{Lease, Queue, entry::ConversationToken},
    lock::lock,
};

/// The leases that this replica has given and has not seen settled or lost, by conversation.
///
/// A lease that could not be settled because the database was away stays here until its end, so that its holder can
/// settle it when the database is back.
#[derive(Debug)]
pub(super) struct ActiveLeases {
    clock: Clock,
    by_conversation: Mutex<HashMap<(Queue, ConversationToken), ActiveLease>>,
}

/// A lease that lasts.
#[derive(Debug)]
struct ActiveLease {
    fence: u64,
    /// The process's own time at which the lease ends by itself.
    ends_at: Duration,
}

impl ActiveLeases {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, by_conversation: Mutex::default() }
    }

    /// Notes that `lease` was given for `span`.
    pub(super) fn add(&self, lease: &Lease, span: Duration) {
        let ends_at = self.clock.elapsed().saturating_add(span);
        self.lock()
            .insert((lease.queue, lease.conversation), ActiveLease { fence: lease.fence, ends_at });
    }

    /// Notes that `lease` was settled or lost.
    pub(super) fn remove(&self, lease: &Lease) {
        let mut leases = self.lock();
        let key = (lease.queue, lease.conversation);
        if leases.get(&key).is_some_and(|active| active.fence == lease.fence) {
            leases.remove(&key);
        }
    }

    /// How many leases of a queue there are.
    pub(super) fn count(&self, queue: Queue) -> u64 {
        self.unexpired().keys().filter(|(of, _)| *of == queue).count() as u64
    }

    /// The fences of all leases.
    pub(super) fn fences(&self) -> Vec<i64> {
        self.unexpired().values().map(|lease| lease.fence.cast_signed()).collect()
    }

    fn unexpired(&self) -> MutexGuard<'_, HashMap<(Queue, ConversationToken), ActiveLease>> {
        let now = self.clock.elapsed();
        let mut leases = self.lock();
        leases.retain(|_, lease| lease.ends_at > now);
        leases
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Queue, ConversationToken), ActiveLease>> {
        lock(&self.by_conversation)
    }
}
