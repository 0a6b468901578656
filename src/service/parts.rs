//! The parts of a service, for a program that runs them by itself.

use std::sync::Arc;

use super::workers::Workers;
use crate::{
    desk::Desk,
    journal::Queues,
    metrics,
    server::{Callbacks, admin::JournalGauges},
    statistics::Statistics,
};

/// The parts of a service, to run it inside another program; see
/// [`CallbackService::into_parts`](super::CallbackService::into_parts).
#[derive(Debug)]
#[non_exhaustive]
pub struct Parts {
    /// The router of the configured paths. The limits on a message hold in here, whatever listens.
    pub callbacks: Callbacks,
    /// The work behind the acknowledgement: handling messages and sending replies.
    pub workers: Workers,
    /// The journal, which survives a crash.
    pub journal: Arc<dyn Queues>,
    /// The conversations that persons have, for whoever answers them.
    pub desk: Desk,
    /// The metrics of the process.
    pub metrics: Metrics,
    /// The statistics of this server and of those that share its journal.
    pub statistics: Statistics,
    /// The router of the operators' page, at `/`, and of its API, below `/api/v1`. Without a token in `admin.tokens` the router
    /// answers this machine only, which it knows by the [`ConnectInfo`](axum::extract::ConnectInfo) of the requests.
    #[cfg(feature = "console")]
    pub console: axum::Router,
}

/// The metrics of the process, as `/metrics` of the operators' listener shows them.
#[derive(Debug)]
pub struct Metrics {
    pub(super) gauges: JournalGauges,
}

impl Metrics {
    /// Writes all metrics as Prometheus text. `None` if the program has a recorder of its own, which has the metrics then.
    pub async fn render(&self) -> Option<String> {
        let handle = metrics::install_recorder()?;
        self.gauges.refresh().await;
        Some(handle.render())
    }
}
