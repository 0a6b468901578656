//! The rows of PostgreSQL's tables that every step reads are few, however long the tables are.

use std::time::Duration;

use rongcloud_callback::{
    clock::Clock,
    journal::{
        ConversationFilter, EntryId, EntryKey, Filter, KeyPattern, NewEntry, NewScheduled, NewState,
        Order, Outcome, Queue, Queues, ReasonGroup, State, StateChange, StateFilter,
    },
};
use tokio_postgres::Client;

use super::{
    shared::{open, replicas},
    support::{LEASE, MAX_PENDING, START, append_all, message},
};
use crate::support::{postgres::client, until};

/// Finished entries.
const HISTORY: &str = "
    insert into entry (id, queue, state, attempts, due_at, accepted_at, settled_at, key, conversation_hash, conversation, body)
    select nextval('entry_id'), n % 2, 1, 1, 0, 1700000000000, 1700000000000, decode(md5('key' || n), 'hex'),
        decode(md5('line' || n % 1000), 'hex'), '', ''
    from generate_series(1, $1) n";

#[tokio::test(flavor = "multi_thread")]
async fn however_long_the_history_every_step_reads_the_same_few_rows() {
    let Some((first, second, url)) = replicas().await else { return };
    let client = client(&url).await;
    drop((first, second));
    alone(&client).await;
    client.execute(HISTORY, &[&100_000]).await.unwrap();
    index(&client, &url, 7).await;
    client.batch_execute("select pg_stat_reset()").await.unwrap();
    let journal = open(&url, &Clock::manual(START)).await;
    for round in 0..50 {
        let entries = (0..4).map(|number| message(&number.to_string(), &format!("{round}.{number}")));
        append_all(&*journal, entries).await;
        for entry in journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap() {
            journal.finish(entry.lease, Outcome::default()).await.unwrap();
        }
    }
    journal.stats().await.unwrap();
    drop(journal);
    alone(&client).await;
    let used = "select sum(seq_scan) filter (where relname = 'entry')::bigint,
            sum(seq_scan) filter (where relname = 'conversation')::bigint, sum(idx_tup_fetch)::bigint
        from pg_stat_user_tables
        where schemaname = 'rongcloud_callback' and relname in ('entry', 'conversation')";
    let row = client.query_one(used, &[]).await.unwrap();
    let (entry, conversation, fetched): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
    assert_eq!(entry, 0, "the whole history was read");
    assert!(conversation <= 3, "more than a look for leases when a replica comes, connects, and ends");
    assert!((800..200 * 30).contains(&fetched), "{fetched} rows for 200 entries");
}

/// Three full segments of the index by conversation, eight others, and some entries more.
const ENTRIES: i32 = 3 * 16_384 + 8 * 1024 + 100;
const SEGMENTS: i64 = 11;
/// Finished entries and dead letters, most of them of one conversation and one group; the first ten dead letters are of
/// another group.
const LOOKED_AT: &str = "
    insert into entry (id, queue, state, attempts, due_at, accepted_at, settled_at, key, conversation_hash, conversation, body,
        reason, reason_group)
    select nextval('entry_id'), n % 2, case n % 3 when 0 then 2 else 1 end, 1, 0, 1600000000000 + n, 1600000000000 + n,
        substring(sha256(convert_to('key' || n, 'UTF8')) for 22), substring(sha256(convert_to(c, 'UTF8')) for 16), convert_to(c, 'UTF8'), '', '',
        case n % 3 when 0 then case when n <= 30 then 1 else 2 end end
    from generate_series(1, $1) n, lateral (
        select case n % 5 when 0 then 'c' || n else concat_ws(chr(31), 'app', 'account', 'busy') end c) l";
/// The busy conversation.
const BUSY: &str = "app\u{1f}account\u{1f}busy";

