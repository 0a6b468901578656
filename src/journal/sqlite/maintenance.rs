//! Maintenance by the writer thread between the commits: opening a failed store again, reading an operator's changes,
//! checkpoints, and the steps of purges.

use std::time::{Duration, Instant};

use super::{
    conversation_index, error::unavailable_error, statements, store::Store, transaction::Transaction,
    writer::Writer,
};
use crate::journal::{EntryId, Queue};

/// How often the thread looks for an operator's changes, tries a failed store again, and checkpoints what is left.
const TICK: Duration = Duration::from_millis(500);
/// The thread is idle when no command has come for this long.
const IDLE: Duration = Duration::from_millis(50);

impl Writer {
    /// How long to wait for commands before there is something to maintain.
    pub(super) fn maintenance_wait(&self) -> Duration {
        let has_wal = self.store.as_ref().is_some_and(Store::has_wal);
        if self.purge.is_running() || has_wal { IDLE } else { TICK }
    }

    /// Does what nobody waits for; the thread is idle when no command came in time.
    pub(super) fn maintain(&mut self, is_idle: bool) {
        let tick = self.looked_at.elapsed() >= TICK;
        if tick {
            self.looked_at = Instant::now();
        }
        let is_well = self.stats.is_well();
        let Some(store) = &mut self.store else {
            if tick {
                self.reopen();
            }
            return;
        };
        let last_id = store.last_id;
        let kept = store.checkpoint(is_idle).and_then(|()| match (tick, is_well) {
            (false, _) => Ok(false),
            (true, true) => store.read_changes(&mut self.queues),
            // The journal is not ready until a commit has worked, so that no caller has to try.
            (true, false) => statements::add_done(&store.connection, Queue::Inbox, 0).map(|()| true),
        });
        if tick && !store.is_in_place() {
            self.give_up("its files were moved or deleted");
            return;
        }
        match kept {
            Ok(true) => self.commit_queues(self.options.clock.now()),
            Ok(false) => {}
            Err(error) => drop(self.failed(&error)),
        }
        self.index_gathered();
        if let Some(range) = self.purge.next_step(is_idle, last_id) {
            let stepped = self.transact(1, |transaction| transaction.purge(range));
            if let Ok(result) = stepped
                && self.purge.stepped(result)
            {
                self.compact_index(range.after);
            }
        }
    }

    /// Makes the index by conversation smaller after a purge that has looked at all entries up to `looked_at`.
    fn compact_index(&mut self, looked_at: EntryId) {
        let compacted = self.transact(1, |Transaction { connection, gathered, .. }| {
            conversation_index::compact(connection, gathered.joined_to, looked_at)
        });
        // A failure is noted, and the next purge comes by again.
        if let (Ok(joined_to), Some(store)) = (compacted, &mut self.store) {
            store.gathered.joined_to = joined_to;
        }
    }

    /// Writes a segment of the index by conversation once there are enough new entries for it.
    fn index_gathered(&mut self) {
        let is_segment = |store: &Store| store.gathered.is_segment();
        if !self.store.as_ref().is_some_and(is_segment) {
            return;
        }
        let written = self.transact(1, |transaction| transaction.gathered.write(transaction.connection));
        if let (Ok(()), Some(store)) = (written, &mut self.store) {
            store.gathered.clear();
        }
    }

    /// Opens a failed store again, if it works now.
    fn reopen(&mut self) {
        self.place.read_connections.close();
        let opened = Store::open(&self.place, false, &mut self.queues).and_then(|store| {
            self.time.reopen(&store.connection).map_err(unavailable_error)?;
            Ok(store)
        });
        match opened {
            Ok(store) => {
                tracing::info!("the journal's store works again");
                self.store = Some(store);
                self.commit_queues(self.options.clock.now());
            }
            Err(error) => {
                self.failure = error.to_string().into();
                self.stats.publish(Err(error));
            }
        }
    }
}
