//! Random operations on a journal beside a plain model of it, with crashes and a clock that is set.

use std::{ops::RangeInclusive, time::Duration};

use proptest::{
    prelude::*,
    test_runner::{TestCaseResult, TestRunner},
};
use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    journal::{Filter, JournalError, Lease, Queue, Record, State},
};

use super::{
    expected::{APART, Expected, Model, settle},
    support::{Bench, Ending, KEEP_DEAD, KeyText as _, dead, message, reply},
};

/// One operation; numbers choose among what there is.
#[derive(Debug, Clone)]
enum Action {
    Append { entries: Vec<(u8, u8, bool)> },
    Lease { queue: Queue, limit: usize, seconds: u64 },
    Finish { lease: usize, follow_ups: u8 },
    Postpone { lease: usize, seconds: u64 },
    Bury { lease: usize },
    Revive { entry: usize },
    Discard { entry: usize },
    Wait { seconds: u64 },
    SetClock { seconds: i64 },
    Purge,
    Reopen { ending: Ending, seconds: u64, set: i64 },
}

fn action() -> impl Strategy<Value = Action> {
    let entry = (0..4u8, 0..40u8, prop::bool::weighted(0.1));
    let queue = prop_oneof![3 => Just(Queue::Inbox), 1 => Just(Queue::Outbox)];
    // Far beyond the longest time that anything is kept, either way.
    let set = || prop_oneof![2..90_000i64, -90_000..-2i64, 90_000..9_000_000i64, -9_000_000..-90_000i64];
    // As long as something may be kept; and shorter than a lease, or not.
    let long_wait = prop_oneof![600..9_000u64, 600..90_000u64];
    let pause = prop_oneof![2 => 0..20u64, 1 => 0..9_000u64];
    let ending = prop_oneof![1 => Just(Ending::Orderly), 2 => Just(Ending::Crash)];
    prop_oneof![
        12 => prop::collection::vec(entry, 1..4).prop_map(|entries| Action::Append { entries }),
        12 => (queue, 1..4usize, 1..40u64)
            .prop_map(|(queue, limit, seconds)| Action::Lease { queue, limit, seconds }),
        8 => (0..8usize, 0..3u8)
            .prop_map(|(lease, follow_ups)| Action::Finish { lease, follow_ups }),
        4 => (0..8usize, 0..20u64).prop_map(|(lease, seconds)| Action::Postpone { lease, seconds }),
        2 => (0..8usize).prop_map(|lease| Action::Bury { lease }),
        2 => (0..30usize).prop_map(|entry| Action::Revive { entry }),
        2 => (0..30usize).prop_map(|entry| Action::Discard { entry }),
        5 => (1..15u64).prop_map(|seconds| Action::Wait { seconds }),
        2 => long_wait.prop_map(|seconds| Action::Wait { seconds }),
        2 => set().prop_map(|seconds| Action::SetClock { seconds }),
        3 => Just(Action::Purge),
        3 => (ending, pause, prop_oneof![Just(0), set()])
            .prop_map(|(ending, seconds, set)| Action::Reopen { ending, seconds, set }),
    ]
}

/// A journal, its model, and the leases that somebody holds or has lost.
struct ModelTest {
    bench: Bench,
    model: Model,
    leases: Vec<(Queue, String, usize, Lease)>,
    /// The entries by number, as of the last look.
    records: Vec<Record>,
}

impl ModelTest {
    async fn run(&mut self, action: Action) -> TestCaseResult {
        let now = self.bench.clock.now();
        match action {
            Action::Append { entries } => self.append(&entries).await?,
            Action::Lease { queue, limit, seconds } => {
                self.lease(queue, limit, Duration::from_secs(seconds)).await?;
            }
            Action::Finish { .. } | Action::Postpone { .. } | Action::Bury { .. } => {
                self.settle(action).await?;
            }
            Action::Revive { entry } => self.revive(entry).await?,
            Action::Discard { entry } => self.discard(entry).await?,
            Action::Wait { seconds } => self.wait(Duration::from_secs(seconds)).await?,
            // Servers that share a journal go by its database's clock, at which they look every other second of the
            // machine's time: only then is a step told from time that has passed, and no amount of the model's time makes
            // that sooner. What steps of that clock do is in `steps`, where each look is waited for.
            Action::SetClock { .. } if self.bench.is_shared() => {}
            Action::SetClock { seconds } => {
                self.bench.clock.set(UnixMillis(now.0 + 1000 * seconds));
                self.model.set_clock(1000 * seconds);
                self.ask().await?;
            }
            Action::Purge => self.purge().await?,
            Action::Reopen { ending, seconds, set } => {
                self.reopen(ending, Duration::from_secs(seconds), 1000 * set).await?;
            }
        }
        self.compare().await
    }

