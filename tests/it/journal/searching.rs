//! Searches: pages, bounds, times and hostile texts; and conversations by their newest entries.

use std::{collections::BTreeSet, time::Duration};

use rongcloud_callback::{
    clock::UnixMillis,
    journal::{
        ConversationFilter, EntryId, EntryKey, Filter, KeyPattern, NewEntry, Order, PageEnd, Queue,
        ReasonGroup, Record, State,
    },
};

use super::support::{Bench, dead, message, reply};

/// Texts that some store would read as something else.
const HOSTILE: [&[u8]; 8] =
    [b"it's", b"\"quoted\"", b"nul\0nul", b"\xff\xfe", b"100%", b"a_b", b"a\\b", "查订单".as_bytes()];

/// The key of one of seven conversations: three users have two of them each, one has one.
fn conversation(number: usize) -> String {
    format!("app\u{1f}account{}\u{1f}user{}", number % 2, number / 2)
}

/// Sixty entries of seven conversations: a third is dead of two kinds, a quarter of the rest replies, some are done.
async fn filled(bench: &Bench) {
    for number in 0..60 {
        let (conversation, key) = (conversation(number % 7), number.to_string());
        let entry = match number % 12 {
            0 | 3 | 6 => dead(&conversation, &key),
            9 => NewEntry { dead: Some(format!("code {number}")), ..message(&conversation, &key) },
            1 | 5 => reply(&conversation, &key),
            _ => message(&conversation, &key),
        };
        bench.append(entry).await;
        bench.clock.advance(Duration::from_secs(1));
    }
    for _ in 0..3 {
        for entry in bench.lease(5).await {
            bench.finish(entry).await;
        }
    }
}

fn filters(now: UnixMillis) -> Vec<Filter> {
    let all = Filter::default;
    let pattern = KeyPattern { ends: "3".to_owned(), ..KeyPattern::default() };
    let conversation = Some(conversation(2));
    let of_user = |end: &str| KeyPattern { ends: format!("\u{1f}{end}"), ..KeyPattern::default() };
    let at_account = KeyPattern { begins: "app\u{1f}account1".to_owned(), ..of_user("user1") };
    let user = of_user("user1");
    let group = Some(ReasonGroup::new(Queue::Inbox, "code 1"));
    let before = |seconds| Some(now.minus(Duration::from_secs(seconds)));
    vec![
        all(),
        Filter { state: Some(State::Dead), ..all() },
        Filter { state: Some(State::Pending), ..all() },
        Filter { state: Some(State::Done), ..all() },
        Filter { queue: Some(Queue::Outbox), ..all() },
        Filter { queue: Some(Queue::Outbox), state: Some(State::Pending), ..all() },
        Filter { queue: Some(Queue::Inbox), state: Some(State::Dead), ..all() },
        Filter { queue: Some(Queue::Outbox), state: Some(State::Dead), ..all() },
        Filter { conversation: pattern.clone(), ..all() },
        Filter { of_conversation: conversation.clone(), ..all() },
        Filter { of_conversation: conversation.clone(), state: Some(State::Dead), ..all() },
        Filter { of_conversation: conversation, reason_group: group, ..all() },
        Filter { reason_group: group, ..all() },
        Filter { reason_group: group, state: Some(State::Pending), ..all() },
        Filter { reason: Some("e 3".to_owned()), ..all() },
        Filter { body: vec!["4".into(), "15".into()], ..all() },
        Filter { since: before(40), until: before(20), ..all() },
        Filter { since: before(30), state: Some(State::Dead), conversation: pattern, ..all() },
        Filter { settled_since: before(10), ..all() },
        Filter { after: Some(EntryId(5)), before: Some(EntryId(50)), ..all() },
        Filter { of_conversation: Some("nobody".to_owned()), ..all() },
        Filter { conversation: user.clone(), ..all() },
        Filter { conversation: user.clone(), state: Some(State::Pending), ..all() },
        Filter { conversation: user.clone(), state: Some(State::Dead), reason_group: group, ..all() },
        Filter { conversation: user, queue: Some(Queue::Outbox), since: before(40), ..all() },
        Filter { conversation: at_account, ..all() },
        Filter { conversation: of_user("account1\u{1f}user1"), ..all() },
        Filter { conversation: of_user("nobody"), ..all() },
    ]
}

