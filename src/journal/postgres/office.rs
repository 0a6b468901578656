//! The thread on which the writer and the keeper work: no handler that blocks another one holds them up.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
};

use tokio::{
    runtime::Runtime,
    sync::{mpsc, oneshot},
};

use super::{command::Command, keeper::Keeper, pens::Pens, writer::Writer};
use crate::journal::{JournalError, error::closed_error};

/// How many commands may wait for the writer; beyond it appends are refused, and others wait for a place.
const QUEUED: usize = 4096;

/// Where a replica's commands go. The work ends when this is dropped, and what was queued is done before.
#[derive(Debug)]
pub(super) struct Office {
    /// Must come before `thread`, which ends once this is gone.
    pub(super) commands: mpsc::Sender<Command>,
    _thread: Joined,
}

/// A thread that is waited for when it is dropped, so that nothing of this replica is left behind.
#[derive(Debug)]
struct Joined(Option<JoinHandle<()>>);

impl Drop for Joined {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            let _ = thread.join();
        }
    }
}

impl Office {
    /// Starts the work, once there is a connection to write on.
    pub(super) async fn open(keeper: Keeper) -> Result<Self, JournalError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(unavailable)?;
        let (commands, queue) = mpsc::channel(QUEUED);
        let (sender, opened) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || work(&runtime, &keeper, queue, sender))
            .map_err(unavailable)?;
        let office = Self { commands, _thread: Joined(Some(thread)) };
        opened.await.unwrap_or_else(|_| Err(closed_error()))?;
        Ok(office)
    }
}

fn work(
    runtime: &Runtime,
    keeper: &Keeper,
    queue: mpsc::Receiver<Command>,
    opened: oneshot::Sender<Result<(), JournalError>>,
) {
    runtime.block_on(async {
        let Keeper { address, options, replica, shared } = keeper;
        let clock = options.clock.clone();
        let pens = match Pens::open(address.clone(), *replica, Arc::clone(shared), clock).await {
            Ok(pens) => pens,
            Err(error) => {
                let _ = opened.send(Err(error));
                return;
            }
        };
        let _ = opened.send(Ok(()));
        let writer = Writer::new(options.clone(), Arc::clone(shared), pens);
        let (closers, pens) = tokio::select! {
            ended = writer.run(queue) => ended,
            never = keeper.run() => match never {},
        };
        // After the keeper's end, or it would put this replica on the list again.
        let left = pens.leave().await;
        drop(pens);
        for closer in closers {
            closer.end(left.clone());
        }
    });
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unavailable(error: std::io::Error) -> JournalError {
    JournalError::Unavailable(error.to_string().into())
}
