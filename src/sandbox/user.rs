//! A user of the sandbox, as tests drive one.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    content::ChatContent,
    history::{ChatMessage, Delivery},
    platform::Platform,
};
use crate::ids::{AccountId, UserId};

/// The time after which no reply is expected any more.
const REPLY_TIMEOUT: Duration = Duration::from_mins(1);

/// A user of the app who talks to one account; made by [`Sandbox::user`].
#[derive(Clone)]
pub struct User<'s> {
    pub(super) platform: &'s Platform,
    pub(super) read_marks: &'s ReadMarks,
    pub(super) account: AccountId,
    pub(super) id: UserId,
}

/// The id of the last message that a test has taken, for each account and user.
#[derive(Debug, Default)]
pub(super) struct ReadMarks(Mutex<HashMap<(AccountId, UserId), u64>>);

impl ReadMarks {
    fn lock(&self) -> MutexGuard<'_, HashMap<(AccountId, UserId), u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl User<'_> {
    /// This user, talking to another account.
    #[must_use]
    pub fn with(mut self, account: impl Into<AccountId>) -> Self {
        self.account = account.into();
        self
    }

    /// Writes a text; returns when its delivery has ended, accepted or not.
    ///
    /// # Panics
    ///
    /// There is no such account, or the sandbox is full or has ended.
    pub async fn says(&self, text: impl Into<String>) -> Delivery {
        self.sends(ChatContent::text(text)).await
    }

    /// Follows the account; returns when the event's delivery has ended.
    ///
    /// # Panics
    ///
    /// The cases are those of [`says`](Self::says).
    pub async fn follows(&self) -> Delivery {
        self.sends(ChatContent::Subscribe).await
    }

    /// Stops following the account; returns when the event's delivery has ended.
    ///
    /// # Panics
    ///
    /// The cases are those of [`says`](Self::says).
    pub async fn unfollows(&self) -> Delivery {
        self.sends(ChatContent::Unsubscribe).await
    }

    /// Sends any content that users can send; returns when its delivery has ended.
    ///
    /// # Panics
    ///
    /// The content is one that only accounts send, or a case of [`says`](Self::says) applies.
    pub async fn sends(&self, content: ChatContent) -> Delivery {
        let sent = self.platform.write(&self.account, &self.id, content);
        let sent = sent.unwrap_or_else(|error| panic!("user {}: {error}", self.id));
        sent.ended.await.unwrap_or_else(|_| panic!("the sandbox has ended"))
    }

    /// Waits for the next message from the account to this user; each message is returned once.
    ///
    /// # Panics
    ///
    /// No message comes for a minute.
    pub async fn received(&self) -> ChatMessage {
        self.next(REPLY_TIMEOUT).await.unwrap_or_else(|| {
            let calls: Vec<_> = self.platform.state.lock().calls.iter().rev().take(5).cloned().collect();
            panic!(
                "user {} received nothing for {REPLY_TIMEOUT:?}; the last API calls: {calls:#?}",
                self.id
            )
        })
    }

    /// Waits for `span`, in which the account must send nothing to this user.
    ///
    /// # Panics
    ///
    /// A message comes.
    pub async fn received_nothing(&self, span: Duration) {
        if let Some(message) = self.next(span).await {
            panic!("user {} received {:?}", self.id, message.content);
        }
    }

    async fn next(&self, span: Duration) -> Option<ChatMessage> {
        let key = (self.account.clone(), self.id.clone());
        let after = self.read_marks.lock().get(&key).copied().unwrap_or_default();
        let message = self.platform.state.next_message(&self.account, &self.id, after, span);
        let message = message.await?;
        self.read_marks.lock().insert(key, message.id);
        Some(message)
    }
}

impl fmt::Debug for User<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("account", &self.account)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