#[tokio::test(flavor = "multi_thread")]
async fn however_long_the_history_every_look_reads_the_same_few_rows() {
    let Some((first, second, url)) = replicas().await else { return };
    let client = client(&url).await;
    drop((first, second));
    alone(&client).await;
    client.execute(LOOKED_AT, &[&ENTRIES]).await.unwrap();
    index(&client, &url, SEGMENTS).await;
    for sql in ["vacuum entry", "select pg_stat_reset()"] {
        client.batch_execute(sql).await.unwrap();
    }
    // Nothing is known of the tables at first, and all of them afterwards.
    for prepare in ["", "analyze entry; analyze conversation"] {
        client.batch_execute(prepare).await.unwrap();
        let journal = open(&url, &Clock::manual(START)).await;
        look(&*journal).await;
        drop(journal);
        alone(&client).await;
    }
    let used = "select sum(seq_scan)::bigint, sum(idx_tup_fetch)::bigint from pg_stat_user_tables
        where schemaname = 'rongcloud_callback' and relname in ('entry', 'attempt')";
    let row = client.query_one(used, &[]).await.unwrap();
    let (scans, fetched): (i64, i64) = (row.get(0), row.get(1));
    assert_eq!(scans, 0, "all of them were read");
    // The two counts of the groups read the index of the dead letters alone, as a vacuum has seen them. Each look at a
    // conversation looks through the entries that are in no segment.
    assert!((400..6000).contains(&fetched), "{fetched} rows");
}

/// Has a server make so many segments of the index by conversation.
async fn index(client: &Client, url: &str, segments: i64) {
    let journal = open(url, &Clock::manual(START)).await;
    let made = "select count(*) from conversation_index where bucket in (0, 8)";
    until("the index by conversation", async || {
        let made: i64 = client.query_one(made, &[]).await.unwrap().get(0);
        (made == segments).then_some(())
    })
    .await;
    drop(journal);
    alone(client).await;
}

/// Looks at everything that the console shows, while the busy conversation goes on.
async fn look(journal: &dyn Queues) {
    for number in 0..5 {
        let key = format!("{number} {}", rand::random::<u32>());
        append_all(journal, [message(BUSY, &key), message(&key, &key)]).await;
        for entry in journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap() {
            if number < 3 {
                journal.finish(entry.lease, Outcome::default()).await.unwrap();
            } else {
                journal.postpone(entry.lease, START.plus(LEASE), "later".into()).await.unwrap();
            }
        }
    }
    let page = || Filter { limit: 9, scan: 100, ..Filter::default() };
    let since = Some(START.minus(Duration::from_hours(30_000)));
    let (group, small_group) = (Some(ReasonGroup(2)), Some(ReasonGroup(1)));
    let [busy, quiet, nobody] = [BUSY, "c10", "nobody"].map(|it| Some(it.to_owned()));
    let [busy_user, no_user] =
        ["busy", "nobody"].map(|it| KeyPattern { ends: format!("\u{1f}{it}"), ..KeyPattern::default() });
    for order in [Order::NewestFirst, Order::OldestFirst] {
        for filter in [
            page(),
            Filter { state: Some(State::Dead), ..page() },
            Filter { state: Some(State::Done), ..page() },
            Filter { state: Some(State::Pending), ..page() },
            Filter { since, until: since, ..page() },
            Filter { body: vec!["nowhere".into()], ..page() },
            Filter { reason_group: group, ..page() },
            Filter { reason_group: small_group, ..page() },
            Filter { of_conversation: busy.clone(), ..page() },
            Filter { of_conversation: quiet.clone(), ..page() },
            Filter { of_conversation: nobody.clone(), ..page() },
            Filter { conversation: busy_user.clone(), ..page() },
            Filter { conversation: no_user.clone(), ..page() },
        ] {
            journal.search(Filter { order, ..filter }).await.unwrap();
        }
    }
    let groups = journal.dead_groups(9).await.unwrap();
    let dead = u64::try_from(ENTRIES / 3).unwrap();
    assert_eq!(groups.iter().map(|group| group.count).collect::<Vec<_>>(), [dead - 10, 10]);
    let pattern = KeyPattern::default();
    let filter = ConversationFilter { pattern, before: None, scan: 100, limit: 9 };
    journal.conversations(filter).await.unwrap();
    let pending = journal.search(Filter { state: Some(State::Pending), ..page() }).await.unwrap();
    let ids: Vec<_> = pending.records.iter().map(|record| record.id).collect();
    assert!(!ids.is_empty());
    for id in &ids {
        journal.attempts(*id).await.unwrap();
    }
    assert_eq!(journal.pending_reasons(ids.clone()).await.unwrap().len(), ids.len());
}

/// States that do not expire for long.
const REMEMBERED: &str = "
    insert into conversation_state (conversation_hash, revision, expires_at, version, conversation, dialogue, body)
    select decode(md5('line' || n), 'hex'), n, 1800000000000 + n, 1, convert_to('line' || n, 'UTF8'), 'd', ''
    from generate_series(1, $1::bigint) n";
