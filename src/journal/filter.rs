//! Filters of entries, which all drivers read alike.

use super::{EntryId, Queue, Record, State};
use crate::clock::UnixMillis;

/// Which entries to list; by default all of them, newest first.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Entries of this queue only.
    pub queue: Option<Queue>,
    /// Entries in this state only.
    pub state: Option<State>,
    /// Entries of conversations whose keys look like this only.
    pub conversation: KeyPattern,
    /// Entries that were made durable at this time or later.
    pub since: Option<UnixMillis>,
    /// Entries that were made durable before this time.
    pub until: Option<UnixMillis>,
    /// Entries that were finished or buried at this time or later.
    pub settled_since: Option<UnixMillis>,
    /// Entries with a higher number than this one.
    pub after: Option<EntryId>,
    /// Entries with a lower number than this one.
    pub before: Option<EntryId>,
    /// Which of the entries come first.
    pub order: Order,
    /// How many entries are listed at most.
    pub limit: usize,
}

/// A pattern for keys: how they begin, what they contain and how they end; each may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyPattern {
    /// How the keys begin.
    pub begins: String,
    /// A piece that is anywhere in the keys.
    pub contains: String,
    /// How the keys end.
    pub ends: String,
}

/// Which entries of a list come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The highest number.
    #[default]
    NewestFirst,
    /// The lowest number.
    OldestFirst,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            queue: None,
            state: None,
            conversation: KeyPattern::default(),
            since: None,
            until: None,
            settled_since: None,
            after: None,
            before: None,
            order: Order::default(),
            limit: usize::MAX,
        }
    }
}

impl Filter {
    /// Whether the filter admits a record.
    pub(super) fn admits(&self, record: &Record) -> bool {
        self.queue.is_none_or(|queue| queue == record.queue)
            && self.state.is_none_or(|state| state == record.state)
            && self.conversation.matches(&record.conversation)
            && self.since.is_none_or(|since| record.accepted_at >= since)
            && self.until.is_none_or(|until| record.accepted_at < until)
            && self.settled_since.is_none_or(|since| record.settled_at.is_some_and(|at| at >= since))
            && self.after.is_none_or(|after| record.id > after)
            && self.before.is_none_or(|before| record.id < before)
    }
}

impl KeyPattern {
    fn matches(&self, key: &str) -> bool {
        key.starts_with(&self.begins) && key.contains(&self.contains) && key.ends_with(&self.ends)
    }
}
