//! The parameters of the requests' queries.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which entries are meant. Parameters that are left out or empty admit every entry.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct EntryFilter {
    /// The queue: `inbox` or `outbox`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The state: `pending`, `done` or `dead`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The app's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The public account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The kind of message, such as `text` or `subscribe`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Entries accepted at this time or later: milliseconds since 1970, or RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Entries accepted before this time: milliseconds since 1970, or RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Entries whose text contains this; needs the right `bodies`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Entries whose last reason contains this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Dead letters of this group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Entries of the conversation with this id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
}

/// Which page of entries is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct EntryPaging {
    /// Entries with a lower number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// Entries with a higher number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// The order: `newest` first, which is the default, or `oldest` first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The most entries, from 1 to 200; 50 if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Whether each entry has its bytes; needs the right `bodies`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bodies: Option<bool>,
}

/// How much is wanted of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct StoryQuery {
    /// Whether its replies have their bytes too; needs the right `bodies`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bodies: Option<bool>,
}

/// Which conversations are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct ConversationsQuery {
    /// The app's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The public account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Only conversations in the dialogue of this name, in the order of their ids; `person` for those of persons, `*` for
    /// those in any dialogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialogue: Option<String>,
    /// Conversations whose newest entry has a lower number; without `dialogue`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// Conversations after the one with this id; with `dialogue`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The most conversations, from 1 to 200; 50 if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Whether each conversation has the body of its state; needs the right `bodies`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bodies: Option<bool>,
}

/// Which entries of a conversation are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct ConversationQuery {
    /// Entries with a lower number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// The most entries, from 1 to 200; 50 if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// How many groups of dead letters are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct DeadLettersQuery {
    /// The most groups, from 1 to 200; 50 if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// Which records of the audit list are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct AuditQuery {
    /// Only what this name did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// Only this action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Records with a lower number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// The most records, from 1 to 200; 50 if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// The span of the numbers over time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct HistoryQuery {
    /// The span until now: `1h`, `24h` or `7d`; a day if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<String>,
}

/// Which live events are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct EventsQuery {
    /// `desk`: only events of the kind `change`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
}

/// Which entries are wanted, and which page of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct EntriesQuery {
    /// The filter.
    #[serde(flatten)]
    pub filter: EntryFilter,
    /// The page.
    #[serde(flatten)]
    pub paging: EntryPaging,
}
