//! The command `send` with a file that has the whole body of a message, as the documents write it.

use std::io::Write as _;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::{
    calls::{CommandResult, OK, run_at},
    portal::run_portal,
};
use crate::{
    client::support::{answering, json as parsed},
    fixtures::{HttpExample, fixture, names},
};

const APP: &str = "uwd1c0sxdlx2";

fn file(body: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(body.as_bytes()).unwrap();
    file
}

/// Sends a body for the app of the document's examples.
async fn send(body: &str, arguments: &[&str]) -> CommandResult {
    let file = file(body);
    let path = file.path().to_str().unwrap().to_owned();
    let arguments = [&["send"], arguments, &["--json-file", &path]].concat();
    run_at(&answering(200, OK).await, APP, &arguments).await
}

/// Asserts that a command fails without having sent anything; returns its errors.
async fn assert_refused(body: &Value, arguments: &[&str]) -> String {
    let done = send(&body.to_string(), arguments).await;
    assert_eq!((done.code, done.requests.len()), (Some(1), 0), "{body}: {}", done.errors);
    done.errors
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_s_bodies_need_no_flags_to_be_sent_as_they_are() {
    let mut count = 0;
    for name in names("/request.http") {
        let example = HttpExample::read(&name);
        let Some(call) = example.path.strip_prefix("/message/") else { continue };
        // The examples with several users have them in another app than their sender.
        let body = example.body.replace("@0vnjpoanq0ymg", "@uwd1c0sxdlx2");
        let to_all: &[&str] = if call.ends_with("sendall.json") { &["--all", "--yes"] } else { &[] };
        let stored: &[&str] = if call == "send.json" { &["--stored"] } else { &[] };
        let done = send(&body, &[to_all, stored].concat()).await;
        // The words that stand for addresses in the examples are sent with a warning.
        let placeholder = body.contains("\"PIC_URL\"");
        assert_eq!(
            done.errors.contains("warning: the picurl PIC_URL of the document's example"),
            placeholder
        );
        assert_eq!(
            (done.code, done.errors.is_empty()),
            (Some(0), !placeholder),
            "{name}: {}",
            done.errors
        );
        let request = done.request();
        assert_eq!(parsed(&request.body), parsed(body.as_bytes()), "{name}");
        assert_eq!(request.url.path(), example.path, "{name}");
        count += 1;
    }
    assert_eq!(count, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn command_and_body_may_say_the_same() {
    let body = json!({
        "fromuser": "news@uwd1c0sxdlx2", "touser": ["a@uwd1c0sxdlx2", "b@uwd1c0sxdlx2"],
        "msgtype": "text", "text": { "content": "hi" },
    });
    for arguments in [&["news", "--to", "b,a"][..], &["news"], &["--to", "a,b"]] {
        let done = send(&body.to_string(), arguments).await;
        assert_eq!(done.output, "done for 2 user(s)\n", "{arguments:?}: {}", done.errors);
    }
    let content = json!({ "text": { "content": "hi" } });
    let done = send(&content.to_string(), &["news", "--to", "a"]).await;
    assert_eq!(parsed(&done.request().body)["msgtype"], "text");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_body_says_otherwise_than_the_command_is_refused() {
    let text = json!({ "content": "hi" });
    let from = |user: &str| json!({ "fromuser": user, "text": text });
    let to = |user: &str| json!({ "touser": user, "text": text });
    for (body, arguments, why) in [
        (from("other@uwd1c0sxdlx2"), &["news", "--to", "a"][..], "from the account other"),
        (from("news@another"), &["news", "--to", "a"], "of the app another"),
        (to("b@uwd1c0sxdlx2"), &["news", "--to", "a"], "other users than the command names"),
        (to("a@another"), &["news", "--to", "a"], "of the app another"),
        (to("a@uwd1c0sxdlx2"), &["news", "--all", "--yes"], "the command says --all"),
        (json!({ "text": text }), &["--to", "a"], "no account is named"),
        (json!({ "text": text }), &["news"], "nobody is named"),
        (json!({ "filter": { "is_to_all": true }, "text": text }), &["news"], "say --all"),
        (json!({ "filter": { "is_to_all": true }, "text": text }), &["news", "--to", "a"], "say --all"),
        (json!({ "filter": { "is_to_all": false }, "text": text }), &["news", "--all"], "its filter is"),
        (json!({ "channelId": "news", "text": text }), &["news", "--to", "a"], "--portal"),
        (json!({ "userinfo": {}, "text": text }), &["news", "--to", "a"], "--portal"),
    ] {
        let errors = assert_refused(&body, arguments).await;
        assert!(errors.contains(why), "{body} {arguments:?}: {errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_body_says_otherwise_than_its_msgtype_is_refused() {
    let text = json!({ "content": "hi" });
    let card = json!({ "title": "t", "picurl": "http://a/b.jpg", "pcUrl": "http://a" });
    for (body, why) in [
        (json!({ "msgtype": "image", "text": text }), "its msgtype is image, and it holds text"),
        (json!({ "msgtype": "text" }), "its msgtype is text, which it does not hold"),
        (json!({ "msgtype": "video", "video": {} }), "its field video is none that can be sent"),
        (json!({ "msgtype": 1, "text": text }), "its msgtype: "),
        (json!({ "text": text, "image": { "url": "http://a" } }), "it holds text and image"),
        (json!({}), "it holds no message"),
        (json!([]), "it is no JSON object"),
        (json!({ "text": "hi" }), "its text is no JSON object"),
        (json!({ "text": { "content": "hi", "colour": "red" } }), "its text has a field colour"),
        (json!({ "touserr": "a", "text": text }), "its field touserr"),
        (json!({ "news": { "articles": [card] } }), "--portal"),
        (json!({ "news": { "articles": {} } }), "its articles are no list"),
        (json!({ "touser": 5, "text": text }), "neither a user nor a list of users"),
        (json!({ "touser": "", "text": text }), "an empty id"),
    ] {
        let to: &[&str] = if body["touser"].is_null() { &["--to", "a"] } else { &[] };
        let errors = assert_refused(&body, &[&["news"], to].concat()).await;
        assert!(errors.contains(why), "{body}: {errors}");
    }
    let errors =
        assert_refused(&json!({ "msgtype": "image", "text": text }), &["news", "--to", "a"]).await;
    insta::assert_snapshot!(errors.split_once('\n').unwrap().1, @r#"
    caused by: its msgtype is image, and it holds text
    hint: write the document's {"fromuser":"…","touser":"…","msgtype":"text","text":{"content":"…"}}, of any msgtype, or its last part only
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_portal_s_bodies_need_no_flags_to_be_sent_as_they_are() {
    const DONE: &str = r#"{"msg":"","code":200}"#;
    let headings = [
        "发送文本消息",
        "发送图片消息",
        "发送语音消息",
        "发送图文消息",
        "群发文本消息",
        "群发图片消息",
        "群发语音消息",
    ];
    for heading in headings {
        let example = fixture(&format!("portal/{heading}/request.json"));
        let mut expected = parsed(example.as_bytes());
        for article in
            expected.pointer_mut("/news/articles").and_then(Value::as_array_mut).into_iter().flatten()
        {
            // The document's table has picUrl, its example picurl: both are sent.
            article["picUrl"] = article["picurl"].clone();
        }
        let file = file(&example);
        let path = file.path().to_str().unwrap();
        let to_all: &[&str] = if heading.starts_with('群') { &["--all", "--yes"] } else { &[] };
        let options: &[&str] =
            if heading == "发送图文消息" { &["--news", "--json-file"] } else { &["--json-file"] };
        for option in options {
            let send = [&["send", "--portal", option, path], to_all].concat();
            let request = run_portal(200, DONE, &send).await.request();
            assert_eq!(parsed(&request.body), expected, "{heading} {option}");
        }
    }
    let refuse = async |body: Value, arguments: &[&str], why: &str| {
        let file = file(&body.to_string());
        let send =
            [&["send", "--portal", "--json-file", file.path().to_str().unwrap()], arguments].concat();
        let done = run_portal(200, DONE, &send).await;
        assert_eq!((done.code, done.requests.len()), (Some(1), 0), "{body}: {}", done.errors);
        assert!(done.errors.contains(why), "{body}: {}", done.errors);
    };
    let (text, one) =
        (json!({ "content": "hi" }), json!({ "id": "1", "name": "n", "headimgurl": "http://a" }));
    let userinfo = ["--userinfo-id", "2", "--userinfo-name", "n", "--userinfo-picture", "http://a"];
    let body = json!({ "channelId": "news", "toUserId": "a", "text": text, "userinfo": one });
    refuse(body, &userinfo, "userinfo is another one").await;
    let body = json!({ "text": text, "userinfo": one });
    refuse(body, &["news", "--all", "--yes"], "cannot seem to come from a user").await;
    refuse(json!({ "fromuser": "news@test-app", "text": text }), &["--to", "a"], "without --portal")
        .await;
    let card = json!({ "title": "t", "description": "d", "url": "http://a", "pcUrl": "http://b", "picUrl": "http://c" });
    let body = json!({ "news": { "articles": [card] } });
    refuse(body, &["news", "--to", "a"], "either a url or a pcUrl and an appUrl").await;
}
