//! The state of a conversation: who sees it, who changes it, and which finish counts.

use std::time::Duration;

use rongcloud_callback::journal::{
    ConversationChange, ConversationState, Entry, EntryId, EntryKey, JournalError, NewScheduled,
    NewState, Outcome, Queue, Revision, StateChange, StateFilter,
};

use super::support::{Bench, KeyText as _, LEASE, keys, message, reply};

/// The time after which a state of these tests expires.
pub(super) const EXPIRES_IN: Duration = Duration::from_mins(30);

/// The state with this text, of the dialogue `order`.
pub(super) fn put(text: &str) -> StateChange {
    put_of("order", text)
}

fn put_of(dialogue: &str, text: &str) -> StateChange {
    let (dialogue, body) = (dialogue.to_owned(), text.to_owned().into());
    StateChange::Put(NewState { dialogue, version: 3, body, expires_in: EXPIRES_IN })
}

/// An entry that is appended after `after`; its body is its key.
pub(super) fn later(queue: Queue, key: &str, after: Duration) -> NewScheduled {
    let (body, key) = (key.to_owned().into(), EntryKey::of(key));
    NewScheduled { queue, key, after, body, is_bound: false }
}

/// Finishes an entry with a change of the state; returns the entry's number.
pub(super) async fn finish_with(bench: &Bench, entry: Entry, state: StateChange) -> EntryId {
    let id = entry.id;
    bench.journal.finish(entry.lease, Outcome { state, ..Outcome::default() }).await.unwrap();
    id
}

/// Leases the one entry that is due and finishes it with a change of the state.
pub(super) async fn handle(bench: &Bench, state: StateChange) -> EntryId {
    let entry = bench.lease_one().await;
    finish_with(bench, entry, state).await
}

/// The text of the state with which an entry was leased.
pub(super) fn state_text(entry: &Entry) -> Option<&str> {
    entry.state.as_ref().map(|state| std::str::from_utf8(&state.body).unwrap())
}

/// The state of a conversation as an operator sees it.
pub(super) async fn stored(bench: &Bench, conversation: &str) -> Option<ConversationState> {
    let conversation = Some(conversation.to_owned());
    let filter = StateFilter { conversation, limit: usize::MAX, ..StateFilter::default() };
    let mut states = bench.journal.states(filter).await.unwrap();
    assert!(states.len() <= 1, "{states:?}");
    states.pop()
}

/// Changes a conversation as an operator who has seen its state just now; returns the new revision.
pub(super) async fn intervene(
    bench: &Bench,
    conversation: &str,
    state: StateChange,
) -> Option<Revision> {
    let revision = async || stored(bench, conversation).await.map(|state| state.revision);
    let (conversation, seen) = (conversation.to_owned(), revision().await);
    let change = ConversationChange { conversation, seen, state, scheduled: Vec::new() };
    bench.journal.change_conversation(change).await.unwrap();
    revision().await
}

pub(super) async fn a_state_comes_with_the_lease_after_the_finish_that_put_it(bench: &Bench) {
    bench.append_all(["1", "2", "3", "4", "5"].map(|key| message("a", key))).await;
    let entry = bench.lease_one().await;
    assert_eq!(entry.state, None);
    assert_eq!(stored(bench, "a").await, None, "not before the finish");
    let first = finish_with(bench, entry, put("one")).await;

    let entry = bench.lease_one().await;
    let state = entry.state.clone().unwrap();
    assert_eq!((&*state.dialogue, state.version, &state.body[..]), ("order", 3, &b"one"[..]));
    assert_eq!((state.revision, state.is_expired), (first.into(), false));
    finish_with(bench, entry, StateChange::Keep).await;

    let entry = bench.lease_one().await;
    assert_eq!(entry.state, Some(state), "the one before has kept it");
    let third = finish_with(bench, entry, put_of("form", "two")).await;

    let entry = bench.lease_one().await;
    let state = entry.state.clone().unwrap();
    assert_eq!((&*state.dialogue, &state.body[..]), ("form", &b"two"[..]));
    assert_eq!(state.revision, third.into());
    finish_with(bench, entry, StateChange::Clear).await;
    assert_eq!((bench.lease_one().await.state, stored(bench, "a").await), (None, None));
}

