//! The writer's thread, where the maintenance works as well: no handler that blocks another thread holds them up.

use std::sync::Arc;

use tokio::{
    runtime::Runtime,
    sync::{mpsc, oneshot, watch},
};
use tokio_util::sync::CancellationToken;

use super::{commands::Command, maintenance, replica::Replica, writer::Writer};
use crate::journal::{
    JournalError,
    driver::{request::MAX_QUEUED, thread::DriverThread},
    error::closed_error,
};

/// The handle of the writer's thread. The thread ends when this is dropped; what was queued is done before.
#[derive(Debug)]
pub(super) struct WriterHandle {
    /// The way to the writer, which ends once this sender is gone; so it comes before `_thread`.
    pub(super) commands: mpsc::Sender<Command>,
    /// The signal to stop: the writer does what is queued, and takes nothing more in.
    closing: CancellationToken,
    /// The result of the replica's end, once the writer has stopped.
    ended: watch::Receiver<Option<Result<(), JournalError>>>,
    /// The thread, which is waited for last.
    _thread: DriverThread,
}

/// The thread's ends of the channels by which it reports.
struct Reports {
    /// Whether the writer has a connection, at the start.
    opened: oneshot::Sender<Result<(), JournalError>>,
    /// The result of the replica's end.
    ended: watch::Sender<Option<Result<(), JournalError>>>,
}

impl WriterHandle {
    /// Starts the thread; returns once the writer has a connection.
    pub(super) async fn start(replica: Arc<Replica>) -> Result<Self, JournalError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| JournalError::Unavailable(error.to_string().into()))?;
        let (commands, queue) = mpsc::channel(MAX_QUEUED);
        let closing = CancellationToken::new();
        let (end, ended) = watch::channel(None);
        let (open, opened) = oneshot::channel();
        let work = {
            let closing = closing.clone();
            move || work(&runtime, &replica, queue, &closing, Reports { opened: open, ended: end })
        };
        let handle = Self { commands, closing, ended, _thread: DriverThread::spawn("writer", work)? };
        opened.await.unwrap_or_else(|_| Err(closed_error()))?;
        Ok(handle)
    }

    /// Whether the writer takes nothing more in.
    pub(super) fn is_closed(&self) -> bool {
        self.closing.is_cancelled() || self.commands.is_closed()
    }

    /// Stops the writer, after what is queued, and waits for the end of the replica.
    pub(super) async fn close(&self) -> Result<(), JournalError> {
        self.closing.cancel();
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(ended) => ended.clone().unwrap_or(Ok(())),
            Err(_) => Err(closed_error()),
        }
    }
}

/// Runs the writer and the maintenance, until the writer has stopped.
fn work(
    runtime: &Runtime,
    replica: &Arc<Replica>,
    queue: mpsc::Receiver<Command>,
    closing: &CancellationToken,
    reports: Reports,
) {
    runtime.block_on(async {
        let mut writer = match Writer::open(Arc::clone(replica)).await {
            Ok(writer) => writer,
            Err(error) => {
                let _ = reports.opened.send(Err(error));
                return;
            }
        };
        let _ = reports.opened.send(Ok(()));
        tokio::select! {
            () = writer.run(queue, closing) => {}
            never = maintenance::run(replica) => match never {},
        }
        // The replica leaves after the maintenance's end, which would put it on the list again.
        let left = writer.leave().await;
        drop(writer);
        reports.ended.send_replace(Some(left));
    });
}
