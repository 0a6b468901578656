//! Two durable queues of bytes that survive a crash, the Inbox and the Outbox.
//!
//! The journal knows bytes and keys, never a message type. A server's verbs are append, lease, finish, postpone and bury
//! ([`Queues`]); an operator lists, revives, discards and purges ([`Records`]), and with the console also searches, counts,
//! and has many entries changed by jobs ([`Administration`]); and one journal is copied into another ([`Transfer`]).
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

mod activity;
mod administration;
mod attempts;
mod audit;
mod changes;
mod conversation_list;
mod conversation_queue;
mod conversation_state;
mod dead_group;
mod driver;
mod entry;
mod entry_key;
mod error;
mod filter;
mod fingerprint;
mod interrupted;
mod jobs;
mod memory;
mod open;
mod options;
mod outcome;
mod page;
mod pause;
mod pending_reason;
#[cfg(feature = "postgres")]
mod postgres;
mod queue;
mod queue_state;
mod queues;
mod reason_group;
mod recent_keys;
mod records;
mod replica;
mod schedule;
mod sqlite;
mod stats;
mod time;
mod transfer;

pub use self::{
    activity::{Activity, KEPT_ACTIVITY},
    administration::Administration,
    attempts::{AttemptFailure, FailedAttempt, KEPT_ATTEMPTS},
    audit::{AuditFilter, AuditRecord, KEPT_AUDIT, NewAuditRecord},
    conversation_list::{ConversationFilter, ConversationPage},
    conversation_state::{
        ConversationState, LeasedState, NewState, PastState, Revision, StateChange, StateFilter,
        StateStep,
    },
    dead_group::DeadGroup,
    entry::{Appended, Entry, EntryId, Lease, NewEntry, Record, SignatureBinding, State},
    entry_key::EntryKey,
    error::{JournalError, Pending},
    filter::{Filter, KeyPattern, Order},
    jobs::{Job, JobAction, JobEntry, JobState, JobStep, KEPT_JOBS, NewJob},
    open::{check, open_operator, open_server, open_source, open_target},
    options::Options,
    outcome::{ConversationChange, NewScheduled, Outcome, Scheduled},
    page::{Page, PageEnd},
    pause::Pause,
    pending_reason::PendingReason,
    queue::{PerQueue, Queue},
    queues::Queues,
    reason_group::{ReasonGroup, pattern},
    records::Records,
    replica::{Replica, replica_name},
    stats::{QueueStats, Stats},
    transfer::Transfer,
};
