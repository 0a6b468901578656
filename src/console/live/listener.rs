//! One who listens to the events.

use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::event::Event;

/// One who listens to the events of a server, from the moment at which they began.
#[derive(Debug)]
pub(crate) struct Listener {
    receiver: Receiver<Event>,
    ended: CancellationToken,
}

impl Listener {
    pub(super) fn new(receiver: Receiver<Event>, ended: CancellationToken) -> Self {
        Self { receiver, ended }
    }

    /// Waits for the next event; `None` when the server ends. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        match self.ended.run_until_cancelled(self.receiver.recv()).await? {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(_)) => Some(Event::Lost),
            Err(RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        console::live::{Change, Events},
        journal::EntryId,
    };

    #[tokio::test]
    async fn a_listener_who_is_too_slow_is_told_and_goes_on_with_the_newest_events() {
        let events = Events::new();
        let mut listener = events.listen(EntryId(0));
        for _ in 0..2000 {
            events.note_change(Change::Jobs);
            events.tell_changes();
        }
        assert!(matches!(listener.next().await, Some(Event::Lost)));
        for _ in 0..1024 {
            assert!(matches!(listener.next().await, Some(Event::Change(_))));
        }
        events.end();
        assert!(listener.next().await.is_none());
    }

    #[tokio::test]
    async fn while_nobody_listens_there_are_no_listeners() {
        let events = Events::new();
        let listener = events.listen(EntryId(0));
        assert!(events.has_listeners());
        drop(listener);
        assert!(!events.has_listeners());
    }
}
