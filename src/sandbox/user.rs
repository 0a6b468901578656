//! A user of the stand-in, as tests drive one.

use std::{fmt, time::Duration};

use super::{
    Sandbox,
    content::Content,
    records::{Delivery, Message},
};
use crate::ids::{AccountId, UserId};

/// How long a reply may take: whoever waits longer waits for ever.
const PATIENCE: Duration = Duration::from_mins(1);

/// A user of the app who talks to one account; made by [`Sandbox::user`].
#[derive(Clone)]
pub struct User<'s> {
    pub(super) sandbox: &'s Sandbox,
    pub(super) account: AccountId,
    pub(super) id: UserId,
}

impl User<'_> {
    /// The same user, talking to another account.
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
        self.sends(Content::text(text)).await
    }

    /// Follows the account; returns when the event's delivery has ended.
    ///
    /// # Panics
    ///
    /// As [`says`](Self::says).
    pub async fn follows(&self) -> Delivery {
        self.sends(Content::Subscribe).await
    }

    /// No longer follows the account; returns when the event's delivery has ended.
    ///
    /// # Panics
    ///
    /// As [`says`](Self::says).
    pub async fn unfollows(&self) -> Delivery {
        self.sends(Content::Unsubscribe).await
    }

    /// Sends anything that a user can send; returns when its delivery has ended.
    ///
    /// # Panics
    ///
    /// As [`says`](Self::says), and for what only accounts send.
    pub async fn sends(&self, content: Content) -> Delivery {
        let act = self.sandbox.platform.act(&self.account, &self.id, content);
        let act = act.unwrap_or_else(|error| panic!("user {}: {error}", self.id));
        act.ended.await.unwrap_or_else(|_| panic!("the sandbox has ended"))
    }

    /// Waits for the next thing that the account sends to this user, each thing once.
    ///
    /// # Panics
    ///
    /// Nothing comes for a minute.
    pub async fn received(&self) -> Message {
        self.next(PATIENCE).await.unwrap_or_else(|| {
            let calls: Vec<_> =
                self.sandbox.platform.state().calls.iter().rev().take(5).cloned().collect();
            panic!("user {} received nothing for {PATIENCE:?}; the last API calls: {calls:#?}", self.id)
        })
    }

    /// Waits for `span` to see that the account sends nothing to this user.
    ///
    /// # Panics
    ///
    /// Something comes.
    pub async fn received_nothing(&self, span: Duration) {
        if let Some(message) = self.next(span).await {
            panic!("user {} received {:?}", self.id, message.content);
        }
    }

    async fn next(&self, span: Duration) -> Option<Message> {
        let key = (self.account.clone(), self.id.clone());
        let after = self.sandbox.read().get(&key).copied().unwrap_or_default();
        let message = self.sandbox.platform.next_message(&self.account, &self.id, after, span).await?;
        self.sandbox.read().insert(key, message.id);
        Some(message)
    }
}

impl Message {
    /// What it says in words: a text, titles and descriptions line by line, or else an address.
    pub fn text(&self) -> String {
        self.content.words()
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
