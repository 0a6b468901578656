//! The commands that call the platform, run against a server that gives every call the same answer.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use wiremock::{MockServer, Request};

use super::{executable, outcome};
use crate::{
    client::support::{SECRET, answering, app, json, only, pairs},
    fixtures::{HttpExample, fixture},
};

pub(super) const OK: &str = r#"{"errcode":0,"errmsg":"ok"}"#;

/// The outcome of a command.
#[derive(Debug)]
pub(super) struct CommandResult {
    pub(super) code: Option<i32>,
    pub(super) output: String,
    pub(super) errors: String,
    pub(super) requests: Vec<Request>,
}

/// The executable with the built-in configuration and its environment variables.
pub(super) fn command(app: &str, api_url: &str, arguments: &[&str]) -> Command {
    let mut command = executable(arguments);
    command.env("RC_APP_KEY", app).env("RC_APP_SECRET", SECRET).env("RC_API_URL", api_url);
    command
}

/// Runs a command against `server`.
pub(super) async fn run_at(server: &MockServer, app: &str, arguments: &[&str]) -> CommandResult {
    let (code, output, errors) = outcome(command(app, &server.uri(), arguments).output().unwrap());
    CommandResult { code, output, errors, requests: server.received_requests().await.unwrap() }
}

/// Runs a command against a server that gives every call the same answer.
pub(super) async fn run(status: u16, body: &str, arguments: &[&str]) -> CommandResult {
    run_at(&answering(status, body).await, "test-app", arguments).await
}

impl CommandResult {
    /// The output of the command, which must have succeeded.
    #[track_caller]
    pub(super) fn printed(self) -> String {
        assert_eq!((self.code, self.errors.as_str()), (Some(0), ""));
        self.output
    }

    /// The errors of the command, which must have failed, with its exit code at the end.
    #[track_caller]
    pub(super) fn failed(self) -> String {
        assert_ne!(self.code, Some(0), "{self:?}");
        format!("{}exit code {}", self.errors, self.code.unwrap())
    }

    /// The only request that the command sent.
    pub(super) fn request(self) -> Request {
        only(self.requests)
    }
}

/// Runs a command and checks that it sends the example under `heading`; returns its output for the example's answer.
pub(super) async fn check(heading: &str, arguments: &[&str]) -> String {
    check_edited(heading, |_| {}, arguments).await
}

/// Checks a command against an example that contradicts its document; `edit` corrects the example.
pub(super) async fn check_edited(
    heading: &str,
    edit: impl FnOnce(&mut HttpExample),
    arguments: &[&str],
) -> String {
    let folder = format!("rongcloud/{heading}");
    let mut example = HttpExample::read(&format!("{folder}/request.http"));
    edit(&mut example);
    let app = app(&example);
    let server = answering(200, &fixture(&format!("{folder}/response.json"))).await;
    let result = run_at(&server, &app, arguments).await;
    assert_eq!((result.code, result.errors.as_str()), (Some(0), ""), "{arguments:?}");
    let [request] = &result.requests[..] else { panic!("{:?}", result.requests) };
    assert_eq!((request.method.as_str(), request.url.path()), ("POST", example.path.as_str()));
    assert_signed(&app, |name| request.headers.get(name)?.to_str().ok().map(str::to_owned));
    if example.is_json() {
        assert_eq!(json(&request.body), json(example.body.as_bytes()));
    } else {
        assert_eq!(pairs(&request.body), pairs(example.body.as_bytes()));
    }
    result.output
}

/// Checks the signature of a request by computing it again.
pub(super) fn assert_signed(app: &str, part: impl Fn(&str) -> Option<String>) {
    assert_eq!(part("RC-App-Key").as_deref(), Some(app));
    let signed = format!("{SECRET}{}{}", part("RC-Nonce").unwrap(), part("RC-Timestamp").unwrap());
    assert_eq!(part("RC-Signature"), Some(hex::encode(Sha1::digest(signed))));
}

