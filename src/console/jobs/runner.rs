//! The runner of jobs: a task that looks for a running job, and does its steps.
//!
//! The place that a job has reached is in the journal, and each step names the place from which it goes on. So a job goes on
//! after a restart, and of several servers on the journal one does it: a server takes a job over whose place stands still.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    console::{
        job_filter::read_stored,
        live::{Change, Events},
        selection::Selection,
    },
    journal::{
        Administration, EntryId, Filter, Job, JobAction, JobEntry, JobState, JobStep, JournalError,
        Order, Record, State,
    },
};

/// Time between two looks for a job. A step of a job takes less, so that a job which stands still between two looks has
/// nobody who does it.
const LOOK: Duration = Duration::from_millis(1500);
/// The most entries of one step, and the part of a second's entries that one has. What is accepted meanwhile waits for the
/// commit of a step, and for a core while the entries of one are handled all at once.
const MOST_ENTRIES: u32 = 25;
const PART: u32 = 10;
/// The most entries that one step looks at.
const SCAN: usize = 10_000;
/// Time between two steps that changed nothing, so that a search does not keep the journal busy.
const REST: Duration = Duration::from_millis(10);

/// The runner of a journal's jobs.
#[derive(Debug)]
pub(crate) struct JobRunner {
    journal: Arc<dyn Administration>,
    events: Events,
}

impl JobRunner {
    /// Runs the jobs of `journal`, and tells `events` of their progress.
    pub(crate) fn new(journal: Arc<dyn Administration>, events: Events) -> Self {
        Self { journal, events }
    }

    /// Runs jobs until `stop`, which ends a job between two of its steps.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        let mut seen = None;
        while stop.run_until_cancelled(sleep(LOOK)).await.is_some() {
            let job = stop.run_until_cancelled(self.running_job()).await.flatten();
            match job {
                Some(job) if seen.as_ref() == Some(&job) => {
                    self.work_off(job, stop).await;
                    seen = None;
                }
                job => seen = job,
            }
        }
    }

    /// The job that is running, if there is one and the journal answers.
    async fn running_job(&self) -> Option<Job> {
        match self.journal.jobs(1).await {
            Ok(jobs) => jobs.into_iter().find(|job| job.state == JobState::Running),
            Err(error) => {
                tracing::debug!(%error, "the journal does not say which job is running");
                None
            }
        }
    }

    /// Does the steps of a job until its end, until `stop`, or until another server does them.
    async fn work_off(&self, mut job: Job, stop: &CancellationToken) {
        let selection = match read_stored(&job.filter) {
            Ok(selection) => selection,
            Err(problem) => {
                tracing::error!(
                    job = job.id,
                    problem,
                    "the filter of the job cannot be read by this version of the program: cancel the job"
                );
                return;
            }
        };
        tracing::info!(job = job.id, action = job.action.as_str(), after = %job.after, "a job goes on");
        while !stop.is_cancelled() && job.state == JobState::Running {
            let begins_at = Instant::now();
            let step = match self.next_step(&job, &selection).await {
                Ok(step) => step,
                Err(error) => return log_failure(job.id, &error),
            };
            let pause = pause_after(step.entries.len(), job.rate);
            job = match self.journal.advance_job(step).await {
                Ok(job) => job,
                // Somebody has cancelled it, or another server has done this step.
                Err(JournalError::Conflict) => return,
                Err(error) => return log_failure(job.id, &error),
            };
            self.events.note_change(Change::Jobs);
            if job.state == JobState::Running {
                let rest = pause.saturating_sub(begins_at.elapsed()).max(REST);
                stop.run_until_cancelled(sleep(rest)).await;
            }
        }
        if job.state == JobState::Done {
            tracing::info!(job = job.id, done = job.done, skipped = job.skipped, "a job is done");
        }
    }

    /// Looks for the entries of a job's next step.
    async fn next_step(&self, job: &Job, selection: &Selection) -> Result<JobStep, JournalError> {
        let filter = &selection.filter;
        let end = EntryId(job.until.0.saturating_add(1));
        let page = self.journal.search(Filter {
            state: filter.state.or((job.action == JobAction::Revive).then_some(State::Dead)),
            after: filter.after.max(Some(job.after)),
            before: Some(filter.before.map_or(end, |before| before.min(end))),
            order: Order::OldestFirst,
            limit: step_entries(job.rate),
            scan: SCAN,
            ..filter.clone()
        });
        let page = page.await?;
        let is_meant = |record: &&Record| may_change(job.action, record) && selection.admits(record);
        let meant = page.records.iter().filter(is_meant);
        let (to, is_last) = page.end.next().map_or((job.until, true), |to| (to, false));
        Ok(JobStep {
            job: job.id,
            from: job.after,
            to,
            entries: meant.map(JobEntry::from).collect(),
            is_last,
        })
    }
}

/// Whether an action can be done to an entry in its state.
fn may_change(action: JobAction, record: &Record) -> bool {
    match action {
        JobAction::Revive => record.state == State::Dead,
        JobAction::Discard => record.state != State::Done,
    }
}

/// How many entries a step of a job with this rate has.
fn step_entries(rate: u32) -> usize {
    (rate / PART).clamp(1, MOST_ENTRIES) as usize
}

/// The time after which the step behind one of so many entries begins.
fn pause_after(entries: usize, rate: u32) -> Duration {
    let entries = u32::try_from(entries).unwrap_or(u32::MAX);
    Duration::from_secs(1).saturating_mul(entries) / rate.max(1)
}

fn log_failure(job: i64, error: &JournalError) {
    tracing::warn!(job, %error, "a step of a job failed: it is tried again");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_has_a_tenth_of_a_second_s_entries_and_never_many() {
        for (rate, entries) in [(1, 1), (50, 5), (200, 20), (1000, 25)] {
            assert_eq!(step_entries(rate), entries, "{rate} a second");
        }
    }

    #[test]
    fn a_step_takes_as_long_as_the_rate_of_its_job_says() {
        for (entries, rate, millis) in
            [(0, 50, 0), (50, 50, 1000), (200, 1000, 200), (1, 1, 1000), (3, 0, 3000)]
        {
            assert_eq!(pause_after(entries, rate), Duration::from_millis(millis));
        }
    }
}
