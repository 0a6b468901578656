//! Entries that were in work when their process died: when each is tried again, and beside which others.

use std::time::Duration;

use rongcloud_callback::journal::{Filter, Queue};

use super::support::{Bench, Ending, KeyText as _, keys, message};

const SECOND: Duration = Duration::from_secs(1);

/// Entries of as many conversations that the process has found, all of them in work, and one that waits.
async fn in_work(numbers: std::ops::RangeInclusive<u32>) -> Bench {
    let mut bench = Bench::sqlite().await.unwrap();
    for key in numbers.clone().map(|number| number.to_string()) {
        bench.append(message(&key, &key)).await;
    }
    bench.reopen(Ending::Orderly, |_| ()).await;
    assert_eq!(bench.lease(9).await.len(), numbers.count());
    bench.append(message("other", "waits")).await;
    bench
}

async fn crash(bench: &mut Bench) {
    bench.reopen(Ending::Crash, |_| ()).await;
}

#[tokio::test]
async fn they_come_back_a_little_later_and_one_more_at_a_time_for_each_that_ends() {
    let mut bench = in_work(1..=7).await;
    crash(&mut bench).await;
    assert_eq!(keys(&bench.lease(9).await), ["waits"], "no other waits for them");
    bench.clock.advance(SECOND.saturating_sub(Duration::from_millis(1)));
    assert!(bench.lease(9).await.is_empty());
    bench.clock.advance(Duration::from_millis(1));
    for expected in [vec!["1"], vec!["2", "3"], vec!["4", "5", "6", "7"]] {
        let entries = bench.lease(9).await;
        assert_eq!(keys(&entries), expected);
        assert!(bench.lease(9).await.is_empty());
        for entry in entries {
            assert_eq!(entry.attempt, 2);
            bench.finish(entry).await;
        }
    }
}

#[tokio::test]
async fn one_that_waited_all_the_time_is_still_suspect_after_the_next_crash_and_one_that_ended_is_not() {
    let mut bench = in_work(1..=3).await;
    crash(&mut bench).await;
    bench.clock.advance(SECOND);
    let entry = bench.lease(1).await.remove(0);
    assert_eq!(entry.key_text(), "1");
    bench.journal.postpone(entry.lease, bench.clock.now(), "busy".into()).await.unwrap();
    crash(&mut bench).await;
    let mut free = bench.lease(9).await;
    free.sort_by_key(|entry| entry.id);
    assert_eq!(keys(&free), ["1", "waits"]);
    bench.clock.advance(SECOND);
    assert_eq!(keys(&bench.lease(9).await), ["2"]);
}

#[tokio::test]
async fn what_is_drawn_in_again_is_tried_alone_and_three_times_as_late() {
    let mut bench = in_work(1..=4).await;
    crash(&mut bench).await;
    bench.clock.advance(SECOND);
    let first = bench.lease(9).await;
    assert_eq!(keys(&first), ["1", "waits"]);
    for entry in first {
        bench.finish(entry).await;
    }
    // Two at a time now; one of them kills again.
    assert_eq!(keys(&bench.lease(9).await), ["2", "3"]);
    crash(&mut bench).await;
    bench.clock.advance(SECOND * 3);
    // The one that was drawn in once comes first, and then each of the others alone.
    for key in ["4", "2", "3"] {
        let entry = bench.lease_one().await;
        assert_eq!(entry.key_text(), key);
        bench.finish(entry).await;
    }
}

#[tokio::test]
async fn the_later_ones_of_its_conversation_wait_for_it() {
    let mut bench = in_work(1..=1).await;
    bench.append(message("1", "next")).await;
    crash(&mut bench).await;
    bench.clock.advance(SECOND);
    for expected in ["1", "next"] {
        let entries = bench.lease(9).await;
        let entry = entries.into_iter().find(|entry| entry.conversation == "1").unwrap();
        assert_eq!(entry.key_text(), expected);
        bench.finish(entry).await;
    }
}

#[tokio::test]
async fn what_an_orderly_end_cuts_off_is_no_suspect() {
    let mut bench = in_work(1..=3).await;
    bench.reopen(Ending::Orderly, |_| ()).await;
    assert_eq!(bench.lease(9).await.len(), 4);
}

#[tokio::test]
async fn an_entry_that_came_since_the_start_is_suspect_from_the_second_process_on_that_dies_at_it() {
    let mut bench = Bench::sqlite().await.unwrap();
    bench.append(message("a", "kills")).await;
    assert_eq!(bench.lease_one().await.attempt, 1);
    crash(&mut bench).await;
    for (attempt, wait) in [(1, SECOND), (2, SECOND * 3), (3, SECOND * 9)] {
        let entry = bench.lease_one().await;
        assert_eq!((entry.key_text(), entry.attempt), ("kills", attempt));
        crash(&mut bench).await;
        bench.clock.advance(wait.saturating_sub(Duration::from_millis(1)));
        assert!(bench.lease(9).await.is_empty(), "a suspect is tried again a while later");
        bench.clock.advance(Duration::from_millis(1));
    }
    assert_eq!(bench.lease_one().await.attempt, 4);
}

#[tokio::test]
async fn an_operator_sees_how_often_they_were_tried_and_that_they_are_pending() {
    let mut bench = in_work(1..=2).await;
    crash(&mut bench).await;
    let filter = Filter { queue: Some(Queue::Inbox), limit: 9, ..Filter::default() };
    let attempts: Vec<_> =
        bench.journal.list(filter).await.unwrap().iter().map(|record| record.attempts).collect();
    assert_eq!(attempts, [0, 1, 1]);
    assert_eq!(bench.stats().await.inbox.pending, 3);
}
