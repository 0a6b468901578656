//! The workers: the pumps of both queues, which run behind the acknowledgement.

use std::{mem, sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{background::Background, error::ServiceError, watch::run_watched};
use crate::{
    journal::Queues,
    metrics,
    worker::{Deliver, Dispatch, Pump},
};

/// Time that the pumps may take beyond the grace period. A store that does not answer would keep them for ever.
const AFTER_GRACE: Duration = Duration::from_secs(1);
/// Time that the journal may take to close. Entries that it has not written into its main file by then are read from its
/// log at the next start.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The workers of a service: they handle messages and send replies.
#[derive(Debug)]
pub struct Workers {
    /// The pump of the Inbox. A token stops it.
    pub(super) dispatch: Pump<Dispatch>,
    /// The pump of the Outbox. The same token stops it.
    pub(super) deliver: Pump<Deliver>,
    /// The tasks beside the pumps. The same token stops them.
    pub(super) background: Background,
    /// The journal, closed when both pumps and the tasks beside them have ended.
    pub(super) journal: Arc<dyn Queues>,
    /// Time that attempts may go on after the stop.
    pub(super) grace: Duration,
}

impl Workers {
    /// Works until `stop`, lets attempts end within the configured grace period, then closes the journal.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Ended`] if a part of them has ended although nobody has stopped it.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ServiceError> {
        let Self { dispatch, deliver, background, journal, grace } = self;
        // The caller cancels the token, or a pump that has failed.
        let stop = stop.child_token();
        let sending = async {
            if stop.run_until_cancelled(background.prepare_sending()).await.is_some() {
                deliver.run(stop.clone(), grace).await;
            }
        };
        // On the heap: the state of both pumps is large, and callers move this future about.
        let work = Box::pin(async {
            let (handled, sent, beside) = tokio::join!(
                run_watched("the handling of messages", dispatch.run(stop.clone(), grace), &stop),
                run_watched("the sending of replies", sending, &stop),
                run_watched("the work beside the queues", background.run(&stop), &stop),
            );
            background.finish().await;
            handled.and(sent).and(beside)
        });
        let too_late = async {
            stop.cancelled().await;
            sleep(grace.saturating_add(AFTER_GRACE)).await;
        };
        let result = tokio::select! {
            result = work => result,
            () = too_late => {
                tracing::warn!("the journal or a handler does not answer: what is in work is cut off, and comes again after the next start");
                Ok(())
            }
            never = metrics::maintain_recorder() => match never {},
        };
        let unclean = match timeout(CLOSE_TIMEOUT, journal.close()).await {
            Ok(Ok(())) => return result,
            Ok(Err(error)) => error.to_string(),
            Err(_) => {
                // Dropping the journal would wait for the store as well.
                mem::forget(Arc::clone(&journal));
                "it does not answer".to_owned()
            }
        };
        tracing::error!(
            error = unclean,
            "the journal did not close cleanly; it is read again at the next start"
        );
        result
    }
}
