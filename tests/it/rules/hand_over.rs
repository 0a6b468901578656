//! `hand_over`: rules after which a person has the conversation, and the system that messages are handed to meanwhile.

use serde_json::{Value, json};

use super::{
    Bot, HASTE,
    target::{Act, SECRET, Target},
};

fn ok(body: &'static str) -> Act {
    Act::Answer(200, "", body)
}

/// A rule that hands over at the word "人工", and one that echoes.
const RULES: &str = "[[rules]]\non = 'text'\nkeyword = { contains = '人工' }\nhand_over = true\n\
                     [[rules]]\non = 'text'\nreply = { text = 'bot: {{ content }}' }\n";

/// A conversation that a person has, twice, until the service of the desk gives it back.
const CONVERSATION: &str = r#"
[[step]]
user = "ann"
says = "before"
replies = [{ exact = "bot: before" }]

[[step]]
says = "人工"
replies = [{ contains = "正在为您转接人工客服" }]

[[step]]
says = "1"
replies = []
within = "200ms"

[[step]]
says = "2"
replies = [{ exact = "a person here" }]

[[step]]
says = "3"
replies = [{ exact = "and still" }]

[[step]]
sends = { kind = "image", url = "http://x/y.jpg" }
replies = [{ exact = "goodbye" }]

[[step]]
says = "after"
replies = [{ exact = "bot: after" }]

[[step]]
says = "人工"
replies = [{ contains = "正在为您转接人工客服" }]

[[step]]
says = "4"
replies = [{ contains = "现在由机器人为您服务" }]

[[step]]
says = "after"
replies = [{ exact = "bot: after" }]
"#;

/// `[desk]` with `target` as its service.
fn desk(target: &Target) -> String {
    let forward = format!("forward = {{ url = 'http://{}/desk', secret = '{SECRET}' }}", target.address);
    format!("{HASTE}[desk]\n{forward}\n")
}

#[tokio::test]
async fn a_rule_hands_the_conversation_over_with_its_own_words_or_those_of_the_desk() {
    let target = Target::start([ok(r#"[{"text":"of the service"}]"#)]).await;
    let forward = target.rule("").replace("on = 'text'", "on = 'text'\nkeyword = { is = 'service' }");
    let rules = format!(
        "{forward}hand_over = true\n\
         [[rules]]\non = 'text'\nkeyword = {{ is = 'own' }}\nhand_over = true\nreply = {{ text = 'my words' }}\n{RULES}"
    );
    let bot = Bot::start(&rules).await;
    for (word, reply) in
        [("人工", "正在为您转接人工客服，请稍候。"), ("own", "my words"), ("service", "of the service")]
    {
        let conversation = format!(
            r#"
[[step]]
user = "{word}"
says = "{word}"
replies = [{{ exact = "{reply}" }}]

[[step]]
says = "hello?"
replies = []
within = "200ms"

[[step]]
says = "结束人工"
replies = [{{ contains = "机器人" }}]

[[step]]
says = "hello?"
replies = [{{ exact = "bot: hello?" }}]
"#
        );
        bot.plays(&conversation).await;
    }
    assert_eq!(target.requests().len(), 1);
    assert!(bot.dead_letters().await.is_empty());
}

#[tokio::test]
async fn a_person_s_messages_are_handed_to_the_desk_s_service_which_can_give_the_conversation_back() {
    let target = Target::start([
        ok(""),
        ok(r#"[{"text":"a person here"}]"#),
        Act::Answer(503, "", "restarting"),
        ok(r#"{"replies":[{"text":"and still"}],"hand_over":true}"#),
        ok(r#"{"replies":[{"text":"goodbye"}],"hand_over":false}"#),
        ok(r#"{"hand_over":false}"#),
    ])
    .await;
    let bot = Bot::start_with(&desk(&target), RULES).await;
    bot.plays(CONVERSATION).await;
    let requests = target.requests();
    let attempts: Vec<_> = requests
        .iter()
        .map(|request| {
            let json = request.json();
            (json["fields"]["content"].as_str().map(ToOwned::to_owned), json["attempt"].clone())
        })
        .collect();
    let attempt = |text: &str, number: u32| (Some(text.to_owned()), Value::from(number));
    let image = (None, 1.into());
    let expected =
        [attempt("1", 1), attempt("2", 1), attempt("3", 1), attempt("3", 2), image, attempt("4", 1)];
    assert_eq!(attempts, expected);
    let json = requests[0].json();
    assert_eq!(
        (&json["rule"], &json["state"], &json["captures"]),
        (&Value::Null, &Value::Null, &json!({}))
    );
    assert!(requests[0].head.starts_with("POST /desk "), "{}", requests[0].head);
    assert_eq!(requests[0].header("webhook-id"), json["id"].as_str().unwrap());
}

#[tokio::test]
async fn the_desk_s_service_has_no_state_and_its_mistakes_are_dead_letters() {
    let script = [r#"{"state":1}"#, r#"{"later":[]}"#, "<html>"];
    let target = Target::start(script.map(ok)).await;
    let bot = Bot::start_with(&desk(&target), RULES).await;
    let ann = bot.sandbox.user("ann");
    ann.says("人工").await;
    for number in 0..script.len() {
        ann.says(number.to_string()).await;
        target.wait_for(number + 1).await;
    }
    let reasons = bot.reasons(script.len()).await;
    let url = format!("desk.forward: http://{}/desk answered 200 with ", target.address);
    let reasons = reasons
        .iter()
        .map(|reason| reason.strip_prefix(&url).unwrap_or(reason).split("; a service").next().unwrap());
    insta::assert_snapshot!(reasons.collect::<Vec<_>>().join("\n"), @r"
    an object that cannot be read (unknown field `state`, expected `replies` or `hand_over` at line 1 column 8)
    an object that cannot be read (unknown field `later`, expected `replies` or `hand_over` at line 1 column 8)
    what is no list of replies (expected value at line 1 column 1)
    ");
}
