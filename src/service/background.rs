//! The tasks that run beside the pumps for as long as the server works.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

#[cfg(feature = "console")]
use crate::console;
use crate::{journal::Queues, statistics::Statistics, worker::Pauses};

/// The tasks that run beside the pumps.
#[derive(Debug)]
pub(super) struct Background {
    pub(super) journal: Arc<dyn Queues>,
    /// The accounts to which nothing is sent, which are read before the first reply is sent and each second.
    pub(super) pauses: Pauses,
    /// The statistics, which are written once a minute, and for the last time when the pumps have ended.
    pub(super) statistics: Statistics,
    /// The tasks of the console.
    #[cfg(feature = "console")]
    pub(super) console: console::Background,
}

impl Background {
    /// Reads what has to be known before the first reply is sent.
    pub(super) async fn prepare_sending(&self) {
        self.pauses.read_first(&*self.journal).await;
    }

    /// Runs until `stop`.
    pub(super) async fn run(&self, stop: &CancellationToken) {
        let console = async {
            #[cfg(feature = "console")]
            self.console.run(stop).await;
        };
        tokio::join!(self.pauses.follow(&*self.journal, stop), self.statistics.record(stop), console);
    }

    /// Writes what is left to write, after the pumps have ended.
    pub(super) async fn finish(&self) {
        self.statistics.record_last().await;
    }
}
