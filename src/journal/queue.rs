//! The two queues of a journal, and a value for each of them.

use std::ops::{Index, IndexMut};

use serde::Serialize;

/// One of the journal's two queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    /// Messages that arrived and are to be handled.
    Inbox,
    /// Replies that are to be sent to the platform.
    Outbox,
}

impl Queue {
    /// Both queues.
    pub const ALL: [Self; 2] = [Self::Inbox, Self::Outbox];

    /// The queue's name in logs, metrics and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Outbox => "outbox",
        }
    }
}

/// A value for each queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PerQueue<T> {
    /// The value for the Inbox.
    pub inbox: T,
    /// The value for the Outbox.
    pub outbox: T,
}

impl<T> PerQueue<T> {
    /// Makes the value for each queue.
    pub fn new(mut make: impl FnMut(Queue) -> T) -> Self {
        Self { inbox: make(Queue::Inbox), outbox: make(Queue::Outbox) }
    }

    /// The queues with their values.
    pub fn iter(&self) -> impl Iterator<Item = (Queue, &T)> {
        [(Queue::Inbox, &self.inbox), (Queue::Outbox, &self.outbox)].into_iter()
    }

    /// The queues with their values, which may be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Queue, &mut T)> {
        [(Queue::Inbox, &mut self.inbox), (Queue::Outbox, &mut self.outbox)].into_iter()
    }
}

impl<T> Index<Queue> for PerQueue<T> {
    type Output = T;

    fn index(&self, queue: Queue) -> &T {
        match queue {
            Queue::Inbox => &self.inbox,
            Queue::Outbox => &self.outbox,
        }
    }
}

impl<T> IndexMut<Queue> for PerQueue<T> {
    fn index_mut(&mut self, queue: Queue) -> &mut T {
        match queue {
            Queue::Inbox => &mut self.inbox,
            Queue::Outbox => &mut self.outbox,
        }
    }
}