fn admits(filter: &Filter, record: &Record) -> bool {
    let KeyPattern { begins, ends, .. } = &filter.conversation;
    let is_dead_of = |group| {
        let reason = record.reason.as_deref().unwrap_or_default();
        record.state == State::Dead && ReasonGroup::new(record.queue, reason) == group
    };
    filter.queue.is_none_or(|queue| record.queue == queue)
        && filter.state.is_none_or(|state| record.state == state)
        && record.conversation.starts_with(begins)
        && record.conversation.ends_with(ends)
        && filter.of_conversation.as_ref().is_none_or(|of| record.conversation == *of)
        && filter.reason_group.is_none_or(is_dead_of)
        && filter
            .reason
            .as_ref()
            .is_none_or(|part| record.reason.as_ref().is_some_and(|it| it.contains(part)))
        && (filter.body.is_empty()
            || filter.body.iter().any(|part| record.body.windows(part.len()).any(|it| it == part)))
        && filter.since.is_none_or(|since| record.accepted_at >= since)
        && filter.until.is_none_or(|until| record.accepted_at < until)
        && filter.settled_since.is_none_or(|since| record.settled_at.is_some_and(|at| at >= since))
        && filter.after.is_none_or(|after| record.id > after)
        && filter.before.is_none_or(|before| record.id < before)
}

/// All pages of a search one after the other, and how many of them ended since enough entries had been looked at.
async fn pages(bench: &Bench, mut filter: Filter) -> (Vec<EntryId>, usize) {
    let (mut found, mut scanned) = (Vec::new(), 0);
    loop {
        let page = bench.journal.search(filter.clone()).await.unwrap();
        assert!(page.records.len() <= filter.limit, "{filter:?}");
        found.extend(page.records.iter().map(|record| record.id));
        scanned += usize::from(matches!(page.end, PageEnd::Scanned(_)));
        let Some(next) = page.end.next() else { return (found, scanned) };
        match filter.order {
            Order::NewestFirst => filter.before = Some(next),
            Order::OldestFirst => filter.after = Some(next),
        }
    }
}

pub(super) async fn a_search_page_by_page_finds_each_entry_once(bench: &Bench) {
    filled(bench).await;
    let all = bench.journal.list(Filter::default()).await.unwrap();
    assert_eq!(all.len(), 60);
    for filter in filters(bench.clock.now()) {
        let admitted = all.iter().filter(|record| admits(&filter, record));
        let mut expected: Vec<_> = admitted.map(|record| record.id).collect();
        let count = bench.journal.count(Filter { limit: 1, scan: 1, ..filter.clone() }).await.unwrap();
        assert_eq!(count, expected.len() as u64, "{filter:?}");
        for order in [Order::NewestFirst, Order::OldestFirst] {
            for (limit, scan) in [(7, usize::MAX), (7, 5), (1000, 1000)] {
                let filter = Filter { order, limit, scan, ..filter.clone() };
                assert_eq!(pages(bench, filter.clone()).await.0, expected, "{filter:?}");
            }
            let listed = bench.journal.list(Filter { order, ..filter.clone() }).await.unwrap();
            let listed: Vec<_> = listed.iter().map(|record| record.id).collect();
            assert_eq!(listed, expected, "{filter:?}");
            expected.reverse();
        }
    }
}

pub(super) async fn a_search_that_has_looked_at_enough_says_so_and_goes_on(bench: &Bench) {
    bench.append(message("a", "needle")).await;
    bench.append_all((0..49).map(|number| message("b", &number.to_string()))).await;
    let rare = Filter { body: vec!["needle".into()], limit: 5, scan: 10, ..Filter::default() };
    let first = bench.journal.search(rare.clone()).await.unwrap();
    assert_eq!((first.records.len(), first.end), (0, PageEnd::Scanned(EntryId(41))));
    let (found, scanned) = pages(bench, rare.clone()).await;
    assert_eq!(found, [EntryId(1)]);
    assert!(scanned >= 4, "{scanned}");
    let state = Filter { state: Some(State::Dead), ..rare };
    assert_eq!(pages(bench, state).await, (Vec::new(), 0), "no dead letter was looked at");
    for scan in [5, 10] {
        let full = Filter { queue: Some(Queue::Inbox), limit: 5, scan, ..Filter::default() };
        let page = bench.journal.search(full).await.unwrap();
        assert_eq!((page.records.len(), page.end), (5, PageEnd::Full(EntryId(46))), "{scan}");
    }
}

