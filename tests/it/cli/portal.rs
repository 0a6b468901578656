//! The commands that go through the portal of an app.

use std::{fs, io::Write as _};

use serde_json::Value;
use tempfile::NamedTempFile;

use super::{
    calls::{CommandResult, OK, run},
    executable, outcome,
};
use crate::{
    client::support::{answering, json},
    fixtures::fixture,
};

const DONE: &str = r#"{"msg":"","code":200}"#;

/// Runs a command with a configuration that has a portal, which gives every call the same answer.
pub(super) async fn run_portal(status: u16, body: &str, arguments: &[&str]) -> CommandResult {
    let server = answering(status, body).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("callback.toml");
    let text = format!(
        "[[apps]]\nkey = 'test-app'\nsecrets = ['s']\napi_url = 'http://127.0.0.1:9'\n\
         [apps.portal]\nurl = '{}'\necode = 'acme'\ntoken = 't0ken'\n",
        server.uri()
    );
    fs::write(&file, text).unwrap();
    let mut command = executable(arguments);
    let output = command.env("RONGCLOUD_CALLBACK_CONFIG", &file).output().unwrap();
    let (code, output, errors) = outcome(output);
    CommandResult { code, output, errors, requests: server.received_requests().await.unwrap() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_through_the_portal() {
    let send = ["send", "news", "--to", "u1,u2", "--text", "hi", "--portal"];
    let done = run_portal(200, DONE, &send).await;
    assert_eq!(done.output, "done for 2 user(s)\n");
    let request = done.request();
    assert_eq!(request.url.path(), "/interface/acme/api/push/send");
    assert_eq!(
        json(&request.body),
        json(br#"{"channelId":"news","toUserId":"u1,u2","msgtype":"text","text":{"content":"hi"}}"#)
    );
    let all = ["send", "news", "--all", "--yes", "--mpnews", "m1", "--portal"];
    let done = run_portal(200, DONE, &all).await;
    assert_eq!(done.output, "sent to all followers\n");
    assert_eq!(done.request().url.path(), "/interface/acme/api/push/mass/send");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_s_own_bodies_are_sent_as_they_are() {
    for heading in ["发送文本消息", "发送图文消息", "发送图片消息"] {
        let example = fixture(&format!("portal/{heading}/request.json"));
        let mut expected = json(example.as_bytes());
        let articles = expected.pointer_mut("/news/articles").and_then(Value::as_array_mut);
        for article in articles.into_iter().flatten() {
            // The document's table has picUrl, its example picurl: both are sent.
            article["picUrl"] = article["picurl"].clone();
        }
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(example.as_bytes()).unwrap();
        let users = expected["toUserId"].as_str().unwrap().to_owned();
        let path = file.path().to_str().unwrap();
        let send = ["send", "fingersoft", "--to", &users, "--json-file", path, "--portal"];
        let request = run_portal(200, DONE, &send).await.request();
        assert_eq!(json(&request.body), expected, "{heading}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_have_a_link_for_each_device_and_a_message_the_user_it_seems_to_come_from() {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(
        br#"{"articles":[{"title":"t","description":"d","pcUrl":"http://p","appUrl":"http://a","picUrl":"http://x"}]}"#,
    )
    .unwrap();
    let expected = br#"{"articles":[{"title":"t","description":"d","pcUrl":"http://p","appUrl":"http://a","picUrl":"http://x","picurl":"http://x"}]}"#;
    let card = [
        "--title",
        "t",
        "--description",
        "d",
        "--pc-url",
        "http://p",
        "--app-url",
        "http://a",
        "--picture",
        "http://x",
    ];
    for content in [&["--news", file.path().to_str().unwrap()][..], &card] {
        let send = [&["send", "news", "--to", "u1", "--portal"], content].concat();
        let request = run_portal(200, DONE, &send).await.request();
        assert_eq!(json(&request.body)["news"], json(expected), "{content:?}");
        assert!(json(&request.body).get("userinfo").is_none());
    }
    let userinfo = ["--userinfo-id", "1", "--userinfo-name", "n", "--userinfo-picture", "http://h"];
    let send = [&["send", "news", "--to", "u1", "--portal", "--text", "hi"], &userinfo[..]].concat();
    let request = run_portal(200, DONE, &send).await.request();
    assert_eq!(
        json(&request.body)["userinfo"],
        json(br#"{"id":"1","name":"n","headimgurl":"http://h"}"#)
    );

    for send in [
        &["send", "news", "--to", "u1", "--text", "hi", "--portal", "--userinfo-id", "1"][..],
        &[&["send", "news", "--to", "u1", "--text", "hi"], &userinfo[..]].concat(),
        &[&["send", "news", "--to", "u1"], &card[..]].concat(),
    ] {
        let done = run_portal(200, DONE, send).await;
        assert_eq!((done.code, done.requests.len()), (Some(1), 0), "{send:?}: {}", done.errors);
    }
    let without_text = [
        "send",
        "news",
        "--to",
        "u1",
        "--portal",
        "--title",
        "t",
        "--picture",
        "http://x",
        "--url",
        "http://u",
    ];
    let failed = run_portal(200, DONE, &without_text).await.failed();
    assert!(failed.contains("the article needs a description"), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_masks_the_token() {
    let send = ["send", "news", "--to", "u1", "--text", "hi", "--portal", "--dry-run"];
    let done = run_portal(200, DONE, &send).await;
    assert_eq!(done.requests.len(), 0);
    let printed = done.printed();
    assert!(printed.contains("?access_token=…"), "{printed}");
    assert!(!printed.contains("t0ken"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_portal_cannot_carry_is_told_of() {
    let send = ["send", "news", "--to", "u1", "--image-url", "http://a/b.jpg", "--portal"];
    insta::assert_snapshot!(run_portal(200, DONE, &send).await.failed(), @r#"
    error: the portal sends no picture or recording by url: upload it to the portal first
    hint: nothing was sent: docs/api.md says what goes to whom
    exit code 1
    "#);
    let refused = run_portal(
        200,
        r#"{"msg":"expired","code":401}"#,
        &["send", "news", "--all", "--yes", "--text", "hi", "--portal"],
    );
    let refused = refused.await.failed();
    let (what, next) = (
        "error: no valid access token for the portal: the portal refused it (HTTP 200, errcode 401: expired) at POST \
         http://127.0.0.1:",
        "/…/push/mass/send\nhint: look at `token` or `token_file` of [apps.portal]\nexit code 2",
    );
    assert!(refused.starts_with(what) && refused.ends_with(next), "{refused}");
    insta::assert_snapshot!(run(200, OK, &send).await.failed(), @r#"
    error: the app test-app has no portal
    hint: write a section [apps.portal] below it; `config/callback.toml` shows one
    exit code 1
    "#);
}
