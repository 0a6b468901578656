//! The thread that owns a driver's write connections.

use std::thread::{Builder, JoinHandle};

use crate::journal::JournalError;

/// A writer thread, which is waited for when this is dropped, so that the store is free afterwards.
///
/// The thread ends once the sender of its requests is gone: an owner of both drops the sender first.
#[derive(Debug)]
pub(in crate::journal) struct WriterThread(Option<JoinHandle<()>>);

impl WriterThread {
    /// Starts a thread for `work`.
    pub(in crate::journal) fn spawn(work: impl FnOnce() + Send + 'static) -> Result<Self, JournalError> {
        let thread = Builder::new().name("journal".to_owned()).spawn(work);
        let thread = thread.map_err(|error| JournalError::Unavailable(error.to_string().into()))?;
        Ok(Self(Some(thread)))
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take()
            && thread.join().is_err()
        {
            tracing::error!("the journal's writer thread panicked");
        }
    }
}
