//! `send`: every row of the documents' table of messages.

use std::io::Write as _;

use tempfile::NamedTempFile;

use super::{
    calls::{OK, check_edited, run},
    help::help,
};
use crate::{client::support::json, fixtures::HttpExample};

const SENDER: &str = "app.public.server112";
const JPG: &str = "http://www.xxx.com/aaa.jpg";
const AMR: &str = "http://www.xxx.com/aaa.amr";
const BATCH: &[&str] = &["--to", "gDNQhlPfX,BzUPcKM2B"];

/// A file with what the documents' examples of cards have below `news`.
fn cards() -> NamedTempFile {
    let example = HttpExample::read("rongcloud/发送消息/图文消息/request.http");
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(json(example.body.as_bytes())["news"].to_string().as_bytes()).unwrap();
    file
}

async fn sends(heading: &str, to: &[&str], content: &[&str]) -> String {
    // The examples of several users have them in another app than their sender.
    let edit = |example: &mut HttpExample| {
        example.body = example.body.replace("@0vnjpoanq0ymg", "@uwd1c0sxdlx2");
    };
    check_edited(heading, edit, &[&["send", SENDER], to, content].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_gets_each_kind() {
    let (file, to) = (cards(), &["--to", "123"]);
    let printed = sends("发送消息/文本消息", &["--to", "sdfxl"], &["--text", "Hello"]).await;
    assert_eq!(printed, "done for 1 user(s)\n");
    sends("发送消息/图片消息", to, &["--image-url", JPG]).await;
    sends("发送消息/语音消息", to, &["--voice-url", AMR]).await;
    sends("发送消息/图文消息", to, &["--news", file.path().to_str().unwrap()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_gets_what_was_uploaded() {
    let (file, to) = (cards(), &["--to", "123"]);
    let heading = |kind: &str| format!("发送消息-使用已上传素材发送/{kind}消息-使用已上传素材发送");
    sends(&heading("图片"), to, &["--image-id", "123434343443"]).await;
    sends(&heading("语音"), to, &["--voice-id", "123434343443"]).await;
    sends(&heading("文本"), &["--to", "sdfxl"], &["--text", "Hello", "--stored"]).await;
    sends(&heading("图文"), to, &["--stored", "--news", file.path().to_str().unwrap()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_users_get_each_kind_in_one_call() {
    let file = cards();
    let printed = sends("批量发送消息/批量发送文本消息", BATCH, &["--text", "Hello"]).await;
    assert_eq!(printed, "done for 2 user(s)\n");
    sends("批量发送消息/批量发送图片消息", BATCH, &["--image-url", JPG]).await;
    sends("批量发送消息/批量发送语音消息", BATCH, &["--voice-url", AMR]).await;
    sends("批量发送消息/批量发送图文消息", BATCH, &["--news", file.path().to_str().unwrap()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_followers_get_each_kind() {
    let (file, to) = (cards(), &["--all"]);
    let printed = sends("群发消息/群发文本消息", to, &["--text", "CONTENT"]).await;
    assert_eq!(printed, "sent to all followers as adf330werfewfcxsdls\n");
    let printed = sends("群发消息/群发文本消息", to, &["--text", "CONTENT", "--json"]).await;
    assert_eq!(printed, "{\"msg_id\":\"adf330werfewfcxsdls\"}\n");
    sends("群发消息/群发图片消息", to, &["--image-url", "http://www.xxxx.com/aaa.jpg"]).await;
    sends("群发消息/群发语音消息", to, &["--voice-url", AMR]).await;
    sends("群发消息/群发图文消息", to, &["--news", file.path().to_str().unwrap()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_followers_get_what_was_uploaded() {
    let to = &["--all"];
    let heading = |kind: &str| format!("群发消息-使用已上传素材发送/群发{kind}消息-使用已上传素材发送");
    sends(&heading("图片"), to, &["--image-id", "123dsdajkasd231jhksad"]).await;
    sends(&heading("语音"), to, &["--voice-id", "123dsdajkasd231jhksad"]).await;
    sends(&heading("图文"), to, &["--mpnews", "123dsdajkasd231jhksad"]).await;
    let text = heading("文本")
        .replace("素材发送/群发文本消息-使用已上传素材", "素材发送/群发文本消息-使用已上传素");
    sends(&text, to, &["--text", "CONTENT", "--stored"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_written_in_flags_and_any_message_in_json() {
    let card = ["--title", "t", "--picture", "p", "--url", "u", "--description", "d"];
    let request = run(200, OK, &[&["send", "news", "--to", "u1"], &card[..]].concat()).await.request();
    assert_eq!(
        json(&request.body)["news"],
        json(br#"{"articles":[{"title":"t","description":"d","url":"u","picurl":"p"}]}"#)
    );
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(br#"{"msgtype":"voice","voice":{"url":"http://a/b.amr"}}"#).unwrap();
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
    let failed = async |arguments: &[&str]| {
        let done = run(200, OK, &[&["send", "news"], arguments].concat()).await;
        assert_eq!(done.requests.len(), 0);
        done.failed()
    };
    let long = "x".repeat(2001);
    insta::assert_snapshot!(failed(&["--to", "u1", "--text", &long]).await, @r#"
    error: text in bytes is 2001, outside 1 to 2000
    hint: nothing was sent: keep to the limit and run it again
    exit code 1
    "#);
    insta::assert_snapshot!(failed(&["--to", "u1,u2", "--image-id", "m"]).await, @r#"
    error: an uploaded picture or recording goes to one user or to all followers; several users need its url
    hint: nothing was sent: the README's table says what goes to whom
    exit code 1
    "#);
    insta::assert_snapshot!(failed(&["--to", "u1", "--mpnews", "m"]).await, @r#"
    error: an uploaded article (mpnews) goes to all followers only
    hint: nothing was sent: the README's table says what goes to whom
    exit code 1
    "#);
    insta::assert_snapshot!(failed(&["--to", "u1"]).await, @r#"
    error: the following required arguments were not provided:
      <--text <TEXT>|--image-url <URL>|--image-id <ID>|--voice-url <URL>|--voice-id <ID>|--news <FILE>|--title <TITLE>|--mpnews <ID>|--json-file <FILE>>

    Usage: rongcloud-callback send <--text <TEXT>|--image-url <URL>|--image-id <ID>|--voice-url <URL>|--voice-id <ID>|--news <FILE>|--title <TITLE>|--mpnews <ID>|--json-file <FILE>> <--to <USER>|--users-file <FILE>|--all> <ACCOUNT>

    For more information, try '--help'.
    exit code 1
    "#);
    insta::assert_snapshot!(failed(&["--to", "u1", "--text", "a", "--image-url", "b"]).await, @r#"
    error: the argument '--text <TEXT>' cannot be used with '--image-url <URL>'

    Usage: rongcloud-callback send <--text <TEXT>|--image-url <URL>|--image-id <ID>|--voice-url <URL>|--voice-id <ID>|--news <FILE>|--title <TITLE>|--mpnews <ID>|--json-file <FILE>> <--to <USER>|--users-file <FILE>|--all> <ACCOUNT>

    For more information, try '--help'.
    exit code 1
    "#);
    insta::assert_snapshot!(failed(&["--text", "a"]).await, @r#"
    error: the following required arguments were not provided:
      <--to <USER>|--users-file <FILE>|--all>

    Usage: rongcloud-callback send <--text <TEXT>|--image-url <URL>|--image-id <ID>|--voice-url <URL>|--voice-id <ID>|--news <FILE>|--title <TITLE>|--mpnews <ID>|--json-file <FILE>> <--to <USER>|--users-file <FILE>|--all> <ACCOUNT>

    For more information, try '--help'.
    exit code 1
    "#);
}

#[test]
#[expect(clippy::too_many_lines, reason = "the help that it shows has as many")]
fn it_explains_itself() {
    insta::assert_snapshot!(help(&["send"]), @r#"
    Sends a message to users, or to all followers of a public account

    Usage: rongcloud-callback send [OPTIONS] <--text <TEXT>|--image-url <URL>|--image-id <ID>|--voice-url <URL>|--voice-id <ID>|--news <FILE>|--title <TITLE>|--mpnews <ID>|--json-file <FILE>> <--to <USER>|--users-file <FILE>|--all> <ACCOUNT>

    Arguments:
      <ACCOUNT>
              The account (mcid) that sends it

    Options:
          --config <FILE>
              Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
              
              The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.

          --log-level <LEVEL>
              What is logged: a level such as debug, or levels of parts [default: $RUST_LOG, else log.level of the configuration]
              
              Parts are named as in "rongcloud_callback=debug,warn". Commands that end by themselves log only if they are asked to.

          --to <USER>
              To these users; several are sent to 100 in one call

          --users-file <FILE>
              A file with one user a line, - for standard input

          --from <POSITION>
              Begins with the user at this position of the list, from 1: to go on after a failure
              
              [default: 1]

          --all
              To all followers of the account; the platform allows one such message a day

          --text <TEXT>
              A text, at most 2000 bytes

          --image-url <URL>
              A picture at a public address, JPG

          --image-id <ID>
              A picture that was uploaded

          --voice-url <URL>
              A recording at a public address, AMR

          --voice-id <ID>
              A recording that was uploaded

          --news <FILE>
              Cards from a JSON file with the documents' {"articles":[…]}, - for standard input

          --title <TITLE>
              One card with this headline; see --picture, --description and --url

          --mpnews <ID>
              An article that was uploaded with `media upload-news`; to all followers only

          --json-file <FILE>
              A message of any kind, as the documents' JSON has it, - for standard input

          --picture <URL>
              The address of the card's picture, JPG

          --description <TEXT>
              The text below the card's headline

          --url <URL>
              Where a tap on the card leads

          --pc-url <URL>
              Where a tap on the card leads on a computer, through the portal; instead of --url

          --app-url <URL>
              Where a tap on the card leads on a phone, through the portal; instead of --url

          --stored
              Through the calls for uploads (/message/send.json, /message/sendall.json) also where another would do

          --portal
              Through the app's portal ([apps.portal]) instead

          --userinfo-id <ID>
              The user (userinfo) whom a message through the portal seems to come from

          --userinfo-name <NAME>
              The name of that user

          --userinfo-picture <URL>
              The address of that user's picture

      -h, --help
              Print help (see a summary with '-h')

    For every call:
          --app <KEY>
              The app (App Key) to do it for; not needed where there is one

          --json
              Prints JSON, for scripts

          --dry-run
              Prints the request, with its secrets masked, instead of sending it
    "#);
}
