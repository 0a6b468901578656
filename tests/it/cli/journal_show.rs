//! `journal show`: the whole story of an entry.

use serde_json::Value;

use super::outcome;
use crate::support::{messages::text, process::Home, until};

fn shown(home: &Home, arguments: &[&str]) -> String {
    let (code, output, errors) =
        outcome(home.command(&[&["journal", "show"], arguments].concat()).output().unwrap());
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{arguments:?}");
    output
}

fn story(home: &Home, id: i64) -> Value {
    serde_json::from_str(&shown(home, &[&id.to_string(), "--json"])).unwrap()
}

/// The line of a field.
fn field<'a>(shown: &'a str, name: &str) -> &'a str {
    let line = shown.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
    line.unwrap_or_else(|| panic!("{name}: {shown}")).trim()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_shown_with_its_ending_its_state_and_the_failed_attempts_at_its_replies() {
    // Nobody listens there: each reply fails.
    let home = Home::of_example("order_dialogue", "http://127.0.0.1:9");
    let server = home.start().await;
    server.deliver(&text("ann", "m1", "下单")).await.assert_ack();
    let first = home_entry(&home, "m1").await;
    let told = until("a failed attempt at the reply", async || {
        let story = story(&home, first);
        story["replies"][0]["failed_attempts"][0].is_object().then_some(story)
    })
    .await;
    assert_eq!(told["ending"]["as"], "handled");
    let by = told["ending"]["by"].as_str().unwrap();
    assert!(by.contains("order"), "{by}");
    assert_eq!((&told["state_changed"], &told["state_before"]), (&true.into(), &Value::Null));
    assert_eq!(told["state_after"]["dialogue"], "order");
    assert_eq!(told["state_after"]["body"]["Size"]["item"], "鞋");
    assert_eq!((&told["why"], &told["failed_attempts"]), (&Value::Null, &Value::Array(Vec::new())));
    let attempt = &told["replies"][0]["failed_attempts"][0];
    assert_eq!(attempt["number"], 1);
    assert!(attempt["took"].is_u64() && attempt["replica"].as_str().unwrap().contains('/'), "{attempt}");
    assert!(attempt["ended_at"].as_str().unwrap().ends_with('Z'), "{attempt}");
    let reason = attempt["reason"].as_str().unwrap();

    let reply = told["replies"][0]["id"].as_i64().unwrap();
    let words = shown(&home, &[&first.to_string()]);
    assert_eq!(field(&words, "ended"), format!("handled by {by}"));
    assert_eq!(field(&words, "state_before"), "none");
    assert!(field(&words, "state_after").starts_with("order, version "), "{words}");
    assert!(field(&words, "failed").starts_with(&format!("reply {reply}: attempt 1 at 20")), "{words}");
    assert!(field(&words, "failed").ends_with(reason), "{words}");
    assert!(field(&words, "waits").starts_with(&format!("reply {reply}: ")), "{words}");
    assert!(field(&shown(&home, &[&reply.to_string()]), "failed").starts_with("attempt 1 at 20"));

    // The reply to the second message waits behind the one to the first.
    server.deliver(&text("ann", "m2", "42")).await.assert_ack();
    let second = home_entry(&home, "m2").await;
    let told = until("a second reply", async || {
        let story = story(&home, second);
        story["replies"][0].is_object().then_some(story)
    })
    .await;
    assert_eq!(told["state_before"]["body"]["Size"]["item"], "鞋");
    assert_eq!(told["state_after"]["body"]["Address"]["size"], 42);
    let behind = told["replies"][0]["id"].as_i64().unwrap();
    let why = story(&home, behind)["why"].clone();
    assert_eq!((&why["is"], &why["entry"]), (&"behind".into(), &reply.into()));
    let words = shown(&home, &[&behind.to_string()]);
    assert_eq!(field(&words, "waits"), format!("entry {reply} of its conversation comes first"));
}

/// The number of the message with this id.
async fn home_entry(home: &Home, message_id: &str) -> i64 {
    until("the message is in the journal", async || {
        let (_, output, _) = outcome(home.command(&["journal", "list", "--json"]).output().unwrap());
        let rows = output.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.filter(|row| row["message_id"] == message_id).find_map(|row| row["id"].as_i64())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_nobody_works_on_says_that_no_server_runs() {
    let home = Home::new();
    let server = home.start().await;
    server.deliver("<xml><ToUserName>mcid</ToUserName></xml>").await.assert_error(400, 1002);
    server.kill();
    let (code, _, errors) =
        outcome(home.command(&["journal", "revive", "--all-dead"]).output().unwrap());
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let words = shown(&home, &["1"]);
    assert_eq!(
        field(&words, "waits"),
        "no worker has settled it: is a server running? if so, it tells more (`--server`)"
    );
    assert_eq!(story(&home, 1)["why"]["is"], "unknown");
}
