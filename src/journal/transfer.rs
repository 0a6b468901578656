//! How a journal is copied into another one, for moving to another store.

use std::fmt;

use super::{
    attempts::FailedAttempt,
    audit::AuditRecord,
    conversation_state::{ConversationState, StateFilter},
    entry::{EntryId, Record},
    error::Pending,
    outcome::Scheduled,
    pause::Pause,
};

/// One end of a copy; no server has the journal meanwhile.
///
/// The order of a copy: [`begin_copy`](Self::begin_copy) of the target; [`page`](Self::page) of the source and
/// [`restore`](Self::restore) of the target until all entries are copied, each page followed by its
/// [`attempts`](Self::attempts); likewise [`states`](Self::states), [`scheduled`](Self::scheduled) and
/// [`audit`](Self::audit), each with the method that restores them, and [`pauses`](Self::pauses);
/// [`move_to`](Self::move_to) of the source; and [`end_copy`](Self::end_copy) of the target.
///
/// Jobs and activity are not copied.
pub trait Transfer: Send + Sync + fmt::Debug + 'static {
    /// Reads entries after a number, oldest first.
    fn page(&self, after: EntryId, limit: usize) -> Pending<'_, Vec<Record>>;

    /// Puts in entries of another journal as they were: all of them or none.
    ///
    /// A number that is there already is an error.
    fn restore(&self, records: Vec<Record>) -> Pending<'_, ()>;

    /// Reads the failed attempts at the entries from one number to another, both included: entry by entry, oldest first.
    fn attempts(&self, first: EntryId, last: EntryId) -> Pending<'_, Vec<(EntryId, FailedAttempt)>>;

    /// Puts in failed attempts at entries that are there already, in this order: all of them or none.
    fn restore_attempts(&self, attempts: Vec<(EntryId, FailedAttempt)>) -> Pending<'_, ()>;

    /// Reads the states of conversations.
    fn states(&self, filter: StateFilter) -> Pending<'_, Vec<ConversationState>>;

    /// Puts in the states of another journal's conversations as they were: all of them or none.
    fn restore_states(&self, states: Vec<ConversationState>) -> Pending<'_, ()>;

    /// Reads scheduled entries after a number, in the order in which they were scheduled.
    fn scheduled(&self, after: i64, limit: usize) -> Pending<'_, Vec<Scheduled>>;

    /// Puts in scheduled entries of another journal as they were: all of them or none.
    fn restore_scheduled(&self, scheduled: Vec<Scheduled>) -> Pending<'_, ()>;

    /// Reads the audit list after a number, oldest first.
    fn audit(&self, after: i64, limit: usize) -> Pending<'_, Vec<AuditRecord>>;

    /// Puts in records of another journal's audit list as they were, with their numbers: all of them or none.
    fn restore_audit(&self, records: Vec<AuditRecord>) -> Pending<'_, ()>;

    /// Reads all pauses.
    fn pauses(&self) -> Pending<'_, Vec<Pause>>;

    /// Puts in pauses of another journal as they were: all of them or none.
    fn restore_pauses(&self, pauses: Vec<Pause>) -> Pending<'_, ()>;

    /// Marks the journal as being copied to: no server takes it until [`end_copy`](Self::end_copy).
    fn begin_copy(&self) -> Pending<'_, ()>;

    /// Takes the mark of [`begin_copy`](Self::begin_copy) off: the copy is complete.
    fn end_copy(&self) -> Pending<'_, ()>;

    /// Marks the journal as moved to `target`, an address without a password: no server takes it any more.
    fn move_to(&self, target: String) -> Pending<'_, ()>;

    /// Closes the journal: what was copied is on disk.
    fn close(&self) -> Pending<'_, ()>;
}
