//! The journal as a server uses it.

use std::future::ready;

use tokio::sync::watch;

use super::{
    administration::Administration,
    attempts::AttemptFailure,
    entry::{Appended, Entry, Lease, NewEntry, SignatureBinding},
    error::Pending,
    outcome::Outcome,
    queue::Queue,
};
use crate::clock::UnixMillis;

/// Durable queues. All drivers pass one conformance suite, `tests/it/journal`.
pub trait Queues: Administration {
    /// Makes `entry` durable: it is when this returns.
    ///
    /// The `binding` is for a journal that several servers share: a signature that one of them has bound to a body comes
    /// with no other body to any of them. A journal that one server has to itself ignores it, since that server's own
    /// memory is enough.
    ///
    /// # Errors
    ///
    /// [`JournalError::Full`](super::JournalError::Full), [`JournalError::Unavailable`](super::JournalError::Unavailable),
    /// and [`JournalError::SignatureReused`](super::JournalError::SignatureReused) if the signature is bound to another
    /// body than this entry's: nothing was appended.
    fn append(&self, entry: NewEntry, binding: Option<SignatureBinding>) -> Pending<'_, Appended>;

    /// Binds a signature to `body` as [`append`](Self::append) does, and appends nothing.
    ///
    /// # Errors
    ///
    /// [`JournalError::SignatureReused`](super::JournalError::SignatureReused): it is bound to another body.
    fn bind_signature(&self, _binding: SignatureBinding, _body: &[u8]) -> Pending<'_, ()> {
        Box::pin(ready(Ok(())))
    }

    /// Hands out due entries, oldest first, at most one per conversation, and counts an attempt for each. An entry of the
    /// Inbox comes with the state of its conversation.
    ///
    /// A lease of the Inbox first appends what is scheduled and due, of either queue, and announces states that have
    /// expired. In a journal that several servers share, it may be a lease of another server that does so.
    ///
    /// An entry is handed out only when every earlier one of its conversation in its queue is done or dead.
    /// After `until` the lease may go to somebody else.
    fn lease(&self, queue: Queue, limit: usize, until: UnixMillis) -> Pending<'_, Vec<Entry>>;

    /// Marks the entry as done, adds its follow-ups, changes the state of its conversation and schedules what comes later,
    /// in one transaction.
    ///
    /// A follow-up whose key is known already is left out.
    ///
    /// # Errors
    ///
    /// [`JournalError::LeaseLost`](super::JournalError::LeaseLost): nothing was changed.
    /// [`JournalError::StateChanged`](super::JournalError::StateChanged): the conversation's state is another one than
    /// that of the lease; the entry is due again at once, the attempt does not count, and nothing else was changed.
    fn finish(&self, lease: Lease, outcome: Outcome) -> Pending<'_, ()>;

    /// Makes the entry due again at `until`; its conversation waits for it. The failed attempt is kept with it.
    fn postpone(&self, lease: Lease, until: UnixMillis, failure: AttemptFailure) -> Pending<'_, ()>;

    /// Like [`postpone`](Self::postpone) for an entry with which nothing was tried: the attempt is not counted.
    fn release(&self, lease: Lease, until: UnixMillis, reason: String) -> Pending<'_, ()>;

    /// Gives the entry up: it is a dead letter, and its conversation goes on. The failed attempt is kept with it.
    fn bury(&self, lease: Lease, failure: AttemptFailure) -> Pending<'_, ()>;

    /// Counts up when there may be something new to lease; see [how workers are woken](super#how-workers-are-woken).
    fn changes(&self, queue: Queue) -> watch::Receiver<u64>;
}