pub(super) async fn each_conversation_has_a_state_of_its_own_and_a_reply_none(bench: &Bench) {
    bench.append_all([message("a", "1"), message("b", "2"), reply("a", "3")]).await;
    for (entry, text) in bench.lease(9).await.into_iter().zip(["of a", "of b"]) {
        finish_with(bench, entry, put(text)).await;
    }
    let sent = bench.lease_from(Queue::Outbox, 9).await.remove(0);
    assert_eq!(sent.state, None);
    bench.append_all([message("a", "4"), message("b", "5"), message("c", "6")]).await;
    let entries = bench.lease(9).await;
    let texts: Vec<_> = entries.iter().map(state_text).collect();
    assert_eq!(texts, [Some("of a"), Some("of b"), None]);
    for entry in entries {
        finish_with(bench, entry, put("next")).await;
    }
    bench.finish(sent).await;
    assert_eq!(bench.stats().await.outbox.done, 1, "a reply knows no state, so none is in its way");
}

pub(super) async fn only_a_finish_changes_the_state(bench: &Bench) {
    bench.append_all(["1", "2", "3"].map(|key| message("a", key))).await;
    let first = handle(bench, put("one")).await;
    let before = stored(bench, "a").await.unwrap();
    let now = bench.clock.now();
    let entry = bench.lease_one().await;
    bench.journal.postpone(entry.lease, now, "busy".into()).await.unwrap();
    let entry = bench.lease_one().await;
    bench.journal.release(entry.lease, now, "no time".to_owned()).await.unwrap();
    let entry = bench.lease_one().await;
    assert_eq!((entry.key_text(), entry.attempt), ("2", 2));
    bench.journal.bury(entry.lease, "too often".into()).await.unwrap();
    let entry = bench.lease_one().await;
    assert_eq!((state_text(&entry), before.revision), (Some("one"), first.into()));
    assert_eq!(stored(bench, "a").await, Some(before));
}

pub(super) async fn a_late_holder_changes_neither_state_nor_schedule(bench: &Bench) {
    bench.append_all([message("a", "1"), message("b", "2")]).await;
    let mut late = bench.lease(9).await.into_iter();
    bench.clock.advance(LEASE);
    let mut current = bench.lease(9).await.into_iter();
    finish_with(bench, current.next().unwrap(), put("of the current holder")).await;
    let discarded = current.next().unwrap();
    bench.journal.discard(discarded.id).await.unwrap();

    for entry in [late.next().unwrap(), late.next().unwrap(), discarded] {
        let outcome = Outcome {
            follow_ups: vec![reply("a", "late")],
            state: put("late"),
            scheduled: vec![later(Queue::Inbox, "late too", Duration::ZERO)],
            ending: None,
        };
        let refused = bench.journal.finish(entry.lease, outcome).await;
        assert!(matches!(refused, Err(JournalError::LeaseLost(_))), "{refused:?}");
    }
    bench.clock.advance(LEASE);
    assert!(bench.lease(9).await.is_empty());
    assert_eq!(bench.stats().await.outbox.pending, 0);
    assert_eq!(stored(bench, "a").await.unwrap().body, "of the current holder");
    assert_eq!(stored(bench, "b").await, None);
}

pub(super) async fn a_finish_after_an_operators_change_changes_nothing_and_is_done_again(bench: &Bench) {
    let changes = [
        (StateChange::Clear, put("person"), Some("person")),
        (put("bot"), put("person"), Some("person")),
        (put("bot"), StateChange::Clear, None),
    ];
    for (number, (before, change, seen)) in changes.into_iter().enumerate() {
        let conversation = format!("user{number}");
        let key = |name: &str| format!("{name}{number}");
        let [first, second, third] = ["first", "second", "third"].map(key);
        bench.append_all([&first, &second, &third].map(|key| message(&conversation, key))).await;
        handle(bench, before).await;
        let entry = bench.lease_one().await;
        intervene(bench, &conversation, change).await;
        let now = stored(bench, &conversation).await;
        let outcome = Outcome {
            follow_ups: vec![reply(&conversation, &key("parallel"))],
            state: put("of the bot"),
            scheduled: vec![later(Queue::Inbox, &key("later"), Duration::from_secs(1))],
            ending: None,
        };
        let id = entry.id;
        let refused = bench.journal.finish(entry.lease, outcome).await;
        assert!(matches!(refused, Err(JournalError::StateChanged(of)) if of == id), "{refused:?}");

        let entry = bench.lease_one().await;
        assert_eq!((entry.key_text(), entry.attempt), (&*second, 1), "the attempt does not count");
        assert_eq!((state_text(&entry), stored(bench, &conversation).await), (seen, now));
        bench.finish(entry).await;
        bench.clock.advance(Duration::from_secs(2));
        let entry = bench.lease_one().await;
        assert_eq!((entry.key_text(), state_text(&entry)), (&*third, seen));
        bench.finish(entry).await;
        assert!(bench.lease(9).await.is_empty(), "nothing was scheduled");
        assert_eq!(bench.stats().await.outbox.pending, 0, "nobody has answered in parallel");
    }
}

