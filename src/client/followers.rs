//! Followers of public accounts: the calls `/mc/subscribe` and `/mc/unsubscribe`.

use serde::Serialize;

use super::{
    answer::CodeAnswer,
    api::Client,
    batches::{BatchError, split},
};
use crate::{
    http::error::ClientError,
    ids::{AccountId, UserId},
    protocol::{Limit, limits},
};

/// Followers of an account (关注、取消关注公众号). These calls cause no event push.
///
/// # Examples
///
/// ```no_run
/// # use rongcloud_callback::{client::{Client, BatchError}, ids::UserId};
/// # async fn example(client: Client) -> Result<(), BatchError> {
/// let users: Vec<UserId> = (1..=120).map(|n| format!("user{n}").into()).collect();
/// if let Err(error) = client.followers().add(&"news".into(), &users).await {
///     eprintln!("{} are done: {}", error.done.len(), error.cause);
///     client.followers().add(&"news".into(), &users[error.failed.start..]).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Followers<'a> {
    client: &'a Client,
}

impl Client {
    /// Followers of public accounts (关注、取消关注公众号).
    pub fn followers(&self) -> Followers<'_> {
        Followers { client: self }
    }
}

impl Followers<'_> {
    /// Makes users follow an account.
    ///
    /// `POST /mc/subscribe.json`, 关注公众号, once for each 50 users, one after the other.
    ///
    /// # Errors
    ///
    /// [`BatchError`]: which users are done, which failed and why, and which were not tried.
    pub async fn add(&self, account: &AccountId, users: &[UserId]) -> Result<(), BatchError> {
        self.call_in_batches("/mc/subscribe.json", account, users).await
    }

    /// Makes users no longer follow an account.
    ///
    /// `POST /mc/unsubscribe.json`, 取消关注公众号, once for each 50 users, one after the other.
    ///
    /// # Errors
    ///
    /// [`BatchError`]: which users are done, which failed and why, and which were not tried.
    pub async fn remove(&self, account: &AccountId, users: &[UserId]) -> Result<(), BatchError> {
        self.call_in_batches("/mc/unsubscribe.json", account, users).await
    }

    async fn call_in_batches(
        &self,
        path: &'static str,
        account: &AccountId,
        users: &[UserId],
    ) -> Result<(), BatchError> {
        for batch in split(users.len(), limits::FOLLOWERS) {
            self.call(path, account, &users[batch.clone()])
                .await
                .map_err(|cause| BatchError::new(users.len(), batch, cause))?;
        }
        Ok(())
    }

    async fn call(
        &self,
        path: &'static str,
        account: &AccountId,
        users: &[UserId],
    ) -> Result<CodeAnswer, ClientError> {
        Limit::FOLLOWERS.check(users.len())?;
        self.client.post_json(path, &Body { account, users }).await
    }
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "mcId")]
    account: &'a AccountId,
    #[serde(rename = "userId")]
    users: &'a [UserId],
}
