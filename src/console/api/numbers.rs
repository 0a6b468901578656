//! Numbers of the server and its journal.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{job::JobRow, sending::PauseRow};
use crate::clock::UnixMillis;

/// The present numbers of the journal and of this server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stats {
    /// The server's time.
    pub now: UnixMillis,
    /// The Inbox.
    pub inbox: QueueNumbers,
    /// The Outbox.
    pub outbox: QueueNumbers,
    /// The most pending entries that a queue may hold.
    pub max_pending: u64,
    /// How long a finished entry is kept, in milliseconds.
    pub keep: u64,
    /// How long a dead letter is kept, in milliseconds.
    pub keep_dead: u64,
    /// The size of the journal in its store, in bytes, if it is known.
    pub size: Option<u64>,
    /// The servers that work on the journal, as far as this one knows.
    pub replicas: Vec<ReplicaRow>,
    /// The accounts to which nothing is sent at present.
    pub pauses: Vec<PauseRow>,
    /// Events a second over the last minute of this server.
    pub rates: Rates,
    /// The time within which 99 of 100 callbacks were acknowledged over the last minute, in milliseconds.
    pub ack_p99: Option<f64>,
    /// How many conversations wait for a person whom they do not have yet.
    pub waiting_for_person: u64,
    /// The job that is running.
    pub job: Option<JobRow>,
}

/// How much is in one queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueueNumbers {
    /// Entries that are neither done nor dead.
    pub pending: u64,
    /// Pending entries that are leased.
    pub leased: u64,
    /// Finished entries that are still kept.
    pub done: u64,
    /// Dead letters.
    pub dead: u64,
    /// The time at which the oldest pending entry was made durable.
    pub oldest_pending: Option<UnixMillis>,
}

/// A server that works on the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplicaRow {
    /// The name of the server.
    pub name: String,
    /// Whether it is the one that answers.
    pub is_this: bool,
    /// How many entries it has leased.
    pub leased: u64,
}

/// Events a second.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct Rates {
    /// Accepted callbacks.
    pub accepted: f64,
    /// Handled messages.
    pub handled: f64,
    /// Replies that were sent.
    pub sent: f64,
    /// Failed attempts.
    pub failed: f64,
}

/// Numbers over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct History {
    /// The points, oldest first; those at which nothing happened are left out.
    pub points: Vec<HistoryPoint>,
    /// The span of a point, in milliseconds.
    pub step: u64,
}

/// The numbers of one span of time, of all servers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HistoryPoint {
    /// The time at which the span begins.
    pub at: UnixMillis,
    /// Accepted callbacks.
    pub accepted: u64,
    /// Callbacks that were known already.
    pub duplicates: u64,
    /// Refused callbacks.
    pub refused: u64,
    /// Handled messages.
    pub handled: u64,
    /// Failed attempts.
    pub failed: u64,
    /// Entries that have become dead letters.
    pub dead: u64,
    /// Replies that were sent.
    pub sent: u64,
    /// Failed attempts at sending.
    pub send_failed: u64,
    /// The time within which half of the callbacks were acknowledged, in milliseconds.
    pub ack_p50: Option<f64>,
    /// The time within which 99 of 100 callbacks were acknowledged, in milliseconds.
    pub ack_p99: Option<f64>,
}
