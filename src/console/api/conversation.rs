//! Conversations, and the desk for those who answer by hand.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    content::Content,
    entry::{EntryRow, Scanned},
};
use crate::clock::UnixMillis;

/// A conversation in one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConversationSummary {
    /// The conversation's id for addresses: its key in base64url.
    pub id: String,
    /// The app's key, where it is known.
    pub app: Option<String>,
    /// The public account, where it is known.
    pub account: Option<String>,
    /// The user, where they are known.
    pub user: Option<String>,
    /// The newest entry that is still kept.
    pub newest: Option<EntryRow>,
    /// The state, if there is one.
    pub state: Option<ConversationState>,
    /// The person who has the conversation, or for whom it waits.
    pub person: Option<Person>,
}

/// The state of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConversationState {
    /// The name of the dialogue.
    pub dialogue: String,
    /// The version of the form in which the body is written.
    pub version: u32,
    /// The time at which the state expires.
    pub expires_at: UnixMillis,
    /// The number that the state got with its last change.
    pub revision: i64,
    /// The state as JSON, or as text where it is none; null in lists, and if it is hidden.
    #[serde(default)]
    pub body: Option<Value>,
    /// Whether the body is hidden for want of the right `bodies`.
    #[serde(default)]
    pub hidden: bool,
}

/// The person who has a conversation, or for whom it waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// The time at which it was handed over.
    pub since: UnixMillis,
    /// The name of the person; null while the conversation waits for one.
    pub by: Option<String>,
    /// The time at which it goes back to the bot, unless somebody writes before.
    pub until: UnixMillis,
}

/// A page of conversations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConversationPage {
    /// The conversations.
    pub conversations: Vec<ConversationSummary>,
    /// The value of `before` (with `dialogue`, of `after`) for the next page; null on the last one.
    pub next: Option<NextPage>,
    /// How far was looked.
    pub scanned: Scanned,
}

/// The beginning of the next page of conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum NextPage {
    /// The number of an entry: the value of `before`.
    Before(i64),
    /// The id of a conversation: the value of `after`.
    After(String),
}

/// A conversation with its entries of both directions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConversationView {
    /// The conversation's id for addresses: its key in base64url.
    pub id: String,
    /// The app's key, where it is known.
    pub app: Option<String>,
    /// The public account, where it is known.
    pub account: Option<String>,
    /// The user, where they are known.
    pub user: Option<String>,
    /// The state, if there is one.
    pub state: Option<ConversationState>,
    /// The person who has the conversation, or for whom it waits.
    pub person: Option<Person>,
    /// The entries, newest first.
    pub entries: Vec<ChatEntry>,
    /// The value of `before` for the next page; null on the last one.
    pub next: Option<i64>,
    /// How far was looked.
    pub scanned: Scanned,
    /// How many messages of the user have no answer of a person yet; 0 if the bot has the conversation.
    pub unread: u64,
}

/// An entry of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChatEntry {
    /// The entry.
    #[serde(flatten)]
    pub entry: EntryRow,
    /// The side that has written it: `user`, `bot`, `person` or `system`.
    pub side: String,
    /// The content; null without the right to read it.
    pub content: Option<Content>,
}

/// The conversations that wait for a person or that a person has, those that have waited longest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Desk {
    /// The conversations.
    pub waiting: Vec<WaitingConversation>,
    /// The server's time.
    pub now: UnixMillis,
}

/// A conversation that waits for a person, or that a person has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WaitingConversation {
    /// The conversation's id for addresses.
    pub id: String,
    /// The app's key.
    pub app: String,
    /// The public account.
    pub account: String,
    /// The user.
    pub user: String,
    /// The time at which it was handed over.
    pub since: UnixMillis,
    /// The time at which it goes back to the bot, unless somebody writes before.
    pub until: UnixMillis,
    /// The name of the person who has it; null while it waits.
    pub by: Option<String>,
    /// How many messages of the user have no answer of a person yet.
    pub unread: u64,
    /// The newest entry that is still kept.
    pub newest: Option<EntryRow>,
}

/// A request to take a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Take {
    /// The name of the person from whom it is taken; needs the right `operate`.
    #[serde(default)]
    pub from: Option<String>,
}

/// A person's answer: either a text or a picture.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The text.
    #[serde(default)]
    pub text: Option<String>,
    /// The picture's public address.
    #[serde(default)]
    pub image: Option<String>,
}
