//! Activity: what each replica did in each span of time.

use std::time::Duration;

use rongcloud_callback::{
    clock::UnixMillis,
    journal::{Activity, Administration, KEPT_ACTIVITY},
};

use super::{
    shared::replicas,
    support::{Bench, START},
};
use crate::support::postgres::client;

fn span(minute: u64, replica: &str, body: &'static [u8]) -> Activity {
    let at = START.plus(Duration::from_mins(minute));
    Activity { at, replica: replica.to_owned(), body: body.into() }
}

async fn since(journal: &dyn Administration, minute: u64) -> Vec<Activity> {
    journal.activity(START.plus(Duration::from_mins(minute))).await.unwrap()
}

pub(super) async fn activity_is_oldest_first_and_a_span_is_there_once(bench: &Bench) {
    let journal = &bench.journal;
    for activity in [span(2, "a", b"2"), span(1, "a", b"\xff\0"), span(3, "a", b""), span(1, "b", b"b")]
    {
        journal.add_activity(activity).await.unwrap();
    }
    // The next process has the same name, and begins in the same minute.
    journal.add_activity(span(2, "a", b"2 again")).await.unwrap();
    let expected =
        [span(1, "a", b"\xff\0"), span(1, "b", b"b"), span(2, "a", b"2 again"), span(3, "a", b"")];
    let mut all = since(&**journal, 0).await;
    assert!(all.is_sorted_by_key(|activity| activity.at), "{all:?}");
    all.sort_by(|one, other| (one.at, &one.replica).cmp(&(other.at, &other.replica)));
    assert_eq!(all, expected);
    assert_eq!(since(&**journal, 2).await, expected[2..]);
    assert_eq!(since(&**journal, 4).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_activity_is_kept_whatever_the_clock_shows() {
    let Some((journal, _other, url)) = replicas().await else { return };
    let spans = "insert into activity (at, replica, body)
        select 1900000000000 + n, 'a', '' from generate_series(1, $1::bigint) n";
    client(&url).await.execute(spans, &[&i64::try_from(KEPT_ACTIVITY).unwrap()]).await.unwrap();
    // The clock was years ahead until now, and a span that is replaced takes nobody's place.
    for body in [b"1", b"2"] {
        journal.add_activity(span(0, "a", body)).await.unwrap();
    }
    let all = journal.activity(UnixMillis(0)).await.unwrap();
    assert_eq!((all.len(), &all[0]), (KEPT_ACTIVITY, &span(0, "a", b"2")));
    assert_eq!(all[1].at, UnixMillis(1_900_000_000_002), "the first one made room");
}
