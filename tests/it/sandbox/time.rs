//! Time that passes for the sandbox and for its server at once.

use std::time::Duration;

use rongcloud_callback::{
    CallbackService, Dialogue, Reply, Text, Turn,
    clock::Clock,
    sandbox::{Conversation, DeliveryState, Options, Sandbox},
};
use serde::{Deserialize, Serialize};

use super::{Bot, ask, json};

const HALF_AN_HOUR: Duration = Duration::from_mins(30);

/// A question with a second one, which ends after half an hour.
#[derive(Serialize, Deserialize, Default)]
enum Question {
    #[default]
    Start,
    Asked,
}

impl Dialogue for Question {
    const NAME: &'static str = "question";

    fn expired(self) -> Reply {
        Reply::none().and("too late")
    }
}

fn next(question: &Question, text: &str) -> Turn<Question> {
    match (question, text) {
        (Question::Start, "ask") => Turn::to(Question::Asked).say("and?"),
        (Question::Start, "remind") => Turn::end().say("yes").later(HALF_AN_HOUR, "reminder"),
        (Question::Start, _) => Turn::pass(),
        (Question::Asked, _) => Turn::end().say("thanks"),
    }
}

fn register(service: CallbackService) -> CallbackService {
    service
        .dialogue(async |question: Question, text: Text, _context| next(&question, &text.content))
        .on(async |text: Text, _context| text.content)
}

#[tokio::test]
async fn a_month_later_both_sides_still_believe_each_other() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", |service| register(service.with_clock(sandbox.clock()))).await;
    let user = sandbox.user("ann");
    for text in ["today", "in a month"] {
        let delivery = user.says(text).await;
        assert_eq!(delivery.state, DeliveryState::Accepted, "{delivery:#?}");
        assert_eq!(user.received().await.text(), text);
        sandbox.advance(Duration::from_hours(30 * 24));
    }
    let refused: Vec<_> = sandbox.calls().into_iter().filter_map(|call| call.refused).collect();
    assert_eq!(refused, [""; 0], "the replies were signed by the same clock");
    let messages = sandbox.messages();
    assert!(messages[2].at.since(messages[0].at) >= Duration::from_hours(30 * 24));
    bot.stop().await;
}

#[tokio::test]
async fn a_dialogue_expires_and_a_reminder_comes_when_their_time_has_passed_and_not_before() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", |service| register(service.with_clock(sandbox.clock()))).await;
    let (ann, bo) = (sandbox.user("ann"), sandbox.user("bo"));
    for (user, text, reply) in [(&ann, "ask", "and?"), (&bo, "remind", "yes")] {
        user.says(text).await;
        assert_eq!(user.received().await.text(), reply);
    }
    sandbox.advance(Duration::from_mins(29));
    ann.received_nothing(Duration::from_millis(800)).await;
    bo.received_nothing(Duration::from_millis(10)).await;
    sandbox.advance(Duration::from_mins(1));
    assert_eq!(ann.received().await.text(), "too late");
    assert_eq!(bo.received().await.text(), "reminder");
    ann.says("so?").await;
    assert_eq!(ann.received().await.text(), "so?", "the dialogue has ended");
    bot.stop().await;
}

#[tokio::test]
async fn a_server_with_a_clock_of_its_own_refuses_callbacks_from_the_future() {
    let sandbox = Sandbox::start_with(Options { pause: Duration::from_millis(1), ..Options::default() })
        .await
        .unwrap();
    let bot = Bot::start(&sandbox, "", register).await;
    sandbox.advance(Duration::from_mins(31));
    let delivery = sandbox.user("ann").says("hello").await;
    assert_eq!(delivery.state, DeliveryState::Failed);
    assert_eq!(delivery.attempts[0].status, Some(401));
    bot.stop().await;
}

