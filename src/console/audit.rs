//! The audit list: an action is added to it before it is done, and a look before it is shown.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    time::Duration,
};

use lru::LruCache;

use super::{access::Who, error::ApiError};
use crate::{
    clock::Clock,
    journal::{Administration, NewAuditRecord},
    lock::lock,
};

/// The most characters of a target: filters may be long.
const MAX_TARGET: usize = 1_000;
/// The time within which looks of one person at one target are one record: a page that shows what happens asks again and
/// again, and its looks would push everything else out of the list.
const ONE_LOOK: Duration = Duration::from_mins(1);
/// How many looks are remembered; one that is forgotten is noted again.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1_000).expect("the number is not zero");

/// The audit list in the journal.
#[derive(Debug)]
pub(super) struct Audit {
    journal: Arc<dyn Administration>,
    clock: Clock,
    /// When who looked at what, if it is less than [`ONE_LOOK`] ago.
    looks: Mutex<LruCache<(String, String), Duration>>,
}

impl Audit {
    /// The audit list of a journal.
    pub(super) fn new(journal: Arc<dyn Administration>, clock: Clock) -> Self {
        Self { journal, clock, looks: Mutex::new(LruCache::new(REMEMBERED)) }
    }

    /// Notes an action that is about to be done to `count` entries.
    ///
    /// # Errors
    ///
    /// The record cannot be written: the action must not be done.
    pub(super) async fn act(
        &self,
        who: &Who,
        action: &str,
        target: &str,
        count: u64,
    ) -> Result<(), ApiError> {
        let record = NewAuditRecord {
            who: who.name().to_owned(),
            action: action.to_owned(),
            target: target.chars().take(MAX_TARGET).collect(),
            count,
        };
        self.journal.add_audit(record).await.map_err(|error| {
            ApiError::unavailable(format!(
                "nothing was done, because it cannot be noted in the audit list: {error}"
            ))
        })
    }

    /// Notes that the texts of `count` entries are about to be shown, at most once a minute for the same target.
    ///
    /// # Errors
    ///
    /// The record cannot be written: the texts must not be shown.
    pub(super) async fn look(&self, who: &Who, target: &str, count: u64) -> Result<(), ApiError> {
        let now = self.clock.elapsed();
        let look = (who.name().to_owned(), target.to_owned());
        let last = lock(&self.looks).get(&look).copied();
        if last.is_some_and(|last| now.saturating_sub(last) < ONE_LOOK) {
            return Ok(());
        }
        self.act(who, "look", target, count).await?;
        lock(&self.looks).put(look, now);
        Ok(())
    }
}