    /// Asks for leases, as pumps do twice a second: so the journal knows the time.
    async fn ask(&mut self) -> TestCaseResult {
        self.lease(Queue::Inbox, 0, Duration::ZERO).await
    }

    async fn wait(&mut self, span: Duration) -> TestCaseResult {
        self.bench.clock.advance(span);
        self.model.running += span;
        self.ask().await
    }

    /// Ends the process; time passes, and the clock is set, while nobody runs.
    async fn reopen(&mut self, ending: Ending, span: Duration, set: i64) -> TestCaseResult {
        let before = self.bench.clock.now();
        // By how much a clock was set that shows more than before, nobody can know; how long ago it showed what was
        // noted before a crash, neither. Where servers share a clock, it was noted when one of them last looked at it.
        let set = if matches!(ending, Ending::Crash) { set.abs() } else { set };
        let set = if self.bench.is_shared() { 0 } else { set };
        let leases_outlive = self.bench.leases_outlive(ending);
        let meanwhile = |clock: &Clock| {
            clock.advance(span);
            clock.set(UnixMillis(clock.now().0 + set));
        };
        if !self.bench.reopen(ending, meanwhile).await {
            return Ok(());
        }
        let now = self.bench.clock.now();
        self.leases.clear();
        self.model.end(ending, leases_outlive);
        let set = now.0 - before.0;
        if set < -1000 {
            self.model.set_clock(set);
        }
        let interrupted = self.model.begin(now);
        self.come_back(&interrupted).await?;
        self.ask().await
    }

    /// Learns when interrupted entries are due: the driver chooses the moments, no two of them at once, and keeps to them.
    async fn come_back(
        &mut self,
        interrupted: &[(usize, RangeInclusive<UnixMillis>)],
    ) -> TestCaseResult {
        if interrupted.is_empty() {
            return Ok(());
        }
        let found = self.look().await;
        let mut moments = Vec::new();
        for (number, due) in interrupted {
            let entry = self.model.entries.iter_mut().find(|entry| entry.number == *number).unwrap();
            let same = |it: &&Expected| it.queue == entry.looks.queue && it.key == entry.looks.key;
            let due_at = found.iter().find(same).map(|it| it.due_at);
            prop_assert!(due_at.is_some_and(|at| due.contains(&at)), "{:?} due {:?}", entry, due_at);
            entry.looks.due_at = due_at.unwrap_or(entry.looks.due_at);
            moments.push(entry.looks.due_at);
        }
        moments.sort_unstable();
        let one_by_one = moments.windows(2).all(|pair| pair[0].plus(APART) <= pair[1]);
        prop_assert!(one_by_one, "they come back together: {:?}", moments);
        Ok(())
    }

    async fn append(&mut self, entries: &[(u8, u8, bool)]) -> TestCaseResult {
        let entries = entries.iter().map(|(conversation, key, is_dead)| {
            let (conversation, key) = (conversation.to_string(), key.to_string());
            if *is_dead { dead(&conversation, &key) } else { message(&conversation, &key) }
        });
        let entries: Vec<_> = entries.collect();
        let now = self.bench.clock.now();
        let expected: Vec<_> = entries.iter().map(|entry| self.model.append(entry, now)).collect();
        prop_assert_eq!(self.bench.append_all(entries).await, expected);
        Ok(())
    }

