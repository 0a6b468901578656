//! What the parts of one replica share: its leases, and its news for those who wait.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

use super::time::JournalTime;
use crate::{
    clock::Clock,
    journal::{Lease, Queue, changes::Changes, entry::ConversationToken},
};

/// Shared by the writer, the keeper and the journal's face.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) changes: Changes,
    pub(super) time: JournalTime,
    clock: Clock,
    /// The leases that this replica has given and not yet seen settled or lost, by conversation: their fences, and when
    /// they end by themselves. Whoever could not settle one for want of the database may do so until then.
    held: Mutex<HashMap<(Queue, ConversationToken), (u64, Duration)>>,
    /// Whether the other replicas are to be told, by queue.
    untold: [AtomicBool; 2],
    hint: Notify,
}

impl Shared {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            changes: Changes::new(),
            time: JournalTime::new(clock.clone()),
            clock,
            held: Mutex::default(),
            untold: Default::default(),
            hint: Notify::new(),
        }
    }

    /// Something can be leased: says so here, and soon elsewhere.
    pub(super) fn news(&self, queue: Queue) {
        self.changes.notify(queue);
        self.untold[queue as usize].store(true, Ordering::Relaxed);
        self.hint.notify_one();
    }

    /// Waits until other replicas are to be told something.
    pub(super) async fn hinted(&self) {
        self.hint.notified().await;
    }

    /// The queues of which they are to be told.
    pub(super) fn hints(&self) -> impl Iterator<Item = Queue> {
        let untold = |queue: &Queue| self.untold[*queue as usize].swap(false, Ordering::Relaxed);
        [Queue::Inbox, Queue::Outbox].into_iter().filter(untold)
    }

    /// The lease was given, for so long.
    pub(super) fn hold(&self, lease: &Lease, span: Duration) {
        let ends = self.clock.elapsed().saturating_add(span);
        self.lock().insert((lease.queue, lease.conversation), (lease.fence, ends));
    }

    /// The lease was settled or lost.
    pub(super) fn let_go(&self, lease: &Lease) {
        let mut held = self.lock();
        let key = (lease.queue, lease.conversation);
        if held.get(&key).is_some_and(|(fence, _)| *fence == lease.fence) {
            held.remove(&key);
        }
    }

    pub(super) fn count(&self, queue: Queue) -> u64 {
        self.lasting().keys().filter(|(of, _)| *of == queue).count() as u64
    }

    /// The fences of all leases.
    pub(super) fn fences(&self) -> Vec<i64> {
        self.lasting().values().map(|(fence, _)| fence.cast_signed()).collect()
    }

    /// The leases that have not ended by themselves.
    fn lasting(&self) -> MutexGuard<'_, HashMap<(Queue, ConversationToken), (u64, Duration)>> {
        let now = self.clock.elapsed();
        let mut held = self.lock();
        held.retain(|_, (_, ends)| *ends > now);
        held
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Queue, ConversationToken), (u64, Duration)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
