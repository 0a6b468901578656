//! The watch over the journal while somebody listens: what other servers and programs do is seen there only.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{change::Change, event::Event, events::Events};
use crate::journal::{Administration, EntryId, Filter, Job, JournalError, Order, Pause, Stats};

/// Time between two looks for new entries.
const LOOK: Duration = Duration::from_millis(500);
/// The number of looks between two looks for other changes.
const LOOKS: u32 = 4;
/// The most entries that one look tells of; more than that nobody can read.
const MOST_ENTRIES: usize = 200;

/// The watch over a journal, for the listeners of `events`.
#[derive(Debug)]
pub(crate) struct Watch {
    journal: Arc<dyn Administration>,
    events: Events,
}

/// The journal as it was seen at the last look.
#[derive(Debug, Default)]
struct Seen {
    /// The newest entry; none before the first look.
    newest: Option<EntryId>,
    stats: Option<Stats>,
    /// The newest job.
    job: Option<Vec<Job>>,
    pauses: Option<Vec<Pause>>,
}

impl Watch {
    pub(crate) fn new(journal: Arc<dyn Administration>, events: Events) -> Self {
        Self { journal, events }
    }

    /// Watches until `stop`, then ends all listeners.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        while stop.run_until_cancelled(self.events.wait_for_listener()).await.is_some() {
            stop.run_until_cancelled(self.watch()).await;
        }
        self.events.end();
    }

    /// Watches for as long as somebody listens.
    async fn watch(&self) {
        let mut seen = Seen::default();
        let mut looks = 0;
        while self.events.has_listeners() {
            if let Err(error) = self.look(&mut seen, looks % LOOKS == 0).await {
                tracing::debug!(%error, "the journal does not say what is new");
            }
            self.events.tell_changes();
            looks = looks.wrapping_add(1);
            sleep(LOOK).await;
        }
    }

    async fn look(&self, seen: &mut Seen, is_thorough: bool) -> Result<(), JournalError> {
        self.look_for_entries(seen).await?;
        if is_thorough {
            self.look_for_changes(seen).await?;
        }
        Ok(())
    }

    /// Tells of the entries that are new since the last look.
    async fn look_for_entries(&self, seen: &mut Seen) -> Result<(), JournalError> {
        let Some(newest) = seen.newest else {
            seen.newest = Some(self.newest().await?);
            return Ok(());
        };
        let filter = Filter {
            after: Some(newest),
            order: Order::OldestFirst,
            limit: MOST_ENTRIES,
            scan: MOST_ENTRIES,
            ..Filter::default()
        };
        let page = self.journal.search(filter).await?;
        seen.newest = page.records.last().map(|record| record.id).or(seen.newest);
        for record in page.records {
            self.events.tell(Event::Entry(Arc::new(record)));
        }
        if page.end.next().is_some() {
            seen.newest = Some(self.newest().await?);
            self.events.tell(Event::Lost);
        }
        Ok(())
    }

    /// The newest entry of the journal.
    async fn newest(&self) -> Result<EntryId, JournalError> {
        let page = self.journal.search(Filter { limit: 1, scan: 1, ..Filter::default() }).await?;
        Ok(page.records.first().map_or(EntryId(0), |record| record.id))
    }

    /// Notes what else has changed since the last look.
    async fn look_for_changes(&self, seen: &mut Seen) -> Result<(), JournalError> {
        let stats = self.journal.stats().await?;
        let dead = |stats: &Stats| (stats.inbox.dead, stats.outbox.dead);
        if seen.stats.as_ref().is_some_and(|before| dead(before) != dead(&stats)) {
            self.events.note_change(Change::DeadLetters);
        }
        let job = self.journal.jobs(1).await?;
        let pauses = self.journal.pauses().await?;
        for (has_changed, change) in [
            (has_changed(&mut seen.stats, stats), Change::Stats),
            (has_changed(&mut seen.job, job), Change::Jobs),
            (has_changed(&mut seen.pauses, pauses), Change::Pauses),
        ] {
            if has_changed {
                self.events.note_change(change);
            }
        }
        Ok(())
    }
}

/// Whether something is another than at the last look; it is not at the first.
fn has_changed<T: PartialEq>(seen: &mut Option<T>, now: T) -> bool {
    let has_changed = seen.as_ref().is_some_and(|before| *before != now);
    *seen = Some(now);
    has_changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        console::live::Listener,
        journal::{self, EntryKey, NewEntry, Queue, Queues},
    };

    async fn append(journal: &dyn Queues, key: &str, is_dead: bool) {
        let entry = NewEntry {
            queue: Queue::Inbox,
            key: EntryKey::of(key),
            conversation: "conversation".to_owned(),
            body: "body".into(),
            dead: is_dead.then(|| "unreadable".to_owned()),
        };
        journal.append(entry, None).await.unwrap();
    }

    /// The events up to the first change, in words.
    async fn heard(listener: &mut Listener) -> Vec<String> {
        let mut heard = Vec::new();
        loop {
            match listener.next().await.unwrap() {
                Event::Entry(record) => heard.push(format!("entry {}", record.id)),
                Event::Lost => heard.push("lost".to_owned()),
                Event::Step(_) => {}
                Event::Change(changes) => {
                    heard.extend(changes.names().map(str::to_owned));
                    return heard;
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_listens_hears_of_new_entries_and_changes_and_of_too_many_that_they_were_lost() {
        let journal = journal::open_server("memory:", journal::Options::default()).await.unwrap();
        append(&*journal, "before", false).await;
        let events = Events::new();
        let watch = Watch::new(Arc::clone(&journal) as _, events.clone());
        let stop = CancellationToken::new();
        let listening = async {
            let mut listener = events.listen();
            // The watch has seen what was there.
            sleep(LOOK / 2).await;
            append(&*journal, "after", false).await;
            assert_eq!(heard(&mut listener).await, ["entry 2", "stats"]);
            journal.pause("account".to_owned(), "alice".to_owned()).await.unwrap();
            append(&*journal, "dead", true).await;
            assert_eq!(heard(&mut listener).await, ["entry 3", "stats", "dead-letters", "pauses"]);
            for number in 0..300 {
                append(&*journal, &number.to_string(), false).await;
            }
            let mut all = heard(&mut listener).await;
            assert_eq!((all.pop().as_deref(), all.pop().as_deref()), (Some("stats"), Some("lost")));
            assert_eq!((all.len(), all[199].as_str()), (200, "entry 203"));
            append(&*journal, "newest", false).await;
            assert_eq!(heard(&mut listener).await, ["entry 304", "stats"]);
            stop.cancel();
            assert!(listener.next().await.is_none(), "the server ends");
        };
        tokio::join!(watch.run(&stop), listening);
    }
}
