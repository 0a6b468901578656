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

/// The state at the last look, without the entries; none before the first one.
#[derive(Debug, Default)]
struct Seen {
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
        while let Some(newest) = self.events.newest() {
            if let Err(error) = self.look(newest, &mut seen, looks % LOOKS == 0).await {
                tracing::debug!(%error, "the journal does not say what is new");
            }
            self.events.tell_changes();
            looks = looks.wrapping_add(1);
            sleep(LOOK).await;
        }
    }

    async fn look(
        &self,
        newest: EntryId,
        seen: &mut Seen,
        is_thorough: bool,
    ) -> Result<(), JournalError> {
        self.look_for_entries(newest).await?;
        if is_thorough {
            self.look_for_changes(seen).await?;
        }
        Ok(())
    }

    /// Tells of the entries behind the newest one that the listeners know.
    async fn look_for_entries(&self, known: EntryId) -> Result<(), JournalError> {
        let filter = Filter {
            after: Some(known),
            order: Order::OldestFirst,
            limit: MOST_ENTRIES,
            scan: MOST_ENTRIES,
            ..Filter::default()
        };
        let page = self.journal.search(filter).await?;
        let last = page.records.last().map(|record| record.id);
        for record in page.records {
            self.events.tell(Event::Entry(Arc::new(record)));
        }
        if page.end.next().is_some() {
            self.events.told_up_to(newest(&*self.journal).await?);
            self.events.tell(Event::Lost);
        } else if let Some(last) = last {
            self.events.told_up_to(last);
        }
        Ok(())
    }

    /// Notes what else has changed since the last look. At the first one everything counts as changed, since whoever
    /// listens may have read it before a change.
    async fn look_for_changes(&self, seen: &mut Seen) -> Result<(), JournalError> {
        let stats = self.journal.stats().await?;
        let dead = |stats: &Stats| (stats.inbox.dead, stats.outbox.dead);
        if seen.stats.as_ref().is_none_or(|before| dead(before) != dead(&stats)) {
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

/// The newest entry of a journal.
pub(crate) async fn newest(journal: &dyn Administration) -> Result<EntryId, JournalError> {
    let page = journal.search(Filter { limit: 1, scan: 1, ..Filter::default() }).await?;
    Ok(page.records.first().map_or(EntryId(0), |record| record.id))
}

/// Whether something is another than at the last look, if there was one.
fn has_changed<T: PartialEq>(seen: &mut Option<T>, now: T) -> bool {
    let has_changed = seen.as_ref() != Some(&now);
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
            let mut listener = events.listen(newest(&*journal).await.unwrap());
            // The watch has not looked yet.
            append(&*journal, "after", false).await;
            let all = ["stats", "dead-letters", "jobs", "pauses"];
            assert_eq!(heard(&mut listener).await, [&["entry 2"][..], &all].concat());
            append(&*journal, "later", false).await;
            assert_eq!(heard(&mut listener).await, ["entry 3", "stats"]);
            journal.pause("account".to_owned(), "alice".to_owned()).await.unwrap();
            append(&*journal, "dead", true).await;
            assert_eq!(heard(&mut listener).await, ["entry 4", "stats", "dead-letters", "pauses"]);
            for number in 0..300 {
                append(&*journal, &number.to_string(), false).await;
            }
            let mut all = heard(&mut listener).await;
            assert_eq!((all.pop().as_deref(), all.pop().as_deref()), (Some("stats"), Some("lost")));
            assert_eq!((all.len(), all[199].as_str()), (200, "entry 204"));
            append(&*journal, "newest", false).await;
            assert_eq!(heard(&mut listener).await, ["entry 305", "stats"]);
            stop.cancel();
            assert!(listener.next().await.is_none(), "the server ends");
        };
        tokio::join!(watch.run(&stop), listening);
    }
}