/// Entries that are scheduled for as long.
const SCHEDULED: &str = "
    insert into scheduled (id, due_at, queue, is_bound, key, conversation_hash, conversation, body)
    select nextval('scheduled_id'), 1800000000000 + n, n % 2, false, decode(md5('key' || n), 'hex'),
        decode(md5('line' || n), 'hex'), '', ''
    from generate_series(1, $1::bigint) n";

#[tokio::test(flavor = "multi_thread")]
async fn however_much_is_remembered_and_scheduled_every_step_reads_the_same_few_rows() {
    let Some((first, second, url)) = replicas().await else { return };
    let client = client(&url).await;
    drop((first, second));
    alone(&client).await;
    client.batch_execute("select pg_stat_reset()").await.unwrap();
    for sql in [REMEMBERED, SCHEDULED] {
        client.execute(sql, &[&50_000_i64]).await.unwrap();
    }
    let clock = Clock::manual(START);
    let journal = open(&url, &clock).await;
    for round in 0..50 {
        let entries = (0..4).map(|number| message(&number.to_string(), &format!("{round}.{number}")));
        append_all(&*journal, entries).await;
        // Four messages, and the timers of the round before.
        for entry in journal.lease(Queue::Inbox, 9, clock.now().plus(LEASE)).await.unwrap() {
            journal.finish(entry.lease, remembering(entry.id)).await.unwrap();
        }
        clock.advance(Duration::from_secs(1));
    }
    let filter = StateFilter { after: Some("line2".to_owned()), limit: 9, ..StateFilter::default() };
    assert_eq!(journal.states(filter).await.unwrap().len(), 9);
    drop(journal);
    alone(&client).await;
    let used = "select sum(seq_scan)::bigint, sum(idx_tup_fetch)::bigint from pg_stat_user_tables
        where schemaname = 'rongcloud_callback' and relname in ('conversation_state', 'scheduled')";
    let row = client.query_one(used, &[]).await.unwrap();
    let (scans, fetched): (i64, i64) = (row.get(0), row.get(1));
    assert_eq!(scans, 0, "all of them were read");
    assert!((400..200 * 30).contains(&fetched), "{fetched} rows for 200 entries and as many timers");
}

