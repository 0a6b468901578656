//! The log's lines about messages and replies, read from the executable's standard error.

use serde_json::Value;

use crate::support::{
    http::Connection,
    messages::{delivery, text},
    platform::Platform,
    process::{Home, Process},
    until,
};

const ECHO: &str = "[[rules]]\nname = \"echo\"\non = \"text\"\nreply = { text = \"{{ content }}\" }\n";

/// Stops a server, and returns its whole log.
fn stop_and_read_log(process: Process) -> Vec<Value> {
    process.terminate();
    let (status, lines) = process.ended();
    assert!(status.success(), "{lines:#?}");
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn with_message<'l>(log: &'l [Value], message: &str) -> Vec<&'l Value> {
    log.iter()
        .filter(|line| line["message"].as_str().is_some_and(|it| it.starts_with(message)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handled_message_is_one_line_at_info_and_a_sent_reply_is_none() {
    let platform = Platform::start().await;
    let home = Home::new().with_api(&platform.url()).with(ECHO);
    let process = home.start().await;
    process.deliver(&text("ann", "m1", "hello")).await.assert_ack();
    process.told("reply sent").await;
    let log = stop_and_read_log(process);
    let handled = with_message(&log, "message handled");
    let [line] = handled[..] else { panic!("{handled:#?}") };
    assert_eq!((&line["level"], &line["by"]), (&"INFO".into(), &"rule \"echo\"".into()));
    assert_eq!(line["replies"], 1);
    assert!(line["duration_ms"].as_str().is_some(), "{line}");
    let span = &line["span"];
    for (field, value) in [
        ("app", "test-app"),
        ("account", "demo"),
        ("user", "ann"),
        ("message_id", "m1"),
        ("kind", "text"),
        ("queue", "inbox"),
    ] {
        assert_eq!(span[field], value, "{span}");
    }
    let sent = with_message(&log, "reply sent");
    assert_eq!((&sent[0]["level"], &sent[0]["span"]["answers"]), (&"DEBUG".into(), &"1".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_twenty_handled_messages_a_second_are_lines_and_the_others_are_counted() {
    const MESSAGES: u64 = 400;
    let home = Home::new().with("[[rules]]\non = \"text\"\nreply = []\n");
    let process = home.start().await;
    let mut connection = Connection::open(process.callbacks).await;
    for number in 0..MESSAGES {
        let body = text(&format!("user{number}"), &number.to_string(), "hello");
        connection.ask(delivery(&body)).await.assert_ack();
    }
    drop(connection);
    until("all handled", async || {
        let done = home.records().await.iter().filter(|it| it.settled_at.is_some()).count();
        (done as u64 == MESSAGES).then_some(())
    })
    .await;
    // The line comes without another message, and before the end of the server.
    process.told("messages were handled in this second").await;
    let log = stop_and_read_log(process);
    let (mut lines_of_second, mut left_out, mut lines) = (0, 0, 0);
    for line in &log {
        match line["message"].as_str().unwrap_or_default() {
            "message handled" => {
                (lines, lines_of_second) = (lines + 1, lines_of_second + 1);
                assert!(lines_of_second <= 20, "{log:#?}");
            }
            message if message.contains("handled in this second") => {
                assert_eq!((&line["level"], lines_of_second), (&"INFO".into(), 20));
                assert!(line["span"].is_null(), "it is about no message of its own: {line}");
                left_out += message.split(' ').nth(1).unwrap().parse::<u64>().unwrap();
                lines_of_second = 0;
            }
            _ => {}
        }
    }
    assert_eq!(lines + left_out, MESSAGES);
    assert!(left_out > 0, "{MESSAGES} messages were handled in {lines} lines");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_fails_names_the_address_and_the_message_that_it_answers() {
    let deliver = "[deliver]\nbackoff = \"10ms\"\nattempts = 2\n";
    let home = Home::new().with_api("http://127.0.0.1:9").with(deliver).with(ECHO);
    let process = home.start().await;
    process.deliver(&text("ann", "m1", "hello")).await.assert_ack();
    process.told("given up: now a dead letter").await;
    let log = stop_and_read_log(process);
    for (message, level) in [("attempt failed", "WARN"), ("given up: now a dead letter", "ERROR")] {
        let lines = with_message(&log, message);
        let [line] = lines[..] else { panic!("{lines:#?}") };
        assert_eq!(line["level"], level);
        assert_eq!(
            line["reason"],
            "no answer to POST http://127.0.0.1:9/message/operation/send.json: Connection refused (os error 111)"
        );
        let span = &line["span"];
        assert_eq!(
            (&span["queue"], &span["entry"], &span["answers"]),
            (&"outbox".into(), &"2".into(), &"1".into())
        );
        assert_eq!((&span["account"], &span["user"]), (&"demo".into(), &"ann".into()));
    }
    let given_up = with_message(&log, "given up")[0]["message"].as_str().unwrap();
    assert!(given_up.contains("`rongcloud-callback journal revive 2`"), "{given_up}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_no_rule_takes_is_told_of_without_a_word_of_rust() {
    let rule = "[[rules]]\non = \"text\"\nkeyword = { is = \"help\" }\nreply = { text = \"yes?\" }\n";
    let home = Home::new().with(rule);
    let process = home.start().await;
    process.deliver(&text("ann", "m1", "hello")).await.assert_ack();
    process.told("no rule or handler takes the message").await;
    let log = stop_and_read_log(process);
    let warnings = with_message(&log, "no rule or handler has taken a message of the kind `text`");
    let [warning] = warnings[..] else { panic!("{log:#?}") };
    let words = warning["message"].as_str().unwrap();
    assert!(words.contains("[[rules]]") && !words.contains("CallbackService"), "{words}");
}
