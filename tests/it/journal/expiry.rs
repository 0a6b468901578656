//! The expiry of a conversation's state: announced once, and for messages that come after it only.

use std::time::Duration;

use rongcloud_callback::journal::{EntryId, Queue, Revision, StateChange};

use super::{
    conversations::{EXPIRES_IN, finish_with, handle, intervene, put, state_text, stored},
    support::{Bench, KeyText as _, keys, message},
};

const MOMENT: Duration = Duration::from_millis(1);

pub(super) async fn an_expired_state_is_announced_once(bench: &Bench) {
    bench.append(message("a", "1")).await;
    let first = handle(bench, put("one")).await;
    bench.clock.advance(EXPIRES_IN.saturating_sub(MOMENT));
    assert!(bench.lease(9).await.is_empty());
    assert!(!stored(bench, "a").await.unwrap().is_expiring);
    bench.clock.advance(MOMENT);
    let entry = bench.lease_one().await;
    assert_eq!((entry.key_text(), &*entry.conversation, entry.answers), ("", "a", Some(first)));
    let state = entry.state.clone().unwrap();
    assert_eq!((state.revision, state.is_expired), (first.into(), true));
    assert!(stored(bench, "a").await.unwrap().is_expiring);
    bench.journal.postpone(entry.lease, bench.clock.now(), "busy".into()).await.unwrap();
    bench.clock.advance(EXPIRES_IN);
    let again = bench.lease_one().await;
    assert_eq!((again.answers, again.attempt), (Some(first), 2));
    finish_with(bench, again, StateChange::Keep).await;
    bench.clock.advance(EXPIRES_IN);
    assert!(bench.lease(9).await.is_empty(), "it was announced");
    assert_eq!(stored(bench, "a").await.unwrap().body, "one", "its entry decides what becomes of it");

    bench.append(message("a", "2")).await;
    let second = handle(bench, put("two")).await;
    assert!(!stored(bench, "a").await.unwrap().is_expiring);
    bench.clock.advance(EXPIRES_IN);
    let entry = bench.lease_one().await;
    assert_eq!(entry.answers, Some(second), "the next one is announced as well");
    finish_with(bench, entry, StateChange::Clear).await;
    assert_eq!(stored(bench, "a").await, None);
}

pub(super) async fn an_operators_state_expires_as_well(bench: &Bench) {
    let revision = intervene(bench, "a", put("person")).await;
    let Some(Revision(number)) = revision else { panic!("{revision:?}") };
    bench.clock.advance(EXPIRES_IN);
    let entry = bench.lease_one().await;
    assert_eq!((entry.key_text(), entry.answers), ("", Some(EntryId(number))));
    assert_eq!(entry.state.as_ref().map(|state| state.revision), revision);
    finish_with(bench, entry, StateChange::Clear).await;
    assert_eq!(stored(bench, "a").await, None);
}

pub(super) async fn a_message_that_was_accepted_in_time_is_not_late(bench: &Bench) {
    bench.append(message("a", "1")).await;
    handle(bench, put("one")).await;
    bench.clock.advance(EXPIRES_IN.saturating_sub(MOMENT));
    bench.append(message("a", "in time")).await;
    let entry = bench.lease_one().await;
    let until = bench.clock.now().plus(EXPIRES_IN);
    bench.journal.postpone(entry.lease, until, "busy".into()).await.unwrap();
    bench.clock.advance(MOMENT);
    bench.append(message("a", "late")).await;
    bench.clock.advance(EXPIRES_IN);

    for (key, is_late) in [("in time", false), ("late", true), ("", true)] {
        let entry = bench.lease_one().await;
        let state = entry.state.clone().unwrap();
        assert_eq!((entry.key_text(), state.is_expired), (key, is_late));
        bench.finish(entry).await;
    }
}

pub(super) async fn a_state_that_was_renewed_in_time_is_not_announced(bench: &Bench) {
    for key in ["1", "2", "3"] {
        bench.append(message("a", key)).await;
        handle(bench, put(key)).await;
        bench.clock.advance(EXPIRES_IN.saturating_sub(MOMENT));
        assert!(bench.lease(9).await.is_empty());
    }
    // A message that keeps the state keeps its expiry.
    bench.append(message("a", "4")).await;
    handle(bench, StateChange::Keep).await;
    bench.clock.advance(MOMENT);
    let entry = bench.lease_one().await;
    assert_eq!((entry.key_text(), state_text(&entry)), ("", Some("3")));
}

pub(super) async fn what_was_announced_may_have_changed_before_its_turn(bench: &Bench) {
    bench.append(message("a", "1")).await;
    let first = handle(bench, put("one")).await;
    bench.append(message("a", "in time")).await;
    bench.clock.advance(EXPIRES_IN);
    let entry = bench.lease_one().await;
    assert_eq!(entry.key_text(), "in time");
    let second = finish_with(bench, entry, put("two")).await;
    let entry = bench.lease_one().await;
    let state = entry.state.clone().unwrap();
    assert_eq!((entry.key_text(), entry.answers), ("", Some(first)));
    assert_eq!((state.revision, state.is_expired), (second.into(), false), "the worker sees it");
    bench.finish(entry).await;
}

pub(super) async fn states_and_entries_come_in_the_order_of_their_time(bench: &Bench) {
    bench.append_all(["a", "b", "c"].map(|name| message(name, name))).await;
    for entry in bench.lease(9).await {
        finish_with(bench, entry, put("one")).await;
        bench.clock.advance(MOMENT);
    }
    bench.clock.advance(EXPIRES_IN);
    let expired = bench.lease(9).await;
    let conversations: Vec<_> = expired.iter().map(|entry| &*entry.conversation).collect();
    assert_eq!((conversations, keys(&expired)), (vec!["a", "b", "c"], vec![""; 3]));
    assert_eq!(bench.lease_from(Queue::Outbox, 9).await.len(), 0);
}
