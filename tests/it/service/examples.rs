//! The programs of `examples/`, run as they stand.

use rongcloud_callback::{
    journal::State,
    sandbox::{Options, Sandbox},
};

use crate::support::{
    messages::{APP, PATH, SECRET, subscribe, text},
    platform::Platform,
    process::Home,
    until,
};

#[tokio::test]
async fn the_ten_lines_of_the_readme_echo() {
    let platform = Platform::start().await;
    let home = Home::of_example("echo", &platform.url());
    let server = home.start().await;
    server.deliver(&text("user", "1", "hello")).await.assert_ack();
    until("a reply", async || (!platform.sent().is_empty()).then_some(())).await;
    assert_eq!(platform.sent(), [("user".to_owned(), "You said: hello".to_owned())]);
}

#[tokio::test]
async fn the_order_bot_counts_welcomes_and_gives_up_on_unknown_orders() {
    let platform = Platform::start().await;
    let home = Home::of_example("orders", &platform.url());
    let server = home.start().await;
    server.deliver(&subscribe("user")).await.assert_ack();
    for (id, content) in [("1", "order 42"), ("2", "order 42"), ("3", "order 1"), ("4", "hello")] {
        server.deliver(&text("user", id, content)).await.assert_ack();
    }
    until("five replies", async || (platform.sent().len() == 5).then_some(())).await;
    let texts: Vec<_> = platform.sent().into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts[0], "Welcome, user!");
    assert_eq!(texts[2], "Order 42: on its way (you asked 1 times)");
    assert_eq!(texts[3], "Order 42: on its way (you asked 2 times)");
    assert_eq!(texts[4], "I only know about orders.");
    let dead: Vec<_> =
        home.records().await.into_iter().filter(|record| record.state == State::Dead).collect();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].reason.as_deref(), Some("no such order"));
}

/// Plays a conversation file with a program.
async fn goes_as_written(example: &str, conversation: &str) {
    let options = Options { app_key: APP.into(), secret: SECRET.into(), ..Options::default() };
    let sandbox = Sandbox::start_with(options).await.unwrap();
    let home = Home::of_example(example, sandbox.api_url());
    let server = home.start().await;
    sandbox.route_to(format!("http://{}{PATH}", server.callbacks));
    let report = sandbox.play(&conversation.parse().unwrap()).await;
    assert!(report.has_passed(), "{report}");
}

#[tokio::test]
async fn the_order_dialogue_goes_as_its_conversation_file_says() {
    goes_as_written("order_dialogue", include_str!("../../../examples/order_dialogue.toml")).await;
}

#[tokio::test]
async fn the_menus_go_as_their_conversation_file_says() {
    goes_as_written("choice", include_str!("../../../examples/choice.toml")).await;
}

#[tokio::test]
async fn the_form_goes_as_its_conversation_file_says() {
    goes_as_written("form", include_str!("../../../examples/form.toml")).await;
}
