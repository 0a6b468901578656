//! Dialogues of services: the state that comes with a message, and what an answer makes of the conversation.

use std::time::Duration;

use rongcloud_callback::{
    Route,
    clock::{Clock, UnixMillis},
    handler::ActiveDialogue,
};
use serde_json::{Value, json};

use super::{
    Bot,
    matching::{context, rules, says},
    target::{Act, SECRET, Target},
};
use crate::support::messages::PATH;

/// The rules of a bot whose service is asked about orders, and which answers everything else by itself.
fn order_rules(target: &Target) -> String {
    let keyword = "on = 'text'\nkeyword = { is = 'order' }\nevery = '1h'";
    let orders = target.rule("").replace("on = 'text'", keyword);
    format!("{orders}[[rules]]\nname = 'default'\non = 'any'\nreply = {{ text = 'default' }}\n")
}

fn ok(body: &'static str) -> Act {
    Act::Answer(200, "", body)
}

/// The states that the service got.
fn states(target: &Target) -> Vec<Value> {
    target.requests().iter().map(|request| request.json()["state"].clone()).collect()
}

#[tokio::test]
async fn a_service_gets_its_state_with_the_next_message_whatever_that_says() {
    let target = Target::start([
        ok(r#"{"replies":[{"text":"which size?"}],"state":{"step": "size", "price": 1.50}}"#),
        Act::Answer(500, "", "restarting"),
        ok(r#"{"replies":[{"text":"a number, please"}]}"#),
        ok(r#"{"replies":[{"text":"done"}],"state":null}"#),
    ])
    .await;
    let bot = Bot::start(&order_rules(&target)).await;
    bot.plays(
        r#"
[[step]]
user = "ann"
says = "order"
replies = [{ exact = "which size?" }]

[[step]]
says = "big"
replies = [{ exact = "a number, please" }]

[[step]]
says = "42"
replies = [{ exact = "done" }]

[[step]]
says = "42"
replies = [{ exact = "default" }]

[[step]]
user = "bo"
says = "42"
replies = [{ exact = "default" }]
"#,
    )
    .await;
    let size = json!({ "step": "size", "price": 1.5 });
    assert_eq!(states(&target), [Value::Null, size.clone(), size.clone(), size]);
    for request in &target.requests()[1..] {
        let as_written = r#""state":{"step": "size", "price": 1.50}"#;
        assert!(request.body.contains(as_written), "{}", request.body);
    }
    assert_eq!(target.requests()[2].json()["attempt"], 2);
}

#[tokio::test]
async fn the_state_of_a_conversation_is_stored_for_half_an_hour_under_the_rule_s_name() {
    let target = Target::start([ok(r#"{"state":[1]}"#), ok(r#"{"state":[2],"expires_in":"2h"}"#)]).await;
    let named = target.rule("").replace("on = 'text'", "on = 'text'\nuser = 'ann'");
    let unnamed = target.rule("").replace("name = 'orders'\n", "");
    let bot = Bot::start(&format!("{named}{unnamed}")).await;
    for (user, name, body, minutes) in
        [("ann", "rule:orders", "[1]", 30), ("bo", "rule:rules[1]", "[2]", 120)]
    {
        bot.sandbox.user(user).says("order").await;
        assert!(bot.dead_letters().await.is_empty());
        let states = bot.states().await;
        let state = states.iter().find(|state| state.dialogue == name).unwrap();
        assert_eq!((state.version, &state.body[..]), (1, body.as_bytes()));
        let accepted_at = bot.home.records().await.last().unwrap().accepted_at;
        let span = state.expires_at.since(accepted_at).as_secs();
        assert!((minutes * 60..minutes * 60 + 30).contains(&span), "{state:?} {span}");
    }
}

#[tokio::test]
async fn a_message_that_the_service_s_rule_is_not_for_leaves_its_state_alone() {
    let target = Target::start([
        ok(r#"{"replies":[{"text":"1"}],"state":"of orders"}"#),
        ok(r#"{"replies":[{"text":"2"}],"state":null}"#),
        ok(r#"{"replies":[{"text":"3"}]}"#),
        ok(r#"{"replies":[{"text":"4"}],"state":"of places"}"#),
        ok(r#"{"replies":[{"text":"5"}]}"#),
    ])
    .await;
    let places =
        target.rule("").replace("name = 'orders'\non = 'text'", "name = 'places'\non = 'location'");
    let bot = Bot::start(&format!("{places}{}", order_rules(&target))).await;
    bot.plays(
        r#"
[[step]]
user = "ann"
says = "order"
replies = [{ exact = "1" }]

[[step]]
sends = { kind = "location", latitude = 1, longitude = 1, label = "a" }
replies = [{ exact = "2" }]

[[step]]
says = "42"
replies = [{ exact = "3" }]

[[step]]
sends = { kind = "location", latitude = 1, longitude = 1, label = "a" }
replies = [{ exact = "4" }]

[[step]]
says = "42"
replies = [{ exact = "default" }]

[[step]]
sends = { kind = "location", latitude = 1, longitude = 1, label = "a" }
replies = [{ exact = "5" }]
"#,
    )
    .await;
    let states = states(&target);
    let of = |rule: &str| Value::from(format!("of {rule}"));
    assert_eq!(states, [Value::Null, Value::Null, of("orders"), Value::Null, of("places")]);
}

#[tokio::test]
async fn a_dialogue_ends_by_silence_or_by_a_word_of_the_user() {
    let asks = ok(r#"{"replies":[{"text":"which size?"}],"state":1,"expires_in":"300ms"}"#);
    let waits = ok(r#"{"replies":[{"text":"which size?"}],"state":1}"#);
    let target = Target::start([asks, waits.clone(), waits]).await;
    let rules = order_rules(&target).replace("every = '1h'\n", "");
    let bot = Bot::start(&rules).await;
    bot.plays(
        r#"
[[step]]
user = "ann"
says = "order"
replies = [{ exact = "which size?" }]

[[step]]
replies = []
within = "700ms"

[[step]]
says = "42"
replies = [{ exact = "default" }]

[[step]]
says = "order"
replies = [{ exact = "which size?" }]

[[step]]
says = "取消"
replies = [{ exact = "已退出。" }]

[[step]]
says = "42"
replies = [{ exact = "default" }]

[[step]]
says = "order"
replies = [{ exact = "which size?" }]
"#,
    )
    .await;
    assert_eq!(states(&target), [Value::Null, Value::Null, Value::Null]);
    // The rule is gone, so nobody could go on with its dialogue.
    let mut bot = bot;
    bot.home.rewrite("[[rules]]\non = 'text'\nreply = { text = 'others' }\n");
    bot.process.hang_up();
    bot.process.told("the rules have been read again").await;
    bot.plays(
        r#"
[[step]]
user = "ann"
says = "42"
replies = [{ contains = "请重新开始" }]

[[step]]
says = "42"
replies = [{ exact = "others" }]
"#,
    )
    .await;
}

#[tokio::test]
async fn replies_for_later_come_later_unless_they_belong_to_a_state_that_has_changed() {
    let target = Target::start([
        ok(
            r#"{"replies":[{"text":"1"}],"later":[{"in":"200ms","replies":[{"text":"a"},{"text":"b"}]},
                {"in":"10ms","replies":[{"text":"first"}]}]}"#,
        ),
        ok(r#"{"replies":[{"text":"2"}],"state":1,"later":[{"in":"400ms","replies":[{"text":"still there?"}]}]}"#),
        ok(r#"{"replies":[{"text":"3"}],"state":2}"#),
    ])
    .await;
    let bot = Bot::start(&target.rule("")).await;
    bot.plays(
        r#"
[[step]]
user = "ann"
says = "one"
replies = [{ exact = "1" }, { exact = "first" }, { exact = "a" }, { exact = "b" }]

[[step]]
says = "two"
replies = [{ exact = "2" }]

[[step]]
says = "three"
replies = [{ exact = "3" }]

[[step]]
replies = []
within = "1s"
"#,
    )
    .await;
    assert!(bot.dead_letters().await.is_empty());
}

#[tokio::test]
async fn a_service_can_hand_the_conversation_over_to_a_person() {
    let target = Target::start([
        ok(r#"{"state":1}"#),
        ok(r#"{"replies":[{"text":"one moment"}],"state":2,"hand_over":true}"#),
        ok(r#"{"hand_over":true}"#),
    ])
    .await;
    let bot = Bot::start(&target.rule("")).await;
    bot.plays(
        r#"
[[step]]
user = "ann"
says = "order"
replies = []
within = "200ms"

[[step]]
says = "a person, please"
replies = [{ exact = "one moment" }]

[[step]]
says = "hello?"
replies = []
within = "300ms"

[[step]]
says = "结束人工"
replies = [{ contains = "机器人" }]

[[step]]
says = "a person again"
replies = [{ contains = "正在为您转接人工客服" }]
"#,
    )
    .await;
    assert_eq!(states(&target), [Value::Null, 1.into(), Value::Null]);
}

#[tokio::test]
async fn a_person_who_takes_over_while_the_service_is_asked_answers_alone() {
    let target = Target::start([Act::Echo(Duration::from_millis(700)), ok("")]).await;
    let desk =
        format!("[desk]\nforward = {{ url = 'http://{}/desk', secret = '{SECRET}' }}\n", target.address);
    let bot = Bot::start_with(&desk, &target.rule("")).await;
    let ann = bot.sandbox.user("ann");
    ann.says("hello").await;
    target.wait_for(1).await;
    let taken = bot.home.command(&["journal", "hand-over", "demo", "ann"]).output().unwrap();
    assert!(taken.status.success(), "{taken:?}");
    // The answer of the service comes too late, and the message goes to the person's own service.
    let requests = target.wait_for(2).await;
    let rules: Vec<_> = requests.iter().map(|request| request.json()["rule"].clone()).collect();
    assert_eq!(rules, ["orders".into(), Value::Null]);
    assert!(ann.received().await.text().contains("正在为您转接人工客服"));
    assert!(bot.dead_letters().await.is_empty());
    ann.received_nothing(Duration::from_millis(200)).await;
}

#[tokio::test]
async fn a_dialogue_goes_on_after_the_server_was_killed() {
    let target = Target::start([
        ok(r#"{"replies":[{"text":"which size?"}],"state":"size"}"#),
        Act::Hang,
        ok(r#"{"replies":[{"text":"done"}],"state":null}"#),
    ])
    .await;
    let bot = Bot::start(&order_rules(&target)).await;
    bot.plays("[[step]]\nuser = 'ann'\nsays = 'order'\nreplies = [{ exact = 'which size?' }]\n").await;
    let ann = bot.sandbox.user("ann");
    ann.says("42").await;
    target.wait_for(2).await;
    let Bot { sandbox, home, process } = bot;
    process.kill();
    let process = home.start().await;
    let bot = Bot { sandbox, home, process };
    bot.sandbox.route_to(format!("http://{}{PATH}", bot.process.callbacks));
    target.wait_for(3).await;
    assert_eq!(states(&target), [Value::Null, "size".into(), "size".into()]);
    bot.dead_letters().await;
    assert!(bot.states().await.is_empty());
}

#[tokio::test]
async fn an_answer_that_breaks_a_rule_is_a_dead_letter_that_names_the_place() {
    let script = [
        r#"{"reply":[{"text":"a"}]}"#,
        r#"{"replies":[{"txt":"a"}]}"#,
        r#"{"replies":{"text":"a"}}"#,
        r#"{"state":{"a":}}"#,
        r#"{"state":1,"state":2}"#,
        r#"{"state":1,"expires_in":30}"#,
        r#"{"state":1,"expires_in":"0s"}"#,
        r#"{"state":1,"expires_in":"31d"}"#,
        r#"{"expires_in":"30m"}"#,
        r#"{"later":[{"in":"24h","replies":[{"text":"a"}]},{"in":"soon","replies":[]}]}"#,
        r#"{"later":[{"in":"0s","replies":[{"text":"a"}]}]}"#,
        r#"{"later":[{"in":"367d","replies":[{"text":"a"}]}]}"#,
        r#"{"later":[{"in":"1h","replies":[]}]}"#,
        r#"{"later":[{"in":"1h","replies":[{"text":""}]}]}"#,
        r#"{"hand_over":"yes"}"#,
        r"{} {}",
    ];
    let count = script.len();
    let target = Target::start(script.map(ok)).await;
    let bot = Bot::start(&target.rule("")).await;
    for number in 0..count {
        bot.sandbox.user("ann").says(number.to_string()).await;
        target.wait_for(number + 1).await;
    }
    let url = format!("rule `orders`: http://{}/wechat answered 200 with ", target.address);
    let reasons = bot.reasons(count).await;
    let reasons = reasons.iter().map(|reason| {
        let (what, _) = reason.split_once(". It answered: {").unwrap();
        what.strip_prefix(&url).unwrap_or(what).split("; a service").next().unwrap()
    });
    insta::assert_snapshot!(reasons.collect::<Vec<_>>().join("\n"), @r#"
    an object that cannot be read (unknown field `reply`, expected one of `replies`, `state`, `expires_in`, `later`, `hand_over` at line 1 column 8)
    an object that cannot be read (replies[0]: unknown variant `txt`, expected one of `text`, `image`, `voice`, `news` at line 1 column 18)
    an object that cannot be read (replies: invalid type: map, expected a sequence at line 1 column 11)
    an object that cannot be read (state: expected value at line 1 column 15)
    an object that cannot be read (duplicate field `state` at line 1 column 18)
    an object that cannot be read (expires_in: invalid type: integer `30`, expected a time with its unit, such as "250ms", "5s", "24h" or "30d" at line 1 column 26)
    an object in which expires_in is no time at all
    an object in which expires_in is longer than 30 days
    an object in which expires_in stands without a state, whose time it would be
    an object that cannot be read (later[1].in: invalid value: string "soon", expected a time with its unit, such as "250ms", "5s", "24h" or "30d" at line 1 column 60)
    an object in which later[0].in is no time at all
    an object in which later[0].in is longer than 366 days
    an object in which later[0].replies is empty, so that nothing would be sent
    what cannot be sent (later[0].replies: the reply's text is empty, which the platform does not take)
    an object that cannot be read (hand_over: invalid type: string "yes", expected a boolean at line 1 column 18)
    an object that cannot be read (trailing characters at line 1 column 4)
    "#);
}

#[tokio::test]
async fn a_dialogue_is_that_of_a_rule_in_force_that_forwards_and_asks_for_no_keyword_and_no_time() {
    let forward =
        "forward = { url = 'http://127.0.0.1:9', secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }";
    let clock = Clock::manual(UnixMillis(0));
    let rules = rules(
        &format!(
            "[[rules]]\nname = 'replies'\non = 'text'\nreply = []\n\
             [[rules]]\nname = 'off'\nenabled = false\non = 'text'\n{forward}\n\
             [[rules]]\nname = 'open'\non = 'text'\nuser = 'ann'\nkeyword = {{ is = 'x' }}\n\
             when = {{ from = '09:00', until = '18:00', zone = 'UTC' }}\n{forward}\n"
        ),
        &clock,
    );
    for (name, expected) in
        [("rule:open", true), ("rule:off", false), ("rule:replies", false), ("open", false)]
    {
        let dialogue = ActiveDialogue::new(name, 1, "{}");
        assert_eq!(rules.has_dialogue(name), expected, "{name}");
        assert_eq!(rules.expired(&dialogue).is_some(), expected, "{name}");
        let taken_by = |user: &str| {
            let context = context(says(user, "1", "42"), 1).with_dialogue(Some(dialogue.clone()));
            rules.take(&context).and_then(|handling| handling.name().cloned())
        };
        let by = expected.then_some("rule \"open\"");
        assert_eq!(taken_by("ann").as_deref(), by.or(Some("rule \"replies\"")), "{name}");
        assert_eq!(taken_by("bo").as_deref(), Some("rule \"replies\""), "{name}");
    }
    // The state of a later version cannot be read, and its service is not asked.
    for (version, body, words) in [(2, "{}", "its version is 2"), (1, "<xml/>", "it is no JSON")] {
        let dialogue = ActiveDialogue::new("rule:open", version, body);
        let context = context(says("ann", "1", "42"), 1).with_dialogue(Some(dialogue));
        let reply = rules.take(&context).unwrap().await.unwrap();
        assert!(format!("{reply:?}").contains(words), "{reply:?}");
    }
}
