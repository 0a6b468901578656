//! Forwarding: the requests that are sent, and the consequence of each answer.

use std::collections::HashSet;

use rongcloud_callback::{Route, clock::Clock};
use serde_json::json;

use super::{
    Bot,
    matching::{context, rules, says},
    target::{Act, Target},
};

#[tokio::test]
async fn a_message_is_handed_on_in_the_documented_form() {
    let target = Target::start([]).await;
    let rule =
        target.rule("").replace("on = 'text'", "on = 'text'\nkeyword = { regex = '订单(?<no>\\d+)' }");
    let bot = Bot::start(&rule).await;
    bot.plays("[[step]]\nuser = 'ann'\nsays = '订单17'\nreplies = [{ exact = '订单17' }]\n").await;
    let request = &target.requests()[0];
    assert!(request.head.starts_with("POST /wechat HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.header("content-type"), "application/json");
    let mut json = request.json();
    assert_eq!(request.header("webhook-id"), json["id"].as_str().unwrap());
    let record = &bot.home.records().await[0];
    let accepted_at = json["accepted_at"].take();
    let accepted_at: jiff::Timestamp = accepted_at.as_str().unwrap().parse().unwrap();
    assert_eq!(accepted_at.as_millisecond(), record.accepted_at.0);
    for (key, length) in [("id", "msg_".len() + 32), ("message_id", 1), ("create_time", 1)] {
        let value = json[key].take().to_string();
        assert!(value.trim_matches('"').len() >= length, "{key}: {value}");
    }
    let expected = json!({
        "version": 1, "id": null, "attempt": 1, "accepted_at": null, "rule": "orders", "app": "test-app",
        "account": "demo", "user": "ann", "kind": "text", "message_id": null, "create_time": null,
        "fields": { "content": "订单17" }, "extra": [], "captures": { "no": "17" },
        "state": null,
    });
    assert_eq!(json, expected);
}

#[tokio::test]
async fn every_kind_of_message_can_be_handed_on() {
    let target = Target::start(vec![Act::Answer(204, "", ""); 5]).await;
    let bot = Bot::start(&target.rule("").replace("'text'", "'any'")).await;
    bot.plays(
        r#"
[[step]]
user = "ann"
follows = true
replies = []
within = "10ms"

[[step]]
sends = { kind = "location", latitude = 31.5, longitude = 121.5, label = "上海" }

[[step]]
sends = { kind = "voice", url = "http://x/y.amr" }
"#,
    )
    .await;
    let odd = "<xml><ToUserName>demo</ToUserName><FromUserName>bo</FromUserName><CreateTime>1</CreateTime>\
               <MsgType>file</MsgType><Size>9</Size><MsgId>7</MsgId></xml>";
    bot.process.deliver(odd).await.assert_ack();
    let requests = target.wait_for(4).await;
    let fields = |kind: &str| {
        let found = requests.iter().map(super::target::Request::json).find(|json| json["kind"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}"))["fields"].take()
    };
    assert_eq!(fields("subscribe"), json!({}));
    assert_eq!(fields("location"), json!({ "latitude": 31.5, "longitude": 121.5, "label": "上海" }));
    assert_eq!(fields("voice"), json!({ "url": "http://x/y.amr", "format": "AMR" }));
    assert_eq!(fields("unknown"), json!({ "msg_type": "file", "fields": [["Size", "9"]] }));
}

#[tokio::test]
async fn what_a_service_answers_is_sent_in_its_order() {
    let answer = r#"[{"text":"one"},{"news":[{"title":"two","picurl":"http://x/p.jpg"}]},{"image":{"url":"http://x/3.jpg"}}]"#;
    let marked = "\u{feff}[{\"text\":\"after a byte order mark\"}]";
    let script = [answer, "", marked, "\u{feff}"].map(|body| Act::Answer(200, "", body));
    let target = Target::start(script).await;
    let bot = Bot::start(&target.rule("")).await;
    bot.plays(
        r#"
[[step]]
user = "ann"
says = "a"
replies = [{ exact = "one" }, { kind = "news", contains = "two" }, { kind = "image" }]

[[step]]
says = "b"
replies = []

[[step]]
says = "c"
replies = [{ exact = "after a byte order mark" }]

[[step]]
says = "d"
replies = []
"#,
    )
    .await;
    assert!(bot.dead_letters().await.is_empty());
}

#[tokio::test]
async fn an_answer_in_another_form_is_a_dead_letter_that_shows_it_and_says_what_would_be_right() {
    let html = "content-type: text/html; charset=utf-8\r\n";
    let script = [
        Act::Answer(200, html, "<html>\n<body>It works!"),
        Act::Answer(200, "content-type: application/json\r\n", r#"{"status":"ok"}"#),
        Act::Answer(201, "", "success"),
        // The beginning of gzip, and a greeting in GBK.
        Act::Bytes("content-encoding: gzip\r\n", b"\x1f\x8bx"),
        Act::Bytes(
            "content-type: application/json; charset=gbk\r\n",
            b"[{\"text\":\"\xc4\xe3\xba\xc3\"}]",
        ),
        Act::Answer(200, "", r#"[{"text":""}]"#),
        Act::Answer(200, "", r#"[{"reply\u0007":"x"}]"#),
        Act::Answer(302, "location: http://127.0.0.1:9/elsewhere\r\n", ""),
        Act::Answer(308, html, "<a href='/wechat/'>moved</a>"),
        Act::Answer(404, html, "no such page"),
        Act::Answer(401, "", ""),
    ];
    let count = script.len();
    let target = Target::start(script).await;
    let bot = Bot::start(&target.rule("")).await;
    for number in 0..count {
        bot.sandbox.user("ann").says(number.to_string()).await;
        target.wait_for(number + 1).await;
    }
    let reasons = bot.reasons(count).await;
    let url = format!("rule `orders`: http://{}/wechat", target.address);
    let right = "a service acknowledges with status 200 and an empty body, or answers with a JSON list of \
                 replies, such as [{\"text\": \"…\"}], or with an object that has them, such as {\"replies\": [{\"text\": \"…\"}]}";
    let reasons: Vec<String> =
        reasons.iter().map(|reason| reason.replace(&url, "URL").replace(right, "RIGHT")).collect();
    insta::assert_snapshot!(reasons.join("\n"), @r#"
    URL answered 200 with what is no list of replies (expected value at line 1 column 1); RIGHT. It answered (text/html; charset=utf-8): <html> <body>It works!
    URL answered 200 with an object that cannot be read (unknown field `status`, expected one of `replies`, `state`, `expires_in`, `later`, `hand_over` at line 1 column 9); RIGHT. It answered (application/json): {"status":"ok"}
    URL answered 201 with what is no list of replies (expected value at line 1 column 1); RIGHT. It answered: success
    URL answered 200 with what is not UTF-8; RIGHT. It answered (gzip):  �x
    URL answered 200 with what is not UTF-8; RIGHT. It answered (application/json; charset=gbk): [{"text":"���"}]
    URL answered 200 with what cannot be sent (the reply's text is empty, which the platform does not take). It answered: [{"text":""}]
    URL answered 200 with what is no list of replies ([0]: unknown variant `reply `, expected one of `text`, `image`, `voice`, `news` at line 1 column 15); RIGHT. It answered: [{"reply\u0007":"x"}]
    URL answered 302, a redirect to http://127.0.0.1:9/elsewhere; redirects are not followed, so write in forward.url the address that answers; RIGHT
    URL answered 308; redirects are not followed, so write in forward.url the address that answers; RIGHT. It answered (text/html; charset=utf-8): <a href='/wechat/'>moved</a>
    URL answered 404; RIGHT. It answered (text/html; charset=utf-8): no such page
    URL answered 401; RIGHT
    "#);
    assert_eq!(target.requests().len(), count, "nothing is tried again, and redirects are not followed");
}

#[tokio::test]
async fn a_key_in_the_query_of_a_service_s_address_goes_there_and_nowhere_else() {
    let key = "c0de-of-a-function==";
    let parrot = "location: http://127.0.0.1:9/?code=c0de-of-a-function%3D%3D\r\n";
    let script = [
        Act::Answer(500, "", key),
        Act::Answer(200, "", r#"[{"text":"c0de-of-a-function=="}]"#),
        Act::Answer(302, parrot, key),
        Act::Cut,
    ];
    let target = Target::start(script).await;
    let rule = target.rule("").replace("/wechat", "/api/orders?code=c0de-of-a-function%3D%3D&v=1&x");
    let bot = Bot::start(&rule).await;
    // The text of a reply may contain the key: the service decides what it replies.
    bot.plays(&format!("[[step]]\nuser = 'ann'\nsays = 'a'\nreplies = [{{ exact = '{key}' }}]\n")).await;
    for request in target.requests() {
        let line = "POST /api/orders?code=c0de-of-a-function%3D%3D&v=1&x HTTP/1.1\r\n";
        assert!(request.head.starts_with(line), "{}", request.head);
    }
    bot.sandbox.user("ann").says("b").await;
    let reason = bot.reasons(1).await.remove(0);
    let shown =
        format!("rule `orders`: http://{}/api/orders?… answered 302, a redirect to", target.address);
    assert!(reason.starts_with(&shown), "{reason}");
    bot.plays("[[step]]\nuser = 'ann'\nsays = 'c'\nreplies = [{ exact = 'c' }]\n").await;
    let trial = bot.home.command(&["rules", "test", "x"]).output().unwrap();
    let trial = String::from_utf8(trial.stdout).unwrap();
    assert!(
        trial.contains(&format!("forwards it to http://{}/api/orders?…\n", target.address)),
        "{trial}"
    );
    bot.process.terminate();
    let (_, log) = bot.process.ended();
    let told = [log, vec![reason, trial]].concat().join("\n");
    assert!(told.contains("/api/orders?… answered 500"), "{told}");
    assert!(!told.contains("c0de-of-a-function"), "{told}");
}

#[tokio::test]
async fn an_attempt_is_known_by_its_id_and_its_number() {
    let target = Target::start([Act::Answer(500, "", "oops"), Act::Answer(408, "", "")]).await;
    let bot = Bot::start(&target.rule("")).await;
    bot.plays("[[step]]\nuser = 'ann'\nsays = 'a'\nreplies = [{ exact = 'a' }]\n").await;
    bot.plays("[[step]]\nuser = 'ann'\nsays = 'a'\nreplies = [{ exact = 'a' }]\n").await;
    let requests: Vec<_> = target.requests().iter().map(super::target::Request::json).collect();
    let attempts: Vec<_> = requests.iter().map(|json| json["attempt"].as_u64().unwrap()).collect();
    assert_eq!(attempts, [1, 2, 3, 1]);
    let ids: Vec<_> = requests.iter().map(|json| json["id"].as_str().unwrap()).collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2], "{ids:?}");
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 2, "another message has another id");
}

#[tokio::test]
async fn no_secret_is_in_the_log_the_journal_or_an_error() {
    let target = Target::start([Act::Parrot(500), Act::Parrot(403)]).await;
    let bot = Bot::start(&target.rule("")).await;
    bot.sandbox.user("ann").says("something private").await;
    let reasons = bot.reasons(1).await;
    let signature = target.requests()[1].header("webhook-signature").to_owned();
    bot.process.terminate();
    let (_, log) = bot.process.ended();
    let told = [log, reasons].concat().join("\n");
    assert!(told.contains("answered 403; ") && told.contains("It answered: …"), "{told}");
    for secret in [super::target::SECRET, signature.trim_start_matches("v1,"), "something private"] {
        assert!(!told.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let endless: &str = "x".repeat((1 << 20) + 1).leak();
    let target = Target::start([Act::Answer(200, "", endless)]).await;
    let bot = Bot::start(&target.rule("")).await;
    bot.sandbox.user("ann").says("hello").await;
    let reason = bot.reasons(1).await.remove(0);
    let url = format!("http://{}/wechat", target.address);
    assert_eq!(reason, format!("rule `orders`: {url} answered HTTP 200: larger than 1048576 bytes"));
}

#[tokio::test]
async fn an_attempt_is_counted_as_what_came_of_it() {
    let recorder = rongcloud_callback::internals::build_recorder().unwrap();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let script = [
        ("ok", Act::Answer(200, "", "")),
        ("unreadable", Act::Answer(200, "", "<html>")),
        ("rate_limited", Act::Answer(429, "", "")),
        ("unavailable", Act::Answer(500, "", "oops")),
        ("refused", Act::Answer(404, "", "")),
        ("transport", Act::Cut),
    ];
    let target = Target::start(script.iter().map(|(_, act)| act.clone())).await;
    let rules = rules(&target.rule(""), &Clock::system());
    for (outcome, _) in script {
        let answer = rules.take(&context(says("ann", "1", "hello"), 1)).unwrap().await;
        assert_eq!(answer.is_ok(), outcome == "ok", "{answer:?}");
        let line =
            format!("rongcloud_callback_api_calls_total{{call=\"forward\",outcome=\"{outcome}\"}} 1");
        let shown = recorder.handle().render();
        assert!(shown.contains(&line), "{line} is not in\n{shown}");
    }
}
