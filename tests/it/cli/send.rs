//! The command `send`: every row of the documents' table of messages.

use std::io::Write as _;

use tempfile::NamedTempFile;

use super::calls::{OK, check_edited, command, run};
use crate::{
    client::support::{answering, json},
    fixtures::HttpExample,
    support::screen::asked_on,
};

const SENDER: &str = "app.public.server112";
const JPG: &str = "http://www.xxx.com/aaa.jpg";
const AMR: &str = "http://www.xxx.com/aaa.amr";
const BATCH: &[&str] = &["--to", "gDNQhlPfX,BzUPcKM2B"];

/// A file with the object `news` of the documents' examples of cards.
fn cards() -> NamedTempFile {
    let example = HttpExample::read("rongcloud/发送消息/图文消息/request.http");
    file(&json(with_addresses(&example.body).as_bytes())["news"].to_string())
}

/// The body of an example, with addresses in place of the words that stand for them.
fn with_addresses(body: &str) -> String {
    body.replace("\"URL\"", "\"http://www.xxx.com/\"").replace("\"PIC_URL\"", &format!("\"{JPG}\""))
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// Asserts that a command fails without having sent anything.
async fn assert_refused(arguments: &[&str]) -> String {
    let done = run(200, OK, &[&["send"], arguments].concat()).await;
    assert_eq!(done.requests.len(), 0, "{arguments:?}");
    assert_eq!(done.code, Some(1), "{arguments:?}: {}", done.errors);
    done.failed()
}

async fn check_sent(heading: &str, to: &[&str], content: &[&str]) -> String {
    // The examples with several users have them in another app than their sender.
    let edit = |example: &mut HttpExample| {
        example.body = with_addresses(&example.body.replace("@0vnjpoanq0ymg", "@uwd1c0sxdlx2"));
    };
    check_edited(heading, edit, &[&["send", SENDER], to, content].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_gets_each_kind() {
    let (file, to) = (cards(), &["--to", "123"]);
    let printed = check_sent("发送消息/文本消息", &["--to", "sdfxl"], &["--text", "Hello"]).await;
    assert_eq!(printed, "done for 1 user(s)\n");
    check_sent("发送消息/图片消息", to, &["--image-url", JPG]).await;
    check_sent("发送消息/语音消息", to, &["--voice-url", AMR]).await;
    check_sent("发送消息/图文消息", to, &["--news", file.path().to_str().unwrap()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_gets_what_was_uploaded() {
    let (file, to) = (cards(), &["--to", "123"]);
    let heading = |kind: &str| format!("发送消息-使用已上传素材发送/{kind}消息-使用已上传素材发送");
    check_sent(&heading("图片"), to, &["--image-id", "123434343443"]).await;
    check_sent(&heading("语音"), to, &["--voice-id", "123434343443"]).await;
    check_sent(&heading("文本"), &["--to", "sdfxl"], &["--text", "Hello", "--stored"]).await;
    check_sent(&heading("图文"), to, &["--stored", "--news", file.path().to_str().unwrap()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_users_get_each_kind_in_one_call() {
    let file = cards();
    let printed = check_sent("批量发送消息/批量发送文本消息", BATCH, &["--text", "Hello"]).await;
    assert_eq!(printed, "done for 2 user(s)\n");
    check_sent("批量发送消息/批量发送图片消息", BATCH, &["--image-url", JPG]).await;
    check_sent("批量发送消息/批量发送语音消息", BATCH, &["--voice-url", AMR]).await;
    check_sent("批量发送消息/批量发送图文消息", BATCH, &["--news", file.path().to_str().unwrap()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_followers_get_each_kind() {
    let (file, to) = (cards(), &["--all", "--yes"]);
    let printed = check_sent("群发消息/群发文本消息", to, &["--text", "CONTENT"]).await;
    assert_eq!(printed, "sent to all followers as adf330werfewfcxsdls\n");
    let printed = check_sent("群发消息/群发文本消息", to, &["--text", "CONTENT", "--json"]).await;
    assert_eq!(printed, "{\"msg_id\":\"adf330werfewfcxsdls\"}\n");
    check_sent("群发消息/群发图片消息", to, &["--image-url", "http://www.xxxx.com/aaa.jpg"]).await;
    check_sent("群发消息/群发语音消息", to, &["--voice-url", AMR]).await;
    check_sent("群发消息/群发图文消息", to, &["--news", file.path().to_str().unwrap()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_followers_get_what_was_uploaded() {
    let to = &["--all", "--yes"];
    let heading = |kind: &str| format!("群发消息-使用已上传素材发送/群发{kind}消息-使用已上传素材发送");
    check_sent(&heading("图片"), to, &["--image-id", "123dsdajkasd231jhksad"]).await;
    check_sent(&heading("语音"), to, &["--voice-id", "123dsdajkasd231jhksad"]).await;
    check_sent(&heading("图文"), to, &["--mpnews", "123dsdajkasd231jhksad"]).await;
    let text = heading("文本")
        .replace("素材发送/群发文本消息-使用已上传素材", "素材发送/群发文本消息-使用已上传素");
    check_sent(&text, to, &["--text", "CONTENT", "--stored"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_written_in_flags_and_any_message_in_json() {
    let card = ["--title", "t", "--picture", JPG, "--url", "http://u", "--description", "d"];
    let request = run(200, OK, &[&["send", "news", "--to", "u1"], &card[..]].concat()).await.request();
    assert_eq!(
        json(&request.body)["news"],
        json(br#"{"articles":[{"title":"t","description":"d","url":"http://u","picurl":"http://www.xxx.com/aaa.jpg"}]}"#)
    );
    let file = file(r#"{"msgtype":"voice","voice":{"url":"http://a/b.amr"}}"#);
    let path = file.path().to_str().unwrap();
    let request = run(200, OK, &["send", "news", "--to", "u1", "--json-file", path]).await.request();
    assert_eq!(json(&request.body)["voice"], json(br#"{"url":"http://a/b.amr"}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_goes_out_in_parts_of_a_hundred() {
    let users: Vec<_> = (1..=250).map(|n| format!("u{n}")).collect();
    let done = run(200, OK, &["send", "news", "--to", &users.join(","), "--text", "hi"]).await;
    let sizes: Vec<_> =
        done.requests.iter().map(|it| json(&it.body)["touser"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
    let last = ["send", "news", "--to", &users.join(","), "--text", "hi", "--from", "250"];
    let request = run(200, OK, &last).await.request();
    assert_eq!(json(&request.body)["touser"], json(br#"["u250@test-app"]"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_is_told_of_before_anything_is() {
    let failed = async |arguments: &[&str]| assert_refused(&[&["news"], arguments].concat()).await;
    let long = "x".repeat(2001);
    insta::assert_snapshot!(failed(&["--to", "u1", "--text", &long]).await, @r#"
    error: the text is 2001 bytes long; the platform takes at most 2000: shorten it or send it in parts
    hint: nothing was sent: keep to the limit and run it again
    exit code 1
    "#);
    // There is no question about a message that cannot be sent.
    assert!(failed(&["--all", "--text", &long]).await.contains("2001"));
    insta::assert_snapshot!(failed(&["--to", "u1,u2", "--image-id", "m"]).await, @r#"
    error: an uploaded picture or recording goes to one user or to all followers; several users need its url
    hint: nothing was sent: docs/api.md says what goes to whom
    exit code 1
    "#);
    insta::assert_snapshot!(failed(&["--to", "u1", "--mpnews", "m"]).await, @r#"
    error: an uploaded article (mpnews) goes to all followers only
    hint: nothing was sent: docs/api.md says what goes to whom
    exit code 1
    "#);
    insta::assert_snapshot!(failed(&["--to", "u1"]).await, @r#"
    error: the following required arguments were not provided:
      <--text <TEXT>|--image-url <URL>|--image-id <ID>|--voice-url <URL>|--voice-id <ID>|--news <FILE>|--title <TITLE>|--mpnews <ID>|--json-file <FILE>>

    Usage: rongcloud-callback send --to <USER> <--text <TEXT>|--image-url <URL>|--image-id <ID>|--voice-url <URL>|--voice-id <ID>|--news <FILE>|--title <TITLE>|--mpnews <ID>|--json-file <FILE>> <ACCOUNT>

    For more information, try '--help'.
    exit code 1
    "#);
    insta::assert_snapshot!(failed(&["--to", "u1", "--text", "a", "--image-url", JPG]).await, @r#"
    error: the argument '--text <TEXT>' cannot be used with '--image-url <URL>'

    Usage: rongcloud-callback send --to <USER> <--text <TEXT>|--image-url <URL>|--image-id <ID>|--voice-url <URL>|--voice-id <ID>|--news <FILE>|--title <TITLE>|--mpnews <ID>|--json-file <FILE>> <ACCOUNT>

    For more information, try '--help'.
    exit code 1
    "#);
    insta::assert_snapshot!(failed(&["--text", "a"]).await, @r#"
    error: nobody is named to send it to
    hint: name users with --to or --users-file, or all followers with --all
    exit code 1
    "#);
    insta::assert_snapshot!(assert_refused(&["--to", "u1", "--text", "a"]).await, @r#"
    error: the following required arguments were not provided:
      <ACCOUNT>

    Usage: rongcloud-callback send --to <USER> <--text <TEXT>|--image-url <URL>|--image-id <ID>|--voice-url <URL>|--voice-id <ID>|--news <FILE>|--title <TITLE>|--mpnews <ID>|--json-file <FILE>> <ACCOUNT>

    For more information, try '--help'.
    exit code 1
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_to_all_followers_is_sent_once_a_person_says_yes() {
    let all = ["send", "news", "--all", "--text", "Hello, everyone"];
    for (typed, is_sent) in
        [("y\n", true), ("Yes\n", true), ("n\n", false), ("\n", false), ("\x04", false)]
    {
        let server = answering(200, OK).await;
        let (code, seen) = asked_on(command("test-app", &server.uri(), &all), typed);
        assert_eq!(server.received_requests().await.unwrap().len(), usize::from(is_sent), "{typed:?}");
        assert_eq!(code, Some(i32::from(!is_sent)), "{typed:?}");
        assert!(seen.contains("text: \"Hello, everyone\""), "{seen}");
        assert!(
            seen.contains("Send this to all followers of news? This cannot be taken back, and only one a day is possible. [y/N] "),
            "{seen}"
        );
        assert_eq!(seen.contains("error: nothing was sent"), !is_sent, "{seen}");
    }
    for unasked in ["--yes", "--dry-run"] {
        let server = answering(200, OK).await;
        let unasking = [&all[..], &[unasked]].concat();
        let (code, seen) = asked_on(command("test-app", &server.uri(), &unasking), "");
        assert_eq!((code, seen.as_str()), (Some(0), ""), "{unasked}");
        assert_eq!(server.received_requests().await.unwrap().is_empty(), unasked == "--dry-run");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_does_not_say_yes_is_told_that_it_should() {
    let done = run(200, OK, &["send", "news", "--all", "--text", "hi"]).await;
    let warning = "this goes to all followers of news and cannot be taken back; nobody is here to be asked: say --yes";
    assert!(done.errors.contains(warning), "{}", done.errors);
    done.request();
    let done = run(200, OK, &["send", "news", "--all", "--yes", "--text", "hi"]).await;
    assert_eq!(done.errors, "");
    done.request();
    assert_refused(&["news", "--to", "u1", "--yes", "--text", "hi"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_named_twice_gets_it_once() {
    let users = file("ann\n\n  bo \nann\n");
    let listed = ["send", "news", "--users-file", users.path().to_str().unwrap(), "--text", "hi"];
    let done = run(200, OK, &listed).await;
    assert_eq!(done.output, "done for 2 user(s), 1 was named twice\n");
    assert_eq!(json(&done.request().body)["touser"], json(br#"["ann@test-app","bo@test-app"]"#));
    let done = run(200, OK, &[&listed[..], &["--to", "cy,ann,cy", "--json"]].concat()).await;
    assert_eq!(json(done.output.as_bytes()), json(br#"{"total":3,"done":3,"repeated":3}"#));
    // Positions are those in the list without repetitions.
    let done = run(200, OK, &[&listed[..], &["--to", "ann,ann,ann", "--from", "2"]].concat()).await;
    assert_eq!(done.output, "done for 1 user(s), 4 repetitions were left out\n");
    assert_eq!(json(&done.request().body)["touser"], json(br#"["bo@test-app"]"#));
    let done = run(200, OK, &["send", "news", "--to", "ann,ann", "--text", "hi"]).await;
    assert_eq!(json(&done.request().body)["touser"], json(br#""ann@test-app""#));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_no_user() {
    insta::assert_snapshot!(assert_refused(&["news", "--to", "ann,", "--text", "hi"]).await, @r#"
    error: a user in the list has an empty id
    hint: nothing was sent: is a variable of the shell empty?
    exit code 1
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_nobody_can_open_is_not_sent() {
    let failed =
        async |arguments: &[&str]| assert_refused(&[&["news", "--to", "u1"], arguments].concat()).await;
    insta::assert_snapshot!(failed(&["--voice-url", "not-a-url"]).await, @r#"
    error: invalid value 'not-a-url' for '--voice-url <URL>': an address begins with http:// or https://

    For more information, try '--help'.
    exit code 1
    "#);
    let card = ["--title", "t", "--description", "d", "--picture"];
    for content in [
        &["--image-url", "ftp://x/a.jpg"][..],
        &["--image-url", ""],
        &["--voice-url", "http:///a.amr"],
        &[&card[..], &["a.jpg"]].concat(),
        &[&card[..], &[JPG, "--url", "www.xxx.com"]].concat(),
        &[&card[..], &[JPG, "--portal", "--pc-url", "http://a b"]].concat(),
        &[&card[..], &[JPG, "--portal", "--app-url", "//x"]].concat(),
    ] {
        let errors = failed(content).await;
        assert!(errors.starts_with("error: invalid value '"), "{content:?}: {errors}");
    }
    for (news, field) in [
        (r#"[{"title":"t","picurl":"not-a-url"}]"#, "picurl not-a-url"),
        (r#"{"articles":[{"title":"t","picurl":"http://a/b.jpg","url":"ftp://x"}]}"#, "url ftp://x"),
    ] {
        let file = file(news);
        let errors = failed(&["--news", file.path().to_str().unwrap()]).await;
        assert!(errors.contains(&format!("caused by: its {field} is no address: ")), "{errors}");
    }
    let empty = failed(&["--news", "/dev/null"]).await;
    insta::assert_snapshot!(empty, @r#"
    error: /dev/null does not hold what is to be sent
    caused by: it is empty
    hint: write {"articles":[{"title":"…","description":"…","url":"…","picurl":"…"}]}
    exit code 1
    "#);
    let file = file(r#"{"image":{"url":"a.jpg"}}"#);
    let errors = failed(&["--json-file", file.path().to_str().unwrap()]).await;
    assert!(errors.contains("its url a.jpg is no address"), "{errors}");
}
