//! The command `doctor`: each cause that keeps messages from arriving or replies from going out is found by its name.

use std::{fs, net::SocketAddr, path::Path};

use axum::{Router, http::header::DATE, routing::any};
use rongcloud_callback::{
    CallbackService, Config, Text,
    sandbox::{Options, Sandbox},
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    task::{JoinSet, spawn_blocking},
};
use tokio_util::sync::CancellationToken;

use super::{executable, outcome};

/// Exit code, findings by check, and standard error.
async fn doctor(folder: &Path, toml: &str, arguments: &[&str]) -> (Option<i32>, Vec<Value>, String) {
    fs::write(folder.join("callback.toml"), toml).unwrap();
    let arguments = [&["--config", "callback.toml", "doctor", "--json"], arguments].concat();
    let mut command = executable(&arguments);
    command.current_dir(folder);
    let output = spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let (code, printed, errors) = outcome(output);
    (code, serde_json::from_str(&printed).unwrap(), errors)
}

fn finding<'a>(findings: &'a [Value], check: &str) -> &'a Value {
    findings.iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("{findings:#?}"))
}

/// Asserts the result of `check`, and a part of its text.
#[track_caller]
fn assert_finding(findings: &[Value], check: &str, ok: impl Into<Value>, words: &str) {
    let finding = finding(findings, check);
    assert_eq!(finding["ok"], ok.into(), "{finding:#}");
    assert!(finding.to_string().contains(words), "{finding:#}");
}

fn toml(api_url: &str, secret: &str, listen: SocketAddr) -> String {
    format!(
        "[server]\nlisten = \"{listen}\"\n[journal]\nurl = \"sqlite:journal.db\"\n\
         [[apps]]\nkey = \"sandbox\"\nsecrets = [\"{secret}\"]\napi_url = \"{api_url}\"\n"
    )
}

