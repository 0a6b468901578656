//! The entries that a job is about.

use super::{
    api::{EntryFilter, JobRow},
    selection::{Selection, known},
};
use crate::journal::{Job, JobAction};

/// The filter of a job, with the state of its entries, and the entries that it means.
///
/// # Errors
///
/// The action or a parameter is wrong; the reason says which, and what to write.
pub(super) fn read_job(
    action: &str,
    given: &EntryFilter,
) -> Result<(JobAction, EntryFilter, Selection), String> {
    let action = [JobAction::Revive, JobAction::Discard]
        .into_iter()
        .find(|known| known.as_str() == action)
        .ok_or("action: write `revive` or `discard`")?;
    let state = known(given.state.as_deref()).unwrap_or("dead");
    match (action, state) {
        (_, "dead") | (JobAction::Discard, "pending") => {}
        (JobAction::Revive, _) => return Err("filter.state: only `dead` entries can be revived".into()),
        (JobAction::Discard, _) => {
            return Err("filter.state: only `dead` and `pending` entries can be discarded".into());
        }
    }
    let filter = EntryFilter { state: Some(state.to_owned()), ..given.clone() };
    let selection = Selection::read(&filter).map_err(|problem| format!("filter.{problem}"))?;
    Ok((action, filter, selection))
}

/// The entries that a job in the journal is about; what was written there is read back.
pub(super) fn read_stored(filter: &str) -> Result<Selection, String> {
    let filter: EntryFilter = serde_json::from_str(filter).map_err(|error| error.to_string())?;
    Selection::read(&filter)
}

impl From<Job> for JobRow {
    fn from(job: Job) -> Self {
        Self {
            id: job.id,
            action: job.action.as_str().to_owned(),
            // A later server may have written what this one does not know; its job is listed all the same.
            filter: serde_json::from_str(&job.filter).unwrap_or_default(),
            total: job.total,
            done: job.done,
            skipped: job.skipped,
            rate: job.rate,
            state: job.state.as_str().to_owned(),
            by: job.by,
            created_at: job.created_at,
            ended_at: job.ended_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_about_dead_letters_unless_it_discards_pending_ones() {
        let read = |action, state: Option<&str>| {
            let state = state.map(str::to_owned);
            let read = read_job(action, &EntryFilter { state, ..EntryFilter::default() });
            read.map(|(_, filter, _)| filter.state.unwrap_or_default())
        };
        assert_eq!(read("revive", None).as_deref(), Ok("dead"));
        assert_eq!(read("discard", Some("pending")).as_deref(), Ok("pending"));
        for (action, state) in [("revive", "pending"), ("revive", "done"), ("discard", "done")] {
            let refused = read(action, Some(state)).unwrap_err();
            assert!(refused.starts_with("filter.state: only `dead`"), "{refused}");
        }
        assert_eq!(read("drop", None).unwrap_err(), "action: write `revive` or `discard`");
        let wrong = EntryFilter { queue: Some("x".into()), ..EntryFilter::default() };
        assert!(read_job("revive", &wrong).unwrap_err().starts_with("filter.queue: write"));
    }
}
