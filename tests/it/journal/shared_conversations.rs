//! The states of conversations, and entries scheduled for them, where several replicas share one PostgreSQL.

use std::{sync::Arc, time::Duration};

use rongcloud_callback::{
    clock::Clock,
    journal::{
        self, ConversationChange, ConversationState, Entry, EntryId, EntryKey, Filter, JournalError,
        NewScheduled, NewState, Order, Outcome, Queue, Queues, Records, Revision, StateChange,
        StateFilter,
    },
};
use tokio::task::JoinSet;

use super::{
    shared::{open, replicas, replicas_on},
    support::{KeyText as _, LEASE, START, keys, message, options, reply},
};
use crate::support::{
    postgres::{Cluster, client},
    until,
};

const MINUTE: Duration = Duration::from_mins(1);

/// The change that gives a conversation a state of this dialogue with these bytes.
fn put(dialogue: &str, body: &str) -> StateChange {
    let (dialogue, body) = (dialogue.to_owned(), body.to_owned().into());
    StateChange::Put(NewState { dialogue, version: 1, body, expires_in: 30 * MINUTE })
}

/// An entry for later; its body is its key.
fn later(queue: Queue, key: &str, after: Duration) -> NewScheduled {
    let body = key.to_owned().into();
    NewScheduled { queue, key: EntryKey::of(key), after, body, is_bound: false }
}

async fn lease(journal: &dyn Queues, queue: Queue, clock: &Clock) -> Vec<Entry> {
    journal.lease(queue, 9, clock.now().plus(LEASE)).await.unwrap()
}

/// Leases the one entry of the Inbox that is due.
async fn lease_one(journal: &dyn Queues, clock: &Clock) -> Entry {
    let [entry] = lease(journal, Queue::Inbox, clock).await.try_into().unwrap();
    entry
}

/// Appends a message of the conversation and finishes it with this outcome.
async fn finish(journal: &dyn Queues, clock: &Clock, key: &str, outcome: Outcome) {
    journal.append(message("a", key), None).await.unwrap();
    let entry = lease_one(journal, clock).await;
    journal.finish(entry.lease, outcome).await.unwrap();
}

/// The state of the conversation.
async fn state(journal: &(impl Records + ?Sized)) -> Option<ConversationState> {
    let filter = StateFilter { conversation: Some("a".to_owned()), limit: 9, ..StateFilter::default() };
    journal.states(filter).await.unwrap().pop()
}

