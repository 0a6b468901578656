//! The journal as an operator uses it.

use std::fmt;

use super::{
    conversation_state::{ConversationState, StateFilter},
    entry::{EntryId, Record},
    entry_key::EntryKey,
    error::Pending,
    filter::Filter,
    outcome::ConversationChange,
    queue::Queue,
    stats::Stats,
};

/// An operator's view of a journal, beside a running server or without one.
pub trait Records: Send + Sync + fmt::Debug + 'static {
    /// How much is in the journal.
    fn stats(&self) -> Pending<'_, Stats>;

    /// The entries that a filter admits.
    fn list(&self, filter: Filter) -> Pending<'_, Vec<Record>>;

    /// One entry.
    fn show(&self, id: EntryId) -> Pending<'_, Option<Record>>;

    /// The entries of a queue that have one of these keys, in order of acceptance.
    fn find(&self, queue: Queue, keys: Vec<EntryKey>) -> Pending<'_, Vec<Record>>;

    /// Makes a dead letter pending again, due now, its attempts counted anew.
    ///
    /// # Errors
    ///
    /// [`JournalError::NotFound`](super::JournalError::NotFound) if there is no such dead letter.
    fn revive(&self, id: EntryId) -> Pending<'_, ()>;

    /// Marks a dead or pending entry as done without handling it.
    ///
    /// An entry in work is marked as well: what its holder makes of it changes nothing, and the next entry of its
    /// conversation waits until the holder has ended or the lease is over.
    ///
    /// # Errors
    ///
    /// [`JournalError::NotFound`](super::JournalError::NotFound) if there is no such entry, or it is done already.
    fn discard(&self, id: EntryId) -> Pending<'_, ()>;

    /// The states of conversations.
    fn states(&self, filter: StateFilter) -> Pending<'_, Vec<ConversationState>>;

    /// Changes a conversation from outside: its state, and what is sent to it.
    ///
    /// # Errors
    ///
    /// [`JournalError::Conflict`](super::JournalError::Conflict): the state is another one than was seen, and nothing was
    /// changed.
    fn change_conversation(&self, change: ConversationChange) -> Pending<'_, ()>;

    /// Removes what has been kept long enough, in small steps; returns how many entries went.
    fn purge(&self) -> Pending<'_, u64>;

    /// Closes the journal: what was accepted is on disk, and later calls are `Unavailable`.
    fn close(&self) -> Pending<'_, ()>;
}
