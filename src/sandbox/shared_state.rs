//! The sandbox's state behind its lock, and waiting for a change of it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, timeout_at};

use super::{history::ChatMessage, state::State};
use crate::ids::{AccountId, UserId};

/// The state that all parts of the sandbox share; a clone is the same state.
#[derive(Debug, Clone)]
pub(super) struct SharedState(Arc<Mutex<State>>);

impl SharedState {
    pub(super) fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `find` finds something in the state.
    pub(super) async fn wait_for<T>(&self, find: impl Fn(&State) -> Option<T>) -> T {
        let mut changes = self.lock().feed.watch();
        loop {
            changes.mark_unchanged();
            if let Some(found) = find(&self.lock()) {
                return found;
            }
            // The feed lives as long as the state does: there is always a next change to wait for.
            let _ = changes.changed().await;
        }
    }

    /// The first message from `account` to `user` after the message `after`, if it comes within `limit`.
    pub(super) async fn next_message(
        &self,
        account: &AccountId,
        user: &UserId,
        after: u64,
        limit: Duration,
    ) -> Option<ChatMessage> {
        let received = self.wait_for(|state| state.received(account, user, after).cloned());
        timeout_at(Instant::now() + limit, received).await.ok()
    }
}
