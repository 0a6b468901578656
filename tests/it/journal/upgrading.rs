//! The tables of an earlier version, with entries in them, are brought to this version.

use std::time::Duration;

use rongcloud_callback::{
    clock::Clock,
    journal::{
        self, Appended, EntryId, EntryKey, Filter, JournalError, NewEntry, NewScheduled, NewState,
        Outcome, Queue, Queues, ReasonGroup, SignatureBinding, State, StateChange, StateFilter,
    },
};

use rusqlite::Connection;
use tempfile::tempdir;

use super::support::{LEASE, START, keys, message, options, url};
use crate::support::postgres::{Cluster, client};

/// The tables of PostgreSQL that a program of version 2 has left: entries 1 (done), 2 and 3 (pending) and 4 (dead), a
/// signature, and a message with its reply (5 and 6).
const POSTGRES_VERSION_2: &str = include_str!("postgres_version_2.sql");

/// The file of SQLite that a program of version 2 has left: entries 1 (done), 2 (pending, its process died during an
/// attempt), 3 (dead), and a message with its reply (5 and 6).
const SQLITE_VERSION_2: &str = include_str!("sqlite_version_2.sql");

/// Asserts that the message with the number 5 is known by its key, and the reply with the number 6 by its message.
async fn keys_and_replies_are_known(journal: &dyn Queues) {
    let key = EntryKey::of("id\u{1f}BAE6-3KQ2\u{1f}app\u{1f}a\u{1f}u");
    let again = NewEntry { key, ..message("a", "again") };
    assert_eq!(journal.append(again, None).await.unwrap(), Appended::Duplicate);
    let [message, reply] = [5, 6].map(EntryId);
    let found = journal.find(Queue::Outbox, vec![message.reply_key(0)]).await.unwrap();
    assert_eq!(
        found.iter().map(|record| (record.id, record.answers)).collect::<Vec<_>>(),
        [(reply, Some(message))]
    );
    assert_eq!(journal.show(message).await.unwrap().unwrap().answers, None);
    let leased = journal.lease(Queue::Outbox, 9, START.plus(LEASE)).await.unwrap();
    assert_eq!(
        leased.iter().map(|entry| (entry.id, entry.answers)).collect::<Vec<_>>(),
        [(reply, Some(message))]
    );
}

/// Asserts that a conversation has a state and a scheduled entry from now on, when its entry says so.
async fn it_remembers(journal: &dyn Queues) {
    journal.append(message("remembers", "remembers"), None).await.unwrap();
    let leased = journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap();
    let entry = leased.into_iter().find(|entry| entry.conversation == "remembers").unwrap();
    assert_eq!(entry.state, None);
    let (dialogue, body) = ("d".to_owned(), "1".into());
    let state = StateChange::Put(NewState { dialogue, version: 1, body, expires_in: LEASE });
    let (queue, key, after) = (Queue::Outbox, EntryKey::of("at once"), Duration::ZERO);
    let scheduled = vec![NewScheduled { queue, key, after, body: "at once".into(), is_bound: true }];
    journal.finish(entry.lease, Outcome { state, scheduled, ..Outcome::default() }).await.unwrap();
    journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap();
    let sent = journal.lease(Queue::Outbox, 9, START.plus(LEASE)).await.unwrap();
    assert_eq!(keys(&sent), ["at once"]);
    let states = journal.states(StateFilter { limit: 9, ..StateFilter::default() }).await.unwrap();
    assert_eq!(states.iter().map(|state| &*state.conversation).collect::<Vec<_>>(), ["remembers"]);
}

/// The dead letters that are found by the reason for which they were buried, before there were groups.
async fn letters_by_reason(journal: &dyn Queues) -> Vec<EntryId> {
    let [group] = journal.dead_groups(9).await.unwrap().try_into().unwrap();
    assert_eq!((group.group, group.count), (ReasonGroup::new(Queue::Inbox, "no"), 1));
    let filter = Filter { reason_group: Some(group.group), limit: 9, ..Filter::default() };
    let page = journal.search(filter).await.unwrap();
    page.records.iter().map(|record| record.id).collect()
}