/// The outcome of an entry that changes the state, and schedules the next entry.
fn remembering(EntryId(id): EntryId) -> Outcome {
    let (dialogue, body) = ("d".to_owned(), "1".into());
    let state = NewState { dialogue, version: 1, body, expires_in: Duration::from_mins(30) };
    let scheduled = NewScheduled {
        queue: Queue::Inbox,
        key: EntryKey::of(&format!("after {id}")),
        after: Duration::from_secs(1),
        body: "".into(),
        is_bound: false,
    };
    Outcome { state: StateChange::Put(state), scheduled: vec![scheduled], ..Outcome::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_planned_while_the_tables_were_empty_is_planned_again_when_they_are_not() {
    let Some((journal, _, url)) = replicas().await else { return };
    let client = client(&url).await;
    // Nothing but this tells the planner how long they are.
    let quiet =
        ["entry", "conversation"].map(|it| format!("alter table {it} set (autovacuum_enabled = off)"));
    client.batch_execute(&quiet.join(";")).await.unwrap();
    client.batch_execute("vacuum analyze").await.unwrap();
    let again = message("1", "1");
    journal.append(again.clone(), None).await.unwrap();
    let read = "select sum(idx_tup_fetch + idx_tup_read)::bigint from pg_stat_user_tables
        join (select relid, sum(idx_tup_read) idx_tup_read from pg_stat_user_indexes group by relid) i using (relid)
        where schemaname = 'rongcloud_callback' and relname in ('entry', 'conversation')";
    let read = async || client.query_one(read, &[]).await.unwrap().get::<_, i64>(0);
    append_all(&*journal, backlog()).await;
    let (mut steps, mut before) = (0, read().await);
    until("steps that read a few rows", async || {
        steps += 1;
        journal.append(again.clone(), None).await.unwrap();
        let now = read().await;
        // Its connection tells what it has read once a second.
        if now == before {
            return None;
        }
        let rows = now - std::mem::replace(&mut before, now);
        (rows / std::mem::take(&mut steps) < 100).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_tables_grow_quickly_they_are_planned_for_again_at_once() {
    let Some((journal, other, url)) = replicas().await else { return };
    let client = client(&url).await;
    drop(other);
    client.batch_execute("vacuum analyze").await.unwrap();
    for entry in backlog() {
        journal.append(entry, None).await.unwrap();
    }
    drop(journal);
    alone(&client).await;
    let read = conversations_read(&client).await;
    assert!(usize::try_from(read).unwrap() < 100 * BACKLOG, "{read} rows for {BACKLOG} conversations");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_reads_no_more_of_the_backlog_than_it_takes() {
    const LEASES: i64 = 200;
    let Some((journal, other, url)) = replicas().await else { return };
    let client = client(&url).await;
    drop(other);
    // The rows of conversations that have nothing more to do stay in the indexes.
    client.batch_execute("alter table conversation set (autovacuum_enabled = off)").await.unwrap();
    append_all(&*journal, backlog()).await;
    client.batch_execute("analyze conversation").await.unwrap();
    let transaction = open_transaction(&url).await;
    for _ in 0..LEASES {
        let entry = journal.lease(Queue::Inbox, 1, START.plus(LEASE)).await.unwrap().remove(0);
        journal.finish(entry.lease, Outcome::default()).await.unwrap();
    }
    drop((journal, transaction));
    alone(&client).await;
    let read = "select idx_tup_read from pg_stat_user_indexes where indexrelname = 'conversation_ready'";
    let read: i64 = client.query_one(read, &[]).await.unwrap().get(0);
    // One of the backlog, and the rows that the leases before it have left.
    let expected = LEASES * (LEASES + 1) / 2;
    assert!((LEASES..=expected).contains(&read), "{read} rows for {LEASES} leases");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_reads_none_of_the_conversations_that_are_not_due() {
    const LEASES: i64 = 20;
    let Some((journal, other, url)) = replicas().await else { return };
    let client = client(&url).await;
    drop(other);
    client.batch_execute("alter table conversation set (autovacuum_enabled = off)").await.unwrap();
    append_all(&*journal, backlog()).await;
    let later = START.plus(Duration::from_hours(24));
    for entry in journal.lease(Queue::Inbox, MAX_PENDING, START.plus(LEASE)).await.unwrap() {
        journal.postpone(entry.lease, later, "later".into()).await.unwrap();
    }
    // What went through the index of what is due has made it longer than that of all conversations.
    for _ in 0..20 {
        client.batch_execute("update conversation set due_at = due_at + 1").await.unwrap();
    }
    client.batch_execute("vacuum analyze conversation").await.unwrap();
    drop(journal);
    alone(&client).await;
    client.batch_execute("select pg_stat_reset()").await.unwrap();
    let journal = open(&url, &Clock::manual(START)).await;
    // It keeps some rows more for each lease.
    let transaction = open_transaction(&url).await;
    for number in 0..LEASES {
        journal.append(message("another", &format!("another {number}")), None).await.unwrap();
        let entry = journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap().remove(0);
        journal.finish(entry.lease, Outcome::default()).await.unwrap();
    }
    drop((journal, transaction));
    alone(&client).await;
    let read = conversations_read(&client).await;
    let waiting = i64::try_from(BACKLOG).unwrap();
    assert!(
        (LEASES..waiting * LEASES / 2).contains(&read),
        "{read} rows for {LEASES} leases, and {waiting} wait"
    );
}

/// The entries of a backlog.
const BACKLOG: usize = MAX_PENDING - 1;

/// A backlog of entries, each of a conversation of its own.
fn backlog() -> impl Iterator<Item = NewEntry> {
    (0..BACKLOG).map(|number| message(&number.to_string(), &number.to_string()))
}

/// Opens a transaction, as there are some in a cluster that others use too: as long as it is open, an index keeps what is
/// deleted.
async fn open_transaction(url: &str) -> Client {
    let client = client(url).await;
    client.batch_execute("begin; select pg_current_xact_id()").await.unwrap();
    client
}

/// The rows that were read in all indexes of the conversations.
async fn conversations_read(client: &Client) -> i64 {
    let read =
        "select sum(idx_tup_read)::bigint from pg_stat_user_indexes where relname = 'conversation'";
    client.query_one(read, &[]).await.unwrap().get(0)
}

/// Waits until nobody else has a connection to the database: what a connection has counted is told at its end.
async fn alone(client: &Client) {
    let others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    until("the end of the others", async || {
        (client.query_one(others, &[]).await.unwrap().get::<_, i64>(0) == 0).then_some(())
    })
    .await;
}
