//! The commands of `journal` that an operator uses beside a running server.

use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    process::Command,
};

use serde_json::Value;

use super::outcome;
use crate::support::{
    messages::{subscribe, text},
    process::Home,
    skip, until,
};

/// The output of a command, which must succeed.
fn output_of(home: &Home, arguments: &[&str]) -> String {
    let (code, output, errors) = outcome(home.command(arguments).output().unwrap());
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{arguments:?}");
    output
}

fn rows(home: &Home, arguments: &[&str]) -> Vec<Value> {
    let output = output_of(home, &[&["journal", "list", "--json"], arguments].concat());
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_listed_and_shown() {
    let home = Home::new();
    let server = home.start().await;
    server.deliver(&text("user1", "m1", "hello")).await.assert_ack();
    server.deliver(&subscribe("user2")).await.assert_ack();
    until("both done", async || (rows(&home, &["--state", "done"]).len() == 2).then_some(())).await;

    let rows = rows(&home, &[]);
    let column =
        |name: &str| rows.iter().map(|row| row[name].as_str().unwrap_or("–")).collect::<Vec<_>>();
    assert_eq!(column("kind"), ["subscribe", "text"]);
    assert_eq!(column("app"), ["test-app", "test-app"]);
    assert_eq!(column("account"), ["demo", "demo"]);
    assert_eq!(column("user"), ["user2", "user1"]);
    assert_eq!(column("message_id"), ["–", "m1"]);
    assert_eq!(column("state"), ["done", "done"]);
    assert_eq!(rows[1]["attempts"], 1);

    let table = output_of(&home, &["journal", "list", "--limit", "1"]);
    assert_eq!(table.lines().count(), 2, "{table}");
    assert!(table.contains("subscribe"), "{table}");
    let shown = output_of(&home, &["journal", "show", &rows[1]["id"].to_string()]);
    assert!(shown.contains("message_id:   m1") && shown.contains("<![CDATA[hello]]>"), "{shown}");
    let stats: Value = serde_json::from_str(&output_of(&home, &["journal", "stats", "--json"])).unwrap();
    assert_eq!((&stats["inbox"]["done"], &stats["inbox"]["pending"]), (&2.into(), &0.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_revived_and_discarded_while_the_server_runs() {
    let home = Home::new();
    let server = home.start().await;
    let answer = server.deliver("<xml><ToUserName>mcid</ToUserName></xml>").await;
    let message = answer.assert_error(400, 1002);
    assert!(message.contains("<FromUserName>"), "{message}");

    let dead = || rows(&home, &["--state", "dead"]);
    let [letter] = &dead()[..] else { panic!("{:?}", dead()) };
    assert_eq!(
        (letter["kind"].as_str(), letter["app"].as_str()),
        (Some("unreadable"), Some("test-app"))
    );
    let id = letter["id"].to_string();
    assert_eq!(output_of(&home, &["journal", "revive", &id]), format!("{id} is pending again\n"));
    // The server notices the revived entry, tries it, and gives it up again.
    until("another attempt", async || dead().first().filter(|letter| letter["attempts"] == 1).cloned())
        .await;
    assert_eq!(output_of(&home, &["journal", "discard", "--all-dead"]), format!("{id} is discarded\n"));
    assert!(dead().is_empty());
    for verb in ["revive", "discard"] {
        assert_eq!(output_of(&home, &["journal", verb, "--all-dead"]), "there are no dead letters\n");
    }
    assert_eq!(rows(&home, &["--state", "done"])[0]["reason"], "discarded");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_an_error_of_the_caller() {
    let home = Home::new();
    let _server = home.start().await;
    for command in ["show", "revive", "discard"] {
        let (code, output, errors) =
            outcome(home.command(&["journal", command, "17"]).output().unwrap());
        assert_eq!((code, output.as_str()), (Some(1), ""));
        assert!(errors.starts_with("error: ") && errors.contains("17"), "{errors}");
    }
}

#[test]
fn a_journal_that_is_not_there_is_not_made_by_looking_at_it() {
    let home = Home::new();
    let (code, _, errors) = outcome(home.command(&["journal", "list"]).output().unwrap());
    assert_eq!(code, Some(1));
    assert!(errors.contains("hint: `journal.url`"), "{errors}");
    assert!(!home.database().exists());
}

#[test]
fn a_folder_of_another_user_is_refused_with_both_users_and_what_to_do() {
    const USER: u32 = 10001;
    if !rustix::process::geteuid().is_root() {
        return skip("only root can start it as another user");
    }
    let home = Home::new();
    let (program, config) = (home.path().join("program"), home.configuration());
    fs::copy(env!("CARGO_BIN_EXE_rongcloud-callback"), &program).unwrap();
    fs::set_permissions(home.path(), Permissions::from_mode(0o755)).unwrap();
    let data = home.path().join("data");
    let serve = || {
        let mut command = Command::new(&program);
        command.current_dir(home.path()).uid(USER).gid(USER).args(["serve", "--config"]).arg(&config);
        outcome(command.output().unwrap())
    };
    let (code, _, errors) = serve();
    assert!(code == Some(1) && errors.contains("create it for user 10001"), "{errors}");

    fs::create_dir(&data).unwrap();
    let (code, _, errors) = serve();
    let expected = format!("{} belongs to user 0", fs::canonicalize(&data).unwrap().display());
    assert!(code == Some(1) && errors.contains(&expected), "{errors}");
    assert!(errors.contains("Permission denied") && errors.contains("`chown 10001 "), "{errors}");
}