#[tokio::test]
async fn the_file_of_the_version_before_keeps_its_entries_their_keys_and_their_attempts() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("journal.db");
    Connection::open(&path).unwrap().execute_batch(SQLITE_VERSION_2).unwrap();
    let (url, clock) = (url(&folder), Clock::manual(START));
    let refused = journal::open_operator(&url, options(&clock)).await.unwrap_err().to_string();
    assert!(refused.contains("start the server once"), "an operator does not migrate: {refused}");

    let journal = journal::open_server(&url, options(&clock)).await.unwrap();
    let stats = journal.stats().await.unwrap();
    assert_eq!((stats.inbox.pending, stats.inbox.done, stats.inbox.dead), (1, 2, 1));
    assert_eq!(journal.append(message("a", "1"), None).await.unwrap(), Appended::Duplicate);
    keys_and_replies_are_known(&*journal).await;
    let lease = async || journal.lease(Queue::Inbox, 9, clock.now().plus(LEASE)).await.unwrap();
    assert!(lease().await.is_empty(), "it may be what ended the process");
    clock.advance(Duration::from_secs(1));
    let [entry] = lease().await.try_into().unwrap();
    assert_eq!((entry.id, entry.attempt, &entry.body[..]), (EntryId(2), 2, &b"2"[..]));
    journal.finish(entry.lease, Outcome::default()).await.unwrap();
    assert_eq!(letters_by_reason(&*journal).await, [EntryId(3)]);
    journal.revive(EntryId(3)).await.unwrap();
    journal.append(message("b", "new"), None).await.unwrap();
    let new = journal.list(Filter { limit: 1, ..Filter::default() }).await.unwrap();
    assert_eq!(new[0].id, EntryId(7), "no number is used twice");
    journal.close().await.unwrap();
    let reopened = journal::open_operator(&url, options(&clock)).await.unwrap();
    assert_eq!(reopened.stats().await.unwrap().inbox.pending, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_of_the_version_before_keep_their_entries_their_order_and_their_signatures() {
    let Some(cluster) = Cluster::shared().await else { return };
    let url = cluster.database().await;
    let client = client(&url).await;
    client.batch_execute(POSTGRES_VERSION_2).await.unwrap();
    let clock = Clock::manual(START);
    let refused = journal::open_operator(&url, options(&clock)).await.unwrap_err().to_string();
    assert!(refused.contains("start the server once"), "an operator does not migrate: {refused}");

    let journal = journal::open_server(&url, options(&clock)).await.unwrap();
    let stats = journal.stats().await.unwrap();
    assert_eq!((stats.inbox.pending, stats.inbox.done, stats.inbox.dead), (2, 2, 1));
    assert_eq!(journal.append(message("a", "1"), None).await.unwrap(), Appended::Duplicate);
    keys_and_replies_are_known(&*journal).await;
    let binding = SignatureBinding { signature: [7; 20], span: LEASE };
    let other_body = journal.append(message("a", "5"), Some(binding)).await;
    assert!(matches!(other_body, Err(JournalError::SignatureReused)), "{other_body:?}");
    let same_body = journal.append(message("a", "2"), Some(binding)).await.unwrap();
    assert_eq!(same_body, Appended::Duplicate);

    for expected in ["2", "3"] {
        let leased = journal.lease(Queue::Inbox, 9, START.plus(LEASE)).await.unwrap();
        assert_eq!(keys(&leased), [expected], "of a conversation one after the other");
        for entry in leased {
            journal.finish(entry.lease, Outcome::default()).await.unwrap();
        }
    }
    let letters = Filter { state: Some(State::Dead), ..Filter::default() };
    let letter = journal.list(letters).await.unwrap().remove(0);
    journal.revive(letter.id).await.unwrap();
    let stats = journal.stats().await.unwrap();
    assert_eq!((stats.inbox.pending, stats.inbox.done, stats.inbox.dead), (1, 4, 0));

    it_remembers(&*journal).await;
    let old = "select count(*) from information_schema.columns where table_schema = 'rongcloud_callback'
        and (table_name = 'seal' or column_name in
            ('line', 'key_digest', 'held', 'holder', 'beats', 'wall', 'stepped'))";
    assert_eq!(client.query_one(old, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_servers_that_find_the_version_before_one_migrates_and_all_go_on() {
    let Some(cluster) = Cluster::shared().await else { return };
    let url = cluster.database().await;
    client(&url).await.batch_execute(POSTGRES_VERSION_2).await.unwrap();
    let clock = Clock::manual(START);
    let open = || journal::open_server(&url, options(&clock));
    let (first, second, third) = tokio::join!(open(), open(), open());
    for (number, journal) in [first, second, third].into_iter().enumerate() {
        let journal = journal.unwrap();
        let entry = message("c", &format!("new {number}"));
        assert_eq!(journal.append(entry, None).await.unwrap(), Appended::New);
    }
}

#[tokio::test]
async fn an_entry_that_somebody_has_put_in_by_hand_under_a_text_is_read_and_copied() {
    let (folder, target) = (tempdir().unwrap(), tempdir().unwrap());
    let clock = Clock::manual(START);
    let journal = journal::open_server(&url(&folder), options(&clock)).await.unwrap();
    journal.append(message("a", "1"), None).await.unwrap();
    journal.close().await.unwrap();
    drop(journal);
    let by_hand = "insert into entry (id, queue, state, attempts, due_at, accepted_at, accepted_elapsed, key, conversation, body)
        select id + 1, queue, state, attempts, due_at, accepted_at, accepted_elapsed, 'by hand', conversation, x'32' from entry";
    Connection::open(folder.path().join("journal.db")).unwrap().execute_batch(by_hand).unwrap();

    let source = journal::open_source(&url(&folder), options(&clock)).await.unwrap();
    let records = source.page(EntryId(0), 9).await.unwrap();
    assert_eq!(keys(&records), ["1", "2"]);
    assert_eq!(records[1].key, EntryKey::of("by hand"));
    let copy = journal::open_target(&url(&target), options(&clock)).await.unwrap();
    copy.begin_copy().await.unwrap();
    copy.restore(records).await.unwrap();
    copy.end_copy().await.unwrap();
    drop(copy);
    let copied = journal::open_server(&url(&target), options(&clock)).await.unwrap();
    let again = NewEntry { key: EntryKey::of("by hand"), ..message("a", "again") };
    assert_eq!(copied.append(again, None).await.unwrap(), Appended::Duplicate);
}
