//! The audit list: an action is added to it before it is done, and a look before it is shown.

use std::sync::Arc;

use super::{access::Who, error::ApiError};
use crate::journal::{Administration, NewAuditRecord};

/// The most characters of a target: filters may be long.
const MAX_TARGET: usize = 1_000;

/// The audit list in the journal.
#[derive(Debug, Clone)]
pub(super) struct Audit {
    journal: Arc<dyn Administration>,
}

impl Audit {
    /// The audit list of a journal.
    pub(super) fn new(journal: Arc<dyn Administration>) -> Self {
        Self { journal }
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

    /// Notes that the texts of `count` entries are about to be shown.
    ///
    /// # Errors
    ///
    /// The record cannot be written: the texts must not be shown.
    pub(super) async fn look(&self, who: &Who, target: &str, count: u64) -> Result<(), ApiError> {
        self.act(who, "look", target, count).await
    }
}
