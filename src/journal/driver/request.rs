//! Requests to a driver's writer thread, each with its waiter.

use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

use crate::journal::{JournalError, error::closed_error};

/// How many requests may wait for the writer thread: beyond it appends are refused, and others wait for a place.
pub(in crate::journal) const MAX_QUEUED: usize = 4096;
/// The most requests in one transaction.
pub(in crate::journal) const MAX_BATCH: usize = 1024;

/// A request's input, its result until the transaction is committed, and its waiter.
#[derive(Debug)]
pub(in crate::journal) struct Request<I, T> {
    pub(in crate::journal) input: I,
    result: Option<Result<T, JournalError>>,
    waiter: oneshot::Sender<Result<T, JournalError>>,
}

/// The waiter's end of a request.
#[derive(Debug)]
pub(in crate::journal) struct Answer<T>(oneshot::Receiver<Result<T, JournalError>>);

impl<I, T> Request<I, T> {
    pub(in crate::journal) fn new(input: I) -> (Self, Answer<T>) {
        let (waiter, answer) = oneshot::channel();
        (Self { input, result: None, waiter }, Answer(answer))
    }

    /// Whether nobody waits for the answer any more.
    #[cfg(feature = "postgres")]
    pub(in crate::journal) fn is_abandoned(&self) -> bool {
        self.waiter.is_closed()
    }

    /// Keeps the request's own result until the transaction is committed.
    pub(in crate::journal) fn keep_result(&mut self, result: Result<T, JournalError>) {
        self.result = Some(result);
    }

    /// Gives the waiter the kept result if the transaction was committed, else the transaction's error.
    pub(in crate::journal) fn answer_committed(mut self, committed: &Result<(), JournalError>) {
        let answer = match committed {
            Ok(()) => self.result.take().unwrap_or_else(|| Err(closed_error())),
            Err(error) => Err(error.clone()),
        };
        self.answer(answer);
    }

    /// Gives the waiter a result.
    pub(in crate::journal) fn answer(self, result: Result<T, JournalError>) {
        // The waiter may have given up; what was done is done.
        let _ = self.waiter.send(result);
    }
}

impl<T> Answer<T> {
    /// Waits for the answer; a request that the writer thread dropped is answered as closed.
    pub(in crate::journal) async fn wait(self) -> Result<T, JournalError> {
        self.0.await.unwrap_or_else(|_| Err(closed_error()))
    }
}

/// Queues `command` at once or refuses it: the store is far behind, and a caller with little time is told so now.
pub(in crate::journal) fn try_send<C>(
    commands: &mpsc::Sender<C>,
    command: C,
) -> Result<(), JournalError> {
    commands.try_send(command).map_err(|refused| match refused {
        TrySendError::Full(_) => JournalError::Unavailable("too many commands wait for it".into()),
        TrySendError::Closed(_) => closed_error(),
    })
}

/// Queues `command`, waiting for a place.
pub(in crate::journal) async fn send<C>(
    commands: &mpsc::Sender<C>,
    command: C,
) -> Result<(), JournalError> {
    commands.send(command).await.map_err(|_| closed_error())
}

/// Waits for `closing`, the request to close; a journal that was closed before is closed.
pub(in crate::journal) async fn close<C>(
    commands: &mpsc::Sender<C>,
    closing: impl Future<Output = Result<(), JournalError>>,
) -> Result<(), JournalError> {
    match closing.await {
        Err(_) if commands.is_closed() => Ok(()),
        closed => closed,
    }
}
