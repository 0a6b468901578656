//! The database's clock is set, either way, while replicas are at work or while nobody is.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    journal::{self, Entry, Filter, NewEntry, Outcome, Queue, Queues, Record, State},
};
use tokio_postgres::Client;

use super::{
    shared::{open, replicas_on},
    support::{
        KEEP, KEEP_DEAD, KeyText as _, LEASE, START, append_all, dead, keys, message, options, reply,
    },
};
use crate::support::{
    postgres::{Cluster, client},
    until,
};

const DAY: Duration = Duration::from_hours(24);

/// By how much the clock was set, as far as anybody has noticed.
async fn stepped(client: &Client) -> i64 {
    client.query_one("select clock_steps from version", &[]).await.unwrap().get(0)
}

/// Waits until both replicas have looked at the clock.
async fn looked(client: &Client) {
    let beats = async || -> Vec<i64> {
        let rows = client.query("select heartbeats from replica order by id", &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    let before = beats().await;
    // The second sign from now on follows a look that began after now.
    let again = async || {
        let now = beats().await;
        now.iter().zip(&before).all(|(now, before)| *now >= before + 2).then_some(())
    };
    until("looks at the clock", again).await;
}

async fn records(journal: &dyn Queues) -> BTreeMap<String, Record> {
    let all = Filter { limit: 99, ..Filter::default() };
    let records = journal.list(all).await.unwrap();
    records.into_iter().map(|record| (record.key_text().to_owned(), record)).collect()
}

/// A journal with an entry of each kind: held, due later, due now, done and dead.
async fn fill(journal: &dyn Queues, clock: &Clock) -> Entry {
    let names = ["held", "later", "done", "dead"].map(|name| message(name, name));
    append_all(journal, names).await;
    let leased = journal.lease(Queue::Inbox, 9, clock.now().plus(LEASE)).await.unwrap();
    let [held, later, done, dead] = <[Entry; 4]>::try_from(leased).unwrap();
    let soon = clock.now().plus(Duration::from_secs(10));
    journal.postpone(later.lease, soon, "later".into()).await.unwrap();
    journal.finish(done.lease, Outcome::default()).await.unwrap();
    journal.bury(dead.lease, "no".into()).await.unwrap();
    journal.append(message("now", "now"), None).await.unwrap();
    held
}

async fn is_unmoved_by(step: impl Fn(UnixMillis) -> UnixMillis) {
    let clock = Clock::manual(START);
    let Some((first, second, url)) = replicas_on(&clock).await else { return };
    let client = client(&url).await;
    looked(&client).await;
    let held = fill(&*first, &clock).await;
    let before = records(&*first).await;
    clock.set(step(START));
    looked(&client).await;
    assert_eq!(stepped(&client).await, clock.now().0 - START.0, "once for both");

    let after = records(&*second).await;
    for (key, record) in &after {
        let times = |record: &Record| (record.accepted_at, record.settled_at, record.state);
        assert_eq!(times(record), times(&before[key]), "{key}");
    }
    let later = clock.now().plus(Duration::from_secs(10));
    assert_eq!(after["later"].due_at, later, "what is due moves with the clock");
    let lease = async |journal: &Arc<dyn Queues>| {
        journal.lease(Queue::Inbox, 9, clock.now().plus(LEASE)).await.unwrap()
    };
    assert_eq!(keys(&lease(&second).await), ["now"]);
    clock.advance(Duration::from_secs(9));
    assert!(lease(&first).await.is_empty(), "not before its time");
    clock.advance(Duration::from_secs(1));
    assert_eq!(keys(&lease(&first).await), ["later"]);
    first.finish(held.lease, vec![reply("a", "r")].into()).await.expect("its lease went on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_forward_ages_nothing_and_ends_no_lease() {
    is_unmoved_by(|now| now.plus(40 * DAY)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_redates_nothing_and_delays_nothing() {
    is_unmoved_by(|now| now.minus(40 * DAY)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_kept_for_its_time_whatever_the_clock_does_meanwhile() {
    let clock = Clock::manual(START);
    let Some((first, second, _url)) = replicas_on(&clock).await else { return };
    append_all(&*first, [dead("dead", "dead"), message("done", "done")]).await;
    let done = first.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap().remove(0);
    clock.set(START.minus(40 * DAY));
    first.finish(done.lease, Outcome::default()).await.unwrap();
    first.append(dead("dead", "dead2"), None).await.unwrap();
    let kept = async || {
        second.purge().await.unwrap();
        records(&*first).await.into_keys().collect::<Vec<_>>()
    };
    for wrong in [START.plus(40 * DAY), UnixMillis(0), START.plus(400 * DAY)] {
        clock.set(wrong);
        assert_eq!(kept().await, ["dead", "dead2", "done"]);
    }
    let moment = Duration::from_millis(1);
    clock.advance(KEEP.saturating_sub(moment));
    assert_eq!(kept().await.len(), 3);
    clock.advance(moment);
    assert_eq!(kept().await, ["dead", "dead2"]);
    clock.set(START);
    clock.advance(KEEP_DEAD.saturating_sub(KEEP + moment));
    assert_eq!(kept().await, ["dead", "dead2"]);
    clock.advance(moment);
    assert!(kept().await.is_empty(), "all of it goes in the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_settles_is_kept_for_its_time_as_well() {
    let clock = Clock::manual(START);
    let Some((first, second, url)) = replicas_on(&clock).await else { return };
    first.append(dead("a", "a"), None).await.unwrap();
    clock.advance(DAY);
    // Whoever ends writes how much time it knows of.
    second.close().await.unwrap();
    // This much may not have been written yet.
    clock.advance(Duration::from_secs(5));
    let operator = journal::open_operator(&url, options(&clock)).await.unwrap();
    let letters = Filter { state: Some(State::Dead), limit: 9, ..Filter::default() };
    let letter = operator.list(letters).await.unwrap().remove(0);
    operator.discard(letter.id).await.unwrap();
    clock.advance(KEEP.saturating_sub(Duration::from_millis(1)));
    assert_eq!(first.purge().await.unwrap(), 0);
    // It may be kept for as much longer as the servers may have known more than they had written.
    clock.advance(Duration::from_secs(16));
    assert_eq!(first.purge().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_while_nobody_was_there_delays_nothing() {
    let clock = Clock::manual(START);
    let Some((first, second, url)) = replicas_on(&clock).await else { return };
    append_all(&*first, [message("now", "now"), message("later", "later")]).await;
    let leased = first.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap();
    for entry in leased.into_iter().filter(|entry| entry.key_text() == "later") {
        let soon = START.plus(Duration::from_secs(10));
        first.postpone(entry.lease, soon, "later".into()).await.unwrap();
    }
    looked(&client(&url).await).await;
    first.close().await.unwrap();
    second.close().await.unwrap();
    clock.set(START.minus(DAY));
    let third = open(&url, &clock).await;
    let lease = async || third.lease(Queue::Inbox, 9, clock.now().plus(LEASE)).await.unwrap();
    assert_eq!(keys(&lease().await), ["now"]);
    clock.advance(Duration::from_secs(10));
    assert_eq!(keys(&lease().await), ["later"]);
    assert_eq!(records(&*third).await["now"].accepted_at, START);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_databases_own_clock_is_set_nobody_is_dead_nothing_is_lost_and_all_goes_on() {
    let Some(cluster) = Cluster::start_with_a_clock().await else { return };
    let (url, clock) = (cluster.database().await, Clock::system());
    let (first, second) = (open(&url, &clock).await, open(&url, &clock).await);
    let client = client(&url).await;
    looked(&client).await;
    let letter = NewEntry { dead: Some("odd".to_owned()), ..message("dead", "dead") };
    append_all(&*first, [letter, message("held", "held")]).await;
    let lease = async |journal: &Arc<dyn Queues>| {
        journal.lease(Queue::Inbox, 9, clock.now().plus(20 * LEASE)).await.unwrap()
    };
    let held = lease(&first).await.remove(0);
    for ahead in [90 * DAY, Duration::ZERO] {
        cluster.set_clock(ahead.as_millis().try_into().unwrap());
        // Longer than anybody is watched before being taken for dead.
        for _ in 0..4 {
            looked(&client).await;
        }
        let found: i64 = client.query_one("select count(*) from replica", &[]).await.unwrap().get(0);
        assert_eq!(found, 2, "nobody was taken for dead");
        let name = format!("after {ahead:?}");
        first.append(message(&name, &name), None).await.unwrap();
        assert_eq!(keys(&lease(&second).await), [name.as_str()], "the lease of the other one goes on");
        assert_eq!(first.purge().await.unwrap(), 0);
    }
    assert!(stepped(&client).await.abs() < 1000, "there and back");
    first.finish(held.lease, Outcome::default()).await.unwrap();
    assert_eq!(first.stats().await.unwrap().inbox.dead, 1);
}
