//! Conversation files with time, states and a person, played by the executable on its own server.

use std::{fs, process::Command};

use axum::{Router, http::HeaderMap, routing::post};
use rongcloud_callback::clock::{Clock, UnixMillis};
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet};

/// Plays a conversation with further arguments; returns whether it passed, and what was printed.
async fn play(text: &str, arguments: &[&str]) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("conversation.toml");
    fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rongcloud-callback"));
    command.env_clear().env("TMPDIR", folder.path()).args(arguments);
    command.args(["sandbox", "--play", file.to_str().unwrap()]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

/// An order that expires, a reminder, and a person.
const TALK: &str = r#"
[[step]]
user = "ann"
says = "下单"
replies = [{ contains = "要多大号？" }]
state = { dialogue = "order", body = "Size" }

[[step]]
says = "large"
replies = [{ contains = "请回复数字" }]
state = "order"

[[step]]
says = "42"
replies = [{ contains = "寄到哪里？" }]
state = { dialogue = "order", body = { Address = { size = 42 } } }

[[step]]
after = "31m"
replies = [{ contains = "下单已超时" }]
state = "none"

[[step]]
user = "carol"
says = "提醒"
replies = [{ contains = "30 分钟后" }]

[[step]]
user = "bo"
says = "人工"
replies = [{ contains = "人工客服" }]
state = "person"

[[step]]
says = "在吗？"
replies = []
state = "person"

[[step]]
answers = "我是小李"
replies = [{ exact = "我是小李" }]
state = "person"

[[step]]
hands_back = true
replies = [{ contains = "人工服务已结束" }]
state = "none"

[[step]]
takes_over = true
replies = [{ contains = "人工客服" }]
state = "person"

[[step]]
user = "carol"
after = "31m"
replies = [{ exact = "30 分钟到了。" }]

[[step]]
user = "bo"
replies = [{ contains = "人工服务已结束" }]
state = "none"
"#;

#[tokio::test]
async fn the_bot_of_the_sandbox_takes_an_order_forgets_it_reminds_and_calls_a_person() {
    let (has_passed, report) = play(TALK, &[]).await;
    assert!(has_passed, "{report}");
    let other = TALK.replace("size = 42", "size = 43");
    let (has_passed, report) = play(&other, &[]).await;
    let difference = "    expected state: order {\"Address\":{\"size\":43}}\n    \
                      its state: order {\"Address\":{\"size\":42}}\n";
    assert!(!has_passed && report.contains(difference), "{report}");
    let (has_passed, report) = play("[[step]]\nuser = \"ann\"\nanswers = \"hello\"", &[]).await;
    let refused = "✗ step 1: a person answers ann: “hello”\n    the server's desk refuses it: the bot has this conversation";
    assert!(!has_passed && report.starts_with(refused), "{report}");
}

/// A service that answers everything, and the time of each request that is signed.
async fn service() -> (String, mpsc::UnboundedReceiver<i64>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (sender, times) = mpsc::unbounded_channel();
    let answer = move |headers: HeaderMap| async move {
        let time = headers["webhook-timestamp"].to_str().unwrap().parse().unwrap();
        sender.send(time).unwrap();
        r#"[{ "text": "served" }]"#
    };
    let router = Router::new().route("/", post(answer));
    let serving = JoinSet::from_iter([async { axum::serve(listener, router).await.unwrap() }]);
    (url, times, serving)
}

#[tokio::test]
async fn rules_and_the_desk_of_a_configuration_go_by_the_time_that_passes_and_its_services_do_not() {
    let (url, mut times, _serving) = service().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bot.toml");
    let rules = format!(
        "[desk]\ngive_back_after = \"2h\"\ngiven_back = \"the bot again\"\n\
         [[apps]]\nkey = \"k\"\nsecrets = [\"s\"]\napi_url = \"http://127.0.0.1:9\"\n\
         [[rules]]\nname = \"shop\"\non = \"text\"\nkeyword = {{ is = [\"shop\"] }}\n\
         forward = {{ url = \"{url}\", secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\" }}\n\
         [[rules]]\non = \"text\"\nkeyword = {{ is = [\"person\"] }}\nhand_over = true\nreply = {{ text = \"wait\" }}\n\
         [[rules]]\nname = \"hello\"\non = \"text\"\nevery = \"1h\"\nreply = {{ text = \"hello\" }}\n"
    );
    fs::write(&file, rules).unwrap();
    let conversation = r#"
        [[step]]
        user = "ann"
        says = "hi"
        replies = [{ exact = "hello" }]

        [[step]]
        after = "59m"
        says = "hi"
        replies = []

        [[step]]
        after = "2m"
        says = "hi"
        replies = [{ exact = "hello" }]

        [[step]]
        after = "24h"
        says = "shop"
        replies = [{ exact = "served" }]

        [[step]]
        says = "person"
        replies = [{ exact = "wait" }]
        state = "person"

        [[step]]
        after = "1h"
        replies = []
        state = "person"

        [[step]]
        after = "1h"
        replies = [{ exact = "the bot again" }]
        state = "none"
    "#;
    let (has_passed, report) = play(conversation, &["--config", file.to_str().unwrap()]).await;
    assert!(has_passed, "{report}");
    // The service goes by its own clock, and would refuse a request from the next day.
    let signed = UnixMillis(times.recv().await.unwrap() * 1000);
    let now = Clock::system().now();
    assert!(now.since(signed).as_secs() < 300 && signed <= now, "{signed:?} {now:?}");
}