pub(super) async fn an_operator_changes_only_what_they_have_seen(bench: &Bench) {
    let mut revisions = vec![None];
    for text in ["one", "two"] {
        let revision = intervene(bench, "a", put(text)).await;
        assert!(revision.is_some_and(|Revision(it)| it < 0), "{revision:?}");
        assert!(!revisions.contains(&revision), "no two changes have the same");
        revisions.push(revision);
    }
    bench.append(message("a", "1")).await;
    let finished = handle(bench, put("three")).await;
    let before = stored(bench, "a").await.unwrap();
    assert_eq!(before.revision, finished.into());
    for seen in revisions {
        for state in [StateChange::Keep, put("unseen"), StateChange::Clear] {
            let scheduled = vec![later(Queue::Outbox, "unseen", Duration::ZERO)];
            let change = ConversationChange { conversation: "a".to_owned(), seen, state, scheduled };
            let refused = bench.journal.change_conversation(change).await;
            assert!(matches!(refused, Err(JournalError::Conflict)), "{refused:?}");
        }
    }
    assert!(bench.lease(9).await.is_empty());
    assert_eq!(bench.stats().await.outbox.pending, 0);
    assert_eq!(stored(bench, "a").await, Some(before));
}

pub(super) async fn what_an_operator_says_follows_at_once_and_is_in_nobodys_way(bench: &Bench) {
    bench.append_all([message("a", "1"), message("a", "2")]).await;
    handle(bench, put("person")).await;
    let entry = bench.lease_one().await;
    let change = ConversationChange {
        conversation: "a".to_owned(),
        seen: stored(bench, "a").await.map(|state| state.revision),
        state: StateChange::Keep,
        scheduled: vec![later(Queue::Outbox, "said", Duration::ZERO)],
    };
    bench.journal.change_conversation(change).await.unwrap();
    // A server that shares the journal finds it with its next lease of the Inbox.
    bench.lease(9).await;
    let said = bench.lease_from(Queue::Outbox, 9).await;
    assert_eq!((keys(&said), said[0].answers), (vec!["said"], None));
    bench.finish(entry).await;
    assert_eq!(bench.stats().await.inbox.done, 2);
}

pub(super) async fn states_are_listed_by_conversation_dialogue_and_page(bench: &Bench) {
    // In the order of their bytes.
    let conversations = ["B", "a", "b", "ba", "é", "用户"];
    bench.append_all(conversations.iter().rev().map(|name| message(name, name))).await;
    for entry in bench.lease(9).await {
        let dialogue = if entry.conversation.starts_with('b') { "person" } else { "order" };
        let text = entry.conversation.clone();
        finish_with(bench, entry, put_of(dialogue, &text)).await;
    }
    let listed = async |dialogue: Option<&str>, after: Option<&str>, limit| {
        let [dialogue, after] = [dialogue, after].map(|name| name.map(str::to_owned));
        let filter = StateFilter { conversation: None, dialogue, after, limit };
        let states = bench.journal.states(filter).await.unwrap();
        assert!(states.iter().all(|state| state.body == state.conversation));
        states.into_iter().map(|state| state.conversation).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, None, usize::MAX).await, conversations);
    assert_eq!(listed(None, None, 2).await, ["B", "a"]);
    assert_eq!(listed(None, Some("a"), 3).await, ["b", "ba", "é"]);
    assert_eq!(listed(None, Some("用户"), 3).await, [""; 0]);
    assert_eq!(listed(Some("person"), None, 9).await, ["b", "ba"]);
    assert_eq!(listed(Some("person"), Some("b"), 9).await, ["ba"]);
    let state = stored(bench, "é").await.unwrap();
    assert_eq!((state.dialogue.as_str(), state.version, state.is_expiring), ("order", 3, false));
    assert_eq!(state.expires_at, bench.clock.now().plus(EXPIRES_IN));
    assert_eq!(stored(bench, "c").await, None);
}
