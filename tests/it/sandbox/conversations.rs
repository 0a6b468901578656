//! Conversation files: played, recorded, and the differences that they show.

use std::time::Duration;

use rongcloud_callback::{
    CallbackService, Location, Subscribe, Text, Unsubscribe,
    sandbox::{
        ChatContent, Conversation, DeliveryState, HandlingEvent, HandlingStep, Options, Report, Sandbox,
    },
};

use super::{Bot, ask, call, route::Route};
use crate::support::{process::free_address, until};

fn register(service: CallbackService) -> CallbackService {
    service
        .on(|_: Subscribe, _context| async { "Welcome!\n\"quoted\"" })
        .on(|_: Unsubscribe, _context| async {})
        .on(|place: Location, _context| async move {
            vec![place.label.into(), "there".into()] as Vec<rongcloud_callback::Payload>
        })
        .on(|text: Text, _context| async move { format!("You said: {}", text.content) })
}

async fn play(sandbox: &Sandbox, text: &str) -> Report {
    sandbox.play(&text.parse::<Conversation>().unwrap()).await
}

const FINE: &str = r#"
[[step]]
user = "ann"
follows = true
replies = [{ contains = "Welcome" }]

[[step]]
says = "hello"
replies = [{ kind = "text", exact = "You said: hello" }]
within = "30s"

[[step]]
user = "bo"
sends = { kind = "location", latitude = 31.2, longitude = 121.5, label = "上海" }
replies = [{ regex = "^上.$" }, { exact = "there" }]

[[step]]
user = "ann"
says = "whatever comes"

[[step]]
user = "ann"
unfollows = true
replies = []
within = "50ms"
"#;

#[tokio::test]
async fn a_conversation_that_goes_as_written_passes() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", register).await;
    // The step whose replies are not checked is left out: its reply may come during the next one.
    let text = FINE.replace("[[step]]\nuser = \"ann\"\nsays = \"whatever comes\"\n", "");
    let report = play(&sandbox, &text).await;
    assert!(report.has_passed(), "{report}");
    assert!(report.to_string().ends_with("passed\n"));
    bot.stop().await;
}

#[tokio::test]
async fn a_reply_that_differs_is_shown_beside_what_was_expected() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", register).await;
    let text = FINE.replace("You said: hello", "You wrote: hello");
    let report = play(&sandbox, &text).await;
    assert!(!report.has_passed());
    let report = report.to_string();
    let url = &sandbox.deliveries()[0].url;
    let difference = format!(
        "✗ step 2: ann says: “hello”\n    \
            expected text that is exactly: “You wrote: hello”\n    \
            received text: “You said: hello”\n    \
            {url} accepted it (delivery 2)\nfailed: it went differently, and ends here; steps not played: 3\n"
    );
    assert!(report.ends_with(&difference), "{report}");
    bot.stop().await;
}

#[tokio::test]
async fn a_reply_too_many_and_a_reply_too_few_are_differences() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", register).await;
    let step = "[[step]]\nuser = \"ann\"\nsays = \"x\"\n";
    let silent = play(&sandbox, &format!("{step}replies = []\nwithin = \"20s\"")).await.to_string();
    assert!(silent.contains("    expected nothing\n    received text: “You said: x”\n"), "{silent}");
    let two =
        format!("{step}replies = [{{ kind = \"text\" }}, {{ kind = \"text\" }}]\nwithin = \"200ms\"");
    let two = play(&sandbox, &two).await.to_string();
    assert!(
        two.contains("    received text: “You said: x”\n    expected text\n    received nothing\n"),
        "{two}"
    );
    let place = "[[step]]\nuser = \"bo\"\nsends = { kind = \"location\", latitude = 1.0, longitude = 1.0, label = \"a\" }\n\
                 replies = [{ exact = \"a\" }]\n[[step]]\nuser = \"bo\"\nreplies = []\nwithin = \"20s\"";
    let surplus = play(&sandbox, place).await.to_string();
    // The unexpected reply comes before the second step or during it.
    assert!(surplus.contains("\n    received text: “there”\n"), "{surplus}");
    assert!(surplus.contains("✗ step 2: bo waits\n"), "{surplus}");
    bot.stop().await;
}

/// A sandbox without pauses between its retries.
async fn sandbox_without_pauses() -> Sandbox {
    let options = Options { pause: Duration::from_millis(1), ..Options::default() };
    Sandbox::start_with(options).await.unwrap()
}

