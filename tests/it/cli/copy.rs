//! `journal copy`: a journal moves to another store and back as it is.

use std::process::Command;

use super::outcome;
use crate::support::{
    messages::{subscribe, text},
    postgres::{Cluster, PASSWORD},
    process::Home,
    until,
};

/// A command whose URLs take the password from the environment.
fn command(home: &Home, arguments: &[&str]) -> Command {
    let mut command = home.command(arguments);
    command.env("DATABASE_PASSWORD", PASSWORD);
    command
}

fn succeeds(home: &Home, arguments: &[&str]) -> String {
    let (code, output, errors) = outcome(command(home, arguments).output().unwrap());
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{arguments:?}");
    output
}

fn fails(home: &Home, arguments: &[&str]) -> String {
    let (code, _, errors) = outcome(command(home, arguments).output().unwrap());
    assert_eq!(code, Some(1), "{errors}");
    assert!(!errors.contains(PASSWORD), "{errors}");
    errors
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_is_moved_to_another_store_and_back_as_it_is() {
    let Some(cluster) = Cluster::shared().await else { return };
    let url = cluster.database().await.replace(PASSWORD, "${DATABASE_PASSWORD}");
    let home = Home::new();
    let server = home.start().await;
    server.deliver(&text("user1", "m1", "hello")).await.assert_ack();
    server.deliver(&subscribe("user2")).await.assert_ack();
    server.deliver("<xml><ToUserName>mcid</ToUserName></xml>").await.assert_error(400, 1002);
    let list = ["journal", "list", "--json"];
    until("both done", async || {
        (succeeds(&home, &["journal", "list", "--state", "done", "--json"]).lines().count() == 2)
            .then_some(())
    })
    .await;
    let errors = fails(&home, &["journal", "copy", "sqlite:data/journal.db", &url]);
    assert!(errors.contains("in use by another server"), "{errors}");
    server.terminate();
    assert!(server.ended().0.success());

    let copied = succeeds(&home, &["journal", "copy", "sqlite:data/journal.db", &url]);
    assert_eq!(copied, "copied 3 entries: 0 pending, 2 done, 1 dead\n");
    let errors = fails(&home, &["journal", "copy", "sqlite:data/journal.db", &url]);
    assert!(errors.contains("is not empty"), "{errors}");
    let before = succeeds(&home, &list);
    let moved = Home::new().with(&format!("[journal]\nurl = \"{url}\"\n"));
    assert_eq!(succeeds(&moved, &list), before);
    let stats = ["journal", "stats"];
    assert_eq!(succeeds(&moved, &stats), succeeds(&home, &stats));
    let letter = before.lines().find(|line| line.contains("\"dead\"")).unwrap();
    let letter: serde_json::Value = serde_json::from_str(letter).unwrap();
    succeeds(&moved, &["journal", "revive", &letter["id"].to_string()]);

    let back = Home::new().with("[journal]\nurl = \"sqlite:back/journal.db\"\n");
    let copied = succeeds(&back, &["journal", "copy", &url, "sqlite:back/journal.db"]);
    assert_eq!(copied, "copied 3 entries: 1 pending, 2 done, 0 dead\n");
    assert_eq!(succeeds(&back, &list), succeeds(&moved, &list));
    let errors = fails(&back, &["journal", "copy", "sqlite:nowhere.db", "sqlite:else.db"]);
    assert!(errors.contains("there is no journal at"), "{errors}");
}
