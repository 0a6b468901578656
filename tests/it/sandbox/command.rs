//! `rongcloud-callback sandbox`: the real executable, from its first line to its end.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;

use super::{ask, json, route::Route};
use crate::support::until;

fn command(temporary: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rongcloud-callback"));
    command.env_clear().env("TMPDIR", temporary).arg("sandbox").args(arguments);
    command
}

/// The command while it runs, on a free port; killed when dropped.
struct Running {
    child: Child,
    page: SocketAddr,
    temporary: TempDir,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let all = [&["--listen", "127.0.0.1:0"], arguments].concat();
        let mut child = command(temporary.path(), &all).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let page = line.trim().strip_prefix("page: http://").unwrap().trim_end_matches('/');
        Self { page: page.parse().unwrap(), child, temporary }
    }

    async fn say(&self, text: &str) {
        let body =
            json!({ "account": "demo", "user": "ann", "content": { "kind": "text", "text": text } });
        let answer = ask(self.page, "POST /sandbox/messages", &[], body.to_string()).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
    }

    /// Waits for as many messages; gives their contents.
    async fn messages(&self, count: usize) -> Vec<serde_json::Value> {
        until("messages", async || {
            let state = json(&ask(self.page, "GET /sandbox/state", &[], "").await);
            let messages = state["messages"].as_array().unwrap();
            let contents = messages.iter().map(|message| message["content"].clone());
            (messages.len() >= count).then(|| contents.collect())
        })
        .await
    }

    fn terminate(mut self) -> (Option<i32>, TempDir) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        let code = self.child.wait().unwrap().code();
        let temporary = std::mem::replace(&mut self.temporary, tempfile::tempdir().unwrap());
        (code, temporary)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn one_command_and_the_bot_answers_and_sigterm_leaves_nothing_behind() {
    let running = Running::start(&[]);
    assert_eq!(ask(running.page, "GET /", &[], "").await.status, 200);
    running.say("hello").await;
    assert_eq!(running.messages(2).await[1], json!({ "kind": "text", "text": "You said 你说: hello" }));
    running.say("news 3").await;
    let news = running.messages(4).await[3].clone();
    assert_eq!((&news["kind"], news["articles"].as_array().unwrap().len()), (&json!("news"), 3));
    let (code, temporary) = running.terminate();
    assert_eq!(code, Some(0));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn another_server_is_called_with_the_key_and_secret_that_were_given() {
    let route = Route::start([]).await;
    let url = route.url();
    let running = Running::start(&["--route-url", &url, "--key", "my-app", "--secret", "my-secret"]);
    running.say("hello").await;
    let came = until("the callback", async || route.came().await.pop()).await;
    let verifier = rongcloud_callback::signature::Verifier::new(
        vec!["my-secret".into()],
        std::time::Duration::from_mins(1),
    );
    let now = rongcloud_callback::clock::Clock::system().now();
    assert!(verifier.verify(&came.query, now).is_ok());
    let state = json(&ask(running.page, "GET /sandbox/state", &[], "").await);
    assert_eq!(state["app_key"], "my-app");
}

fn played(text: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file: PathBuf = folder.path().join("conversation.toml");
    std::fs::write(&file, text).unwrap();
    command(folder.path(), &["--play", file.to_str().unwrap()]).output().unwrap()
}

#[test]
fn a_conversation_file_is_played_with_exit_code_0_or_1_and_a_difference() {
    let step = |reply: &str| {
        format!(
            "[[step]]\nuser = \"u\"\nsays = \"hi\"\nreplies = [{{ contains = \"{reply}\" }}]\nwithin = \"20s\""
        )
    };
    let passed = played(&step("You said"));
    assert_eq!(passed.status.code(), Some(0), "{passed:?}");
    assert!(String::from_utf8_lossy(&passed.stdout).ends_with("passed\n"));
    let failed = played(&step("Goodbye"));
    assert_eq!(failed.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&failed.stdout)
            .contains("    expected something that contains: “Goodbye”\n")
    );
    assert_eq!(failed.stderr, b"error: the conversation went differently\n");
    let wrong = played("[[step]]\nsays = \"hi\"");
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("step 1: nobody does it"), "{wrong:?}");
}

#[test]
fn it_does_not_listen_beyond_this_machine_unless_told() {
    let folder = tempfile::tempdir().unwrap();
    let refused = command(folder.path(), &["--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("hint: the page shows everything"));
    let mut allowed = command(folder.path(), &["--listen", "0.0.0.0:0", "--allow-remote"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(allowed.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("page: http://127.0.0.1:"), "{line}");
    allowed.kill().unwrap();
    allowed.wait().unwrap();
}

#[test]
fn the_example_of_the_test_kit_runs() {
    // Test executables are in `deps`, beside which cargo puts `examples`.
    let deps = std::env::current_exe().unwrap();
    let example = deps.parent().unwrap().with_file_name("examples").join("sandbox");
    assert!(Command::new(example).status().unwrap().success());
}