    /// Leases entries that are ready, as many as asked for, one of each conversation.
    async fn lease(&mut self, queue: Queue, limit: usize, span: Duration) -> TestCaseResult {
        let now = self.bench.clock.now();
        let until = now.plus(span);
        let entries = self.bench.journal.lease(queue, limit, until).await.unwrap();
        if limit == 0 {
            prop_assert!(entries.is_empty());
            return Ok(());
        }
        let ready: Vec<_> = self.model.ready(queue, now);
        let ready = self.model.entries.iter().filter(|entry| ready.contains(&entry.number));
        let ready: Vec<_> = ready.map(|entry| entry.looks.key.clone()).collect();
        let keys: Vec<_> = entries.iter().map(|entry| entry.key_text().to_owned()).collect();
        prop_assert_eq!(keys.len(), limit.min(ready.len()), "{:?} of {:?}", keys, ready);
        for entry in entries {
            prop_assert!(
                ready.iter().any(|key| key == entry.key_text()),
                "{} of {:?}",
                entry.key_text(),
                ready
            );
            let (attempt, number) = self.model.lease(queue, entry.key_text(), until);
            prop_assert_eq!(entry.attempt, attempt);
            self.leases.push((queue, entry.key_text().to_owned(), number, entry.lease));
        }
        Ok(())
    }

