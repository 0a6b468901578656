//! The commands of `journal` at a running server, without its configuration and its store.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use rongcloud_callback::journal::AuditFilter;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{executable, outcome};
use crate::support::{
    messages::{subscribe, text},
    platform::Platform,
    process::{Home, Process},
    until,
};

const UNREADABLE: &str = "<xml><ToUserName>mcid</ToUserName></xml>";

/// A command at a server.
fn at(server: &Process, arguments: &[&str]) -> Command {
    executable(&[&["journal", "--server", &server.console()], arguments].concat())
}

/// The output of a command, which must succeed.
fn output_of(mut command: Command) -> String {
    let (code, output, errors) = outcome(command.output().unwrap());
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{command:?}");
    output
}

fn rows(output: &str) -> Vec<Value> {
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The audit list, oldest first, without looks: names, actions and counts.
async fn audited(home: &Home) -> Vec<(String, String, u64)> {
    let filter = AuditFilter { limit: 100, ..AuditFilter::default() };
    let records = home.journal().await.audit(filter).await.unwrap();
    let records = records.into_iter().rev().filter(|record| record.action != "look");
    records.map(|record| (record.who, record.action, record.count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_shows_what_its_journal_has() {
    let platform = Platform::start().await;
    let home = Home::new()
        .with_api(&platform.url())
        .with_server("")
        .with("[[rules]]\non = \"text\"\nreply = { text = \"你好\" }\n");
    let server = home.start().await;
    server.deliver(&text("ann", "m1", "hello")).await.assert_ack();
    server.deliver(&text("bea", "m2", "在吗")).await.assert_ack();
    server.deliver(&subscribe("cho")).await.assert_ack();
    server.deliver(UNREADABLE).await.assert_error(400, 1002);
    output_of(at(&server, &["hand-over", "demo", "dan", "--app", "test-app"]));
    let done = || rows(&output_of(home.command(&["journal", "list", "--state", "done", "--json"])));
    until("all is sent", async || (done().len() == 6).then_some(())).await;

    for command in [
        &["stats", "--json"][..],
        &["stats"],
        &["list", "--json"],
        &["list", "--json", "--kind", "text", "--queue", "inbox", "--user", "ann"],
        &["list", "--json", "--limit", "2", "--state", "done"],
        &["export"],
        &["export", "--limit", "3", "--since", "1h"],
        &["show", "1", "--json"],
        &["show", "1"],
        &["conversations", "--json"],
        &["conversations", "--waiting"],
    ] {
        let of_journal = output_of(home.command(&[&["journal"], command].concat()));
        assert_eq!(output_of(at(&server, command)), of_journal, "{command:?}");
    }
    let export = rows(&output_of(at(&server, &["export"])));
    assert_eq!(export.len(), 7, "{export:?}");
    assert_eq!(rows(&output_of(at(&server, &["list", "--json", "--kind", "text"]))).len(), 5);
    let table = output_of(at(&server, &["list", "--user", "ann"]));
    assert!(table.contains("hello") && table.contains("你好"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_is_followed_at_a_server() {
    let home = Home::new().with_server("").with("[[rules]]\non = \"text\"\nreply = []\n");
    let server = home.start().await;
    server.deliver(&text("ann", "m1", "first")).await.assert_ack();
    for (state, delivered, expected) in [
        (None, text("ann", "m2", "second"), ["m1", "m2"]),
        (Some("dead"), UNREADABLE.to_owned(), ["-", "-"]),
    ] {
        if state.is_some() {
            server.deliver("<xml><ToUserName>other</ToUserName></xml>").await.assert_error(400, 1002);
        }
        let state = state.map_or(["--kind", "text"], |state| ["--state", state]);
        let follow = [&["list", "--follow", "--json", "--queue", "inbox"], &state[..]].concat();
        let mut following = at(&server, &follow).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
        let mut next = || {
            let row: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
            row["message_id"].as_str().unwrap_or("-").to_owned()
        };
        assert_eq!(next(), expected[0]);
        // Refused or acked, it is in the journal.
        server.deliver(&delivered).await;
        assert_eq!(next(), expected[1]);
        following.kill().unwrap();
        following.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_settled_at_a_server_one_by_one_or_as_its_job() {
    let home = Home::new().with_server("");
    let server = home.start().await;
    for account in ["a", "b", "c"] {
        let body = format!("<xml><ToUserName>{account}</ToUserName></xml>");
        server.deliver(&body).await.assert_error(400, 1002);
    }
    assert_eq!(output_of(at(&server, &["discard", "1", "2"])), "1 is discarded\n2 is discarded\n");
    assert_eq!(output_of(at(&server, &["revive", "3"])), "3 is pending again\n");
    let dead = || rows(&output_of(home.command(&["journal", "list", "--state", "dead", "--json"])));
    until("it is given up again", async || (dead().len() == 1).then_some(())).await;
    let output = output_of(at(&server, &["discard", "--all-dead"]));
    assert_eq!(
        output,
        "job 1: discard of 1 dead letters\n1 are discarded; 0 had changed meanwhile and were left alone\n"
    );
    assert!(dead().is_empty());
    assert_eq!(output_of(at(&server, &["revive", "--all-dead"])), "there are no dead letters\n");
    let actions = audited(&home).await;
    let actions: Vec<_> =
        actions.iter().map(|(who, action, count)| (who.as_str(), action.as_str(), *count)).collect();
    assert_eq!(
        actions,
        [
            ("local", "discard", 1),
            ("local", "discard", 1),
            ("local", "revive", 1),
            ("local", "discard by filter", 1)
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_leaves_the_job_to_the_server_and_says_how_to_cancel_it() {
    const LETTERS: usize = 120;
    let home = Home::new().with_server("");
    let server = home.start().await;
    for account in 0..LETTERS {
        let body = format!("<xml><ToUserName>{account}</ToUserName></xml>");
        server.deliver(&body).await.assert_error(400, 1002);
    }
    let mut job = at(&server, &["discard", "--all-dead"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(job.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.next().unwrap(), format!("job 1: discard of {LETTERS} dead letters"));
    let pid = Pid::from_raw(i32::try_from(job.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    assert_eq!(job.wait().unwrap().code(), Some(0));
    let told: Vec<_> = lines.collect();
    assert!(told[0].starts_with("job 1 goes on at the server"), "{told:?}");
    assert!(told[1].ends_with(&format!("{}/api/v1/jobs/1/cancel", server.console())), "{told:?}");
    until("all are discarded", async || {
        let stats = rows(&output_of(at(&server, &["stats", "--json"]))).remove(0);
        (stats["inbox"]["dead"] == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_takes_over_answers_and_gives_back_at_a_server() {
    let platform = Platform::start().await;
    let home = Home::new().with_api(&platform.url()).with_server("");
    let server = home.start().await;
    // The app is the only one of the configuration.
    output_of(at(&server, &["hand-over", "demo", "ann"]));
    let [row] = &rows(&output_of(at(&server, &["conversations", "--waiting", "--json"])))[..] else {
        panic!("one waits")
    };
    assert_eq!((&row["user"], &row["dialogue"]), (&"ann".into(), &"person".into()));
    output_of(at(&server, &["answer", "demo", "ann", "在的"]));
    output_of(at(&server, &["hand-back", "demo", "ann"]));
    until("all is sent", async || platform.sent().iter().any(|(_, text)| text == "在的").then_some(()))
        .await;
    let refused = at(&server, &["answer", "demo", "ann", "还在吗"]).output().unwrap();
    let (code, _, errors) = outcome(refused);
    assert!(code == Some(1) && errors.contains("the bot has this conversation"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_command_line_does_to_the_journal_itself_is_in_the_audit_list() {
    let home = Home::new();
    let server = home.start().await;
    for account in ["a", "b", "c"] {
        let body = format!("<xml><ToUserName>{account}</ToUserName></xml>");
        server.deliver(&body).await.assert_error(400, 1002);
    }
    for command in [
        &["discard", "1"][..],
        &["hand-over", "demo", "ann"],
        &["answer", "demo", "ann", "在的"],
        &["hand-back", "demo", "ann"],
        &["discard", "--all-dead"],
    ] {
        let mut command = home.command(&[&["journal"], command].concat());
        command.env("USER", "olga");
        output_of(command);
    }
    // What is not there is not done, so it is not in the list.
    let (code, ..) = outcome(home.command(&["journal", "revive", "99"]).output().unwrap());
    assert_eq!(code, Some(1));
    let audited = audited(&home).await;
    let host = rustix::system::uname();
    let who = format!("command line (olga@{})", host.nodename().to_string_lossy());
    assert!(audited.iter().all(|(name, ..)| *name == who), "{audited:?}");
    let actions: Vec<_> = audited.iter().map(|(_, action, count)| (action.as_str(), *count)).collect();
    assert_eq!(
        actions,
        [("discard", 1), ("hand over", 1), ("answer", 1), ("hand back", 1), ("discard by filter", 2)]
    );
}
