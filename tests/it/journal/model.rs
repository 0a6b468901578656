//! Random operations on a journal beside a plain model of it, with crashes in between.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use proptest::{prelude::*, test_runner::TestCaseResult};
use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    journal::{self, Appended, EntryId, Filter, Journal, JournalError, Lease, NewEntry, Queue, State},
};
use tempfile::tempdir;

use super::support::{START, dead, message, options, reply};

/// One operation; numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Append { conversation: u8, key: u8, dead: bool },
    Lease { limit: usize, seconds: u64 },
    Finish { lease: usize, follow_ups: u8 },
    Postpone { lease: usize, seconds: u64 },
    Bury { lease: usize },
    Revive { id: i64 },
    Discard { id: i64 },
    Wait { seconds: u64 },
    Restart,
    PowerCut,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4u8, 0..40u8, prop::bool::weighted(0.1))
            .prop_map(|(conversation, key, dead)| Step::Append { conversation, key, dead }),
        5 => (1..4usize, 1..20u64).prop_map(|(limit, seconds)| Step::Lease { limit, seconds }),
        4 => (0..8usize, 0..3u8).prop_map(|(lease, follow_ups)| Step::Finish { lease, follow_ups }),
        2 => (0..8usize, 0..20u64).prop_map(|(lease, seconds)| Step::Postpone { lease, seconds }),
        1 => (0..8usize).prop_map(|lease| Step::Bury { lease }),
        1 => (1..30i64).prop_map(|id| Step::Revive { id }),
        1 => (1..30i64).prop_map(|id| Step::Discard { id }),
        3 => (1..15u64).prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Restart),
        1 => Just(Step::PowerCut),
    ]
}

/// What an entry should be.
#[derive(Debug, Clone, PartialEq)]
struct Expected {
    queue: Queue,
    conversation: String,
    key: String,
    state: State,
    attempts: u32,
    due_at: UnixMillis,
}

/// The journal as it should be, by the simplest means.
#[derive(Debug, Default)]
struct Model {
    entries: BTreeMap<EntryId, Expected>,
    /// Who holds a conversation of the Inbox: the entry, the number of the lease, its end.
    held: BTreeMap<String, (EntryId, usize, UnixMillis)>,
    leases: usize,
}

impl Model {
    fn append(&mut self, new: &NewEntry, now: UnixMillis) -> bool {
        let NewEntry { queue, conversation, key, .. } = new.clone();
        let known = self.entries.values().any(|entry| entry.queue == queue && entry.key == key);
        if !known {
            let state = if new.dead.is_some() { State::Dead } else { State::Pending };
            let id = self.entries.last_key_value().map_or(1, |(last, _)| last.0 + 1);
            let entry = Expected { queue, conversation, key, state, attempts: 0, due_at: now };
            self.entries.insert(EntryId(id), entry);
        }
        !known
    }

    /// The entries that a lease must give, in order, each with the number of its lease.
    fn lease(&mut self, limit: usize, now: UnixMillis, until: UnixMillis) -> Vec<(EntryId, usize)> {
        let mut heads: BTreeMap<&str, (UnixMillis, EntryId)> = BTreeMap::new();
        for (id, entry) in &self.entries {
            if entry.queue == Queue::Inbox && entry.state == State::Pending {
                let held = self.held.get(&entry.conversation).map(|(_, _, until)| *until);
                let ready_at = held.map_or(entry.due_at, |until| until.max(entry.due_at));
                heads.entry(&entry.conversation).or_insert((ready_at, *id));
            }
        }
        let mut ready: Vec<_> = heads.into_values().filter(|(ready_at, _)| *ready_at <= now).collect();
        ready.sort_unstable();
        let given = ready.into_iter().take(limit).map(|(_, id)| {
            let entry = self.entries.get_mut(&id).unwrap();
            entry.attempts += 1;
            self.leases += 1;
            self.held.insert(entry.conversation.clone(), (id, self.leases, until));
            (id, self.leases)
        });
        given.collect()
    }

    /// Whether that lease still counts; if so it is over now.
    fn settle(&mut self, id: EntryId, lease: usize) -> Option<&mut Expected> {
        let entry = self.entries.get_mut(&id).unwrap();
        let holder = self.held.get(&entry.conversation).map(|(_, lease, _)| *lease);
        (holder == Some(lease)).then(|| {
            self.held.remove(&entry.conversation);
            entry
        })
    }

    fn discard(&mut self, id: EntryId) -> bool {
        let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.state != State::Done) else {
            return false;
        };
        entry.state = State::Done;
        if entry.queue == Queue::Inbox
            && self.held.get(&entry.conversation).is_some_and(|held| held.0 == id)
        {
            self.held.remove(&entry.conversation);
        }
        true
    }
}

/// A journal, its model, and the leases that somebody holds or has lost.
struct Bed {
    folder: tempfile::TempDir,
    clock: Clock,
    journal: Option<Arc<dyn Journal>>,
    model: Model,
    leases: Vec<(EntryId, usize, Lease)>,
}

impl Bed {
    async fn new() -> Self {
        let (folder, clock) = (tempdir().unwrap(), Clock::manual(START));
        let mut bed = Self { folder, clock, journal: None, model: Model::default(), leases: Vec::new() };
        bed.open().await;
        bed
    }

    async fn open(&mut self) {
        let url = format!("sqlite:{}", self.folder.path().join("journal.db").display());
        self.journal = Some(journal::open(&url, options(&self.clock)).await.unwrap());
        self.leases.clear();
        self.model.held.clear();
    }

    fn journal(&self) -> &dyn Journal {
        &**self.journal.as_ref().unwrap()
    }

