//! The changes of the sandbox's state, in order: the page follows them, and waiting tasks wake up at them.

use serde::Serialize;
use tokio::sync::watch;

use super::ring_buffer::RingBuffer;

/// The largest number of changes that are kept for a page whose connection broke.
const MAX_CHANGES: usize = 1000;
/// The largest size of all kept changes together.
const MAX_BYTES: usize = 4 << 20;

/// The latest changes.
#[derive(Debug)]
pub(super) struct ChangeFeed {
    /// A random name of this run of the sandbox, by which a page notices a restart.
    pub(super) instance: String,
    changes: RingBuffer<Change>,
    /// The number of the latest change; a new number wakes the pages and tasks that wait.
    latest: watch::Sender<u64>,
}

/// A new or changed object.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) id: u64,
    /// The kind of the object: `message`, `delivery`, …
    pub(super) event: &'static str,
    /// The whole object, as JSON.
    pub(super) data: String,
}

impl ChangeFeed {
    pub(super) fn new() -> Self {
        Self {
            instance: format!("{:08x}", rand::random::<u32>()),
            changes: RingBuffer::new(MAX_CHANGES, MAX_BYTES, |change| change.data.len()),
            latest: watch::Sender::new(0),
        }
    }

    /// Adds a change, and wakes the pages and tasks that wait for one.
    pub(super) fn publish(&mut self, event: &'static str, object: &impl Serialize) {
        let id = self.changes.next_id();
        // All types of the sandbox can be written as JSON.
        let data = serde_json::to_string(object).unwrap_or_default();
        self.changes.push(Change { id, event, data });
        self.latest.send_replace(id);
    }

    /// A receiver that wakes at each change.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.latest.subscribe()
    }

    /// The number of the latest change.
    pub(super) fn latest(&self) -> u64 {
        self.changes.last_id()
    }

    /// Whether every change after the change `id` is still kept.
    pub(super) fn has_all_after(&self, id: u64) -> bool {
        id <= self.latest() && !self.changes.has_lost_after(id)
    }

    /// The oldest change after the change `id`.
    pub(super) fn next_after(&self, id: u64) -> Option<&Change> {
        self.changes.after(id).next()
    }
}
