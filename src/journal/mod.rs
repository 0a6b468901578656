//! Two durable queues of bytes that survive a crash, the Inbox and the Outbox.
//!
//! The journal knows bytes and keys, never a message type. A server's verbs are append, lease, finish, postpone and bury
//! ([`Queues`]); an operator lists, revives, discards and purges ([`Records`]); and one journal is copied into another
//! ([`Transfer`]).
//!
//! # What a conversation remembers
//!
//! Beside its entries a conversation has at most one state ([`LeasedState`]), which comes with the lease of an entry of the
//! Inbox and which the finish of that entry may change, in one transaction with the replies. So a message moves the state
//! once, however often it was tried. A finish may also schedule entries for later ([`NewScheduled`]): when they are due,
//! the lease of the Inbox appends them first. An expired state is announced in the same way, by an entry of the Inbox
//! without a body that [answers](Entry::answers) the state's revision.
//!
//! # How workers are woken
//!
//! Each queue has a counter, [`Queues::changes`], that goes up when there may be something new to lease. A worker reads
//! the counter, then leases, and waits for the counter to move only if it got less than it asked for: whatever was added
//! after the reading moves the counter again. The counter may go up for nothing. After it has gone up, it need not go up
//! again before somebody leases: who was woken will find everything.
//!
//! Time alone does not move the counter. A postponed entry that is due, or an entry whose lease ran out, is found by
//! leasing again, so a worker leases every second or so as well.
//!
//! Where several servers share a journal, each tells the others with a notification of the database, which may be lost:
//! the regular lease finds what a lost notification announced.

mod changes;
mod conversation_queue;
mod conversation_state;
mod driver;
mod entry;
mod entry_key;
mod error;
mod filter;
mod fingerprint;
mod interrupted;
mod memory;
mod open;
mod options;
mod outcome;
#[cfg(feature = "postgres")]
mod postgres;
mod queue;
mod queue_state;
mod queues;
mod recent_keys;
mod records;
mod schedule;
mod sqlite;
mod stats;
mod time;
mod transfer;

pub use self::{
    conversation_state::{ConversationState, LeasedState, NewState, Revision, StateChange, StateFilter},
    entry::{Appended, Entry, EntryId, Lease, NewEntry, Record, SignatureBinding, State},
    entry_key::EntryKey,
    error::{JournalError, Pending},
    filter::{Filter, KeyPattern, Order},
    open::{check, open_operator, open_server, open_source, open_target},
    options::Options,
    outcome::{ConversationChange, NewScheduled, Outcome, Scheduled},
    queue::{PerQueue, Queue},
    queues::Queues,
    records::Records,
    stats::{QueueStats, Stats},
    transfer::Transfer,
};