fn assert_masked(result: &CommandResult) {
    assert!(result.output.contains('…'), "{}", result.output);
    assert!(!result.output.contains(SECRET), "{}", result.output);
    // Neither the signature nor the secret that it is made with is printed.
    let is_digest = |word: &str| word.len() == 40 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let mut words = result.output.split(|c: char| !c.is_ascii_alphanumeric());
    assert_eq!(words.find(|word| is_digest(word)), None, "{}", result.output);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_sends_nothing_and_shows_neither_secret_nor_signature() {
    let folder = tempfile::tempdir().unwrap();
    let (picture, news) = (folder.path().join("a.png"), folder.path().join("news.json"));
    std::fs::write(&picture, b"\x89PNG\r\n\x1a\nrest of the picture").unwrap();
    std::fs::write(&news, r#"[{"thumb_media_id":"t","content_source_url":"http://u"}]"#).unwrap();
    let (picture, news) = (picture.to_str().unwrap(), news.to_str().unwrap());
    for arguments in [
        &["account", "show", "news"][..],
        &["menu", "add", "news", "Help"],
        &["follower", "add", "news", "u1"],
        &["send", "news", "--to", "u1", "--text", "hello"],
        &["send", "news", "--all", "--text", "hello"],
        &["media", "upload", "image", picture],
        &["media", "upload-news", news],
    ] {
        for json in [&[][..], &["--json"]] {
            let result = run(200, OK, &[arguments, &["--dry-run"], json].concat()).await;
            assert_eq!((result.code, result.errors.as_str()), (Some(0), ""), "{arguments:?}");
            assert_eq!(result.requests.len(), 0);
            assert_masked(&result);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_prints_the_request() {
    let arguments = ["send", "news", "--to", "u1", "--text", "hello", "--dry-run"];
    let server = answering(200, OK).await;
    let printed = run_at(&server, "test-app", &arguments).await.printed();
    let mut lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines[0], format!("POST {}/message/operation/send.json", server.uri()));
    lines.retain(|line| {
        !line.starts_with("POST") && !line.contains("nonce") && !line.contains("timestamp")
    });
    insta::assert_snapshot!(lines.join("\n"), @r#"
    rc-app-key: test-app
    rc-signature: …
    content-type: application/json

    {"fromuser":"news@test-app","touser":"u1@test-app","msgtype":"text","text":{"content":"hello"}}
    "#);

    let result = run(200, OK, &[&arguments[..], &["--json"]].concat()).await;
    let unsent: Value = serde_json::from_str(&result.printed()).unwrap();
    let body: Value = serde_json::from_str(unsent["body"].as_str().unwrap()).unwrap();
    assert_eq!((&unsent["method"], &body["touser"]), (&json!("POST"), &json!("u1@test-app")));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_failure_says_what_to_do() {
    let show = async |status, body| run(status, body, &["account", "show", "news"]).await.failed();
    insta::assert_snapshot!(show(401, "").await, @r#"
    error: the platform refused our signature: check key and secret (HTTP 401)
    hint: compare `key` and the first of `secrets` with the platform's console, and this machine's clock
    exit code 1
    "#);
    insta::assert_snapshot!(show(200, r#"{"errcode":1002,"errmsg":"no such mcid"}"#).await, @r#"
    error: the platform refused the call (HTTP 200, errcode 1002: no such mcid)
    hint: look at the values: does what they name exist, and is each what the platform takes?
    exit code 1
    "#);
    insta::assert_snapshot!(show(200, r#"{"errcode":1007,"errmsg":"not allowed"}"#).await, @r#"
    error: the platform refused the call (HTTP 200, errcode 1007: not allowed)
    hint: ask the platform's operator to allow this call for the app
    exit code 1
    "#);
    insta::assert_snapshot!(show(200, r#"{"errcode":1008,"errmsg":"too fast"}"#).await, @r#"
    error: too many calls (HTTP 200, errcode 1008: too fast)
    hint: wait a good while, then run it again
    exit code 2
    "#);
    insta::assert_snapshot!(show(502, "<html>Bad Gateway").await, @r#"
    error: the platform cannot do it now (HTTP 502: <html>Bad Gateway)
    hint: run it again later
    exit code 2
    "#);
    insta::assert_snapshot!(show(200, "Welcome to nginx!").await, @r#"
    error: not an answer of this API (HTTP 200: Welcome to nginx!)
    hint: something else answers there: compare `api_url` with the platform's address
    exit code 1
    "#);
    let nobody = command("test-app", "http://127.0.0.1:9", &["account", "show", "news"]).output();
    let (code, _, errors) = outcome(nobody.unwrap());
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(errors, @r#"
    error: no answer from http://127.0.0.1:9: Connection refused (os error 111)
    hint: does `api_url` lead to the platform? whether the call was carried out is not known: look before repeating it
    "#);
}

#[test]
fn an_app_has_to_be_named_where_there_are_several() {
    let folder = tempfile::tempdir().unwrap();
    let app = |key: &str| {
        format!(
            "[[apps]]\npath = '/{key}'\nkey = '{key}'\nsecrets = ['s']\napi_url = 'http://127.0.0.1:9'\n"
        )
    };
    std::fs::write(folder.path().join("two.toml"), app("one") + app("two").as_str()).unwrap();
    let show = |arguments: &[&str]| {
        let arguments = [&["--config", "two.toml", "account", "show", "a"], arguments].concat();
        outcome(executable(&arguments).current_dir(folder.path()).output().unwrap())
    };
    let (code, _, errors) = show(&[]);
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(errors, @r#"
    error: the configuration has 2 apps
    hint: name one with --app: one, two
    "#);
    let (code, _, errors) = show(&["--app", "three"]);
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(errors, @r#"
    error: the configuration has no app three
    hint: name one with --app: one, two
    "#);
    let (code, output, _) = show(&["--app", "two", "--dry-run"]);
    assert_eq!(code, Some(0));
    assert!(output.contains("rc-app-key: two"), "{output}");
}

#[test]
fn the_options_of_a_call_stand_before_the_command_or_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let app = |key: &str| {
        format!(
            "[[apps]]\npath = '/{key}'\nkey = '{key}'\nsecrets = ['s']\napi_url = 'http://127.0.0.1:9'\n"
        )
    };
    std::fs::write(folder.path().join("two.toml"), app("one") + app("two").as_str()).unwrap();
    let send = ["send", "news", "--to", "u1", "--text", "hi"];
    let (config, options) = (["--config", "two.toml"], ["--app", "two", "--json", "--dry-run"]);
    for arguments in [
        [&config[..], &options, &send].concat(),
        [&send[..], &options, &config].concat(),
        [&config[..], &["media"], &options, &["upload-news", "-"]].concat(),
        [&config[..], &["--json", "--dry-run", "account", "--app", "two", "show", "news"]].concat(),
    ] {
        let mut command = executable(&arguments);
        let mut command =
            command.current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        command = command.stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let articles = br#"[{"thumb_media_id":"t","content_source_url":"http://u"}]"#;
        // Only one of the commands reads the file.
        _ = child.stdin.take().unwrap().write_all(articles);
        let (code, output, errors) = outcome(child.wait_with_output().unwrap());
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{arguments:?}");
        let unsent: Value = serde_json::from_str(&output).unwrap();
        assert_eq!(unsent["method"], "POST");
        assert!(output.contains("two"), "{arguments:?}: {output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_fails_over_to_the_next_address() {
    let server = answering(200, OK).await;
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[[apps]]\nkey = 'a'\nsecrets = ['s']\napi_url = ['http://127.0.0.1:9', '{}']\n",
        server.uri()
    );
    std::fs::write(folder.path().join("two.toml"), text).unwrap();
    let mut command = executable(&["--config", "two.toml", "menu", "delete", "news", "m"]);
    let (code, output, _) = outcome(command.current_dir(folder.path()).output().unwrap());
    assert_eq!((code, output.as_str()), (Some(0), "m is deleted\n"));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}
