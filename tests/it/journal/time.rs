//! The time by which the file's entries age: time during which a server is known to have run.

use std::time::Duration;

use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    journal::{self, Appended, EntryId, Filter, Queue, State},
};
use rusqlite::Connection;
use tempfile::tempdir;

use super::support::{Bench, Ending, KEEP, KEEP_DEAD, KeyText as _, START, dead, message, options, url};

const MINUTE: Duration = Duration::from_mins(1);

async fn purge(bench: &Bench) -> u64 {
    bench.journal.purge().await.unwrap()
}

#[tokio::test]
async fn while_no_server_runs_nothing_ages() {
    let mut bench = Bench::sqlite().await.unwrap();
    bench.append(dead("a", "1")).await;
    bench.clock.advance(KEEP_DEAD.saturating_sub(MINUTE));
    bench.reopen(Ending::Orderly, |clock| clock.advance(Duration::from_hours(9000))).await;
    assert_eq!(purge(&bench).await, 0);
    bench.clock.advance(MINUTE.saturating_sub(Duration::from_millis(1)));
    assert_eq!(purge(&bench).await, 0);
    bench.clock.advance(Duration::from_millis(1));
    assert_eq!(purge(&bench).await, 1);
}

#[tokio::test]
async fn a_crash_forgets_a_minute_at_most() {
    let mut bench = Bench::sqlite().await.unwrap();
    bench.append(dead("a", "1")).await;
    for _ in 0..3 {
        bench.clock.advance(MINUTE * 30);
        // A lease looks at the clock.
        bench.lease(0).await;
        bench.clock.advance(MINUTE.saturating_sub(Duration::from_millis(1)));
        bench.lease(0).await;
        bench.reopen(Ending::Crash, |_| ()).await;
    }
    // 93 minutes have passed, and 90 are known of.
    bench.clock.advance(KEEP_DEAD.saturating_sub(MINUTE * 90 + Duration::from_millis(1)));
    assert_eq!(purge(&bench).await, 0);
    bench.clock.advance(Duration::from_millis(1));
    assert_eq!(purge(&bench).await, 1);
}

#[tokio::test]
async fn a_clock_that_was_wrong_while_nothing_ran_and_is_set_right_afterwards_changes_nothing() {
    let mut bench = Bench::sqlite().await.unwrap();
    bench.append(dead("a", "dead")).await;
    bench.append(message("b", "later")).await;
    let entry = bench.lease_one().await;
    let soon = START.plus(Duration::from_secs(10));
    bench.journal.postpone(entry.lease, soon, "busy".into()).await.unwrap();
    // A machine without a clock of its own boots in 1970, and is told the time a little later.
    bench.reopen(Ending::Orderly, |clock| clock.set(UnixMillis(0))).await;
    assert!(bench.lease(9).await.is_empty());
    assert_eq!(purge(&bench).await, 0);
    bench.clock.set(START);
    assert!(bench.lease(9).await.is_empty());
    assert_eq!(purge(&bench).await, 0);
    let records = bench.journal.list(all()).await.unwrap();
    let dates: Vec<_> = records.iter().map(|it| (it.accepted_at, it.due_at, it.settled_at)).collect();
    assert_eq!(dates, [(START, soon, None), (START, START, Some(START))]);
    bench.clock.advance(Duration::from_secs(10));
    assert_eq!(bench.lease_one().await.key_text(), "later");
}

#[tokio::test]
async fn a_clock_is_not_taken_to_be_set_back_twice() {
    let mut bench = Bench::sqlite().await.unwrap();
    // An entry that was accepted in the future stays dated so.
    bench.clock.set(START.plus(Duration::from_hours(24)));
    bench.append(message("a", "later")).await;
    let entry = bench.lease_one().await;
    let soon = bench.clock.now().plus(Duration::from_secs(10));
    bench.journal.postpone(entry.lease, soon, "busy".into()).await.unwrap();
    bench.clock.set(START);
    for ending in [Ending::Orderly, Ending::Crash, Ending::Orderly] {
        assert!(bench.lease(9).await.is_empty());
        bench.reopen(ending, |_| ()).await;
    }
    assert!(bench.lease(9).await.is_empty());
    bench.clock.advance(Duration::from_secs(10));
    assert_eq!(bench.lease_one().await.key_text(), "later");
}

