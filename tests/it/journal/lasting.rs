//! States and scheduled entries across restarts, and across steps of the clock.

use std::time::Duration;

use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    journal::{
        self, EntryId, Filter, NewScheduled, NewState, Outcome, Queue, Revision, StateChange,
        StateFilter,
    },
};

use super::{
    conversations::{EXPIRES_IN, handle, intervene, later, put, stored},
    support::{Bench, Ending, KEEP, KeyText as _, START, message, options},
};

const SECOND: Duration = Duration::from_secs(1);
const MOMENT: Duration = Duration::from_millis(1);
/// Longer than a state lasts.
const DAY: Duration = Duration::from_hours(24);

/// The drivers whose journals outlive a process, where they can be had.
async fn benches() -> Vec<Bench> {
    Bench::sqlite().await.into_iter().chain(Bench::postgres().await).collect()
}

/// Handles a new message, which puts a state and schedules a reminder in ten seconds and one that belongs to the state.
async fn ask(bench: &Bench, conversation: &str) {
    bench.append(message(conversation, &format!("ask {conversation}"))).await;
    let entry = bench.lease_one().await;
    let reminder = later(Queue::Inbox, &format!("reminder of {conversation}"), SECOND * 10);
    let bound = later(Queue::Inbox, &format!("bound of {conversation}"), SECOND * 20);
    let scheduled = vec![reminder, NewScheduled { is_bound: true, ..bound }];
    let outcome = Outcome { follow_ups: Vec::new(), state: put("asked"), scheduled, ending: None };
    bench.journal.finish(entry.lease, outcome).await.unwrap();
}

/// Checks that an entry of the Inbox comes in `wait` and no sooner, and finishes it.
async fn comes_in(bench: &Bench, wait: Duration, key: &str) {
    bench.clock.advance(wait.saturating_sub(MOMENT));
    let early = bench.lease(9).await;
    assert!(early.is_empty(), "before its time: {early:?}");
    bench.clock.advance(MOMENT);
    let entry = bench.lease_one().await;
    assert_eq!(entry.key_text(), key);
    bench.finish(entry).await;
}

pub(super) async fn no_step_of_the_clock_delays_or_hurries_what_is_due_later(bench: &Bench) {
    // Servers that share a clock do not go by their own.
    if bench.is_shared() {
        return;
    }
    for days in [-400, -1, 1, 400] {
        let conversation = format!("user {days}");
        ask(bench, &conversation).await;
        let expires_at = stored(bench, &conversation).await.unwrap().expires_at;
        let set = |by: i64| bench.clock.set(UnixMillis(bench.clock.now().0 + by * 86_400_000));
        set(days);
        bench.append(message(&conversation, &format!("in time {days}"))).await;
        let entry = bench.lease_one().await;
        assert!(!entry.state.as_ref().unwrap().is_expired, "after {days} days by the clock only");
        bench.finish(entry).await;
        comes_in(bench, SECOND * 10, &format!("reminder of {conversation}")).await;
        set(-2 * days);
        comes_in(bench, SECOND * 10, &format!("bound of {conversation}")).await;
        set(days);
        assert!(bench.lease(9).await.is_empty());
        assert_eq!(stored(bench, &conversation).await.unwrap().expires_at, expires_at);
        comes_in(bench, EXPIRES_IN.saturating_sub(SECOND * 20), "").await;
        intervene(bench, &conversation, StateChange::Clear).await;
    }
}

