//! A purge of the whole journal, in small steps.

use crate::journal::{EntryId, JournalError};

/// The result of one step of a purge.
#[derive(Debug, Clone, Copy)]
pub(in crate::journal) struct PurgeResult {
    /// The entry after which the next step begins; none after the last step.
    pub(in crate::journal) next: Option<EntryId>,
    /// How many entries the step removed.
    pub(in crate::journal) count: u64,
}

/// Runs `step` from the first entry to the last; returns how many entries were removed.
pub(in crate::journal) async fn purge_all<F>(
    mut step: impl FnMut(EntryId) -> F,
) -> Result<u64, JournalError>
where
    F: Future<Output = Result<PurgeResult, JournalError>>,
{
    let (mut next, mut removed) = (Some(EntryId(0)), 0);
    while let Some(after) = next {
        let PurgeResult { next: after, count } = step(after).await?;
        removed += count;
        next = after;
    }
    Ok(removed)
}
