//! Filters of entries, which all drivers read alike.

use bytes::Bytes;

use super::{EntryId, Queue, Record, State, reason_group::ReasonGroup};
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
    /// Entries of this conversation only, whose entries are found without a look at others.
    pub of_conversation: Option<String>,
    /// Dead letters of this group only, which are found without a look at others.
    pub reason_group: Option<ReasonGroup>,
    /// Entries whose last reason contains this only.
    pub reason: Option<String>,
    /// Entries whose bytes contain one of these only; none of them: whatever the bytes are.
    pub body: Vec<Bytes>,
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
    /// How many entries are looked at at most, of those that queue, state, conversation, group, number and time leave; by
    /// default all.
    pub scan: usize,
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
            of_conversation: None,
            reason_group: None,
            reason: None,
            body: Vec::new(),
            since: None,
            until: None,
            settled_since: None,
            after: None,
            before: None,
            order: Order::default(),
            limit: usize::MAX,
            scan: usize::MAX,
        }
    }
}

impl Filter {
    /// Whether the filter admits a record.
    pub(super) fn admits(&self, record: &Record) -> bool {
        self.queue.is_none_or(|queue| queue == record.queue)
            && self.state.is_none_or(|state| state == record.state)
            && self.conversation.matches(&record.conversation)
            && self.of_conversation.as_ref().is_none_or(|of| *of == record.conversation)
            && self.reason_group.is_none_or(|group| record.reason_group() == Some(group))
            && self.reason.as_ref().is_none_or(|part| {
                record.reason.as_ref().is_some_and(|reason| reason.contains(part.as_str()))
            })
            && (self.body.is_empty() || self.body.iter().any(|part| contains(&record.body, part)))
            && self.since.is_none_or(|since| record.accepted_at >= since)
            && self.until.is_none_or(|until| record.accepted_at < until)
            && self.settled_since.is_none_or(|since| record.settled_at.is_some_and(|at| at >= since))
            && self.after.is_none_or(|after| record.id > after)
            && self.before.is_none_or(|before| record.id < before)
    }
}

/// Whether `part` is anywhere in `bytes`.
fn contains(bytes: &[u8], part: &[u8]) -> bool {
    part.is_empty() || bytes.windows(part.len()).any(|window| window == part)
}

impl KeyPattern {
    /// Whether a key looks like this.
    pub fn matches(&self, key: &str) -> bool {
        key.starts_with(&self.begins) && key.contains(&self.contains) && key.ends_with(&self.ends)
    }
}
