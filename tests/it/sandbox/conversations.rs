//! Conversation files: played, recorded, and the differences that they show.

use rongcloud_callback::{
    CallbackService, Location, Subscribe, Text, Unsubscribe,
    sandbox::{Content, Conversation, Report, Sandbox},
};

use super::Bot;

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
    // The step whose replies do not matter is left out: its reply may come during the next one.
    let text = FINE.replace("[[step]]\nuser = \"ann\"\nsays = \"whatever comes\"\n", "");
    let report = play(&sandbox, &text).await;
    assert!(report.passed(), "{report}");
    assert!(report.to_string().ends_with("passed\n"));
    bot.stop().await;
}

#[tokio::test]
async fn a_reply_that_differs_is_shown_beside_what_was_expected() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", register).await;
    let text = FINE.replace("You said: hello", "You wrote: hello");
    let report = play(&sandbox, &text).await;
    assert!(!report.passed());
    let report = report.to_string();
    let difference = "step 2: ann says \"hello\"\n  \
        - expected text that is exactly \"You wrote: hello\"\n  \
        + came     text \"You said: hello\"\n  (delivery 2 was accepted)\nfailed";
    assert!(report.contains(difference), "{report}");
    bot.stop().await;
}

#[tokio::test]
async fn a_reply_too_many_and_a_reply_too_few_are_differences() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", register).await;
    let step = "[[step]]\nuser = \"ann\"\nsays = \"x\"\n";
    let silent = play(&sandbox, &format!("{step}replies = []\nwithin = \"20s\"")).await.to_string();
    assert!(silent.contains("- expected nothing\n  + came     text \"You said: x\""), "{silent}");
    let two =
        format!("{step}replies = [{{ kind = \"text\" }}, {{ kind = \"text\" }}]\nwithin = \"200ms\"");
    let two = play(&sandbox, &two).await.to_string();
    assert!(two.contains("- expected text\n  + came     nothing"), "{two}");
    let place = "[[step]]\nuser = \"bo\"\nsends = { kind = \"location\", latitude = 1.0, longitude = 1.0, label = \"a\" }\n\
                 replies = [{ exact = \"a\" }]\n[[step]]\nuser = \"bo\"\nreplies = []\nwithin = \"20s\"";
    let surplus = play(&sandbox, place).await.to_string();
    assert!(surplus.contains("- expected nothing\n  + came     text \"there\""), "{surplus}");
    bot.stop().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_explains_a_missing_reply() {
    let sandbox = Sandbox::start().await;
    let report = play(
        &sandbox,
        "[[step]]\nuser = \"a\"\nsays = \"x\"\nreplies = [{ exact = \"x\" }]\nwithin = \"10ms\"",
    )
    .await;
    assert!(report.to_string().contains("(delivery 1 did not reach"), "{report}");
    assert!(report.to_string().contains("the account has no routeUrl"), "{report}");
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
    let place = Content::Location { latitude: 1.5, longitude: -2.0, label: "x".into() };
    user.sends(place).await;
    user.received().await;
    user.received().await;
    user.sends(Content::Voice { url: "http://x/y.amr".into(), seconds: None }).await;
    user.unfollows().await;
    bot.idle().await;
    let recorded = super::ask(sandbox.local_addr(), "GET /sandbox/recording?after=0", &[], "").await;
    assert_eq!(recorded.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(recorded.body.contains("sends = { kind = \"voice\", url = \"http://x/y.amr\" }"));
    bot.stop().await;

    let second = Sandbox::start().await;
    let bot = Bot::start(&second, "", register).await;
    let report = play(&second, &recorded.body).await;
    assert!(report.passed(), "{}\n{report}", recorded.body);
    bot.stop().await;

    let third = Sandbox::start().await;
    let bot = Bot::start(&third, "", |service| service.on(|_: Text, _context| async { "no" })).await;
    let text = recorded.body.replace("replies = [", "within = \"300ms\"\nreplies = [");
    assert!(!play(&third, &text).await.passed());
    bot.stop().await;
}
