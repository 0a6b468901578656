//! The choice of the rule that answers: order, time, cooldown and chance, with a clock that stands still.

use std::{collections::HashSet, time::Duration};

use proptest::prelude::*;
use rongcloud_callback::{
    Client, Config, Content, Context, Event, Inbound, Message, Payload, Route, Routes, Rules, Subscribe,
    Text,
    client::Options,
    clock::{Clock, UnixMillis},
};

const APP: &str = "[[apps]]\nkey = 'app'\nsecrets = ['s']\napi_url = 'http://127.0.0.1:9'\n";

pub(super) fn rules(text: &str, clock: &Clock) -> Rules {
    let config = Config::from_toml(&format!("{APP}{text}"), |_| None).unwrap();
    Rules::with_clock(&config.rules, clock.clone()).unwrap()
}

fn clock(at: &str) -> Clock {
    Clock::manual(UnixMillis(at.parse::<jiff::Timestamp>().unwrap().as_millisecond()))
}

pub(super) fn says(user: &str, id: &str, content: &str) -> Inbound {
    let text = Message::Text(Text { content: content.to_owned() });
    Inbound::new("account", user, 1, Content::Message(text)).with_message_id(id)
}

pub(super) fn context(inbound: Inbound, attempt: u32) -> Context {
    let minute = Duration::from_mins(1);
    let options = Options { connect_timeout: minute, timeout: minute };
    let base = "http://127.0.0.1:9".parse().unwrap();
    let client = Client::new("app".into(), "s".into(), [base], options).unwrap();
    Context::new("app".into(), inbound, client, attempt)
}

/// The texts of the replies; `None` if nobody takes the message.
async fn answer(route: &impl Route, inbound: Inbound) -> Option<Vec<String>> {
    attempt(route, inbound, 1).await
}

async fn attempt(route: &impl Route, inbound: Inbound, attempt: u32) -> Option<Vec<String>> {
    let reply = route.take(&context(inbound, attempt))?.await.unwrap();
    let texts = reply.payloads().iter().map(|payload| match payload {
        Payload::Text(text) => text.content.clone(),
        other => panic!("{other:?}"),
    });
    Some(texts.collect())
}

#[expect(clippy::unnecessary_wraps, reason = "it stands beside what `answer` gives")]
fn only(text: &str) -> Option<Vec<String>> {
    Some(vec![text.to_owned()])
}

#[tokio::test]
async fn rules_stand_among_handlers_where_they_are_added() {
    let clock = clock("2026-11-21T00:00:00Z");
    let rules =
        rules("[[rules]]\non = 'text'\nkeyword = { is = 'a' }\nreply = { text = 'rule' }\n", &clock);
    let handlers = Routes::new()
        .on(|_: Subscribe, _context| async { "before" })
        .route(rules)
        .on(|text: Text, _context| async move { format!("after {}", text.content) });
    let subscribe = Inbound::new("account", "ann", 1, Content::Event(Event::Subscribe(Subscribe {})));
    assert_eq!(answer(&handlers, subscribe).await, only("before"));
    assert_eq!(answer(&handlers, says("ann", "1", "a")).await, only("rule"));
    assert_eq!(answer(&handlers, says("ann", "2", "b")).await, only("after b"));
}

#[tokio::test]
async fn the_time_of_day_decides_between_rules() {
    let text = "[[rules]]\non = 'text'\nreply = { text = 'open' }\n\
                when = { days = ['mon', 'tue', 'wed', 'thu', 'fri'], from = '09:00', until = '18:00', zone = 'Asia/Shanghai' }\n\
                [[rules]]\non = 'text'\nreply = { text = 'closed' }\n";
    for (at, expected) in [
        ("2026-11-23T01:00:00Z", "open"),
        ("2026-11-23T10:00:00Z", "closed"),
        ("2026-11-22T02:00:00Z", "closed"),
    ] {
        assert_eq!(
            answer(&rules(text, &clock(at)), says("ann", "1", "a")).await,
            only(expected),
            "{at}"
        );
    }
}

