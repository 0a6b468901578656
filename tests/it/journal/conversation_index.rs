//! PostgreSQL's index of entries by conversation, which is made behind the entries.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use rongcloud_callback::{
    clock::Clock,
    journal::{self, EntryId, Filter, KeyPattern, Options, Order, PageEnd, Queues, State},
};
use tokio_postgres::Client;

use super::{
    shared::{open, replicas},
    support::{KEEP_DEAD, START, options},
};
use crate::support::{postgres::client, until};

/// Entries of fifty conversations in turn, two of each user; every fourth is a dead letter, and the others are done.
const HISTORY: &str = "
    insert into entry (id, queue, state, attempts, due_at, accepted_at, settled_at, key, conversation_hash, conversation, body)
    select nextval('entry_id'), 0, case n % 4 when 0 then 2 else 1 end, 1, 0, 1600000000000 + n, 1600000000000 + n,
        substring(sha256(convert_to('key' || n, 'UTF8')) for 22), substring(sha256(c) for 16), c, ''
    from generate_series(1, $1) n,
        lateral (select convert_to(concat_ws(chr(31), 'app', n % 2, 'user' || n % 50 / 2), 'UTF8') c) l";
/// The numbers of entries in a segment, and in a full one.
const SEGMENT: i64 = 1024;
const FULL: i64 = 16 * SEGMENT;
/// Eight of each, and some entries more.
const ENTRIES: i64 = 8 * FULL + 8 * SEGMENT + 500;

async fn segments(client: &Client) -> Vec<RangeInclusive<i64>> {
    let sql =
        "select first_id, last_id from conversation_index where bucket in (0, 8) order by first_id";
    let rows = client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)..=row.get(1)).collect()
}

/// Waits until so many segments were made.
async fn until_segments(client: &Client, count: usize) {
    until("the segments", async || (segments(client).await.len() == count).then_some(())).await;
}

/// A journal whose history has grown in steps, by so many entries each, until it had so many segments.
async fn grown(steps: [(i32, usize); 2]) -> Option<(Arc<dyn Queues>, Client)> {
    let (first, second, url) = replicas().await?;
    let client = client(&url).await;
    drop((first, second));
    let journal = open(&url, &Clock::manual(START)).await;
    for (step, (entries, segments)) in steps.into_iter().enumerate() {
        let history = HISTORY.replace("'key' ||", &format!("'step {step} ' ||"));
        client.execute(&history, &[&entries]).await.unwrap();
        until_segments(&client, segments).await;
    }
    Some((journal, client))
}

/// The filter for a conversation, and the one for all conversations of its user.
fn filters(conversation: i64) -> [Filter; 2] {
    let (account, user) = (conversation % 2, format!("\u{1f}user{}", conversation / 2));
    let of_conversation = Some(format!("app\u{1f}{account}{user}"));
    let of_user = KeyPattern { ends: user, ..KeyPattern::default() };
    [
        Filter { of_conversation, ..Filter::default() },
        Filter { conversation: of_user, ..Filter::default() },
    ]
}

/// Asserts that a look finds those entries of a conversation between two numbers that `is_left`, and those of its user.
async fn look(
    journal: &dyn Queues,
    conversation: i64,
    range: (i64, i64),
    limit: usize,
    is_left: fn(i64) -> bool,
) {
    let [of_conversation, of_user] = filters(conversation);
    let is_meant = |id: i64| id % 50 == conversation && is_left(id);
    look_for(journal, of_conversation, range, limit, (is_left(1), &is_meant)).await;
    let is_meant = |id: i64| id % 50 / 2 == conversation / 2 && is_left(id);
    look_for(journal, of_user, range, limit, (is_left(1), &is_meant)).await;
}

