//! The readable reference: a journal that lives and dies with its process.

mod administration;
mod contents;
mod conversations;
mod operating;
mod operations;
mod search;

use std::sync::Mutex;

use tokio::sync::watch;

use self::{contents::Contents, search::list};
use crate::{
    clock::UnixMillis,
    journal::{
        attempts::AttemptFailure,
        changes::Changes,
        conversation_state::{ConversationState, StateFilter},
        entry::{Appended, Entry, EntryId, Lease, NewEntry, Record, SignatureBinding},
        entry_key::EntryKey,
        error::{JournalError, Pending, closed_error},
        filter::Filter,
        options::Options,
        outcome::{ConversationChange, Outcome},
        queue::Queue,
        queues::Queues,
        records::Records,
        stats::Stats,
        time::Moment,
    },
    lock::lock,
};

/// A journal in memory.
#[derive(Debug)]
pub(super) struct Memory {
    changes: Changes,
    /// The journal's contents; none once it is closed.
    contents: Mutex<Option<Contents>>,
}

impl Memory {
    pub(super) fn new(options: Options) -> Self {
        let changes = Changes::new();
        let contents = Contents::new(options, changes.clone());
        Self { changes, contents: Mutex::new(Some(contents)) }
    }

    /// Does `work` when the future is first polled, as one step.
    fn with<'a, T: Send + 'a>(
        &'a self,
        work: impl FnOnce(&mut Contents, Moment) -> Result<T, JournalError> + Send + 'a,
    ) -> Pending<'a, T> {
        Box::pin(async move {
            let mut contents = lock(&self.contents);
            contents.as_mut().ok_or_else(closed_error)?.step(work)
        })
    }
}

impl Queues for Memory {
    fn append(&self, entry: NewEntry, _: Option<SignatureBinding>) -> Pending<'_, Appended> {
        self.with(move |contents, moment| contents.append(entry, moment))
    }

    fn lease(&self, queue: Queue, limit: usize, until: UnixMillis) -> Pending<'_, Vec<Entry>> {
        self.with(move |contents, moment| Ok(contents.lease(queue, limit, moment, until)))
    }

    fn finish(&self, lease: Lease, outcome: Outcome) -> Pending<'_, ()> {
        self.with(move |contents, moment| contents.finish(&lease, outcome, moment))
    }

    fn postpone(&self, lease: Lease, until: UnixMillis, failure: AttemptFailure) -> Pending<'_, ()> {
        self.with(move |contents, moment| contents.postpone(&lease, until, failure, moment))
    }

    fn release(&self, lease: Lease, until: UnixMillis, reason: String) -> Pending<'_, ()> {
        self.with(move |contents, _| contents.release(&lease, until, reason))
    }

    fn bury(&self, lease: Lease, failure: AttemptFailure) -> Pending<'_, ()> {
        self.with(move |contents, moment| contents.bury(&lease, failure, moment))
    }

    fn changes(&self, queue: Queue) -> watch::Receiver<u64> {
        self.changes.subscribe(queue)
    }
}

impl Records for Memory {
    fn stats(&self) -> Pending<'_, Stats> {
        self.with(|contents, _| Ok(contents.stats()))
    }

    fn list(&self, filter: Filter) -> Pending<'_, Vec<Record>> {
        self.with(move |contents, _| Ok(list(&contents.records, filter)))
    }

    fn show(&self, id: EntryId) -> Pending<'_, Option<Record>> {
        self.with(move |contents, _| Ok(contents.show(id)))
    }

    fn find(&self, queue: Queue, keys: Vec<EntryKey>) -> Pending<'_, Vec<Record>> {
        self.with(move |contents, _| Ok(contents.find(queue, &keys)))
    }

    fn revive(&self, id: EntryId) -> Pending<'_, ()> {
        self.with(move |contents, moment| contents.revive(id, moment.now))
    }

    fn discard(&self, id: EntryId) -> Pending<'_, ()> {
        self.with(move |contents, moment| contents.discard(id, moment))
    }

    fn states(&self, filter: StateFilter) -> Pending<'_, Vec<ConversationState>> {
        self.with(move |contents, _| Ok(contents.states(&filter)))
    }

    fn change_conversation(&self, change: ConversationChange) -> Pending<'_, ()> {
        self.with(move |contents, moment| contents.change_conversation(change, moment))
    }

    fn purge(&self) -> Pending<'_, u64> {
        self.with(|contents, moment| Ok(contents.purge(moment.elapsed)))
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async {
            *lock(&self.contents) = None;
            Ok(())
        })
    }
}