#[tokio::test]
async fn a_rule_that_has_answered_lately_makes_room_for_the_next_one() {
    let clock = clock("2026-11-21T00:00:00Z");
    let once = rules(
        "[[rules]]\non = 'text'\nevery = '1h'\nreply = { text = 'hello' }\n\
         [[rules]]\non = 'text'\nkeyword = { is = 'more' }\nreply = { text = 'more' }\n",
        &clock,
    );
    assert_eq!(answer(&once, says("ann", "1", "a")).await, only("hello"));
    assert_eq!(answer(&once, says("ann", "2", "a")).await, None);
    assert_eq!(answer(&once, says("ann", "3", "more")).await, only("more"));
    assert_eq!(answer(&once, says("bo", "1", "a")).await, only("hello"));
    clock.advance(Duration::from_mins(59));
    assert_eq!(answer(&once, says("ann", "4", "a")).await, None);
    clock.advance(Duration::from_mins(1));
    assert_eq!(answer(&once, says("ann", "5", "a")).await, only("hello"));
}

#[tokio::test]
async fn what_a_rule_has_answered_counts_for_that_rule_and_that_account() {
    let clock = clock("2026-11-21T00:00:00Z");
    let once = rules(
        "[[rules]]\non = 'text'\nkeyword = { is = 'a' }\nevery = '1h'\nreply = { text = 'a' }\n\
         [[rules]]\non = 'text'\nkeyword = { is = 'b' }\nevery = '1h'\nreply = { text = 'b' }\n",
        &clock,
    );
    assert_eq!(answer(&once, says("ann", "1", "a")).await, only("a"));
    assert_eq!(answer(&once, says("ann", "2", "b")).await, only("b"));
    let mut elsewhere = says("ann", "3", "a");
    elsewhere.account = "another account".into();
    assert_eq!(answer(&once, elsewhere).await, only("a"));
    assert_eq!(answer(&once, says("ann", "4", "a")).await, None);
}

#[tokio::test]
async fn a_clock_that_was_set_back_silences_no_rule() {
    let clock = clock("2026-11-21T00:00:00Z");
    let text = "[[rules]]\non = 'text'\nevery = '1h'\nreply = { text = 'hello' }\n";
    let once = rules(text, &clock);
    assert_eq!(answer(&once, says("ann", "1", "a")).await, only("hello"));
    clock.set(clock.now().minus(Duration::from_hours(24)));
    assert_eq!(answer(&once, says("ann", "2", "a")).await, only("hello"));
}

#[tokio::test]
async fn an_attempt_is_not_held_back_by_an_earlier_one_at_the_same_message() {
    let clock = clock("2026-11-21T00:00:00Z");
    let text = "[[rules]]\non = 'text'\nevery = '1h'\nreply = { text = 'hello' }\n";
    let once = rules(text, &clock);
    // The result of the first attempt was lost, perhaps with the lease.
    assert_eq!(attempt(&once, says("ann", "1", "a"), 1).await, only("hello"));
    assert_eq!(attempt(&once, says("ann", "1", "a"), 2).await, only("hello"));
    assert_eq!(answer(&once, says("ann", "2", "a")).await, None);

    let failing = rules(&text.replace("hello", "{{ 1 / content }}"), &clock);
    let failed = failing.take(&context(says("ann", "1", "a"), 1)).unwrap().await.unwrap_err();
    assert!(failed.is_permanent());
    assert!(failing.take(&context(says("ann", "2", "a"), 1)).is_some(), "what failed has not answered");
}

#[tokio::test]
async fn what_was_answered_is_remembered_when_the_rules_are_read_again() {
    let clock = clock("2026-11-21T00:00:00Z");
    let text = "[[rules]]\non = 'text'\nevery = '1h'\nreply = { text = 'hello' }\n";
    let once = rules(text, &clock);
    assert_eq!(answer(&once, says("ann", "1", "a")).await, only("hello"));
    let more = format!("{APP}[[rules]]\non = 'image'\nreply = []\n{text}");
    once.replace(&Config::from_toml(&more, |_| None).unwrap().rules).unwrap();
    assert_eq!((once.len(), once.is_empty()), (2, false));
    assert_eq!(answer(&once, says("ann", "2", "a")).await, None);
}