    async fn settle(&mut self, action: Action) -> TestCaseResult {
        let now = self.bench.clock.now();
        let (Action::Finish { lease, .. } | Action::Postpone { lease, .. } | Action::Bury { lease }) =
            action
        else {
            return Ok(());
        };
        let Some(at) = lease.checked_rem(self.leases.len()) else { return Ok(()) };
        let (queue, key, number, lease) = self.leases.remove(at);
        let conversation = self.model.entry(queue, &key).map(|it| it.looks.conversation.clone());
        let running = self.model.running;
        let entry = self.model.settle(number);
        let counts = entry.is_some();
        let journal = &self.bench.journal;
        let result = match action {
            Action::Finish { follow_ups, .. } => {
                let replies: Vec<_> = (0..follow_ups)
                    .map(|n| reply(conversation.as_deref().unwrap_or("gone"), &format!("{key}.{n}")))
                    .collect();
                if let Some(entry) = entry {
                    settle(entry, State::Done, now, running);
                    for reply in &replies {
                        self.model.append(reply, now);
                    }
                }
                journal.finish(lease, replies.into()).await
            }
            Action::Postpone { seconds, .. } => {
                let until = now.plus(Duration::from_secs(seconds));
                if let Some(entry) = entry {
                    entry.looks.due_at = until;
                }
                journal.postpone(lease, until, "later".to_owned()).await
            }
            _ => {
                if let Some(entry) = entry {
                    settle(entry, State::Dead, now, running);
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
        let entry = self.model.entry(record.queue, record.key_text());
        let dead = entry.filter(|entry| entry.looks.state == State::Dead);
        let expected = dead.map(|entry| {
            (entry.looks.state, entry.looks.attempts) = (State::Pending, 0);
            (entry.looks.due_at, entry.looks.settled_at, entry.settled) = (now, None, None);
        });
        prop_assert_eq!(self.bench.journal.revive(record.id).await.ok(), expected);
        Ok(())
    }

    /// Discards an entry; its holder finds out when they settle it, and until then their conversation waits.
    async fn discard(&mut self, entry: usize) -> TestCaseResult {
        let Some(record) = self.pick(entry) else { return Ok(()) };
        let (now, running) = (self.bench.clock.now(), self.model.running);
        let entry = self.model.entry(record.queue, record.key_text());
        let open = entry.filter(|entry| entry.looks.state != State::Done);
        let expected = open.map(|entry| settle(entry, State::Done, now, running));
        prop_assert_eq!(self.bench.journal.discard(record.id).await.ok(), expected);
        Ok(())
    }

    /// Purges: no entry goes before it was kept long enough, and each goes after that, but for the time that crashes made
    /// the journal forget.
    async fn purge(&mut self) -> TestCaseResult {
        let purged = self.bench.journal.purge().await.unwrap();
        let kept = self.look().await;
        let (before, mut gone) = (self.model.entries.len(), Vec::new());
        for entry in &self.model.entries {
            let overdue = self.model.overdue(entry);
            let is_gone = !kept.contains(&entry.looks);
            prop_assert!(!is_gone || overdue.is_some(), "purged too early: {:?}", entry);
            let is_late = overdue.is_some_and(|overdue| overdue >= self.model.forgotten);
            prop_assert!(is_gone || !is_late, "not purged: {:?}", entry);
            gone.extend(is_gone.then_some(entry.number));
        }
        self.model.entries.retain(|entry| !gone.contains(&entry.number));
        self.model.purged += gone.len();
        prop_assert_eq!(purged, (before - self.model.entries.len()) as u64);
        Ok(())
    }

    /// Ends the test: every settled entry goes in the end.
    async fn finish(mut self) -> TestCaseResult {
        self.wait(KEEP_DEAD + self.model.forgotten).await?;
        self.purge().await?;
        prop_assert!(self.model.entries.iter().all(|entry| entry.settled.is_none()));
        self.compare().await
    }

    fn pick(&self, number: usize) -> Option<Record> {
        self.records.get(number.checked_rem(self.records.len())?).cloned()
    }

    /// All entries, oldest first.
    async fn look(&mut self) -> Vec<Expected> {
        let filter = Filter { limit: usize::MAX, ..Filter::default() };
        self.records = self.bench.journal.list(filter).await.unwrap();
        self.records.reverse();
        self.records.iter().map(Expected::from).collect()
    }

    /// Compares the journal with the model; numbers grow in order of acceptance; nothing was lost or doubled.
    async fn compare(&mut self) -> TestCaseResult {
        let found = self.look().await;
        prop_assert!(self.records.is_sorted_by(|a, b| a.id < b.id));
        let looks = self.model.entries.iter().map(|entry| entry.looks.clone());
        prop_assert_eq!(&found, &looks.collect::<Vec<_>>());
        let stats = self.bench.journal.stats().await.unwrap();
        for (queue, stats) in [(Queue::Inbox, stats.inbox), (Queue::Outbox, stats.outbox)] {
            let count =
                |state| found.iter().filter(|it| it.queue == queue && it.state == state).count() as u64;
            let expected = (count(State::Pending), count(State::Done), count(State::Dead));
            prop_assert_eq!((stats.pending, stats.done, stats.dead), expected);
            let leased = self.model.leased(queue, self.bench.clock.now());
            prop_assert!(leased.contains(&stats.leased), "{} of {:?} are leased", stats.leased, leased);
        }
        let kept = stats.inbox.pending + stats.inbox.done + stats.inbox.dead;
        let kept = kept + stats.outbox.pending + stats.outbox.done + stats.outbox.dead;
        prop_assert_eq!(kept + self.model.purged as u64, self.model.accepted as u64);
        Ok(())
    }
}

/// Checks that a driver does what the model does, in other cases each time; `PROPTEST_CASES` sets how many.
pub(super) fn check(open: impl AsyncFn() -> Option<Bench>) {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let usual_cases = runtime().block_on(async {
        let bench = open().await?;
        // A server takes a while to open each journal, and a file to write each action.
        Some(if bench.is_shared() { 8 } else { bench.url().map_or(256, |_| 32) })
    });
    let Some(usual_cases) = usual_cases else { return };
    let asked_for = ProptestConfig::default();
    let cases = std::env::var_os("PROPTEST_CASES").map_or(usual_cases, |_| asked_for.cases);
    // As many as it takes to see what matters, however few cases there are.
    let max_shrink_iters = asked_for.max_shrink_iters.min(300);
    let config = ProptestConfig { cases, max_shrink_iters, failure_persistence: None, ..asked_for };
    let actions = prop::collection::vec(action(), 1..80);
    let tested = TestRunner::new(config).run(&actions, |actions| {
        runtime().block_on(async {
            let bench = open().await.expect("a driver that was there before");
            let model = Model::new(bench.is_shared());
            let (leases, records) = (Vec::new(), Vec::new());
            let mut test = ModelTest { bench, model, leases, records };
            for action in actions {
                test.run(action).await?;
            }
            test.finish().await
        })
    });
    tested.unwrap_or_else(|error| panic!("{error}"));
}
