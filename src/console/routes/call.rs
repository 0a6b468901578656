//! One request to the API: its maker, its target, and the parts of the server.

use std::{ops::Deref, sync::Arc};

use axum::http::HeaderMap;

use super::super::{access::Who, conversation_id, error::ApiError, state::Console};
use crate::{journal::EntryId, server::admin::Right};

/// The most entries, conversations, groups or records of an answer.
const MAX_LIMIT: usize = 200;
/// How many there are where the request does not say.
const DEFAULT_LIMIT: usize = 50;
/// The longest key of a request that may be repeated.
const LONGEST_KEY: usize = 200;

/// One request to the API.
#[derive(Debug)]
pub(in crate::console) struct Call {
    /// The parts of the server.
    pub(in crate::console) console: Arc<Console>,
    /// The maker of the request, who has the right of the route.
    pub(in crate::console) who: Who,
    /// The path and the query below `/api/v1/`.
    pub(super) target: String,
    /// The part of the path that stands for an id.
    pub(super) id: Option<String>,
    pub(super) headers: HeaderMap,
}

impl Call {
    /// The number of the entry or the job in the path.
    pub(super) fn number(&self) -> Result<i64, ApiError> {
        let number = self.id.as_deref().and_then(|id| id.parse().ok());
        number.ok_or_else(|| ApiError::not_found("the path has no number where one belongs"))
    }

    /// The number of the entry in the path.
    pub(super) fn entry(&self) -> Result<EntryId, ApiError> {
        self.number().map(EntryId)
    }

    /// The key of the conversation in the path.
    pub(super) fn conversation_key(&self) -> Result<String, ApiError> {
        let key = self.id.as_deref().and_then(conversation_id::read);
        key.ok_or_else(|| ApiError::not_found("the path has no id of a conversation"))
    }

    /// The key by which a repeated request is known.
    pub(super) fn idempotency_key(&self) -> Result<String, ApiError> {
        let key = self.headers.get("idempotency-key").and_then(|key| key.to_str().ok());
        let key = key.filter(|key| (1..=LONGEST_KEY).contains(&key.len())).map(str::to_owned);
        key.ok_or_else(|| {
            ApiError::bad_request(format!(
                "Idempotency-Key: send this header with 1 to {LONGEST_KEY} characters, new for each form and the same \
                 when a request is repeated"
            ))
        })
    }

    /// The number of the newest event that the listener knows.
    pub(super) fn last_event(&self) -> Option<EntryId> {
        self.headers.get("last-event-id")?.to_str().ok()?.parse().ok().map(EntryId)
    }

    /// Whether they may see the texts of every conversation.
    pub(super) fn sees_all(&self) -> bool {
        self.who.may(Right::Bodies)
    }

    /// Notes in the audit list that this request shows the texts of `count` entries.
    pub(super) async fn look(&self, count: usize) -> Result<(), ApiError> {
        if count == 0 {
            return Ok(());
        }
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.audit.look(&self.who, &self.target, count).await
    }

    /// Notes in the audit list what is about to be done.
    pub(super) async fn act(&self, action: &str, target: &str, count: u64) -> Result<(), ApiError> {
        self.audit.act(&self.who, action, target, count).await
    }
}

impl Deref for Call {
    type Target = Console;

    fn deref(&self) -> &Console {
        &self.console
    }
}

/// The most items of an answer.
pub(super) fn limit(given: Option<usize>) -> Result<usize, ApiError> {
    match given {
        None => Ok(DEFAULT_LIMIT),
        Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        Some(_) => Err(ApiError::bad_request(format!("limit: write a number from 1 to {MAX_LIMIT}"))),
    }
}
