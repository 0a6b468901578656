//! What changed, in order: what the page follows, and what waits for something to happen.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::watch;

use super::window::Window;

/// Most changes that a page which was away can catch up with.
const MOST: usize = 1000;
/// Most bytes of all of them together.
const MOST_BYTES: usize = 4 << 20;

/// The latest changes.
#[derive(Debug)]
pub(super) struct Feed {
    /// Tells one run of the sandbox from another, so that a page notices a restart.
    pub(super) instance: String,
    changes: Window<Arc<Change>>,
    latest: watch::Sender<u64>,
}

/// A new or changed object.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) id: u64,
    /// `message`, `delivery`, …
    pub(super) event: &'static str,
    /// The whole object, as JSON.
    pub(super) data: String,
}

impl Feed {
    pub(super) fn new() -> Self {
        Self {
            instance: format!("{:08x}", rand::random::<u32>()),
            changes: Window::new(MOST, MOST_BYTES, |change| change.data.len()),
            latest: watch::Sender::new(0),
        }
    }

    /// Adds a change; whoever waits for one wakes up.
    pub(super) fn publish(&mut self, event: &'static str, object: &impl Serialize) {
        let id = self.changes.next_id();
        // None of our own types fails to be JSON.
        let data = serde_json::to_string(object).unwrap_or_default();
        self.changes.push(Arc::new(Change { id, event, data }));
        self.latest.send_replace(id);
    }

    /// Shows the number of the latest change.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.latest.subscribe()
    }

    /// The number of the latest change.
    pub(super) fn latest(&self) -> u64 {
        self.changes.last_id()
    }

    /// The changes after the one called `id`; none if some of them are gone.
    pub(super) fn after(&self, id: u64) -> Option<Vec<Arc<Change>>> {
        let known = id <= self.latest() && !self.changes.has_lost_after(id);
        known.then(|| self.changes.after(id).map(Arc::clone).collect())
    }
}