pub(super) async fn times_are_found_though_the_clock_was_set_back(bench: &Bench) {
    for number in 0..40 {
        if number == 13 || number == 27 {
            bench.clock.set(bench.clock.now().minus(Duration::from_secs(5)));
        }
        bench.append(message("a", &number.to_string())).await;
        bench.clock.advance(Duration::from_secs(1));
    }
    let all = bench.journal.list(Filter::default()).await.unwrap();
    let times: BTreeSet<_> = all.iter().map(|record| record.accepted_at).collect();
    for since in times.iter().step_by(3) {
        for until in times.iter().step_by(4) {
            let filter = Filter { since: Some(*since), until: Some(*until), ..Filter::default() };
            let admitted = all.iter().filter(|record| admits(&filter, record));
            let expected: Vec<_> = admitted.map(|record| record.id).collect();
            assert_eq!(pages(bench, filter.clone()).await.0, expected, "{filter:?}");
        }
    }
}

pub(super) async fn hostile_texts_stand_for_nothing_but_themselves(bench: &Bench) {
    for (number, text) in HOSTILE.iter().enumerate() {
        let readable = String::from_utf8_lossy(text).into_owned();
        let entry = NewEntry {
            queue: Queue::Inbox,
            key: EntryKey::of(&number.to_string()),
            conversation: readable.clone(),
            body: (*text).into(),
            dead: Some(readable),
        };
        bench.append(entry).await;
    }
    bench.append(message("c", "100 a b ab nulnul")).await;
    for (number, text) in (1..).zip(HOSTILE) {
        let readable = String::from_utf8_lossy(text).into_owned();
        let of_body = Filter { body: vec![text.into()], ..Filter::default() };
        let of_reason = Filter { reason: Some(readable.clone()), ..Filter::default() };
        let contains = KeyPattern { contains: readable.clone(), ..KeyPattern::default() };
        let of_pattern = Filter { conversation: contains, ..Filter::default() };
        let of_conversation = Filter { of_conversation: Some(readable), ..Filter::default() };
        for filter in [of_body, of_reason, of_pattern, of_conversation] {
            assert_eq!(pages(bench, filter.clone()).await.0, [EntryId(number)], "{filter:?}");
        }
    }
}

pub(super) async fn each_conversation_has_its_newest_entry(bench: &Bench) {
    filled(bench).await;
    let all = bench.journal.list(Filter::default()).await.unwrap();
    let named = |record: &Record| (record.conversation.clone(), record.id, record.body.clone());
    let newest_of = |key: &String| all.iter().find(|record| record.conversation == *key).map(named);
    let keys: Vec<_> = (0..7).map(conversation).collect();
    let mut expected: Vec<_> = keys.iter().filter_map(newest_of).collect();
    expected.sort();
    assert_eq!(expected.len(), keys.len());
    let asked = [&keys[..], &["nobody".to_owned(), keys[1].clone()]].concat();
    let newest = bench.journal.newest(asked).await.unwrap();
    let mut newest: Vec<_> = newest.iter().map(named).collect();
    newest.sort();
    assert_eq!(newest, expected);
    assert!(bench.journal.newest(Vec::new()).await.unwrap().is_empty());
}

/// All pages of the list of conversations one after the other.
async fn conversations(bench: &Bench, mut filter: ConversationFilter) -> Vec<(String, i64)> {
    let mut found = Vec::new();
    loop {
        let page = bench.journal.conversations(filter.clone()).await.unwrap();
        assert!(page.conversations.len() <= filter.limit, "{filter:?}");
        found.extend(page.conversations.into_iter().map(|(key, EntryId(newest))| (key, newest)));
        let Some(next) = page.end.next() else { return found };
        filter.before = Some(next);
    }
}

pub(super) async fn conversations_come_by_their_newest_entries_and_each_once(bench: &Bench) {
    // The oldest conversation also has the newest entry, and one has many between those of the others.
    for (number, name) in "abbcbbdbbabbea".chars().enumerate() {
        let (name, key) = (name.to_string(), number.to_string());
        let is_reply = number % 3 == 1;
        bench.append(if is_reply { reply(&name, &key) } else { message(&name, &key) }).await;
    }
    let expected = [("a", 14), ("e", 13), ("b", 12), ("d", 7), ("c", 4)];
    let expected = expected.map(|(name, newest)| (name.to_owned(), newest));
    for (limit, scan) in [(10, 100), (1, 100), (2, 3), (10, 1)] {
        let pattern = KeyPattern::default();
        let filter = ConversationFilter { pattern, before: None, scan, limit };
        assert_eq!(conversations(bench, filter).await, expected, "{limit} {scan}");
    }
    let pattern = KeyPattern { begins: "b".to_owned(), ..KeyPattern::default() };
    let filter = ConversationFilter { pattern, before: None, scan: 4, limit: 3 };
    assert_eq!(conversations(bench, filter).await, [("b".to_owned(), 12)]);
}
