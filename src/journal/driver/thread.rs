//! The threads of a driver.

use std::thread::{Builder, JoinHandle};

use crate::journal::JournalError;

/// A thread of a driver, which is waited for when this is dropped, so that the store is free afterwards.
///
/// The thread ends once the sender of its requests is gone: an owner of both drops the sender first.
#[derive(Debug)]
pub(in crate::journal) struct DriverThread {
    /// The thread's task in one word.
    task: &'static str,
    thread: Option<JoinHandle<()>>,
}

impl DriverThread {
    /// Starts a thread for `work`.
    pub(in crate::journal) fn spawn(
        task: &'static str,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<Self, JournalError> {
        let thread = Builder::new().name(format!("journal-{task}")).spawn(work);
        let thread = thread.map_err(|error| JournalError::Unavailable(error.to_string().into()))?;
        Ok(Self { task, thread: Some(thread) })
    }
}

impl Drop for DriverThread {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the journal's {} thread panicked", self.task);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::{
        Event, Metadata, Subscriber,
        field::{Field, Visit},
        span,
    };

    use super::*;
    use crate::lock::lock;

    /// A subscriber that keeps the messages of all events.
    #[derive(Clone, Default)]
    struct Messages(Arc<Mutex<Vec<String>>>);

    impl Visit for Messages {
        fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
            if field.name() == "message" {
                lock(&self.0).push(format!("{value:?}"));
            }
        }
    }

    impl Subscriber for Messages {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn event(&self, event: &Event<'_>) {
            event.record(&mut self.clone());
        }

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }

    #[test]
    fn a_thread_that_panics_is_logged_when_it_is_waited_for() {
        let messages = Messages::default();
        tracing::subscriber::with_default(messages.clone(), || {
            drop(DriverThread::spawn("writer", || ()).unwrap());
            assert!(lock(&messages.0).is_empty());
            drop(DriverThread::spawn("writer", || panic!("as the test wants it")).unwrap());
        });
        assert_eq!(*lock(&messages.0), ["the journal's writer thread panicked"]);
    }
}
