//! The session of the page: who is logged in, what they may, and what the page must know beforehand.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    access::{Access, Who},
    error::ApiError,
    json_body::JsonBody,
    state::Console,
};
use crate::{
    clock::UnixMillis,
    ids::{AccountId, AppKey},
    journal::{ConversationFilter, KeyPattern},
    protocol::Conversation,
};

/// The most conversations in which the accounts are looked for.
const SEEN_CONVERSATIONS: usize = 200;
/// The most entries that are looked at for them.
const SEEN_ENTRIES: usize = 10_000;

/// The session of whoever asks, and what a page must know before it shows anything.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[non_exhaustive]
pub struct Session {
    /// The name in the audit list and at the desk.
    pub who: String,
    /// The rights: `read`, `bodies`, `answer`, `send`, `operate`, `metrics`.
    pub may: Vec<String>,
    /// The end of the session; none for a token that is sent by itself.
    #[schema(value_type = Option<i64>)]
    pub expires_at: Option<UnixMillis>,
    /// The server's time.
    #[schema(value_type = i64)]
    pub now: UnixMillis,
    /// The server's version.
    pub version: String,
    /// The name of the server among those that share the journal.
    pub replica: String,
    /// The page of the sandbox that the server runs beside, if it does.
    pub sandbox: Option<String>,
    /// The sentences that a person at the desk can choose from.
    pub phrases: Vec<String>,
    /// The accounts of the newest conversations, and the apps of the configuration.
    pub accounts: Vec<KnownAccount>,
}

/// An account that has conversations, or an app without any.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct KnownAccount {
    /// The App Key.
    pub app: String,
    /// The account; none for an app of which no conversation is known.
    pub account: Option<String>,
}

/// The token from which a session is made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogIn {
    token: String,
}

/// The routes of the session, which also those reach who are not logged in.
pub(super) fn router() -> Router<Arc<Console>> {
    Router::new().route("/session", get(show).post(log_in).delete(log_out))
}

/// Says who is logged in.
async fn show(State(console): State<Arc<Console>>, who: Who) -> Json<Session> {
    Json(session(&console, &who).await)
}

/// Makes a session of a token.
async fn log_in(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
    JsonBody(LogIn { token }): JsonBody<LogIn>,
) -> Result<Response, ApiError> {
    let begun = console.access.log_in(&token, &headers)?;
    // Looking is possible while the journal takes no record; what can be changed is noted, or not done.
    if let Err(error) = console.audit.act(&begun.who, "log in", "", 0).await {
        tracing::warn!(who = begun.who.name(), %error, "a log-in at the console is not in the audit list");
    }
    let session = session(&console, &begun.who).await;
    Ok(([begun.cookie], Json(session)).into_response())
}

/// Ends the session of the page.
async fn log_out(headers: HeaderMap) -> Response {
    (StatusCode::NO_CONTENT, [Access::log_out(&headers)]).into_response()
}

async fn session(console: &Console, who: &Who) -> Session {
    Session {
        who: who.name().to_owned(),
        may: who.rights().iter().map(|right| right.as_str().to_owned()).collect(),
        expires_at: who.expires_at(),
        now: console.clock.now(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        replica: console.options.replica.clone(),
        sandbox: console.options.sandbox.as_ref().map(ToString::to_string),
        phrases: console.options.phrases.clone(),
        accounts: accounts(console).await,
    }
}

/// The accounts that the newest conversations are with, and the apps without any.
async fn accounts(console: &Console) -> Vec<KnownAccount> {
    let filter = ConversationFilter {
        pattern: KeyPattern::default(),
        before: None,
        scan: SEEN_ENTRIES,
        limit: SEEN_CONVERSATIONS,
    };
    // The page works without them.
    let page = console.journal.conversations(filter).await.ok();
    let conversations = page.into_iter().flat_map(|page| page.conversations);
    let conversations = conversations.filter_map(|(key, _)| Conversation::decode(&key));
    let known = |app: &AppKey, account: Option<&AccountId>| KnownAccount {
        app: app.to_string(),
        account: account.map(ToString::to_string),
    };
    let mut accounts: BTreeSet<_> = conversations
        .map(|conversation| known(&conversation.app, Some(&conversation.account)))
        .collect();
    for app in &console.options.apps {
        if !accounts.iter().any(|account| account.app == app.as_str()) {
            accounts.insert(known(app, None));
        }
    }
    accounts.into_iter().collect()
}
