//! Random operations on a journal beside a plain model of it, with crashes and a clock that is set.

use std::{ops::RangeInclusive, time::Duration};

use proptest::{
    prelude::*,
    test_runner::{TestCaseResult, TestRunner},
};
use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    journal::{
        ConversationChange, ConversationState, Entry, EntryId, EntryKey, Filter, JournalError, Lease,
        NewScheduled, NewState, Outcome, Queue, Record, Revision, State, StateChange, StateFilter,
    },
};

use super::{
    actions::{Action, Handling, Later, action},
    expected::{APART, Expected, Model, settle},
    remembered::{Arrival, Change, DIALOGUE, body_of, messages_of, name},
    support::{Bench, Ending, KEEP_DEAD, dead, message, reply},
};
use crate::support::postgres::client;

/// A lease that somebody holds or has lost, and what they know of its entry.
struct Held {
    lease: Lease,
    queue: Queue,
    id: EntryId,
    name: String,
    conversation: String,
    /// The state as the journal gave it with the lease.
    messages: Vec<String>,
    revision: Option<Revision>,
    /// The model's number of the lease.
    number: usize,
}

/// A journal, its model, and the leases that somebody holds or has lost.
struct ModelTest {
    bench: Bench,
    model: Model,
    leases: Vec<Held>,
    /// How many entries were ever scheduled.
    scheduled: usize,
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
            Action::Intervene { conversation, change, later, is_stale } => {
                self.intervene(&conversation.to_string(), change, later, is_stale).await?;
            }
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
        self.model.memories.grow(millis(span));
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
        if leases_outlive {
            self.record_time().await;
        }
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
        } else {
            self.model.memories.grow(set);
        }
        let interrupted = self.model.begin(now);
        self.come_back(&interrupted).await?;
        self.ask().await
    }

    /// Has the database know how much time has passed, as it does where servers die that have not jumped in time: they
    /// record it with each heartbeat. The one that has died here goes on with its heartbeats, and would tell of it later.
    async fn record_time(&self) {
        let Some(url) = self.bench.url() else { return };
        let elapsed = i64::try_from(self.model.running.as_millis()).unwrap();
        let record = "update version set elapsed = greatest(elapsed, $1)";
        client(&url).await.execute(record, &[&elapsed]).await.unwrap();
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

    /// Leases entries that are ready, as many as asked for, one of each conversation; what is due has come before.
    async fn lease(&mut self, queue: Queue, limit: usize, span: Duration) -> TestCaseResult {
        let now = self.bench.clock.now();
        let until = now.plus(span);
        let entries = self.bench.journal.lease(queue, limit, until).await.unwrap();
        if queue == Queue::Inbox {
            self.model.arrive(now);
        }
        if limit == 0 {
            prop_assert!(entries.is_empty());
            return Ok(());
        }
        let ready: Vec<_> = self.model.ready(queue, now);
        let ready = self.model.entries.iter().filter(|entry| ready.contains(&entry.number));
        let ready: Vec<_> = ready.map(|entry| entry.looks.key.clone()).collect();
        prop_assert_eq!(entries.len(), limit.min(ready.len()), "{:?} of {:?}", entries, ready);
        for entry in entries {
            let name = name(&entry.body, entry.answers);
            prop_assert!(ready.contains(&name), "{} of {:?}", name, ready);
            let (attempt, number) = self.model.lease(queue, &name, until);
            prop_assert_eq!(entry.attempt, attempt);
            self.compare_state(queue, &name, &entry)?;
            let Entry { lease, id, conversation, state, .. } = entry;
            let revision = state.as_ref().map(|state| state.revision);
            let messages = state.map_or(Vec::new(), |state| messages_of(&state.body));
            self.leases.push(Held { lease, queue, id, name, conversation, messages, revision, number });
        }
        Ok(())
    }

    /// Compares the state that came with an entry: a message is late only if its state had expired when it was accepted.
    fn compare_state(&mut self, queue: Queue, name: &str, entry: &Entry) -> TestCaseResult {
        let expected = match queue {
            Queue::Inbox => self.model.memories.revision(&entry.conversation),
            Queue::Outbox => None,
        };
        prop_assert_eq!(entry.state.as_ref().map(|state| state.revision), expected);
        let Some(state) = &entry.state else { return Ok(()) };
        prop_assert_eq!((&*state.dialogue, state.version), (DIALOGUE, 1));
        let known = self.model.entry(queue, name).unwrap();
        let (accepted, was_clock_set) = (known.accepted, known.was_clock_set);
        let is_late = self.model.memories.had_expired(&entry.conversation, accepted);
        // How a clock was set while a message waited, an acceptance cannot tell.
        prop_assert!(was_clock_set || state.is_expired == is_late, "{}: late: {}", name, is_late);
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
        let held = self.leases.remove(at);
        let running = self.model.running;
        let is_stale = held.queue == Queue::Inbox
            && self.model.memories.revision(&held.conversation) != held.revision;
        let entry = self.model.settle(held.number);
        let counts = entry.is_some();
        let journal = &self.bench.journal;
        let result = match action {
            Action::Finish { handling, .. } => {
                let is_done = entry.is_some() && !is_stale;
                match entry {
                    Some(entry) if is_stale => {
                        entry.looks.due_at = now;
                        entry.looks.attempts -= 1;
                    }
                    Some(entry) => settle(entry, State::Done, now, running),
                    None => {}
                }
                let (lease, outcome) = self.outcome(held, handling, is_done);
                let result = self.bench.journal.finish(lease, outcome).await;
                if counts && is_stale {
                    prop_assert!(matches!(result, Err(JournalError::StateChanged(_))), "{result:?}");
                    return self.ask().await;
                }
                result
            }
            Action::Postpone { seconds, .. } => {
                let until = now.plus(Duration::from_secs(seconds));
                if let Some(entry) = entry {
                    entry.looks.due_at = until;
                }
                journal.postpone(held.lease, until, "later".into()).await
            }
            _ => {
                if let Some(entry) = entry {
                    settle(entry, State::Dead, now, running);
                }
                journal.bury(held.lease, "enough".into()).await
            }
        };
        match result {
            Ok(()) => prop_assert!(counts, "a lost lease counted"),
            Err(JournalError::LeaseLost(_)) => prop_assert!(!counts, "a lease did not count"),
            Err(error) => prop_assert!(false, "{error:?}"),
        }
        self.ask().await
    }

    /// The outcome of a handler's work, out of what the journal has given it; the model learns it only if it
    /// `is_done`.
    fn outcome(&mut self, held: Held, handling: Handling, is_done: bool) -> (Lease, Outcome) {
        let Handling { follow_ups, change, later } = handling;
        let Held { lease, queue, id, name, conversation, messages, .. } = held;
        let now = self.bench.clock.now();
        let follow_ups: Vec<_> =
            (0..follow_ups).map(|number| reply(&conversation, &format!("{name}.{number}"))).collect();
        // A reply that was delivered changes nothing but itself.
        let (change, later) =
            if queue == Queue::Inbox { (change, later) } else { (Change::Keep, Vec::new()) };
        if is_done {
            for reply in &follow_ups {
                self.model.append(reply, now);
            }
            self.model.memories.apply(&conversation, change, &name, id.into());
        }
        let state = state_change(change, messages, &name);
        let scheduled = self.schedule(&conversation, later, Some(id), is_done);
        (lease, Outcome { follow_ups, state, scheduled, ending: None })
    }

    /// The entries to schedule, which the model plans as well if they will be.
    fn schedule(
        &mut self,
        conversation: &str,
        later: Vec<Later>,
        answers: Option<EntryId>,
        is_done: bool,
    ) -> Vec<NewScheduled> {
        let mut scheduled = Vec::new();
        for (queue, seconds, is_bound) in later {
            self.scheduled += 1;
            let (name, after) = (format!("later-{}", self.scheduled), Duration::from_secs(seconds));
            // An operator's entry belongs to no state.
            let bound_to = answers.filter(|_| is_bound).map(Revision::from);
            if is_done {
                let conversation = conversation.to_owned();
                let arrival = Arrival { queue, name: name.clone(), conversation };
                self.model.memories.plan(arrival, after, bound_to);
            }
            let (key, is_bound) = (EntryKey::of(&name), bound_to.is_some());
            scheduled.push(NewScheduled { queue, key, after, body: name.into(), is_bound });
        }
        scheduled
    }

    /// Changes a conversation as an operator does, who has seen its state or has not.
    async fn intervene(
        &mut self,
        conversation: &str,
        change: Change,
        later: Vec<Later>,
        is_stale: bool,
    ) -> TestCaseResult {
        let found = self.states(Some(conversation)).await.pop();
        let revision = found.as_ref().map(|state| state.revision);
        let messages = found.map_or(Vec::new(), |state| messages_of(&state.body));
        // No entry has such a number, and no state such a revision.
        let seen = if is_stale { Some(Revision(i64::MAX)) } else { revision };
        let name = format!("operator-{}", self.scheduled);
        let state = state_change(change, messages, &name);
        let scheduled = self.schedule(conversation, later, None, !is_stale);
        let change_of =
            ConversationChange { conversation: conversation.to_owned(), seen, state, scheduled };
        let changed = self.bench.journal.change_conversation(change_of).await;
        if is_stale {
            prop_assert!(matches!(changed, Err(JournalError::Conflict)), "{:?}", changed);
            return Ok(());
        }
        prop_assert!(changed.is_ok(), "{:?}", changed);
        if let Change::Add(_) = change {
            let revision = self.states(Some(conversation)).await.pop().map(|state| state.revision);
            let revision = revision.unwrap_or(Revision(0));
            prop_assert!(self.model.memories.is_new_of_operator(revision), "{:?}", revision);
            self.model.memories.apply(conversation, change, &name, revision);
        } else {
            self.model.memories.apply(conversation, change, &name, Revision(0));
        }
        self.ask().await
    }

    async fn states(&self, conversation: Option<&str>) -> Vec<ConversationState> {
        let conversation = conversation.map(str::to_owned);
        let filter = StateFilter { conversation, limit: usize::MAX, ..StateFilter::default() };
        self.bench.journal.states(filter).await.unwrap()
    }

    async fn revive(&mut self, entry: usize) -> TestCaseResult {
        let Some(record) = self.pick(entry) else { return Ok(()) };
        let now = self.bench.clock.now();
        let entry = self.model.entry(record.queue, &name(&record.body, record.answers));
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
        let entry = self.model.entry(record.queue, &name(&record.body, record.answers));
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
        prop_assert!(!self.model.memories.is_waiting(), "the model waits for what is due long ago");
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
        let states = self.states(None).await;
        prop_assert_eq!(states, self.model.memories.looks(self.bench.clock.now()));
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

/// The change of a state that was seen with these messages.
fn state_change(change: Change, mut messages: Vec<String>, name: &str) -> StateChange {
    match change {
        Change::Keep => StateChange::Keep,
        Change::Clear => StateChange::Clear,
        Change::Add(seconds) => {
            messages.push(name.to_owned());
            let (dialogue, body) = (DIALOGUE.to_owned(), body_of(&messages).into());
            let expires_in = Duration::from_secs(seconds);
            StateChange::Put(NewState { dialogue, version: 1, body, expires_in })
        }
    }
}

fn millis(span: Duration) -> i64 {
    span.as_millis().try_into().unwrap()
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
            let (leases, scheduled, records) = (Vec::new(), 0, Vec::new());
            let mut test = ModelTest { bench, model, leases, scheduled, records };
            for action in actions {
                test.run(action).await?;
            }
            test.finish().await
        })
    });
    tested.unwrap_or_else(|error| panic!("{error}"));
}