/// A platform that answers every call with `answer`, and whose clock shows `date`; it ends when it is dropped.
async fn start_platform(date: &'static str, answer: &'static str) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(any(async move || ([(DATE, date)], answer)));
    let serving = async move { axum::serve(listener, router).await.unwrap() };
    (url, JoinSet::from_iter([serving]))
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_with_a_server_that_runs_and_an_account_that_leads_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start_with(Options::default()).await.unwrap();
    let any_port = ([127, 0, 0, 1], 0).into();
    let written = toml(sandbox.api_url(), sandbox.secret(), any_port)
        .replace("journal.db", folder.path().join("journal.db").to_str().unwrap())
        + "[admin]\nlisten = \"127.0.0.1:0\"\n";
    let config = Config::from_toml(&written, |_| None).unwrap();
    let server = CallbackService::new(config).on(async |_: Text, _| ()).bind().await.unwrap();
    let address = server.callback_addr();
    sandbox.route_to(format!("http://{address}/callback"));
    let stop = CancellationToken::new();
    let running = JoinSet::from_iter([server.run(stop.clone().cancelled_owned())]);

    let written = toml(sandbox.api_url(), sandbox.secret(), address);
    let (code, findings, errors) = doctor(folder.path(), &written, &["--account", "demo"]).await;
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{findings:#?}");
    assert_finding(&findings, "configuration", true, "1 app(s)");
    assert_finding(&findings, "journal", true, "0 waiting, no dead letter");
    assert_finding(&findings, "clock", true, "within 1 s");
    assert_finding(&findings, "API", true, "the account demo is there");
    assert_finding(&findings, "routeUrl", Value::Null, "an address of this network only");
    assert_finding(&findings, "server", true, "its journal is ready");
    assert_finding(&findings, "from outside", true, &format!("answers at http://{address}/callback"));

    sandbox.route_to(format!("http://{address}/elsewhere"));
    let (code, findings, errors) = doctor(folder.path(), &written, &["--account", "demo"]).await;
    assert_eq!(code, Some(1));
    assert_finding(&findings, "routeUrl", false, "account set-route demo https://YOUR-HOST/callback");
    assert_finding(&findings, "from outside", false, "HTTP 404");
    assert!(errors.contains("2 of the checks failed"), "{errors}");
    stop.cancel();
    running.join_all().await.into_iter().collect::<Result<(), _>>().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_api_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start_with(Options::default()).await.unwrap();
    let nowhere: SocketAddr = ([127, 0, 0, 1], 9).into();

    let wrong_secret = toml(sandbox.api_url(), "another", nowhere);
    let (code, findings, _) = doctor(folder.path(), &wrong_secret, &[]).await;
    assert_eq!(code, Some(1));
    assert_finding(&findings, "API", false, "copy App Key and App Secret once more");
    assert_finding(&findings, "journal", Value::Null, "`serve` makes it at its first start");
    assert_finding(&findings, "routeUrl", Value::Null, "--account");
    assert_finding(&findings, "server", Value::Null, "none answers at http://127.0.0.1:9/callback");
    assert_finding(&findings, "from outside", Value::Null, "--url https://YOUR-HOST/callback");

    let fine = toml(sandbox.api_url(), sandbox.secret(), nowhere);
    let (code, findings, _) = doctor(folder.path(), &fine, &[]).await;
    assert_eq!(code, Some(0), "{findings:#?}");
    assert_finding(&findings, "API", true, "takes our signature");
    let (code, findings, _) = doctor(folder.path(), &fine, &["--account", "nobody"]).await;
    assert_eq!(code, Some(1));
    assert_finding(&findings, "API", false, "does not know the account");

    let (code, findings, _) =
        doctor(folder.path(), &toml("http://127.0.0.1:9", "s", nowhere), &[]).await;
    assert_eq!(code, Some(1));
    assert_finding(&findings, "API", false, "does api_url lead to the platform from here?");
    assert_finding(&findings, "clock", Value::Null, "not compared");

    let (not_allowed, _serving) =
        start_platform("Sat, 28 Nov 2026 00:00:00 GMT", r#"{"errcode":1007,"errmsg":"no"}"#).await;
    let (code, findings, _) = doctor(folder.path(), &toml(&not_allowed, "s", nowhere), &[]).await;
    assert_eq!(code, Some(1));
    assert_finding(&findings, "API", false, "is the public-account service (公众号) switched on");

    let (something_else, _serving) =
        start_platform("Sat, 28 Nov 2026 00:00:00 GMT", "<html>It works!</html>").await;
    let (code, findings, _) = doctor(folder.path(), &toml(&something_else, "s", nowhere), &[]).await;
    assert_eq!(code, Some(1));
    assert_finding(&findings, "API", false, "something else may answer there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_is_told_with_how_much_and_which_way() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere: SocketAddr = ([127, 0, 0, 1], 9).into();
    for (date, way) in
        [("Fri, 01 Jan 2021 00:00:00 GMT", "ahead of"), ("Fri, 01 Jan 2100 00:00:00 GMT", "behind")]
    {
        let (url, _serving) =
            start_platform(date, r#"{"errcode":1002,"errmsg":"no such account"}"#).await;
        let (code, findings, _) = doctor(folder.path(), &toml(&url, "s", nowhere), &[]).await;
        assert_eq!(code, Some(1));
        assert_finding(&findings, "clock", false, way);
        assert_finding(&findings, "API", true, "takes our signature");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_right_configuration_nothing_else_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let (code, findings, _) = doctor(folder.path(), "[server]\nlisten = 'here'\n", &[]).await;
    assert_eq!(code, Some(1));
    assert_eq!(findings.len(), 1);
    assert_finding(&findings, "configuration", false, "server.listen");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_terminal_each_finding_is_a_line_with_a_mark_and_perhaps_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start_with(Options::default()).await.unwrap();
    let written = toml(sandbox.api_url(), "another", ([127, 0, 0, 1], 9).into());
    fs::write(folder.path().join("callback.toml"), written).unwrap();
    let mut command = executable(&["--config", "callback.toml", "doctor"]);
    command.current_dir(folder.path());
    let output = spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let (code, printed, errors) = outcome(output);
    assert_eq!(code, Some(1));
    for line in ["✓ configuration", "✗ API", "– routeUrl", "    hint: copy App Key"] {
        assert!(printed.lines().any(|printed| printed.starts_with(line)), "{printed}");
    }
    assert!(errors.contains("hint: mend what is marked ✗"), "{errors}");
}