#[tokio::test]
async fn a_conversation_file_lets_time_pass_before_a_step_and_before_its_replies() {
    let sandbox = Sandbox::start().await;
    let bot = Bot::start(&sandbox, "", |service| register(service.with_clock(sandbox.clock()))).await;
    let conversation = r#"
        [[step]]
        user = "ann"
        says = "remind"
        replies = [{ exact = "yes" }]

        [[step]]
        after = "29m"
        says = "ask"
        replies = [{ exact = "and?" }]

        [[step]]
        after = "1m"
        replies = [{ exact = "reminder" }]

        [[step]]
        after = "28m"
        says = "here"
        replies = [{ exact = "thanks" }]

        [[step]]
        says = "ask"
        replies = [{ exact = "and?" }]

        [[step]]
        after = "1h"
        says = "hello"
        replies = [{ exact = "too late" }, { exact = "hello" }]

        [[step]]
        user = "bo"
        says = "remind"
        replies = [{ exact = "yes" }]

        [[step]]
        after = "31m"
        says = "hello"
        replies = [{ exact = "reminder" }, { exact = "hello" }]
    "#;
    let report = sandbox.play(&conversation.parse::<Conversation>().unwrap()).await;
    assert!(report.has_passed(), "{report}");
    assert!(report.to_string().contains("✓ step 3: 1m later, ann waits\n"), "{report}");
    assert!(report.in_chinese().to_string().contains("✓ 第 2 步：29m 后，ann 说：“ask”\n"));

    let late = "[[step]]\nuser = \"bo\"\nsays = \"remind\"\nreplies = [{ exact = \"yes\" }]\n\
                [[step]]\nafter = \"29m\"\nreplies = [{ exact = \"reminder\" }]\nwithin = \"500ms\"";
    let report = sandbox.play(&late.parse::<Conversation>().unwrap()).await.to_string();
    assert!(report.contains("✗ step 2: 29m later, bo waits\n"), "{report}");
    bot.stop().await;
}

#[tokio::test]
async fn time_is_no_script_s_to_pass_where_the_server_has_a_clock_of_its_own() {
    let sandbox = Sandbox::start().await;
    let advance = async |sandbox: &Sandbox, body: &str| {
        let answer = ask(sandbox.local_addr(), "POST /sandbox/advance", &[], body).await;
        (answer.status, json(&answer))
    };
    let before = sandbox.now();
    let (status, answer) = advance(&sandbox, "{\"by\":\"24h\"}").await;
    assert_eq!(status, 200);
    let now = answer["now"].as_i64().unwrap();
    assert!(now >= before.plus(Duration::from_hours(24)).0 && now <= sandbox.now().0);
    for wrong in ["soon", "-1h", "400000h"] {
        let (status, answer) = advance(&sandbox, &format!("{{\"by\":\"{wrong}\"}}")).await;
        assert_eq!(status, 400);
        assert!(answer["error"].as_str().unwrap().contains(wrong), "{answer}");
    }
    let elsewhere = Options { clock: Clock::system(), ..Options::default() };
    let elsewhere = Sandbox::start_with(elsewhere).await.unwrap();
    let (status, answer) = advance(&elsewhere, "{\"by\":\"24h\"}").await;
    assert_eq!(status, 409);
    assert!(answer["error"].as_str().unwrap().contains("a clock of its own"), "{answer}");
    for (sandbox, can_advance) in [(&sandbox, true), (&elsewhere, false)] {
        let state = json(&ask(sandbox.local_addr(), "GET /sandbox/state", &[], "").await);
        assert_eq!(state["can_advance"], can_advance);
    }
    let play = "[[step]]\nuser = \"ann\"\nsays = \"x\"\n[[step]]\nafter = \"1h\"\n";
    let report = elsewhere.play(&play.parse::<Conversation>().unwrap()).await;
    assert!(!report.has_passed() && elsewhere.messages().is_empty());
    assert!(
        report
            .to_string()
            .starts_with("✗ step 2 has `after`, but the server goes by a clock of its own")
    );
    assert!(report.to_string().ends_with("\nfailed: nothing was played\n"));
    assert!(report.in_chinese().to_string().starts_with("✗ 第 2 步有 `after`，但服务器使用自己的时钟"));
}
