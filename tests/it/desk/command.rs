//! A person at the command line, beside a running server.

use serde_json::Value;

use crate::support::{messages::text, platform::Platform, postgres::Cluster, process::Home, until};

/// The output of a command, which must succeed.
fn output_of(home: &Home, arguments: &[&str]) -> String {
    let output = home.command(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && errors.is_empty(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The rows of `journal conversations --json`.
fn conversations(home: &Home, arguments: &[&str]) -> Vec<Value> {
    let output = output_of(home, &[&["journal", "conversations", "--json"], arguments].concat());
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn converses(home: Home, platform: &Platform) {
    let server = home.start().await;
    assert!(conversations(&home, &[]).is_empty());
    output_of(&home, &["journal", "hand-over", "demo", "ann"]);
    let [row] = &conversations(&home, &["--waiting"])[..] else { panic!("one waits") };
    assert_eq!((&row["user"], &row["dialogue"]), (&"ann".into(), &"person".into()));
    assert!(row["state"]["since"].is_i64(), "{row}");
    assert!(conversations(&home, &["--dialogue", "order"]).is_empty());
    server.deliver(&text("ann", "m1", "在吗")).await.assert_ack();
    output_of(&home, &["journal", "answer", "demo", "ann", "在的"]);
    output_of(&home, &["journal", "hand-back", "demo", "ann"]);
    let sent = until("all is sent", async || {
        let sent: Vec<_> = platform.sent().into_iter().map(|(_, text)| text).collect();
        (sent.len() == 3).then_some(sent)
    })
    .await;
    let expected = ["正在为您转接人工客服，请稍候。", "在的", "人工服务已结束，现在由机器人为您服务。"];
    assert_eq!(sent, expected);
    assert!(conversations(&home, &[]).is_empty());

    let refused = home.command(&["journal", "answer", "demo", "ann", "还在吗"]).output().unwrap();
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors.contains("the bot has this conversation") && errors.contains("hint: "), "{errors}");
    let unknown = ["journal", "hand-over", "demo", "ann", "--app", "nobody's"];
    let refused = home.command(&unknown).output().unwrap();
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && errors.contains("no app nobody's"), "{errors}");
    let table = output_of(&home, &["journal", "conversations"]);
    assert_eq!(table.lines().count(), 1, "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_takes_over_answers_and_gives_back_beside_a_server_on_a_file() {
    let platform = Platform::start().await;
    converses(Home::new().with_api(&platform.url()), &platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_takes_over_answers_and_gives_back_beside_a_server_on_postgresql() {
    let Some(cluster) = Cluster::shared().await else { return };
    let platform = Platform::start().await;
    let home = Home::new().with_api(&platform.url()).with_journal(cluster.database().await);
    converses(home, &platform).await;
}