#[tokio::test]
async fn what_an_operator_discards_beside_the_server_is_kept_for_its_time() {
    let bench = Bench::sqlite().await.unwrap();
    bench.append(message("a", "1")).await;
    // The server has not noted all of the time that it has run.
    bench.clock.advance(MINUTE);
    bench.lease(0).await;
    bench.clock.advance(MINUTE.saturating_sub(Duration::from_millis(1)));
    let options = options(&bench.clock);
    let operator = journal::open_operator(&bench.url().unwrap(), options).await.unwrap();
    operator.discard(EntryId(1)).await.unwrap();
    bench.clock.advance(KEEP.saturating_sub(Duration::from_millis(1)));
    assert_eq!(purge(&bench).await, 0);
    assert_eq!(bench.append(message("a", "1")).await, Appended::Duplicate);
    bench.clock.advance(MINUTE * 2);
    assert_eq!(purge(&bench).await, 1);
}

/// The tables as the first version made them, with an entry of each kind.
const FIRST_VERSION: &str = "
    create table entry (
        id integer primary key, queue integer not null, state integer not null, attempts integer not null,
        due_at integer not null, accepted_at integer not null, settled_at integer, conversation text not null,
        key text not null, reason text, body blob not null, unique (queue, key)
    ) strict;
    create index unsettled on entry (state) where state <> 1;
    create table tally (queue integer primary key, done integer not null, purged_to integer not null) strict;
    insert into tally values (0, 1, 0), (1, 0, 0);
    insert into entry values
        (1, 0, 1, 1, 0, 1600000000000, 1600000000000, 'a', 'done', null, x'00'),
        (2, 0, 2, 1, 0, 1600000000000, 1600000000000, 'b', 'dead', 'no', x'00'),
        (3, 0, 0, 1, 1700000005000, 1700000000000, null, 'c', 'later', null, x'00');
    pragma application_id = 0x52436362;
    pragma user_version = 1";

#[tokio::test]
async fn what_an_older_program_has_settled_is_kept_as_if_it_had_been_settled_now() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("journal.db");
    Connection::open(path).unwrap().execute_batch(FIRST_VERSION).unwrap();
    // The clock has been set back a little since then.
    let clock = Clock::manual(START.minus(Duration::from_mins(1)));
    let journal = journal::open_server(&url(&folder), options(&clock)).await.unwrap();
    let lease = async || {
        journal.lease(Queue::Inbox, 9, clock.now().plus(Duration::from_hours(24))).await.unwrap().len()
    };
    assert_eq!(lease().await, 0);
    clock.advance(Duration::from_secs(5));
    assert_eq!(lease().await, 1);
    let states = async || {
        let records = journal.list(all()).await.unwrap();
        records.iter().map(|record| record.state).collect::<Vec<_>>()
    };
    for (wait, left) in [
        (
            KEEP.saturating_sub(Duration::from_millis(5001)),
            vec![State::Pending, State::Dead, State::Done],
        ),
        (Duration::from_millis(1), vec![State::Pending, State::Dead]),
        (KEEP_DEAD.saturating_sub(KEEP + Duration::from_millis(1)), vec![State::Pending, State::Dead]),
        (Duration::from_millis(1), vec![State::Pending]),
    ] {
        clock.advance(wait);
        journal.purge().await.unwrap();
        assert_eq!(states().await, left);
    }
}

fn all() -> Filter {
    Filter { limit: 9, ..Filter::default() }
}