const STEPS: [&str; 3] = [
    "[[step]]\nuser = \"a\"\nsays = \"x\"",
    "[[step]]\nuser = \"a\"\nsays = \"x\"\nreplies = []",
    "[[step]]\nuser = \"a\"\nsays = \"x\"\nreplies = [{ exact = \"x\" }]",
];

#[tokio::test]
async fn a_step_whose_message_was_not_accepted_fails_whatever_it_expects_and_says_what_to_do() {
    let sandbox = sandbox_without_pauses().await;
    let nowhere = "account demo has no routeUrl, so nothing was delivered: give it one, for example with --route-url URL";
    let closed = format!("http://{}/callback", free_address());
    let refused = format!("{closed} did not accept it: connection refused; is the server running?");
    let route = Route::start([401, 401, 401, 401, 500, 500, 500, 500, 404, 404, 404, 404]).await;
    let answered = |status: u16, remedy: &str| {
        format!("{} did not accept it: it answered {status}; {remedy}", route.url())
    };
    let secret = "do both sides have the same App Secret, and clocks that agree?";
    for (url, reasons) in [
        (String::new(), [nowhere; 3].map(str::to_owned)),
        (closed, [refused.clone(), refused.clone(), refused]),
        (
            route.url(),
            [
                answered(401, secret),
                answered(500, "the server's log may say why"),
                answered(404, "is the path of the routeUrl right?"),
            ],
        ),
    ] {
        sandbox.route_to(url);
        for (step, reason) in STEPS.iter().zip(reasons) {
            let report = play(&sandbox, step).await;
            assert!(!report.has_passed(), "{step}\n{report}");
            assert_eq!(
                report.to_string(),
                format!("✗ step 1: a says: “x”\n    {reason}\nfailed: it went differently\n"),
            );
        }
    }
    let off =
        call(&sandbox, "/mc/route/setSwitch.json", "mcid=demo&RC-App-Key=sandbox&isOpen=false").await;
    assert_eq!(off.status, 200);
    for step in STEPS {
        let report = play(&sandbox, step).await.to_string();
        assert!(report.contains("the route of account demo is switched off"), "{report}");
    }
}

#[tokio::test]
async fn silence_counts_only_where_something_could_have_been_answered() {
    let sandbox = Sandbox::start().await;
    let waits = "[[step]]\nuser = \"bo\"\nreplies = []\nwithin = \"10ms\"\n";
    let report = play(&sandbox, waits).await.to_string();
    assert!(
        report.starts_with("✗ step 1: bo waits\n    received nothing, but nothing could"),
        "{report}"
    );
    let bot = Bot::start(&sandbox, "", |service| service.on(|_: Text, _context| async {})).await;
    let says = "[[step]]\nuser = \"ann\"\nsays = \"x\"\nreplies = []\nwithin = \"10ms\"\n";
    let report = play(&sandbox, &format!("{says}{waits}")).await;
    assert!(!report.has_passed(), "only ann has written: {report}");
    let report = play(&sandbox, &format!("{says}{}", waits.replace("bo", "ann"))).await;
    let silent = "✓ step 1: ann says: “x”\n    received nothing\n\
                  ✓ step 2: ann waits\n    received nothing\npassed\n";
    assert_eq!(report.to_string(), silent);
    bot.stop().await;
}

#[tokio::test]
async fn silence_is_none_where_the_server_tells_that_it_has_failed() {
    let (sandbox, route) = (Sandbox::start().await, Route::start([]).await);
    sandbox.route_to(route.url());
    let observer = sandbox.observer();
    let note = |text: &str, event| {
        let delivery = sandbox.deliveries().into_iter().find(|it| it.xml.contains(text)).unwrap();
        let (entry, body) = (delivery.id.cast_signed(), delivery.xml.into());
        observer.note(&HandlingStep { entry, answers: None, body, attempt: 1, event });
    };
    let delivered = async |text: &str| {
        until("its delivery", async || {
            let mut deliveries = sandbox.deliveries().into_iter();
            deliveries
                .any(|it| it.xml.contains(text) && it.state == DeliveryState::Accepted)
                .then_some(())
        })
        .await;
    };
    for (text, event, passes, told) in [
        (
            "one",
            HandlingEvent::Dead { reason: "no such order".to_owned() },
            false,
            "it is a dead letter: no such order",
        ),
        ("two", HandlingEvent::Begun, false, "its handler is still at work on it (attempt 1)"),
        ("three", HandlingEvent::Quiet { by: "rule 'x'".to_owned() }, true, "received nothing\n"),
        ("four", HandlingEvent::Done { by: None, replies: 1 }, false, "reply 1 is still to be sent"),
    ] {
        let step =
            format!("[[step]]\nuser = \"{text}\"\nsays = \"{text}\"\nreplies = []\nwithin = \"300ms\"");
        let tells = async {
            delivered(text).await;
            note(text, event);
        };
        let (report, ()) = tokio::join!(play(&sandbox, &step), tells);
        assert_eq!(report.has_passed(), passes, "{report}");
        assert!(report.to_string().contains(told), "{report}");
    }
}

