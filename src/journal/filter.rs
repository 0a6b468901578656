//! Filters of entries, which all drivers read alike.

use bytes::Bytes;
use memchr::memmem;

use super::{EntryId, Queue, Record, State, entry_key::SEPARATOR, reason_group::ReasonGroup};
use crate::clock::UnixMillis;

/// Which entries to list; by default all of them, newest first.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Entries of this queue only.
    pub queue: Option<Queue>,
    /// Entries in this state only.
    pub state: Option<State>,
    /// Entries of conversations whose keys look like this only; those of a user are found without a look at others.
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
    /// How many entries are looked at at most, of those that queue, state, conversation, user, group, number and time leave;
    /// by default all.
    pub scan: usize,
}

/// A pattern for keys: how they begin, what they contain and how they end; each may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyPattern {
    /// How the keys begin.
    pub begins: String,
    /// A piece that is anywhere in the keys.
    pub contains: String,
    /// How the keys end. U+001F and what follows it name a user.
    pub ends: String,
}

/// Whose entries a filter admits only, where an index has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntriesOf<'a> {
    /// One conversation's entries.
    Conversation(&'a str),
    /// A user's entries in all conversations.
    User(&'a str),
}

/// The end of the keys of all conversations of a user.
pub(super) fn end_of_user(user: &str) -> String {
    format!("{}{user}", char::from(SEPARATOR))
}

/// The user in the key of a conversation, which is its last part.
pub(super) fn user_of(conversation: &[u8]) -> &[u8] {
    conversation.rsplit(|byte| *byte == SEPARATOR).next().unwrap_or_default()
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

/// The parts of an entry that a filter looks at once its indexed conditions have chosen the entry. A driver leaves out
/// the parts of which the filter asks nothing.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    pub(super) queue: Queue,
    pub(super) state: State,
    pub(super) accepted_at: UnixMillis,
    pub(super) settled_at: Option<UnixMillis>,
    pub(super) conversation: &'a str,
    pub(super) reason: Option<&'a str>,
    pub(super) body: &'a [u8],
}

impl<'a> From<&'a Record> for Candidate<'a> {
    fn from(record: &'a Record) -> Self {
        Self {
            queue: record.queue,
            state: record.state,
            accepted_at: record.accepted_at,
            settled_at: record.settled_at,
            conversation: &record.conversation,
            reason: record.reason.as_deref(),
            body: &record.body,
        }
    }
}

impl Filter {
    /// Whose entries the filter admits only, where an index has them.
    pub(crate) fn entries_of(&self) -> Option<EntriesOf<'_>> {
        let conversation = self.of_conversation.as_deref().map(EntriesOf::Conversation);
        conversation.or_else(|| self.conversation.user().map(EntriesOf::User))
    }

    /// Whether a record is among those that a search looks at.
    pub(super) fn looks_at(&self, record: &Record) -> bool {
        let is_of = |of| match of {
            EntriesOf::Conversation(conversation) => conversation == record.conversation,
            EntriesOf::User(user) => user.as_bytes() == user_of(record.conversation.as_bytes()),
        };
        self.entries_of().is_none_or(is_of)
            && self.reason_group.is_none_or(|group| record.reason_group() == Some(group))
            && self.state.is_none_or(|state| state == record.state)
            && self.after.is_none_or(|after| record.id > after)
            && self.before.is_none_or(|before| record.id < before)
    }

    /// Whether the filter admits an entry that a search looks at.
    pub(super) fn admits(&self, candidate: &Candidate<'_>) -> bool {
        let reason = candidate.reason;
        self.queue.is_none_or(|queue| queue == candidate.queue)
            && self.state.is_none_or(|state| state == candidate.state)
            && self.since.is_none_or(|since| candidate.accepted_at >= since)
            && self.until.is_none_or(|until| candidate.accepted_at < until)
            && self.settled_since.is_none_or(|since| candidate.settled_at.is_some_and(|at| at >= since))
            && self.conversation.matches(candidate.conversation)
            && self
                .reason
                .as_ref()
                .is_none_or(|part| reason.is_some_and(|reason| reason.contains(part.as_str())))
            && (self.body.is_empty()
                || self.body.iter().any(|part| memmem::find(candidate.body, part).is_some()))
    }
}

impl KeyPattern {
    /// Whether every key looks like this.
    pub(super) fn is_empty(&self) -> bool {
        self.begins.is_empty() && self.contains.is_empty() && self.ends.is_empty()
    }

    /// The user of all conversations with such keys, if there is only one.
    fn user(&self) -> Option<&str> {
        let separator = char::from(SEPARATOR);
        self.ends.strip_prefix(separator).filter(|user| !user.contains(separator))
    }

    /// Whether a key looks like this.
    pub fn matches(&self, key: &str) -> bool {
        key.starts_with(&self.begins) && key.contains(&self.contains) && key.ends_with(&self.ends)
    }
}