/// The keys of a queue's entries, oldest first.
async fn listed(journal: &dyn Queues, queue: Queue) -> Vec<String> {
    let order = Order::OldestFirst;
    let filter = Filter { queue: Some(queue), order, limit: 9999, ..Filter::default() };
    let records = journal.list(filter).await.unwrap();
    records.iter().map(|record| record.key_text().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_is_appended_once_and_in_order_however_many_replicas_lease() {
    const COUNT: u64 = 600;
    let clock = Clock::manual(START);
    let Some((first, second, _)) = replicas_on(&clock).await else { return };
    // The last one is due first.
    let after = |number| MINUTE.saturating_sub(Duration::from_millis(number));
    let scheduled = |number: u64| {
        let queue = if number.is_multiple_of(3) { Queue::Outbox } else { Queue::Inbox };
        later(queue, &format!("{number:03}"), after(number))
    };
    let scheduled = (0..COUNT).map(scheduled).collect();
    finish(&*first, &clock, "first", Outcome { scheduled, ..Outcome::default() }).await;
    clock.advance(MINUTE.saturating_sub(Duration::from_millis(COUNT)));
    assert!(lease(&*second, Queue::Inbox, &clock).await.is_empty(), "not before its time");

    clock.advance(MINUTE);
    let mut leases = JoinSet::new();
    for journal in [&first, &second] {
        let (journal, clock) = (Arc::clone(journal), clock.clone());
        leases.spawn(async move {
            let mut count = 0;
            // One lease appends no more than a part of it.
            for _ in 0..COUNT / 100 {
                count += lease(&*journal, Queue::Inbox, &clock).await.len();
            }
            count
        });
    }
    assert_eq!(leases.join_all().await.into_iter().sum::<usize>(), 1, "of one conversation");
    let (inbox, outbox) = (listed(&*first, Queue::Inbox).await, listed(&*first, Queue::Outbox).await);
    let numbers = (0..COUNT).rev().map(|number| format!("{number:03}"));
    let (replies, messages): (Vec<_>, Vec<_>) =
        numbers.partition(|number| number.parse::<u64>().unwrap().is_multiple_of(3));
    assert_eq!(inbox[1..], messages);
    assert_eq!(outbox, replies);
    let stats = second.stats().await.unwrap();
    assert_eq!(
        (stats.inbox.pending, stats.outbox.pending),
        (messages.len() as u64, replies.len() as u64)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_quick_messages_on_two_replicas_each_sees_the_state_of_the_one_before() {
    const COUNT: u32 = 100;
    let clock = Clock::manual(START);
    let Some((first, second, _)) = replicas_on(&clock).await else { return };
    let mut workers = JoinSet::new();
    for journal in [&first, &second] {
        let (journal, clock) = (Arc::clone(journal), clock.clone());
        workers.spawn(async move {
            let mut turns = 0;
            while journal.stats().await.unwrap().inbox.done < COUNT.into() {
                for entry in lease(&*journal, Queue::Inbox, &clock).await {
                    let before = entry.state.map_or(0, |state| {
                        std::str::from_utf8(&state.body).unwrap().parse::<u32>().unwrap()
                    });
                    let turn = (before + 1).to_string();
                    let follow_ups = vec![reply("a", &turn)];
                    let state = put("count", &turn);
                    let outcome = Outcome { follow_ups, state, scheduled: Vec::new(), ending: None };
                    journal.finish(entry.lease, outcome).await.expect("nobody intervened");
                    turns += 1;
                }
            }
            turns
        });
    }
    for number in 0..COUNT {
        let journal = if number % 2 == 0 { &first } else { &second };
        journal.append(message("a", &format!("message {number}")), None).await.unwrap();
    }
    let turns = workers.join_all().await;
    assert_eq!(turns.iter().sum::<u32>(), COUNT, "{turns:?}");
    let expected = (1..=COUNT).map(|turn| turn.to_string()).collect::<Vec<_>>();
    assert_eq!(listed(&*first, Queue::Outbox).await, expected);
    assert_eq!(state(&*first).await.unwrap().body, *COUNT.to_string().as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_take_over_and_a_finish_at_the_same_instant_one_wins_and_the_other_has_changed_nothing() {
    let clock = Clock::manual(START);
    let Some((first, second, url)) = replicas_on(&clock).await else { return };
    let operator = journal::open_operator(&url, options(&clock)).await.unwrap();
    let mut won = [0, 0];
    for round in 0..40_u32 {
        let key = round.to_string();
        first.append(message("a", &key), None).await.unwrap();
        let entry = lease_one(&*first, &clock).await;
        let seen = entry.state.as_ref().map(|state| state.revision);
        let (outbox, inbox) = (later(Queue::Outbox, &format!("person {key}"), Duration::ZERO), entry.id);
        let change = ConversationChange {
            conversation: "a".to_owned(),
            seen,
            state: put("person", &key),
            scheduled: vec![outbox],
        };
        let outcome = Outcome {
            follow_ups: vec![reply("a", &format!("bot {key}"))],
            state: put("bot", &key),
            scheduled: vec![later(Queue::Inbox, &format!("timer {key}"), 60 * MINUTE)],
            ending: None,
        };
        let side: &dyn Records = if round % 2 == 0 { &*operator } else { &*second };
        let (finished, changed) = if round % 4 < 2 {
            tokio::join!(first.finish(entry.lease, outcome), side.change_conversation(change))
        } else {
            let (changed, finished) =
                tokio::join!(side.change_conversation(change), first.finish(entry.lease, outcome));
            (finished, changed)
        };
        let (expected, answers) = match (finished, changed) {
            (Ok(()), Err(JournalError::Conflict)) => ("bot", [format!("bot {key}")]),
            (Err(JournalError::StateChanged(id)), Ok(())) if id == inbox => {
                let again = lease_one(&*second, &clock).await;
                assert_eq!((again.id, again.attempt), (inbox, 1), "the attempt did not count");
                let state = again.state.unwrap();
                assert_eq!(&*state.dialogue, "person");
                assert!(state.revision < Revision(0));
                second.finish(again.lease, Outcome::default()).await.unwrap();
                ("person", [format!("person {key}")])
            }
            other => panic!("{other:?}"),
        };
        won[usize::from(expected == "person")] += 1;
        let state = state(&*second).await.unwrap();
        assert_eq!((&*state.dialogue, &state.body[..]), (expected, key.as_bytes()));
        assert!(lease(&*first, Queue::Inbox, &clock).await.is_empty());
        let sent = lease(&*first, Queue::Outbox, &clock).await;
        assert_eq!(keys(&sent), answers);
        for entry in sent {
            first.finish(entry.lease, Outcome::default()).await.unwrap();
        }
    }
    let later = "select count(*) from scheduled where queue = 0";
    let timers: i64 = client(&url).await.query_one(later, &[]).await.unwrap().get(0);
    assert_eq!(timers, won[0], "each finish that won has its own: {won:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_finds_in_time_what_another_one_or_an_operator_has_scheduled() {
    let Some(cluster) = Cluster::shared().await else { return };
    let (url, clock) = (cluster.database().await, Clock::system());
    let (first, second) = (open(&url, &clock).await, open(&url, &clock).await);
    // Both have found that nothing is due.
    for journal in [&first, &second] {
        assert!(lease(&**journal, Queue::Inbox, &clock).await.is_empty());
    }
    let scheduled = vec![later(Queue::Inbox, "timer", Duration::from_millis(300))];
    finish(&*first, &clock, "1", Outcome { state: put("d", "1"), scheduled, ..Outcome::default() })
        .await;
    let timer = async || lease(&*second, Queue::Inbox, &clock).await.pop();
    let entry = until("the timer", timer).await;
    assert_eq!((entry.key_text(), entry.answers), ("timer", Some(EntryId(1))));
    assert_eq!(entry.state.as_ref().map(|state| state.revision), Some(Revision(1)));
    second.finish(entry.lease, Outcome::default()).await.unwrap();

    let operator = journal::open_operator(&url, options(&clock)).await.unwrap();
    let mut inbox = second.changes(Queue::Inbox);
    inbox.mark_unchanged();
    let change = ConversationChange {
        conversation: "a".to_owned(),
        seen: Some(Revision(1)),
        state: StateChange::Clear,
        scheduled: vec![later(Queue::Outbox, "from a person", Duration::ZERO)],
    };
    operator.change_conversation(change).await.unwrap();
    until("news", async || inbox.has_changed().unwrap().then_some(())).await;
    let sent = async || {
        lease(&*second, Queue::Inbox, &clock).await;
        lease(&*second, Queue::Outbox, &clock).await.pop()
    };
    assert_eq!(until("the person's answer", sent).await.key_text(), "from a person");
    assert_eq!(state(&*first).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expiry_is_announced_once_on_two_replicas_and_drops_what_was_bound_to_the_state() {
    let clock = Clock::manual(START);
    let Some((first, second, url)) = replicas_on(&clock).await else { return };
    let bound = NewScheduled { is_bound: true, ..later(Queue::Inbox, "bound", 40 * MINUTE) };
    let scheduled = vec![bound, later(Queue::Inbox, "free", 40 * MINUTE)];
    finish(&*first, &clock, "1", Outcome { state: put("d", "1"), scheduled, ..Outcome::default() })
        .await;
    clock.advance(30 * MINUTE);
    let (one, other) =
        tokio::join!(lease(&*first, Queue::Inbox, &clock), lease(&*second, Queue::Inbox, &clock));
    let [entry] = one.into_iter().chain(other).collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((&entry.body[..], entry.answers), (&b""[..], Some(EntryId(1))));
    assert!(entry.state.unwrap().is_expired);
    assert!(state(&*second).await.unwrap().is_expiring);
    let outcome = Outcome { state: StateChange::Clear, ..Outcome::default() };
    second.finish(entry.lease, outcome).await.unwrap();
    clock.advance(10 * MINUTE);
    assert_eq!(lease_one(&*first, &clock).await.key_text(), "free");
    let left = "select (select count(*) from scheduled) + (select count(*) from conversation_state)";
    let left: i64 = client(&url).await.query_one(left, &[]).await.unwrap().get(0);
    assert_eq!(left, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn states_and_what_is_scheduled_are_copied_as_they_are() {
    let Some(cluster) = Cluster::shared().await else { return };
    let Some((source, second, from)) = replicas().await else { return };
    let (clock, to) = (Clock::manual(START), cluster.database().await);
    let scheduled = vec![later(Queue::Inbox, "timer", MINUTE)];
    finish(&*source, &clock, "1", Outcome { state: put("d", "1"), scheduled, ..Outcome::default() })
        .await;
    let states = source.states(StateFilter { limit: 9, ..StateFilter::default() }).await.unwrap();
    source.close().await.unwrap();
    second.close().await.unwrap();

    let source = journal::open_source(&from, options(&clock)).await.unwrap();
    let target = journal::open_target(&to, options(&clock)).await.unwrap();
    target.begin_copy().await.unwrap();
    target.restore(source.page(EntryId(0), 9).await.unwrap()).await.unwrap();
    let copied = source.states(StateFilter { limit: 9, ..StateFilter::default() }).await.unwrap();
    assert_eq!(copied, states);
    target.restore_states(copied).await.unwrap();
    let scheduled = source.scheduled(0, 9).await.unwrap();
    target.restore_scheduled(scheduled.clone()).await.unwrap();
    assert_eq!(target.scheduled(0, 9).await.unwrap(), scheduled);
    assert!(target.scheduled(scheduled[0].id, 9).await.unwrap().is_empty());
    target.end_copy().await.unwrap();
    target.close().await.unwrap();

    let journal = open(&to, &clock).await;
    let scheduled = vec![later(Queue::Inbox, "second", MINUTE)];
    finish(&*journal, &clock, "2", Outcome { scheduled, ..Outcome::default() }).await;
    assert_eq!(state(&*journal).await.as_ref(), states.first());
    clock.advance(MINUTE);
    let timer = lease_one(&*journal, &clock).await;
    assert_eq!((timer.key_text(), timer.answers), ("timer", Some(EntryId(1))));
    assert_eq!(timer.state.unwrap().revision, Revision(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn states_are_listed_in_the_order_of_their_conversations_page_by_page() {
    let clock = Clock::manual(START);
    let Some((journal, other, _)) = replicas_on(&clock).await else { return };
    // Longer than an index row may be, and different only beyond the beginning that is indexed.
    let long = |end: &str| format!("b{}{end}", "x".repeat(9000));
    let names = ["c".to_owned(), long("2"), "a".to_owned(), long("1"), "ä".to_owned(), long("")];
    for (number, name) in names.iter().enumerate() {
        let dialogue = if number % 2 == 0 { "even" } else { "odd" };
        journal.append(message(name, name), None).await.unwrap();
        let entry = lease_one(&*journal, &clock).await;
        let outcome = Outcome { state: put(dialogue, "1"), ..Outcome::default() };
        journal.finish(entry.lease, outcome).await.unwrap();
    }
    let states = async |filter: StateFilter| {
        let states = other.states(filter).await.unwrap();
        states.into_iter().map(|state| state.conversation).collect::<Vec<_>>()
    };
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let page = states(StateFilter { after: after.take(), limit: 2, ..StateFilter::default() }).await;
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        pages.extend(page);
    }
    assert_eq!(pages, sorted);
    let dialogue = Some("odd".to_owned());
    let odd = states(StateFilter { dialogue, limit: 9, ..StateFilter::default() }).await;
    assert_eq!(odd, [long(""), long("1"), long("2")]);
    let conversation = Some(long("1"));
    let one = states(StateFilter { conversation, limit: 9, ..StateFilter::default() }).await;
    assert_eq!(one, [long("1")]);
}
