//! The events that all listeners share.

use std::{
    mem,
    sync::{Arc, Mutex},
};

use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use super::{
    change::{Change, Changes},
    event::Event,
    listener::Listener,
};
use crate::{
    desk::PERSON,
    journal::EntryId,
    lock::lock,
    worker::{Progress, Step},
};

/// How many events are kept for a listener who is slow; one who is slower loses some, and is told so.
const KEPT_EVENTS: usize = 1024;

/// The events of a server; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Events(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sender: broadcast::Sender<Event>,
    /// The newest entry that the listeners know; none while nobody listens.
    newest: Mutex<Option<EntryId>>,
    /// The changes that are told at the next look at the journal.
    changes: Mutex<Changes>,
    /// Wakes the watch of the journal when somebody listens.
    has_listener: Notify,
    /// Ends all listeners when the server ends.
    ended: CancellationToken,
}

impl Events {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            sender: broadcast::Sender::new(KEPT_EVENTS),
            newest: Mutex::default(),
            changes: Mutex::default(),
            has_listener: Notify::new(),
            ended: CancellationToken::new(),
        }))
    }

    /// Begins to listen: what happens from now on is heard, and every entry behind `newest`, however late the journal is
    /// looked at. Entries up to it may be heard as well.
    pub(crate) fn listen(&self, newest: EntryId) -> Listener {
        let mut known = lock(&self.0.newest);
        known.get_or_insert(newest);
        let listener = Listener::new(self.0.sender.subscribe(), self.0.ended.clone());
        drop(known);
        self.0.has_listener.notify_one();
        listener
    }

    /// The newest entry that the listeners know; none if nobody listens any more.
    pub(super) fn newest(&self) -> Option<EntryId> {
        // Locked before it is asked who listens, so that nobody begins in between.
        let mut known = lock(&self.0.newest);
        if !self.has_listeners() {
            *known = None;
        }
        *known
    }

    /// Notes that the listeners were told of all entries up to this one.
    pub(super) fn told_up_to(&self, newest: EntryId) {
        *lock(&self.0.newest) = Some(newest);
    }

    /// Whether somebody listens.
    pub(crate) fn has_listeners(&self) -> bool {
        self.0.sender.receiver_count() > 0
    }

    /// Notes that a part of what the console shows has changed. It is told within half a second.
    pub(crate) fn note_change(&self, change: Change) {
        lock(&self.0.changes).add(change);
    }

    /// Tells of a step of this server's workers.
    pub(crate) fn tell_step(&self, progress: &Progress) {
        match &progress.step {
            Step::State { dialogue } => {
                if dialogue.as_ref().is_none_or(|dialogue| dialogue.name() == PERSON) {
                    self.note_change(Change::Desk);
                }
                return;
            }
            Step::Kept => self.note_change(Change::Desk),
            Step::Dead { .. } => self.note_change(Change::DeadLetters),
            _ => {}
        }
        self.tell(Event::Step(Arc::new(progress.clone())));
    }

    /// Tells all listeners of an event.
    pub(super) fn tell(&self, event: Event) {
        // Nobody may be listening any more.
        let _ = self.0.sender.send(event);
    }

    /// Tells all listeners of the changes that were noted since the last time.
    pub(super) fn tell_changes(&self) {
        let changes = mem::take(&mut *lock(&self.0.changes));
        if !changes.is_empty() {
            self.tell(Event::Change(changes));
        }
    }

    /// Waits until somebody listens.
    pub(super) async fn wait_for_listener(&self) {
        while !self.has_listeners() {
            self.0.has_listener.notified().await;
        }
    }

    /// Ends all listeners.
    pub(super) fn end(&self) {
        self.0.ended.cancel();
    }
}
