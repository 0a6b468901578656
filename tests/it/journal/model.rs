//! Random operations on a journal beside a plain model of it, with crashes and a clock that is set.

use std::time::Duration;

use proptest::{
    prelude::*,
    test_runner::{TestCaseResult, TestRunner},
};
use rongcloud_callback::{
    clock::UnixMillis,
    journal::{Appended, Filter, JournalError, Lease, NewEntry, Queue, Record, State},
};

use super::support::{Bench, Ending, KEEP, KEEP_DEAD, dead, message, reply};

/// One operation; numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Append { entries: Vec<(u8, u8, bool)> },
    Lease { queue: Queue, limit: usize, seconds: u64 },
    Finish { lease: usize, follow_ups: u8 },
    Postpone { lease: usize, seconds: u64 },
    Bury { lease: usize },
    Revive { entry: usize },
    Discard { entry: usize },
    Wait { seconds: u64 },
    SetBack { seconds: u64 },
    Purge,
    Reopen(Ending),
}

fn step() -> impl Strategy<Value = Step> {
    let entry = (0..4u8, 0..40u8, prop::bool::weighted(0.1));
    let queue = prop_oneof![3 => Just(Queue::Inbox), 1 => Just(Queue::Outbox)];
    prop_oneof![
        12 => prop::collection::vec(entry, 1..4).prop_map(|entries| Step::Append { entries }),
        12 => (queue, 1..4usize, 1..20u64)
            .prop_map(|(queue, limit, seconds)| Step::Lease { queue, limit, seconds }),
        8 => (0..8usize, 0..3u8).prop_map(|(lease, follow_ups)| Step::Finish { lease, follow_ups }),
        4 => (0..8usize, 0..20u64).prop_map(|(lease, seconds)| Step::Postpone { lease, seconds }),
        2 => (0..8usize).prop_map(|lease| Step::Bury { lease }),
        2 => (0..30usize).prop_map(|entry| Step::Revive { entry }),
        2 => (0..30usize).prop_map(|entry| Step::Discard { entry }),
        5 => (1..15u64).prop_map(|seconds| Step::Wait { seconds }),
        1 => (600..90_000u64).prop_map(|seconds| Step::Wait { seconds }),
        1 => (2..90_000u64).prop_map(|seconds| Step::SetBack { seconds }),
        1 => Just(Step::Purge),
        1 => Just(Step::Reopen(Ending::Orderly)),
        1 => Just(Step::Reopen(Ending::Crash)),
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
    settled_at: Option<UnixMillis>,
}

impl From<&Record> for Expected {
    fn from(record: &Record) -> Self {
        Self {
            queue: record.queue,
            conversation: record.conversation.clone(),
            key: record.key.clone(),
            state: record.state,
            attempts: record.attempts,
            due_at: record.due_at,
            settled_at: record.settled_at,
        }
    }
}

/// A lease that somebody was given.
#[derive(Debug)]
struct Given {
    queue: Queue,
    key: String,
    conversation: String,
    until: UnixMillis,
    /// Counted over all leases.
    number: usize,
    /// Counted over all openings of the journal.
    process: usize,
}

/// The journal as it should be, by the simplest means.
#[derive(Debug, Default)]
struct Model {
    /// In order of acceptance.
    entries: Vec<Expected>,
    /// The latest lease of each conversation, until it is settled.
    held: Vec<Given>,
    leases: usize,
    /// Which process has the journal open.
    process: usize,
    /// How many were ever accepted, and how many of them were purged.
    accepted: usize,
    purged: usize,
    was_set_back: bool,
}

impl Model {
    fn append(&mut self, new: &NewEntry, now: UnixMillis) -> Appended {
        let NewEntry { queue, conversation, key, .. } = new.clone();
        if self.entries.iter().any(|entry| entry.queue == queue && entry.key == key) {
            return Appended::Duplicate;
        }
        let (state, settled_at) =
            if new.dead.is_some() { (State::Dead, Some(now)) } else { (State::Pending, None) };
        self.accepted += 1;
        self.entries.push(Expected {
            queue,
            conversation,
            key,
            state,
            attempts: 0,
            due_at: now,
            settled_at,
        });
        Appended::New
    }

    /// The keys that may be leased, each the first pending one of a conversation that nobody holds.
    fn ready(&self, queue: Queue, now: UnixMillis) -> Vec<String> {
        let mut seen = Vec::new();
        let mut ready = Vec::new();
        for entry in &self.entries {
            if entry.queue != queue
                || entry.state != State::Pending
                || seen.contains(&&entry.conversation)
            {
                continue;
            }
            seen.push(&entry.conversation);
            let held = self.holder(queue, &entry.conversation).map_or(entry.due_at, |held| held.until);
            if entry.due_at.max(held) <= now {
                ready.push(entry.key.clone());
            }
        }
        ready
    }

    fn holder(&self, queue: Queue, conversation: &str) -> Option<&Given> {
        self.held.iter().find(|held| held.queue == queue && held.conversation == conversation)
    }

    /// Gives a lease of an entry that is ready; its attempt and its number.
    fn lease(&mut self, queue: Queue, key: &str, until: UnixMillis) -> (u32, usize) {
        let entry = self.entry(queue, key).unwrap();
        entry.attempts += 1;
        let (conversation, attempt) = (entry.conversation.clone(), entry.attempts);
        self.leases += 1;
        self.held.retain(|held| held.queue != queue || held.conversation != conversation);
        let (key, number, process) = (key.to_owned(), self.leases, self.process);
        self.held.push(Given { queue, key, conversation, until, number, process });
        (attempt, number)
    }

    /// Whether that lease still counts; if so it is over now.
    fn settle(&mut self, queue: Queue, key: &str, number: usize) -> Option<&mut Expected> {
        let held = self.held.iter().position(|held| held.number == number)?;
        self.held.remove(held);
        self.entry(queue, key)
    }

    /// Another process has it now; what the one before held goes on only if the journal cannot know of its end.
    fn reopen(&mut self, leases_outlive: bool) {
        if !leases_outlive {
            self.held.retain(|held| held.process != self.process);
        }
        self.process += 1;
    }

    fn entry(&mut self, queue: Queue, key: &str) -> Option<&mut Expected> {
        self.entries.iter_mut().find(|entry| entry.queue == queue && entry.key == key)
    }

    /// What is pending keeps its distance from now, and nothing came from the future.
    fn set_back(&mut self, by: Duration, now: UnixMillis) {
        self.was_set_back = true;
        for entry in self.entries.iter_mut().filter(|entry| entry.state != State::Done) {
            entry.due_at = entry.due_at.minus(by);
            entry.settled_at = entry.settled_at.map(|settled_at| settled_at.min(now));
        }
        for held in &mut self.held {
            held.until = held.until.minus(by);
        }
    }

    /// Whether an entry has been kept long enough.
    fn is_over(entry: &Expected, now: UnixMillis) -> bool {
        let keep = if entry.state == State::Dead { KEEP_DEAD } else { KEEP };
        entry.settled_at.is_some_and(|settled_at| settled_at <= now.minus(keep))
    }
}

/// A journal, its model, and the leases that somebody holds or has lost.
struct Bed {
    bench: Bench,
    model: Model,
    leases: Vec<(Queue, String, usize, Lease)>,
    /// The entries by number, as of the last look.
    records: Vec<Record>,
}

impl Bed {
    async fn run(&mut self, step: Step) -> TestCaseResult {
        let now = self.bench.clock.now();
        match step {
            Step::Append { entries } => self.append(&entries).await?,
            Step::Lease { queue, limit, seconds } => {
                self.lease(queue, limit, Duration::from_secs(seconds)).await?;
            }
            Step::Finish { .. } | Step::Postpone { .. } | Step::Bury { .. } => self.settle(step).await?,
            Step::Revive { entry } => self.revive(entry).await?,
            Step::Discard { entry } => self.discard(entry).await?,
            Step::Wait { seconds } => self.bench.clock.advance(Duration::from_secs(seconds)),
            Step::SetBack { .. } if self.bench.is_shared() => {}
            Step::SetBack { seconds } => {
                let by = Duration::from_secs(seconds);
                // Those who lease ask twice a second: so the journal knows the time, before and after.
                self.lease(Queue::Inbox, 0, Duration::ZERO).await?;
                self.bench.clock.set(now.minus(by));
                self.lease(Queue::Inbox, 0, Duration::ZERO).await?;
                self.model.set_back(by, now.minus(by));
            }
            Step::Purge => self.purge().await?,
            Step::Reopen(ending) => {
                if self.bench.reopen(ending).await {
                    self.leases.clear();
                    self.model.reopen(self.bench.leases_outlive(ending));
                }
            }
        }
        self.compare().await
    }

    async fn append(&mut self, entries: &[(u8, u8, bool)]) -> TestCaseResult {
        let new: Vec<_> = entries
            .iter()
            .map(|(conversation, key, is_dead)| {
                let (conversation, key) = (conversation.to_string(), key.to_string());
                if *is_dead { dead(&conversation, &key) } else { message(&conversation, &key) }
            })
            .collect();
        let now = self.bench.clock.now();
        let expected: Vec<_> = new.iter().map(|entry| self.model.append(entry, now)).collect();
        prop_assert_eq!(self.bench.journal.append(new).await.unwrap(), expected);
        Ok(())
    }

    /// Any that are ready, as many as asked for, one of each conversation.
    async fn lease(&mut self, queue: Queue, limit: usize, span: Duration) -> TestCaseResult {
        let now = self.bench.clock.now();
        let until = now.plus(span);
        let entries = self.bench.journal.lease(queue, limit, until).await.unwrap();
        if limit == 0 {
            prop_assert!(entries.is_empty());
            return Ok(());
        }
        let ready = self.model.ready(queue, now);
        let keys: Vec<_> = entries.iter().map(|entry| entry.key.clone()).collect();
        prop_assert_eq!(keys.len(), limit.min(ready.len()), "{:?} of {:?}", keys, ready);
        for entry in entries {
            prop_assert!(ready.contains(&entry.key), "{} of {:?}", entry.key, ready);
            let (attempt, number) = self.model.lease(queue, &entry.key, until);
            prop_assert_eq!(entry.attempt, attempt);
            self.leases.push((queue, entry.key, number, entry.lease));
        }
        Ok(())
    }

    async fn settle(&mut self, step: Step) -> TestCaseResult {
        let now = self.bench.clock.now();
        let (Step::Finish { lease, .. } | Step::Postpone { lease, .. } | Step::Bury { lease }) = step
        else {
            return Ok(());
        };
        let Some(at) = lease.checked_rem(self.leases.len()) else { return Ok(()) };
        let (queue, key, number, lease) = self.leases.remove(at);
        let conversation = self.model.entry(queue, &key).map(|entry| entry.conversation.clone());
        let entry = self.model.settle(queue, &key, number);
        let counts = entry.is_some();
        let journal = &self.bench.journal;
        let result = match step {
            Step::Finish { follow_ups, .. } => {
                let replies: Vec<_> = (0..follow_ups)
                    .map(|n| reply(conversation.as_deref().unwrap_or("gone"), &format!("{key}.{n}")))
                    .collect();
                if let Some(entry) = entry {
                    (entry.state, entry.settled_at) = (State::Done, Some(now));
                    for reply in &replies {
                        self.model.append(reply, now);
                    }
                }
                journal.finish(lease, replies).await
            }
            Step::Postpone { seconds, .. } => {
                let until = now.plus(Duration::from_secs(seconds));
                if let Some(entry) = entry {
                    entry.due_at = until;
                }
                journal.postpone(lease, until, "later".to_owned()).await
            }
            _ => {
                if let Some(entry) = entry {
                    (entry.state, entry.settled_at) = (State::Dead, Some(now));
                }
                journal.bury(lease, "enough".to_owned()).await
            }
        };
        match result {
            Ok(()) => prop_assert!(counts, "a lost lease of {} counted", key),
            Err(JournalError::LeaseLost(_)) => {
                prop_assert!(!counts, "the lease of {} did not count", key);
            }
            Err(error) => prop_assert!(false, "{error:?}"),
        }
        Ok(())
    }

    async fn revive(&mut self, entry: usize) -> TestCaseResult {
        let Some(record) = self.pick(entry) else { return Ok(()) };
        let now = self.bench.clock.now();
        let dead = self.model.entry(record.queue, &record.key).filter(|it| it.state == State::Dead);
        let expected = dead.map(|entry| {
            (entry.state, entry.attempts) = (State::Pending, 0);
            (entry.due_at, entry.settled_at) = (now, None);
        });
        prop_assert_eq!(self.bench.journal.revive(record.id).await.ok(), expected);
        Ok(())
    }

    async fn discard(&mut self, entry: usize) -> TestCaseResult {
        let Some(record) = self.pick(entry) else { return Ok(()) };
        let now = self.bench.clock.now();
        let open = self.model.entry(record.queue, &record.key).filter(|it| it.state != State::Done);
        let expected = open.map(|entry| (entry.state, entry.settled_at) = (State::Done, Some(now)));
        if expected.is_some() {
            self.model.held.retain(|held| held.queue != record.queue || held.key != record.key);
        }
        prop_assert_eq!(self.bench.journal.discard(record.id).await.ok(), expected);
        Ok(())
    }

    /// What has been kept long enough goes; later, perhaps, if the clock was set back, but nothing goes earlier.
    async fn purge(&mut self) -> TestCaseResult {
        let now = self.bench.clock.now();
        let purged = self.bench.journal.purge().await.unwrap();
        let kept = self.look().await;
        let before = self.model.entries.len();
        let was_set_back = self.model.was_set_back;
        self.model
            .entries
            .retain(|entry| !Model::is_over(entry, now) || (was_set_back && kept.contains(entry)));
        self.model.purged += before - self.model.entries.len();
        prop_assert_eq!(purged, (before - self.model.entries.len()) as u64);
        Ok(())
    }

    fn pick(&self, number: usize) -> Option<Record> {
        self.records.get(number.checked_rem(self.records.len())?).cloned()
    }

    /// All entries, oldest first.
    async fn look(&mut self) -> Vec<Expected> {
        let filter = Filter { queue: None, state: None, limit: usize::MAX };
        self.records = self.bench.journal.list(filter).await.unwrap();
        self.records.reverse();
        self.records.iter().map(Expected::from).collect()
    }

    /// The journal says what the model says; numbers grow in order of acceptance; nothing was lost or doubled.
    async fn compare(&mut self) -> TestCaseResult {
        let found = self.look().await;
        prop_assert!(self.records.is_sorted_by(|a, b| a.id < b.id));
        prop_assert_eq!(&found, &self.model.entries);
        let stats = self.bench.journal.stats().await.unwrap();
        for (queue, stats) in [(Queue::Inbox, stats.inbox), (Queue::Outbox, stats.outbox)] {
            let count =
                |state| found.iter().filter(|it| it.queue == queue && it.state == state).count() as u64;
            let expected = (count(State::Pending), count(State::Done), count(State::Dead));
            prop_assert_eq!((stats.pending, stats.done, stats.dead), expected);
        }
        let kept = stats.inbox.pending + stats.inbox.done + stats.inbox.dead;
        let kept = kept + stats.outbox.pending + stats.outbox.done + stats.outbox.dead;
        prop_assert_eq!(kept + self.model.purged as u64, self.model.accepted as u64);
        Ok(())
    }
}

/// Whether a driver does what the model does.
pub(super) fn check(open: impl AsyncFn() -> Option<Bench>) {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let Some(shared) = runtime().block_on(async { open().await.map(|bench| bench.is_shared()) }) else {
        return;
    };
    // A server takes a while to make each journal.
    let cases = if shared { 32 } else { ProptestConfig::default().cases };
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let steps = prop::collection::vec(step(), 1..80);
    let tested = TestRunner::new(config).run(&steps, |steps| {
        runtime().block_on(async {
            let (model, leases, records) = (Model::default(), Vec::new(), Vec::new());
            let bench = open().await.expect("a driver that was there before");
            let mut bed = Bed { bench, model, leases, records };
            for step in steps {
                bed.run(step).await?;
            }
            Ok(())
        })
    });
    tested.unwrap_or_else(|error| panic!("{error}"));
}
