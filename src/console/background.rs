//! The tasks of the console, which run for as long as the server works.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{
    job_filter::read_stored,
    jobs::{JobFilter, JobRunner},
    live::{Events, Watch},
};
use crate::journal::Administration;

/// The tasks of the console.
#[derive(Debug)]
pub(crate) struct Background {
    /// The watch over the journal, for those who listen to the events.
    watch: Watch,
    /// The runner of the jobs.
    jobs: JobRunner,
}

impl Background {
    pub(crate) fn new(journal: &Arc<dyn Administration>, events: &Events) -> Self {
        Self {
            watch: Watch::new(Arc::clone(journal), events.clone()),
            jobs: JobRunner::new(Arc::clone(journal), read_filter, events.clone()),
        }
    }

    /// Runs until `stop`.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        tokio::join!(self.watch.run(stop), self.jobs.run(stop));
    }
}

fn read_filter(filter: &str) -> Result<JobFilter, String> {
    let selection = read_stored(filter)?;
    let filter = selection.filter.clone();
    Ok(JobFilter { filter, admits: Box::new(move |record| selection.admits(record)) })
}
