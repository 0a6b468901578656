//! The accounts to which an operator has paused sending, as the sending of replies asks for them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    ids::{AccountId, AppKey},
    journal::{Administration, JournalError, Pause},
    lock::lock,
};

/// Time between two readings of the journal's pauses.
const INTERVAL: Duration = Duration::from_secs(1);
/// The character between app and account in the key of a pause.
const SEPARATOR: char = '\u{1f}';

/// An account whose replies may be paused, with the key by which the journal knows it.
///
/// # Examples
///
/// ```
/// use rongcloud_callback::service::PausedAccount;
///
/// let account = PausedAccount { app: "app".into(), account: "mc1".into() };
/// // `journal.pause(account.key(), "alice".to_owned())` stops its replies within a second or so.
/// assert_eq!(PausedAccount::from_key(&account.key()), Some(account));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PausedAccount {
    /// The app.
    pub app: AppKey,
    /// The public account of the app.
    pub account: AccountId,
}

/// The pauses of a journal, as they were last read; clones share them.
///
/// Until [`read_first`](Self::read_first) has ended nobody knows what is paused, so nothing is sent before. Later a journal
/// that fails keeps the pauses that were read before.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pauses {
    /// The name of whoever paused the account, by the account's key.
    paused: Arc<Mutex<HashMap<String, String>>>,
}

impl PausedAccount {
    /// The key of the account among the journal's pauses.
    pub fn key(&self) -> String {
        let Self { app, account } = self;
        format!("{app}{SEPARATOR}{account}")
    }

    /// The account that a key names; `None` if it is no such key.
    pub fn from_key(key: &str) -> Option<Self> {
        let (app, account) = key.split_once(SEPARATOR)?;
        Some(Self { app: app.into(), account: account.into() })
    }
}

impl Pauses {
    /// The name of whoever paused the account; `None` if it is not paused.
    pub(super) fn paused_by(&self, app: &AppKey, account: &AccountId) -> Option<String> {
        let paused = lock(&self.paused);
        if paused.is_empty() {
            return None;
        }
        paused.get(&PausedAccount { app: app.clone(), account: account.clone() }.key()).cloned()
    }

    /// Reads the pauses for the first time, however often that has to be tried.
    pub(crate) async fn read_first(&self, journal: &dyn Administration) {
        let mut is_logged = false;
        while let Err(error) = self.read(journal).await {
            if !is_logged {
                tracing::warn!(
                    %error,
                    "the journal does not say for which accounts sending is paused: nothing is sent until it does"
                );
                is_logged = true;
            }
            sleep(INTERVAL).await;
        }
    }

    /// Reads the pauses again and again until `stop`.
    pub(crate) async fn follow(&self, journal: &dyn Administration, stop: &CancellationToken) {
        while stop.run_until_cancelled(sleep(INTERVAL)).await.is_some() {
            if let Some(Err(error)) = stop.run_until_cancelled(self.read(journal)).await {
                tracing::debug!(%error, "the pauses of sending stay as they were");
            }
        }
    }

    async fn read(&self, journal: &dyn Administration) -> Result<(), JournalError> {
        let pauses = journal.pauses().await?;
        let paused = pauses.into_iter().map(|Pause { account, by, .. }| (account, by)).collect();
        *lock(&self.paused) = paused;
        Ok(())
    }
}