/// Asserts that each conversation has the newest of its entries that `is_left`, and that the journal has no others.
async fn newest(journal: &dyn Queues, entries: i64, is_left: fn(i64) -> bool) {
    let keys = (0..51).map(|conversation| filters(conversation)[0].of_conversation.clone().unwrap());
    let found = journal.newest(keys.collect()).await.unwrap();
    let mut found: Vec<_> = found.iter().map(|record| record.id.0).collect();
    found.sort_unstable();
    let newest = |conversation| (1..=entries).rev().find(|id| id % 50 == conversation && is_left(*id));
    let mut expected: Vec<_> = (0..50).filter_map(newest).collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

/// Asserts that a look finds those entries between two numbers that are meant, and where it ends if nothing was removed.
async fn look_for(
    journal: &dyn Queues,
    filter: Filter,
    (after, before): (i64, i64),
    limit: usize,
    (is_whole, is_meant): (bool, &(dyn Fn(i64) -> bool + Sync)),
) {
    let expected = (after + 1..before.min(ENTRIES + 1)).filter(|id| is_meant(*id));
    let mut expected: Vec<_> = expected.map(EntryId).collect();
    for order in [Order::OldestFirst, Order::NewestFirst] {
        let range = (Some(EntryId(after)), Some(EntryId(before)));
        let filter = Filter { after: range.0, before: range.1, order, ..filter.clone() };
        let page = journal.search(Filter { limit, ..filter.clone() }).await.unwrap();
        let found: Vec<_> = page.records.iter().map(|record| record.id).collect();
        assert_eq!(found, expected[..limit.min(expected.len())], "{filter:?}");
        // A look at fewer entries than there are says where it has ended; those that were removed may count.
        let page = journal.search(Filter { scan: limit, ..filter }).await.unwrap();
        let end = expected.get(limit).map(|_| expected[limit - 1]);
        if is_whole {
            assert_eq!(page.end, end.map_or(PageEnd::Complete, PageEnd::Scanned), "{order:?}");
        }
        expected.reverse();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_found_in_segments_and_behind_them_and_after_a_purge() {
    let Some((first, second, url)) = replicas().await else { return };
    let client = client(&url).await;
    drop((first, second));
    client.execute(HISTORY, &[&i32::try_from(ENTRIES).unwrap()]).await.unwrap();
    let clock = Clock::manual(START);
    let keep = Duration::from_secs(1);
    let journal = journal::open_server(&url, Options { keep, ..options(&clock) }).await.unwrap();
    until_segments(&client, 16).await;
    let all = |_| true;
    for conversation in [0, 7, 49] {
        for range in [(4000, 8300), (4090, 8199), (4096, 4097), (130_000, 139_600), (139_300, 139_700)] {
            look(&*journal, conversation, range, 70, all).await;
        }
        for limit in [1, 100, 9000] {
            look(&*journal, conversation, (0, i64::MAX), limit, all).await;
        }
        let [of_conversation, of_user] =
            filters(conversation).map(|filter| Filter { state: Some(State::Dead), ..filter });
        let expected = (1..=ENTRIES).filter(|id| id % 50 == conversation && id % 4 == 0).count();
        assert_eq!(journal.count(of_conversation).await.unwrap(), expected as u64);
        let expected = (1..=ENTRIES).filter(|id| id % 50 / 2 == conversation / 2 && id % 4 == 0).count();
        assert_eq!(journal.count(of_user).await.unwrap(), expected as u64);
    }
    // One step of a count does not reach the end.
    let done = Filter { state: Some(State::Done), ..Filter::default() };
    let expected = (1..=ENTRIES).filter(|id| id % 4 != 0).count();
    assert_eq!(journal.count(done).await.unwrap(), expected as u64);
    look(&*journal, 50, (0, i64::MAX), 10, all).await;
    newest(&*journal, ENTRIES, all).await;

    // The done entries have been kept long enough.
    clock.advance(Duration::from_mins(5));
    let first = until("joined segments", async || {
        let left = segments(&client).await;
        (left.len() < 16).then(|| left[0].clone())
    })
    .await;
    assert_eq!(first, 1..=4 * FULL);
    for conversation in [0, 8, 48] {
        for range in [(0, i64::MAX), (4000, 8300)] {
            look(&*journal, conversation, range, 70, |id| id % 4 == 0).await;
        }
    }
    newest(&*journal, ENTRIES, |id| id % 4 == 0).await;
    // All of them have.
    clock.advance(KEEP_DEAD + Duration::from_mins(5));
    until("no old segment", async || {
        segments(&client).await.first().is_none_or(|it| *it.start() > 4 * FULL).then_some(())
    })
    .await;
    look(&*journal, 8, (0, i64::MAX), 70, |_| false).await;
    newest(&*journal, ENTRIES, |_| false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_segments_become_one_once_they_are_enough() {
    let Some((journal, client)) = grown([(15_000, 14), (2_000, 1)]).await else { return };
    assert_eq!(segments(&client).await, [1..=FULL]);
    let entries = "select sum(length(items)) / 8 from conversation_index where bucket >= 8";
    assert_eq!(client.query_one(entries, &[]).await.unwrap().get::<_, i64>(0), FULL);
    for conversation in [0, 49] {
        look(&*journal, conversation, (0, 15_001), 9000, |id| id <= 15_000).await;
    }
    newest(&*journal, 17_000, |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_entry_is_in_a_full_segment_or_before_those_that_were_removed() {
    let Some((journal, client)) = grown([(18_000, 2), (500, 3)]).await else { return };
    let all_but_full = format!(
        "begin; delete from entry where id > {FULL}; delete from conversation_index where bucket < 8; commit"
    );
    client.batch_execute(&all_but_full).await.unwrap();
    newest(&*journal, FULL, |_| true).await;
    // The index names those that are gone, as it does until a purge has joined its segments.
    client.batch_execute("delete from entry where id > 10000").await.unwrap();
    newest(&*journal, 10_000, |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_segments_become_a_full_one_before_one_is_made_behind_them() {
    // Whoever is that far behind makes a full segment at once.
    let Some((journal, client)) = grown([(2_100, 2), (20_000, 5)]).await else { return };
    let full = "select array_agg(first_id order by first_id) from conversation_index where bucket = 8";
    let full: Vec<i64> = client.query_one(full, &[]).await.unwrap().get(0);
    assert_eq!(full, [1, 2 * SEGMENT + 1]);
    assert_eq!(segments(&client).await[..2], [1..=2 * SEGMENT, 2 * SEGMENT + 1..=2 * SEGMENT + FULL]);
    for conversation in [0, 49] {
        look(&*journal, conversation, (0, 22_101), 70, |id| id <= 22_100).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_waits_for_transactions_that_have_numbers_of_its_entries() {
    let Some((first, second, url)) = replicas().await else { return };
    let (own, late) = (client(&url).await, client(&url).await);
    drop((first, second));
    let journal = open(&url, &Clock::manual(START)).await;
    let [before, after] = [2000, 6000];
    own.execute(HISTORY, &[&before]).await.unwrap();
    until_segments(&own, 1).await;
    // A writer locks its conversation, takes the next number, and is slow.
    let begin = "begin; insert into conversation (queue, conversation_hash) values (0, '\\x00112233445566778899aabbccddeeff')";
    late.batch_execute(begin).await.unwrap();
    let id: i64 = late.query_one("select nextval('entry_id')", &[]).await.unwrap().get(0);
    let others = HISTORY.replace("'key' ||", "'later' ||");
    own.execute(&others, &[&after]).await.unwrap();
    // Long enough for the segment, if nobody waited for the slow one.
    let looks = "select count(*) from pg_stat_activity where pid <> pg_backend_pid() and query like '%txid_current_snapshot%' and query_start > $1";
    for _ in 0..3 {
        let now: std::time::SystemTime =
            own.query_one("select clock_timestamp()", &[]).await.unwrap().get(0);
        until("the next look", async || {
            (own.query_one(looks, &[&now]).await.unwrap().get::<_, i64>(0) > 0).then_some(())
        })
        .await;
    }
    assert_eq!(segments(&own).await, [1..=SEGMENT]);
    let insert = "insert into entry (id, queue, state, attempts, due_at, accepted_at, settled_at, key, conversation_hash,
            conversation, body)
        values ($1, 0, 1, 1, 0, 0, 0, substring(sha256('late') for 22), substring(sha256('late') for 16), 'late', '')";
    late.execute(insert, &[&id]).await.unwrap();
    late.batch_execute("commit").await.unwrap();
    until_segments(&own, 7).await;
    assert!(segments(&own).await[1].contains(&id));
    let filter = Filter { of_conversation: Some("late".to_owned()), ..Filter::default() };
    let found = journal.search(filter).await.unwrap().records;
    assert_eq!(found.iter().map(|record| record.id).collect::<Vec<_>>(), [EntryId(id)]);
}
