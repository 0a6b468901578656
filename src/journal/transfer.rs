//! How a journal is copied into another one, for moving to another store.

use std::fmt;

use super::{
    conversation_state::{ConversationState, StateFilter},
    entry::{EntryId, Record},
    error::Pending,
    outcome::Scheduled,
};

/// One end of a copy; no server has the journal meanwhile.
///
/// The order of a copy: [`begin_copy`](Self::begin_copy) of the target; [`page`](Self::page) of the source and
/// [`restore`](Self::restore) of the target until all entries are copied; likewise [`states`](Self::states) and
/// [`restore_states`](Self::restore_states), and [`scheduled`](Self::scheduled) and
/// [`restore_scheduled`](Self::restore_scheduled); [`move_to`](Self::move_to) of the source; and
/// [`end_copy`](Self::end_copy) of the target.
pub trait Transfer: Send + Sync + fmt::Debug + 'static {
    /// Reads entries after a number, oldest first.
    fn page(&self, after: EntryId, limit: usize) -> Pending<'_, Vec<Record>>;

    /// Puts in entries of another journal as they were: all of them or none.
    ///
    /// A number that is there already is an error.
    fn restore(&self, records: Vec<Record>) -> Pending<'_, ()>;

    /// Reads the states of conversations.
    fn states(&self, filter: StateFilter) -> Pending<'_, Vec<ConversationState>>;

    /// Puts in the states of another journal's conversations as they were: all of them or none.
    fn restore_states(&self, states: Vec<ConversationState>) -> Pending<'_, ()>;

    /// Reads scheduled entries after a number, in the order in which they were scheduled.
    fn scheduled(&self, after: i64, limit: usize) -> Pending<'_, Vec<Scheduled>>;

    /// Puts in scheduled entries of another journal as they were: all of them or none.
    fn restore_scheduled(&self, scheduled: Vec<Scheduled>) -> Pending<'_, ()>;

    /// Marks the journal as being copied to: no server takes it until [`end_copy`](Self::end_copy).
    fn begin_copy(&self) -> Pending<'_, ()>;

    /// Takes the mark of [`begin_copy`](Self::begin_copy) off: the copy is complete.
    fn end_copy(&self) -> Pending<'_, ()>;

    /// Marks the journal as moved to `target`, an address without a password: no server takes it any more.
    fn move_to(&self, target: String) -> Pending<'_, ()>;

    /// Closes the journal: what was copied is on disk.
    fn close(&self) -> Pending<'_, ()>;
}
