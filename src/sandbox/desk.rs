//! The desk of the server under test, at which a person takes conversations over (转人工).

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;

use crate::ids::{AccountId, UserId};

/// A person's action at the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskRequest {
    /// The account of the conversation.
    pub account: AccountId,
    /// The user of the conversation.
    pub user: UserId,
    /// The action.
    pub action: DeskAction,
}

/// The actions of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeskAction {
    /// The person takes the conversation over.
    TakeOver,
    /// The person writes to the user.
    Answer(String),
    /// The person gives the conversation back to the bot.
    HandBack,
}

/// The server's side of the desk; a clone is the same desk.
#[derive(Clone)]
pub(super) struct Desk(Arc<DeskFunction>);

type DeskFunction = dyn Fn(DeskRequest) -> BoxFuture<'static, Result<(), String>> + Send + Sync;

/// The reason why a person's action had no effect.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeskError {
    #[error("the server has no desk that this sandbox reaches")]
    NoDesk,
    #[error("{0}")]
    Refused(String),
}

impl Desk {
    pub(super) fn new<F>(act: impl Fn(DeskRequest) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self(Arc::new(move |request| Box::pin(act(request))))
    }

    /// Carries an action out.
    pub(super) async fn act(&self, request: DeskRequest) -> Result<(), DeskError> {
        (self.0)(request).await.map_err(DeskError::Refused)
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}