#[tokio::test]
async fn chance_picks_any_reply_and_the_same_at_each_attempt() {
    let clock = clock("2026-11-21T00:00:00Z");
    let text = "[[rules]]\non = 'text'\npick = 'random'\nreply = [{ text = 'a' }, { text = 'b' }, { text = 'c' }]\n";
    let (one, restarted) = (rules(text, &clock), rules(text, &clock));
    let mut picked = HashSet::new();
    for id in 0..50 {
        let message = says("ann", &id.to_string(), "x");
        let first = attempt(&one, message.clone(), 1).await;
        assert_eq!(attempt(&restarted, message, 2).await, first);
        picked.extend(first.unwrap());
    }
    assert_eq!(picked.len(), 3);
}

/// These patterns would keep a back-tracking engine busy for years. Ours takes time in proportion to the text.
#[tokio::test]
async fn a_regex_that_is_written_to_blow_up_does_not() {
    let clock = clock("2026-11-21T00:00:00Z");
    for pattern in [
        "(a+)+$",
        "^(a|a)*$",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "(x+x+)+y",
        "(.*){20}b$",
        "([a-z]{0,20}){9}!$",
    ] {
        let rule = format!(
            "[[rules]]\non = 'text'\nkeyword = {{ regex = '{pattern}', fold = false }}\nreply = {{ text = 'x' }}\n"
        );
        let rules = rules(&rule, &clock);
        for filler in ["a", "x"] {
            let message = says("ann", "1", &(filler.repeat(10_000) + "?"));
            assert_eq!(answer(&rules, message).await, None, "{pattern}");
        }
    }
}

/// A rule made of few words, so that rules and messages match often.
fn some_rule() -> impl Strategy<Value = String> {
    let word =
        || prop::sample::select(vec!["a", "A", "ab", "b", "帮", "帮助", "Ｂ", "é", "x y", "a\u{200b}b"]);
    let regex = prop::sample::select(vec!["a+b", "^帮", "助$", "(?<x>.)b", "^$", "é", "[ab]", "A"]);
    let keyword = prop_oneof![
        Just(String::new()),
        word().prop_map(|word| format!("is = ['{word}']")),
        (word(), word()).prop_map(|(one, two)| format!("contains = ['{one}', '{two}']")),
        regex.prop_map(|regex| format!("regex = '{regex}'")),
    ];
    let account = prop::sample::select(vec![
        "",
        "account = 'account'\n",
        "account = ['other', 'account']\n",
        "account = 'other'\n",
    ]);
    (keyword, account, any::<bool>(), prop::bool::weighted(0.9)).prop_map(
        |(keyword, account, fold, enabled)| {
            let keyword = match keyword.as_str() {
                "" => String::new(),
                keyword => format!("keyword = {{ {keyword}, fold = {fold} }}\n"),
            };
            format!("[[rules]]\non = 'text'\nenabled = {enabled}\n{account}{keyword}")
        },
    )
}

proptest! {
    /// The handler and the explanation agree on the rule that answers.
    #[test]
    fn the_first_rule_that_takes_a_message_answers(
        texts in prop::collection::vec(some_rule(), 1..12),
        content in "[aAbBxy帮助Ｂé\u{301}\u{200b}\u{a0} ]{0,6}",
    ) {
        let clock = clock("2026-11-21T00:00:00Z");
        let texts = texts.iter().enumerate();
        let texts: Vec<_> = texts.map(|(index, rule)| format!("{rule}name = 'n{index}'\nreply = {{ text = 'n{index}' }}\n")).collect();
        let text = texts.concat();
        let rules = rules(&text, &clock);
        let message = says("ann", "1", &content);
        let explanation = rules.explain(&"app".into(), &message, clock.now()).to_string();
        let expected = explanation.lines().find(|line| line.contains(": answers")).map(|line| {
            line.split(' ').next().unwrap().to_owned()
        });
        let answered = futures_util::FutureExt::now_or_never(answer(&rules, message)).unwrap();
        prop_assert_eq!(answered.map(|texts| texts[0].clone()), expected, "{}", text);
    }
}
