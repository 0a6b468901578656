//! The thread on which the writers and the maintenance work: no handler that blocks another one holds them up.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
};

use tokio::{
    runtime::Runtime,
    sync::{mpsc, oneshot, watch},
};
use tokio_util::sync::CancellationToken;

use super::{command::Command, maintenance, replica::Replica, writer::Writer};
use crate::journal::{JournalError, error::closed_error};

/// How many requests may wait for a writer; beyond it appends are refused, and others wait for a place.
const QUEUED: usize = 4096;

/// The writers of a replica, on a thread of their own. They end when this is dropped, and what was queued is done before.
#[derive(Debug)]
pub(super) struct WriterThread {
    /// The queue of the writer. Must come before `thread`, which ends once these are gone.
    queue: mpsc::Sender<Command>,
    /// Tells the writers to take nothing more in.
    closing: CancellationToken,
    /// How the replica's end went, once it has come.
    ended: watch::Receiver<Option<Result<(), JournalError>>>,
    _thread: JoinedThread,
}

/// A thread that is waited for when it is dropped, so that nothing of this replica is left behind.
#[derive(Debug)]
struct JoinedThread(Option<JoinHandle<()>>);

impl Drop for JoinedThread {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take()
            && thread.join().is_err()
        {
            tracing::error!("the journal's writer thread panicked");
        }
    }
}

impl WriterThread {
    /// Starts the thread; returns once the writer has a connection.
    pub(super) async fn start(replica: Arc<Replica>) -> Result<Self, JournalError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(start_error)?;
        let (queue, receiver) = mpsc::channel(QUEUED);
        let (closing, (end, ended)) = (CancellationToken::new(), watch::channel(None));
        let (sender, opened) = oneshot::channel();
        let work = {
            let closing = closing.clone();
            move || work(&runtime, &replica, receiver, &closing, (sender, end))
        };
        let thread =
            thread::Builder::new().name("journal".to_owned()).spawn(work).map_err(start_error)?;
        let thread = Self { queue, closing, ended, _thread: JoinedThread(Some(thread)) };
        opened.await.unwrap_or_else(|_| Err(closed_error()))?;
        Ok(thread)
    }

    /// Where requests go.
    pub(super) fn queue(&self) -> &mpsc::Sender<Command> {
        &self.queue
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closing.is_cancelled() || self.queue.is_closed()
    }

    /// Ends the writers, after what is queued.
    pub(super) async fn close(&self) -> Result<(), JournalError> {
        self.closing.cancel();
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(ended) => ended.clone().unwrap_or(Ok(())),
            Err(_) => Err(closed_error()),
        }
    }
}

type Ends = (oneshot::Sender<Result<(), JournalError>>, watch::Sender<Option<Result<(), JournalError>>>);

fn work(
    runtime: &Runtime,
    replica: &Arc<Replica>,
    queue: mpsc::Receiver<Command>,
    closing: &CancellationToken,
    (opened, end): Ends,
) {
    runtime.block_on(async {
        let mut writer = match Writer::open(Arc::clone(replica)).await {
            Ok(writer) => writer,
            Err(error) => {
                let _ = opened.send(Err(error));
                return;
            }
        };
        let _ = opened.send(Ok(()));
        tokio::select! {
            () = writer.run(queue, closing) => {}
            never = maintenance::run(replica) => match never {},
        }
        // After the maintenance's end, or it would put this replica on the list again.
        let left = writer.leave().await;
        drop(writer);
        end.send_replace(Some(left));
    });
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn start_error(error: std::io::Error) -> JournalError {
    JournalError::Unavailable(error.to_string().into())
}
