//! What the parts of one replica share: its leases, and its news for those who wait.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::Notify;

use super::{digest::Digest, values::queue_number};
use crate::journal::{EntryId, Lease, Queue, books::Changes, fingerprint::Fingerprint};

/// Shared by the writer, the keeper and the journal's face.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) changes: Changes,
    /// The leases that this replica has given and not yet seen settled, by conversation.
    held: Mutex<HashMap<(Queue, Fingerprint), (EntryId, u64)>>,
    /// Whether the other replicas are to be told, by queue.
    untold: [AtomicBool; 2],
    hint: Notify,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            changes: Changes::new(),
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

    pub(super) fn hold(&self, lease: &Lease) {
        self.lock().insert((lease.queue, lease.conversation), (lease.id, lease.fence));
    }

    /// The lease was settled or lost.
    pub(super) fn let_go(&self, lease: &Lease) {
        let mut held = self.lock();
        let key = (lease.queue, lease.conversation);
        if held.get(&key).is_some_and(|(_, fence)| *fence == lease.fence) {
            held.remove(&key);
        }
    }

    /// Somebody has settled the entry for good, whoever held it.
    pub(super) fn forget(&self, queue: Queue, line: Digest, id: EntryId) {
        let mut held = self.lock();
        let key = (queue, line.into());
        if held.get(&key).is_some_and(|(held, _)| *held == id) {
            held.remove(&key);
        }
    }

    pub(super) fn count(&self, queue: Queue) -> u64 {
        self.lock().keys().filter(|(of, _)| *of == queue).count() as u64
    }

    /// All leases: queues, conversations and fences.
    pub(super) fn held(&self) -> (Vec<i16>, Vec<Digest>, Vec<i64>) {
        let mut all = (Vec::new(), Vec::new(), Vec::new());
        for ((queue, line), (_, fence)) in &*self.lock() {
            all.0.push(queue_number(*queue));
            all.1.push((*line).into());
            all.2.push(fence.cast_signed());
        }
        all
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Queue, Fingerprint), (EntryId, u64)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