#[tokio::test]
async fn a_step_without_replies_passes_and_says_that_they_were_not_checked() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", register).await;
    let report = play(&sandbox, STEPS[0]).await;
    assert_eq!(
        (report.to_string().as_str(), report.in_chinese().to_string().as_str()),
        (
            "✓ step 1: a says: “x”\n    accepted; replies not checked\npassed\n",
            "✓ 第 1 步：a 说：“x”\n    已接受；未检查回复\n通过\n"
        )
    );
    bot.stop().await;
}

#[tokio::test]
async fn a_difference_of_several_lines_is_written_in_lines_in_both_languages_and_moves_no_terminal() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", |service| {
        service.on(|_: Text, _context| async { "one\n\u{1b}[2Jtwo\u{202e}" })
    })
    .await;
    let step = "[[step]]\nuser = \"a\"\nsays = \"x\"\nreplies = [{ kind = \"text\", exact = \"one\\nthree\" }]\n";
    let report = play(&sandbox, &format!("{step}[[step]]\nunfollows = true")).await;
    let url = &sandbox.deliveries()[0].url;
    assert_eq!(
        report.to_string(),
        format!(
            "✗ step 1: a says: “x”\n    \
                expected text that is exactly:\n      “one\n       three”\n    \
                received text:\n      “one\n       \\u{{1b}}[2Jtwo\\u{{202e}}”\n    \
                {url} accepted it (delivery 1)\n\
            failed: it went differently, and ends here; steps not played: 1\n"
        )
    );
    let body = ask(sandbox.local_addr(), "POST /sandbox/play?lang=zh", &[], step).await.body;
    let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&answer["passed"], answer["report"].as_str().unwrap()),
        (
            &serde_json::Value::Bool(false),
            format!(
                "✗ 第 1 步：a 说：“x”\n    \
                    预期文本，内容为：\n      “one\n       three”\n    \
                    收到文本：\n      “one\n       \\u{{1b}}[2Jtwo\\u{{202e}}”\n    \
                    {url} 已接受（推送 2）\n\
                未通过：与预期不同\n"
            )
            .as_str()
        )
    );
    let empty = ask(sandbox.local_addr(), "POST /sandbox/play", &[], "").await;
    assert_eq!(empty.status, 400);
    assert!(empty.body.contains("the conversation has no step"), "{}", empty.body);
    bot.stop().await;
}

#[tokio::test]
async fn what_was_recorded_plays_green_on_another_sandbox_and_not_on_another_bot() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", register).await;
    let user = sandbox.user("<img onerror=x>\"");
    user.follows().await;
    user.received().await;
    user.says("a\n\"b\" \\ 'c' \u{7f} \u{1f468}").await;
    user.received().await;
    let place = ChatContent::Location { latitude: 1.5, longitude: -2.0, label: "x".into() };
    user.sends(place).await;
    user.received().await;
    user.received().await;
    user.sends(ChatContent::Voice { url: "http://x/y.amr".into(), seconds: None }).await;
    user.unfollows().await;
    bot.idle().await;
    let recorded = super::ask(sandbox.local_addr(), "GET /sandbox/recording?after=0", &[], "").await;
    assert_eq!(recorded.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(recorded.body.contains("sends = { kind = \"voice\", url = \"http://x/y.amr\" }"));
    bot.stop().await;

    let second = Sandbox::start().await;
    let bot = Bot::start(&second, "", register).await;
    let report = play(&second, &recorded.body).await;
    assert!(report.has_passed(), "{}\n{report}", recorded.body);
    bot.stop().await;

    let third = Sandbox::start().await;
    let bot = Bot::start(&third, "", |service| service.on(|_: Text, _context| async { "no" })).await;
    let text = recorded.body.replace("replies = [", "within = \"300ms\"\nreplies = [");
    assert!(!play(&third, &text).await.has_passed());
    bot.stop().await;
}
