//! Entries that are scheduled for later: when they come, in which order, and which never come.

use std::time::Duration;

use rongcloud_callback::journal::{
    Appended, Entry, EntryId, JournalError, NewScheduled, NewState, Outcome, Queue, StateChange,
};

use super::{
    conversations::{finish_with, handle, intervene, later, put, state_text},
    support::{Bench, KeyText as _, MAX_PENDING, keys, message, reply},
};

const SECOND: Duration = Duration::from_secs(1);
const MOMENT: Duration = Duration::from_millis(1);

/// Like [`later`], for an entry that belongs to the state that is put with it.
fn bound(queue: Queue, key: &str, after: Duration) -> NewScheduled {
    NewScheduled { is_bound: true, ..later(queue, key, after) }
}

/// Finishes an entry that schedules others; returns the entry's number.
async fn schedule(
    bench: &Bench,
    entry: Entry,
    state: StateChange,
    scheduled: Vec<NewScheduled>,
) -> EntryId {
    let id = entry.id;
    let outcome = Outcome { follow_ups: Vec::new(), state, scheduled, ending: None };
    bench.journal.finish(entry.lease, outcome).await.unwrap();
    id
}

/// Handles a message of this conversation that schedules entries; returns the message's number.
async fn scheduled_by(bench: &Bench, conversation: &str, scheduled: Vec<NewScheduled>) -> EntryId {
    bench.append(message(conversation, &format!("of {conversation}"))).await;
    let entry = bench.lease_one().await;
    schedule(bench, entry, StateChange::Keep, scheduled).await
}

/// Finishes the one entry of the Inbox that is due; returns the text of its key.
async fn handled(bench: &Bench) -> String {
    let entry = bench.lease_one().await;
    let key = entry.key_text().to_owned();
    bench.finish(entry).await;
    key
}

pub(super) async fn entries_come_when_they_are_due_and_once(bench: &Bench) {
    let entries = [("third", 30), ("first", 10), ("second", 20)]
        .map(|(key, seconds)| later(Queue::Inbox, key, SECOND * seconds));
    let id = scheduled_by(bench, "a", entries.into()).await;
    let pending = async || bench.stats().await.inbox.pending;
    for key in ["first", "second", "third"] {
        bench.clock.advance((SECOND * 10).saturating_sub(MOMENT));
        assert!(bench.lease(9).await.is_empty());
        assert_eq!(pending().await, 0);
        bench.clock.advance(MOMENT);
        let entry = bench.lease_one().await;
        assert_eq!((entry.key_text(), &*entry.conversation, entry.answers), (key, "a", Some(id)));
        assert_eq!((entry.accepted_at, entry.attempt), (bench.clock.now(), 1));
        assert_eq!(bench.append(message("a", key)).await, Appended::Duplicate, "its key is known");
        bench.finish(entry).await;
    }
    bench.clock.advance(Duration::from_mins(10));
    assert!(bench.lease(9).await.is_empty());
}

pub(super) async fn a_lease_of_the_inbox_brings_those_of_the_outbox(bench: &Bench) {
    let replies = vec![later(Queue::Outbox, "later", SECOND * 2), later(Queue::Outbox, "soon", SECOND)];
    let id = scheduled_by(bench, "a", replies).await;
    bench.clock.advance(SECOND.saturating_sub(MOMENT));
    assert!(bench.lease(9).await.is_empty());
    assert!(bench.lease_from(Queue::Outbox, 9).await.is_empty());
    bench.clock.advance(SECOND + MOMENT);
    assert!(bench.lease(9).await.is_empty());
    for key in ["soon", "later"] {
        let entry = bench.lease_from(Queue::Outbox, 9).await.remove(0);
        assert_eq!((entry.key_text(), entry.answers, entry.state.as_ref()), (key, Some(id), None));
        bench.finish(entry).await;
    }
    assert!(bench.lease_from(Queue::Outbox, 9).await.is_empty());
}

pub(super) async fn an_entry_waits_in_nobodys_way_and_then_for_its_turn(bench: &Bench) {
    scheduled_by(bench, "a", vec![later(Queue::Inbox, "reminder", SECOND)]).await;
    bench.append(message("a", "at once")).await;
    assert_eq!(handled(bench).await, "at once");
    bench.append_all([message("a", "before"), message("a", "before too")]).await;
    let entry = bench.lease_one().await;
    bench.clock.advance(SECOND);
    assert!(bench.lease(9).await.is_empty(), "its conversation is in work");
    bench.append(message("a", "after")).await;
    finish_with(bench, entry, put("seen")).await;
    assert_eq!(handled(bench).await, "before too");
    let entry = bench.lease_one().await;
    assert_eq!((entry.key_text(), state_text(&entry)), ("reminder", Some("seen")));
    bench.finish(entry).await;
    assert_eq!(handled(bench).await, "after");
}

pub(super) async fn those_of_the_same_moment_come_in_the_order_in_which_they_were_scheduled(
    bench: &Bench,
) {
    let entries = (1..=3).map(|key| later(Queue::Inbox, &key.to_string(), SECOND));
    scheduled_by(bench, "a", entries.collect()).await;
    bench.clock.advance(SECOND * 5);
    for key in ["1", "2", "3"] {
        assert_eq!(handled(bench).await, key);
    }
}

