//! Why a journal did not do what it was asked for.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::entry::EntryId;
use crate::failpoint::Injected;

/// A result of the journal, later.
pub type Pending<'a, T> = BoxFuture<'a, Result<T, JournalError>>;

/// Why the journal did not do something.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The backlog has reached its bound: try again when some of it is done.
    #[error("the journal's backlog is full ({0} pending entries)")]
    Full(u64),
    /// The store cannot do it now: try again later. Nothing was changed, or nothing is known of it.
    #[error("the journal's store is unavailable: {0}")]
    Unavailable(Arc<str>),
    /// The signature was bound to another body before.
    #[error("the signature came with another body before")]
    SignatureReused,
    /// The lease ran out and the entry is somebody else's; what was done with it does not count.
    #[error("the lease of entry {0} was lost")]
    LeaseLost(EntryId),
    /// The state of the conversation is another one than that with which the entry was leased: an operator has changed it.
    /// The entry is due again.
    #[error("the conversation of entry {0} has changed since it was leased: it is handled again")]
    StateChanged(EntryId),
    /// The state of the conversation is another one than the caller has seen.
    #[error("the conversation has changed meanwhile: look at it again")]
    Conflict,
    /// A job is running, and another one cannot be added before it has ended.
    #[error("job {0} is running: wait for its end, or cancel it")]
    JobRunning(i64),
    /// There is no such entry, or it is not in a state in which this can be done.
    #[error("{0}")]
    NotFound(String),
    /// The journal cannot be opened as it stands: change what the message names.
    #[error("{0}")]
    Open(String),
}

impl From<Injected> for JournalError {
    fn from(injected: Injected) -> Self {
        Self::Unavailable(injected.to_string().into())
    }
}

/// The error of a journal that was closed.
pub(super) fn closed_error() -> JournalError {
    JournalError::Unavailable("it is closed".into())
}

/// The error of reviving what is no dead letter.
pub(super) fn no_dead_letter_error(id: EntryId) -> JournalError {
    JournalError::NotFound(format!("there is no dead letter {id}"))
}

/// The error of cancelling a job that is not running.
pub(super) fn no_running_job_error(id: i64) -> JournalError {
    JournalError::NotFound(format!("no job {id} is running"))
}

/// The error of resuming an account that is not paused.
pub(super) fn not_paused_error() -> JournalError {
    JournalError::NotFound("sending for this account is not paused".to_owned())
}

/// The error of discarding what is neither pending nor dead.
pub(super) fn nothing_to_discard_error(id: EntryId) -> JournalError {
    JournalError::NotFound(format!("there is no pending or dead entry {id}"))
}
