//! Lists: every driver admits the same entries, in the same order.

use std::time::Duration;

use rongcloud_callback::{
    journal::{EntryId, EntryKey, Filter, KeyPattern, NewEntry, Order, Queue, State},
    protocol::Conversation,
};

use super::support::{Bench, KeyText as _, START, dead, message, reply};

/// Conversations that some way of comparing would take for one another.
const CONVERSATIONS: [[&str; 3]; 9] = [
    ["app", "news", "ann"],
    ["app", "news", "joann"],
    ["app", "news", "Ann"],
    ["app", "ew", "a%n"],
    ["app", "new_", "张三"],
    ["ap", "news", "ann"],
    ["news", "app", "news"],
    ["app", "news", "a\0n"],
    ["app", "", "1f"],
];

fn conversation([app, account, user]: [&str; 3]) -> String {
    Conversation { app: app.into(), account: account.into(), user: user.into() }.encode()
}

fn pattern(app: Option<&str>, account: Option<&str>, user: Option<&str>) -> KeyPattern {
    let (app, account, user) = (app.map(Into::into), account.map(Into::into), user.map(Into::into));
    let [begins, contains, ends] =
        Conversation::key_pattern(app.as_ref(), account.as_ref(), user.as_ref());
    KeyPattern { begins, contains, ends }
}

/// Entries a second apart, one of each conversation; every third is a dead letter and every fourth a reply.
async fn filled(bench: &Bench) {
    for (number, names) in CONVERSATIONS.into_iter().enumerate() {
        let (conversation, key) = (conversation(names), number.to_string());
        let entry: NewEntry = match number {
            2 | 5 | 8 => dead(&conversation, &key),
            3 | 7 => reply(&conversation, &key),
            _ => message(&conversation, &key),
        };
        bench.append(entry).await;
        bench.clock.advance(Duration::from_secs(1));
    }
}

async fn keys(bench: &Bench, filter: Filter) -> String {
    let records = bench.journal.list(filter).await.unwrap();
    records.iter().map(|record| record.key_text().to_owned()).collect()
}

pub(super) async fn every_filter_admits_what_it_says_and_nothing_else(bench: &Bench) {
    filled(bench).await;
    for entry in bench.lease(1).await {
        bench.finish(entry).await;
    }
    let all = Filter::default;
    let of = |app, account, user| Filter { conversation: pattern(app, account, user), ..all() };
    let second = |second: u64| Some(START.plus(Duration::from_secs(second)));
    for (filter, expected) in [
        (all(), "876543210"),
        (of(Some("app"), None, None), "8743210"),
        (of(Some("ap"), None, None), "5"),
        (of(None, Some("news"), None), "75210"),
        (of(None, Some("ew"), None), "3"),
        (of(None, Some(""), None), "8"),
        (of(None, None, Some("ann")), "50"),
        (of(None, None, Some("a%n")), "3"),
        (of(None, None, Some("a\0n")), "7"),
        (of(None, None, Some("张三")), "4"),
        (of(None, None, Some("news")), "6"),
        (of(None, None, Some("")), ""),
        (of(Some("app"), Some("news"), Some("ann")), "0"),
        (of(Some("app"), None, Some("ann")), "0"),
        (of(None, Some("news"), Some("ann")), "50"),
        (Filter { queue: Some(Queue::Outbox), ..all() }, "73"),
        (Filter { state: Some(State::Dead), ..all() }, "852"),
        (Filter { state: Some(State::Done), ..all() }, "0"),
        (Filter { state: Some(State::Pending), ..all() }, "76431"),
        (Filter { since: second(6), ..all() }, "876"),
        (Filter { until: second(2), ..all() }, "10"),
        (Filter { settled_since: second(5), ..all() }, "850"),
        (Filter { after: Some(EntryId(7)), ..all() }, "87"),
        (Filter { before: Some(EntryId(3)), ..all() }, "10"),
    ] {
        assert_eq!(keys(bench, filter.clone()).await, expected, "{filter:?}");
        let oldest_first: String = expected.chars().rev().collect();
        let filter = Filter { order: Order::OldestFirst, ..filter };
        assert_eq!(keys(bench, filter.clone()).await, oldest_first, "{filter:?}");
    }
}

pub(super) async fn filters_are_combined_and_pages_are_turned_either_way(bench: &Bench) {
    filled(bench).await;
    let combined = Filter {
        queue: Some(Queue::Inbox),
        state: Some(State::Dead),
        conversation: pattern(Some("app"), None, None),
        since: Some(START.plus(Duration::from_secs(1))),
        until: Some(START.plus(Duration::from_secs(8))),
        ..Filter::default()
    };
    assert_eq!(keys(bench, combined).await, "2");

    let page = Filter { conversation: pattern(Some("app"), None, None), limit: 3, ..Filter::default() };
    let records = bench.journal.list(page.clone()).await.unwrap();
    let next = Filter { before: records.last().map(|record| record.id), ..page.clone() };
    assert_eq!([keys(bench, page.clone()).await, keys(bench, next).await], ["874", "321"]);

    let page = Filter { order: Order::OldestFirst, ..page };
    let records = bench.journal.list(page.clone()).await.unwrap();
    let next = Filter { after: records.last().map(|record| record.id), ..page.clone() };
    assert_eq!([keys(bench, page).await, keys(bench, next).await], ["012", "347"]);
}

pub(super) async fn entries_are_found_by_their_keys(bench: &Bench) {
    filled(bench).await;
    let find = async |queue, keys: &[&str]| -> Vec<i64> {
        let keys = keys.iter().map(|key| EntryKey::of(key)).collect();
        bench.journal.find(queue, keys).await.unwrap().iter().map(|record| record.id.0).collect()
    };
    assert_eq!(find(Queue::Outbox, &["7", "3", "4", "none"]).await, [4, 8]);
    assert_eq!(find(Queue::Inbox, &["7", "4"]).await, [5]);
    assert!(find(Queue::Inbox, &[]).await.is_empty());
}