pub(super) async fn a_state_that_never_expires_is_in_no_clocks_way(bench: &Bench) {
    bench.append(message("a", "1")).await;
    let entry = bench.lease_one().await;
    let expires_in = Duration::MAX;
    let state = NewState { dialogue: "person".to_owned(), version: 1, body: "".into(), expires_in };
    let scheduled = vec![later(Queue::Inbox, "never", Duration::MAX)];
    let outcome =
        Outcome { follow_ups: Vec::new(), state: StateChange::Put(state), scheduled, ending: None };
    bench.journal.finish(entry.lease, outcome).await.unwrap();
    if !bench.is_shared() {
        bench.clock.set(bench.clock.now().plus(DAY));
    }
    bench.clock.advance(DAY);
    assert!(bench.lease(9).await.is_empty());
    bench.append(message("a", "2")).await;
    let entry = bench.lease_one().await;
    assert!(!entry.state.as_ref().unwrap().is_expired);
    bench.finish(entry).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn states_and_what_is_scheduled_outlive_their_process() {
    for mut bench in benches().await {
        ask(&bench, "a").await;
        let said = later(Queue::Outbox, "said", SECOND * 5);
        bench.append(message("b", "1")).await;
        let entry = bench.lease_one().await;
        let outcome = Outcome { scheduled: vec![said], ..Outcome::default() };
        bench.journal.finish(entry.lease, outcome).await.unwrap();
        let revision = intervene(&bench, "b", put("person")).await;
        let before = [stored(&bench, "a").await, stored(&bench, "b").await];
        for ending in [Ending::Orderly, Ending::Crash] {
            bench.reopen(ending, |_| ()).await;
            assert_eq!([stored(&bench, "a").await, stored(&bench, "b").await], before);
            assert!(bench.lease(9).await.is_empty());
        }
        comes_in(&bench, SECOND * 10, "reminder of a").await;
        let said = bench.lease_from(Queue::Outbox, 9).await.remove(0);
        assert_eq!(said.key_text(), "said");
        bench.finish(said).await;
        for ending in [Ending::Crash, Ending::Orderly] {
            bench.reopen(ending, |_| ()).await;
            assert!(bench.lease(9).await.is_empty(), "the reminder has come once");
        }
        comes_in(&bench, SECOND * 10, "bound of a").await;
        bench.append(message("b", "2")).await;
        let entry = bench.lease_one().await;
        assert_eq!(entry.state.as_ref().map(|state| state.revision), revision);
        bench.finish(entry).await;
        bench.reopen(Ending::Orderly, |_| ()).await;
        bench.clock.advance(EXPIRES_IN);
        let expired = bench.lease(9).await;
        assert!(expired.len() == 2 && expired.iter().all(|entry| entry.key_text().is_empty()));
        for entry in expired {
            bench.finish(entry).await;
        }
        for ending in [Ending::Crash, Ending::Orderly] {
            bench.reopen(ending, |_| ()).await;
            assert!(bench.lease(9).await.is_empty(), "each was announced once");
        }
        bench.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_due_while_nobody_ran_comes_in_order() {
    for mut bench in benches().await {
        ask(&bench, "a").await;
        bench.append(message("a", "accepted in time")).await;
        bench.reopen(Ending::Orderly, |clock| clock.advance(DAY)).await;
        bench.append(message("a", "accepted late")).await;
        for (key, is_expired) in [
            ("accepted in time", false),
            ("accepted late", true),
            ("reminder of a", true),
            ("bound of a", true),
            ("", true),
        ] {
            let entry = bench.lease_one().await;
            let state = entry.state.clone().unwrap();
            assert_eq!((entry.key_text(), state.is_expired), (key, is_expired));
            bench.finish(entry).await;
        }
        assert!(bench.lease(9).await.is_empty());
        bench.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finish_that_was_not_committed_has_changed_no_state() {
    for mut bench in benches().await {
        bench.append(message("a", "1")).await;
        handle(&bench, put("one")).await;
        bench.append(message("a", "2")).await;
        let entry = bench.lease_one().await;
        assert_eq!(entry.key_text(), "2");
        bench.reopen(Ending::Orderly, |_| ()).await;
        let entry = bench.lease_one().await;
        assert_eq!((entry.key_text(), entry.attempt), ("2", 2));
        assert_eq!(entry.state.as_ref().unwrap().body, "one");
        bench.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_entry_after_a_copy_has_the_number_by_which_a_state_is_told() {
    for mut target in benches().await {
        let source = Bench::sqlite().await.unwrap();
        for conversation in ["a", "b", "c"] {
            ask(&source, conversation).await;
        }
        source.clock.advance(KEEP);
        assert_eq!(source.journal.purge().await.unwrap(), 3);
        source.journal.close().await.unwrap();
        let [from, to] = [source.url().unwrap(), target.url().unwrap()];
        target.journal.close().await.unwrap();
        copy_what_is_remembered(&from, &to).await;
        target.journal = journal::open_server(&to, options(&target.clock)).await.unwrap();
        assert_eq!(stored(&target, "c").await.unwrap().revision, Revision(3));
        target.append(message("new", "new")).await;
        let records = target.journal.list(Filter { limit: 9, ..Filter::default() }).await.unwrap();
        assert!(records.iter().all(|record| record.id > EntryId(3)), "{records:?}");
    }
}

/// Copies what the conversations of a journal remember.
async fn copy_what_is_remembered(from: &str, to: &str) {
    let options = || options(&Clock::manual(START));
    let source = journal::open_source(from, options()).await.unwrap();
    let target = journal::open_target(to, options()).await.unwrap();
    target.begin_copy().await.unwrap();
    let filter = StateFilter { limit: 9, ..StateFilter::default() };
    target.restore_states(source.states(filter).await.unwrap()).await.unwrap();
    target.restore_scheduled(source.scheduled(0, 9).await.unwrap()).await.unwrap();
    target.end_copy().await.unwrap();
    target.close().await.unwrap();
}

#[tokio::test]
async fn a_clock_that_was_wrong_while_nobody_ran_hurries_and_delays_nothing() {
    let mut bench = Bench::sqlite().await.unwrap();
    let start = bench.clock.now();
    ask(&bench, "a").await;
    // A machine without a clock of its own boots in 1970, and is told the time a little later.
    bench.reopen(Ending::Orderly, |clock| clock.set(UnixMillis(0))).await;
    assert!(bench.lease(9).await.is_empty());
    bench.clock.set(start);
    comes_in(&bench, SECOND * 10, "reminder of a").await;
    comes_in(&bench, SECOND * 10, "bound of a").await;
    comes_in(&bench, EXPIRES_IN.saturating_sub(SECOND * 20), "").await;
}
