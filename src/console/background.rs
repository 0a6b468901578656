//! The tasks of the console, which run for as long as the server works.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{
    jobs::JobRunner,
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
            jobs: JobRunner::new(Arc::clone(journal), events.clone()),
        }
    }

    /// Runs until `stop`.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        tokio::join!(self.watch.run(stop), self.jobs.run(stop));
    }
}