    fn take_lease(&mut self, number: usize) -> Option<(EntryId, usize, Lease)> {
        let number = number.checked_rem(self.leases.len())?;
        Some(self.leases.remove(number))
    }

    async fn run(&mut self, step: Step) -> TestCaseResult {
        let now = self.clock.now();
        match step {
            Step::Append { conversation, key, dead } => self.append(conversation, key, dead).await?,
            Step::Lease { limit, seconds } => self.lease(limit, seconds).await?,
            Step::Finish { .. } | Step::Postpone { .. } | Step::Bury { .. } => self.settle(step).await?,
            Step::Revive { id } => {
                let id = EntryId(id);
                let dead = self.model.entries.get_mut(&id).filter(|entry| entry.state == State::Dead);
                let expected = dead.map(|entry| {
                    (entry.state, entry.attempts, entry.due_at) = (State::Pending, 0, now);
                });
                prop_assert_eq!(self.journal().revive(id).await.ok(), expected);
            }
            Step::Discard { id } => {
                let expected = self.model.discard(EntryId(id));
                prop_assert_eq!(self.journal().discard(EntryId(id)).await.is_ok(), expected);
            }
            Step::Wait { seconds } => self.clock.advance(Duration::from_secs(seconds)),
            Step::Restart => {
                self.journal = None;
                self.open().await;
            }
            Step::PowerCut => {
                let copy = tempdir().unwrap();
                copy_files(self.folder.path(), copy.path());
                self.journal = None;
                self.folder = copy;
                self.open().await;
            }
        }
        self.compare().await
    }

    async fn append(&mut self, conversation: u8, key: u8, is_dead: bool) -> TestCaseResult {
        let (conversation, key) = (conversation.to_string(), key.to_string());
        let entry = if is_dead { dead(&conversation, &key) } else { message(&conversation, &key) };
        let new = self.model.append(&entry, self.clock.now());
        let expected = if new { Appended::New } else { Appended::Duplicate };
        prop_assert_eq!(self.journal().append(vec![entry]).await.unwrap(), [expected]);
        Ok(())
    }

    async fn lease(&mut self, limit: usize, seconds: u64) -> TestCaseResult {
        let now = self.clock.now();
        let until = now.plus(Duration::from_secs(seconds));
        let expected = self.model.lease(limit, now, until);
        let entries = self.journal().lease(Queue::Inbox, limit, until).await.unwrap();
        let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
        prop_assert_eq!(&ids, &expected.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        for (entry, (id, number)) in entries.into_iter().zip(expected) {
            prop_assert_eq!(entry.attempt, self.model.entries[&id].attempts);
            self.leases.push((id, number, entry.lease));
        }
        Ok(())
    }

    async fn settle(&mut self, step: Step) -> TestCaseResult {
        let now = self.clock.now();
        let (Step::Finish { lease, .. } | Step::Postpone { lease, .. } | Step::Bury { lease }) = step
        else {
            return Ok(());
        };
        let Some((id, number, lease)) = self.take_lease(lease) else { return Ok(()) };
        let entry = self.model.settle(id, number);
        let expected = entry.is_some();
        let result = match step {
            Step::Finish { follow_ups, .. } => {
                let replies: Vec<_> =
                    (0..follow_ups).map(|number| reply("a", &format!("{id}.{number}"))).collect();
                if let Some(entry) = entry {
                    entry.state = State::Done;
                    for reply in &replies {
                        self.model.append(reply, now);
                    }
                }
                self.journal().finish(lease, replies).await
            }
            Step::Postpone { seconds, .. } => {
                let until = now.plus(Duration::from_secs(seconds));
                if let Some(entry) = entry {
                    entry.due_at = until;
                }
                self.journal().postpone(lease, until, "later".to_owned()).await
            }
            _ => {
                if let Some(entry) = entry {
                    entry.state = State::Dead;
                }
                self.journal().bury(lease, "enough".to_owned()).await
            }
        };
        match result {
            Ok(()) => prop_assert!(expected, "a lost lease of {} counted", id),
            Err(JournalError::LeaseLost(_)) => {
                prop_assert!(!expected, "the lease of {} did not count", id);
            }
            Err(error) => prop_assert!(false, "{error:?}"),
        }
        Ok(())
    }

    async fn compare(&self) -> TestCaseResult {
        let filter = Filter { queue: None, state: None, limit: usize::MAX };
        let records = self.journal().list(filter).await.unwrap();
        let mut found = BTreeMap::new();
        for record in records {
            let (queue, conversation, key) = (record.queue, record.conversation, record.key);
            let (state, attempts, due_at) = (record.state, record.attempts, record.due_at);
            found.insert(record.id, Expected { queue, conversation, key, state, attempts, due_at });
        }
        prop_assert_eq!(&found, &self.model.entries);
        let stats = self.journal().stats().await.unwrap();
        for (queue, stats) in [(Queue::Inbox, stats.inbox), (Queue::Outbox, stats.outbox)] {
            let count = |state| {
                found.values().filter(|it| it.queue == queue && it.state == state).count() as u64
            };
            let expected = (count(State::Pending), count(State::Done), count(State::Dead));
            prop_assert_eq!((stats.pending, stats.done, stats.dead), expected);
        }
        prop_assert_eq!(stats.inbox.leased, self.model.held.len() as u64);
        Ok(())
    }
}

/// What a disk would hold after the power failed now: no connection was closed.
fn copy_files(from: &Path, to: &Path) {
    for name in ["journal.db", "journal.db-wal"] {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_journal_does_what_its_model_does(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut bed = Bed::new().await;
            for step in steps {
                bed.run(step).await?;
            }
            TestCaseResult::Ok(())
        })?;
    }
}