pub(super) async fn a_bound_one_is_dropped_once_its_state_has_changed(bench: &Bench) {
    let follow_up = |key: &str| message("a", key);
    for (number, change) in [put("other"), StateChange::Clear].into_iter().enumerate() {
        for is_operator in [false, true] {
            let key = |name: &str| format!("{name} {number} {is_operator}");
            bench.append(follow_up(&key("ask"))).await;
            let entry = bench.lease_one().await;
            let reminders =
                [Queue::Inbox, Queue::Outbox].map(|queue| bound(queue, &key("bound"), SECOND));
            let mut reminders = Vec::from(reminders);
            reminders.push(later(Queue::Inbox, &key("free"), SECOND));
            schedule(bench, entry, put("asked"), reminders).await;
            if is_operator {
                intervene(bench, "a", change.clone()).await;
            } else {
                bench.append(follow_up(&key("answer"))).await;
                handle(bench, change.clone()).await;
            }
            bench.clock.advance(SECOND);
            assert_eq!(handled(bench).await, key("free"));
            assert!(bench.lease(9).await.is_empty());
            assert!(bench.lease_from(Queue::Outbox, 9).await.is_empty());
            intervene(bench, "a", StateChange::Clear).await;
        }
    }
}

pub(super) async fn a_bound_one_comes_while_its_state_is_kept(bench: &Bench) {
    bench.append(message("a", "ask")).await;
    let entry = bench.lease_one().await;
    let reminders = [Queue::Inbox, Queue::Outbox].map(|queue| bound(queue, "bound", SECOND));
    let id = schedule(bench, entry, put("asked"), reminders.into()).await;
    bench.append(message("a", "something else")).await;
    handle(bench, StateChange::Keep).await;
    bench.clock.advance(SECOND);
    let entry = bench.lease_one().await;
    assert_eq!((entry.key_text(), entry.answers), ("bound", Some(id)));
    assert_eq!(entry.state.as_ref().map(|state| state.revision), Some(id.into()));
    bench.finish(entry).await;
    assert_eq!(keys(&bench.lease_from(Queue::Outbox, 9).await), ["bound"]);
}

pub(super) async fn an_entry_that_is_known_already_is_left_out(bench: &Bench) {
    bench.append(message("b", "known")).await;
    handled(bench).await;
    let twice = ["known", "new", "new"].map(|key| later(Queue::Inbox, key, SECOND));
    scheduled_by(bench, "a", twice.into()).await;
    bench.clock.advance(SECOND);
    assert_eq!(handled(bench).await, "new");
    assert!(bench.lease(9).await.is_empty());
}

pub(super) async fn a_thousand_that_are_due_at_once_all_come(bench: &Bench) {
    const COUNT: usize = 1000;
    let key = |number: usize| format!("{number:04}");
    let entries = (0..COUNT).map(|number| later(Queue::Outbox, &key(number), SECOND));
    scheduled_by(bench, "a", entries.collect()).await;
    bench.clock.advance(SECOND);
    while bench.stats().await.outbox.pending < COUNT as u64 {
        let before = bench.stats().await.outbox.pending;
        bench.lease(1).await;
        let come = bench.stats().await.outbox.pending - before;
        assert!((1..=COUNT as u64).contains(&come), "each lease brings some: {come}");
    }
    for number in [0, 1] {
        let entry = bench.lease_from(Queue::Outbox, 1).await.remove(0);
        assert_eq!(entry.key_text(), key(number));
        bench.finish(entry).await;
    }
}

pub(super) async fn a_full_inbox_delays_what_is_due_in_it_and_loses_none(bench: &Bench) {
    let mut entries: Vec<_> =
        (0..300).map(|number| later(Queue::Inbox, &format!("{number:03}"), SECOND)).collect();
    entries.push(later(Queue::Outbox, "said all the same", SECOND * 2));
    let id = scheduled_by(bench, "a", entries).await;
    bench.append(message("b", "state")).await;
    let expires_in = SECOND;
    let state = NewState { dialogue: "order".to_owned(), version: 1, body: "short".into(), expires_in };
    handle(bench, StateChange::Put(state)).await;
    bench.append_all((0..MAX_PENDING).map(|number| message("full", &format!("full {number}")))).await;

    bench.clock.advance(SECOND * 2);
    let blocker = bench.lease_one().await;
    let refused = bench.try_append(message("c", "no room")).await;
    assert!(matches!(refused, Err(JournalError::Full(_))), "{refused:?}");
    assert_eq!(bench.stats().await.inbox.pending, MAX_PENDING as u64);
    assert_eq!(keys(&bench.lease_from(Queue::Outbox, 9).await), ["said all the same"]);
    bench.finish(blocker).await;
    let first = bench.lease(9).await.into_iter().find(|entry| entry.conversation == "a").unwrap();
    assert_eq!((first.key_text(), first.answers), ("000", Some(id)));
    bench.finish(first).await;

    let (mut next, mut expired) = (1, 0);
    while next < 300 || expired == 0 {
        let entries = bench.lease(9).await;
        assert!(!entries.is_empty(), "{next} have come, and {expired} expired");
        for entry in entries {
            match &*entry.conversation {
                "a" => {
                    assert_eq!(entry.key_text(), format!("{next:03}"));
                    next += 1;
                }
                "b" => expired += 1,
                _ => {}
            }
            bench.finish(entry).await;
        }
    }
    assert_eq!(bench.append(reply("a", "said all the same")).await, Appended::Duplicate);
}
