//! The forms of the JSON API: what a request may say, and what is answered. Programs that call it read the same types.
//!
//! Times are milliseconds since 1970, spans are milliseconds. Names of queues, states, kinds and actions are texts, so that a
//! program reads the answers of a later server whose names it does not know.

mod audit;
mod body;
mod content;
mod conversation;
mod dead_letters;
mod entry;
mod events;
mod job;
mod numbers;
mod query;
mod sending;
mod story;

pub use self::{
    audit::{AuditEntry, AuditPage},
    body::BodyView,
    content::{Content, ContentArticle},
    conversation::{
        Answer, ChatEntry, ConversationPage, ConversationState, ConversationSummary, ConversationView,
        Desk, NextPage, Person, Take, WaitingConversation,
    },
    dead_letters::{CommonTraits, DeadLetterGroup, DeadLetters},
    entry::{Ending, EntryPage, EntryRow, Scanned, Why},
    events::{Change, StepEvent},
    job::{CountJob, JobCount, JobRow, Jobs, StartJob},
    numbers::{History, HistoryPoint, QueueNumbers, Rates, ReplicaRow, Stats},
    query::{
        AuditQuery, ConversationQuery, ConversationsQuery, DeadLettersQuery, EntriesQuery, EntryFilter,
        EntryPaging, EventsQuery, HistoryQuery, StoryQuery,
    },
    sending::{PauseRow, Pauses, SendingAccount},
    story::{AttemptRow, PastState, Reply, Story},
};

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A request that says nothing beyond its path: no parameters, and `{}` for a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

/// A span, as requests and answers have it.
pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
