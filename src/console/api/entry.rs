//! Entries of the journal in one line each.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::BodyView;
use crate::clock::UnixMillis;

/// An entry of the journal in one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EntryRow {
    /// The number of the entry, growing in order of acceptance.
    pub id: i64,
    /// The queue: `inbox` or `outbox`.
    pub queue: String,
    /// The state: `pending`, `done` or `dead`.
    pub state: String,
    /// The kind of message, such as `text`, `image`, `subscribe`, `reminder`, `expiry` or `unreadable`.
    pub kind: String,
    /// The app's key, where it is known.
    pub app: Option<String>,
    /// The public account, where it is known.
    pub account: Option<String>,
    /// The user, where they are known.
    pub user: Option<String>,
    /// The beginning of the text, or a sign such as `[image]` for what has none; null without the right to read it.
    pub text: Option<String>,
    /// Whether the text is hidden for want of the right `bodies`.
    #[serde(default)]
    pub hidden: bool,
    /// The platform's id of the message.
    pub message_id: Option<String>,
    /// How many attempts count since the entry was appended or revived.
    pub attempts: u32,
    /// The time at which the entry was made durable.
    pub accepted_at: UnixMillis,
    /// The time before which a pending entry is not tried.
    pub due_at: UnixMillis,
    /// The time at which the entry was finished or buried.
    pub settled_at: Option<UnixMillis>,
    /// The reason why the entry was postponed, buried or discarded, the last time.
    pub reason: Option<String>,
    /// How the entry ended.
    pub ending: Option<Ending>,
    /// The entry from which this one follows: for a reply, the message that it answers.
    pub answers: Option<i64>,
    /// Whether an operator has marked the entry as done without its being handled.
    pub discarded: bool,
    /// Why the entry is not done yet; for pending entries only.
    pub why: Option<Why>,
    /// The bytes that were kept, where they are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<BodyView>,
}

/// How an entry ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ending {
    /// The way: `handled`, `kept`, `outdated`, `not_taken` or `quiet`.
    #[serde(rename = "as")]
    pub way: String,
    /// The name of the rule or handler.
    pub by: Option<String>,
}

/// Why a pending entry is not done yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Why {
    /// An earlier entry of its conversation in its queue is pending.
    Behind {
        /// The number of that entry.
        entry: i64,
    },
    /// The entry is due later.
    Due {
        /// The time at which it is due.
        at: UnixMillis,
    },
    /// A server is at work on it.
    Leased {
        /// The name of the server, if it is known.
        by: Option<String>,
        /// The time at which the lease ends.
        until: UnixMillis,
    },
    /// The conversation waits for the end of a lease whose entry was discarded meanwhile.
    Blocked {
        /// The time at which the lease ends.
        until: UnixMillis,
    },
    /// A person has the conversation, or it waits for one.
    Person {
        /// The name of the person; none while the conversation waits for one.
        who: Option<String>,
    },
    /// Sending for the account is paused.
    Paused {
        /// The name of whoever has paused it.
        by: String,
        /// The time since which it is paused.
        since: UnixMillis,
    },
    /// The Outbox has as many pending entries as it may have, and nothing of the Inbox is handled before some are sent.
    OutboxFull,
    /// A worker may take it at once.
    Ready,
    /// Nothing is known, or a reason that this program does not know.
    #[serde(other)]
    Unknown,
}

/// A page of entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EntryPage {
    /// The entries.
    pub entries: Vec<EntryRow>,
    /// The value of `before` (with `order=oldest`, of `after`) for the next page; null on the last one.
    pub next: Option<i64>,
    /// How far was looked.
    pub scanned: Scanned,
}

/// How far a request has looked for what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Scanned {
    /// The most entries that one request looks at.
    pub limit: u64,
    /// Whether the page ends because it has looked at that many; the next page goes on from there.
    pub reached: bool,
    /// The entry up to which it has looked, if it ended early.
    pub to: Option<i64>,
}
