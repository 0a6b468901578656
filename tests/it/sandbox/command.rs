//! The command `sandbox` of the real executable, from its first line to its end.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::{NamedTempFile, TempDir};

use super::{ask, json, route::Route};
use crate::support::{http::Connection, process::free_address, until};

fn command(temporary: &Path, arguments: &[&str]) -> Command {
    let mut command = command_of(&["sandbox"]);
    command.env("TMPDIR", temporary).args(arguments);
    command
}

fn command_of(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rongcloud-callback"));
    command.env_clear().args(arguments);
    command
}

/// The running command, on a free port; it is killed when it is dropped.
struct Running {
    child: Child,
    page: SocketAddr,
    /// The output until the command was ready.
    printed: String,
    temporary: TempDir,
    /// The file that standard error is written to.
    errors: NamedTempFile,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        Self::start_as(|_, arguments| command_of(arguments), arguments)
    }

    /// Starts the command that `make` makes of the arguments and of the folder for temporary files.
    fn start_as(make: impl FnOnce(&Path, &[&str]) -> Command, arguments: &[&str]) -> Self {
        let (temporary, errors) = (tempfile::tempdir().unwrap(), NamedTempFile::new().unwrap());
        let listen: &[&str] =
            if arguments.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
        let all = [&["sandbox"], listen, arguments].concat();
        let mut command = make(temporary.path(), &all);
        command.env("TMPDIR", temporary.path()).stdout(Stdio::piped()).stderr(errors.reopen().unwrap());
        let mut child = command.spawn().unwrap();
        let mut printed = String::new();
        let mut output = BufReader::new(child.stdout.as_mut().unwrap());
        while !printed.ends_with("Ctrl-C ends it.\n") {
            assert_ne!(output.read_line(&mut printed).unwrap(), 0, "it ended: {printed}");
        }
        let page = printed.lines().next().unwrap().strip_prefix("page: http://").unwrap();
        Self { page: page.trim_end_matches('/').parse().unwrap(), child, printed, temporary, errors }
    }

    /// Waits until standard error contains these words.
    async fn wait_for_error(&self, words: &str) {
        let said =
            async || fs::read_to_string(self.errors.path()).unwrap().contains(words).then_some(());
        until(words, said).await;
    }

    /// Waits until `look` is true for the `number`th delivery.
    async fn delivery(&self, number: usize, look: impl Fn(&Value) -> bool) -> Value {
        until("a delivery", async || {
            let state = json(&ask(self.page, "GET /sandbox/state", &[], "").await);
            let delivery = state["deliveries"].get(number - 1)?.clone();
            look(&delivery).then_some(delivery)
        })
        .await
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    async fn say(&self, text: &str) {
        let body =
            json!({ "account": "demo", "user": "ann", "content": { "kind": "text", "text": text } });
        let answer = ask(self.page, "POST /sandbox/messages", &[], body.to_string()).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
    }

    /// Waits for this many messages; returns their contents.
    async fn wait_for_messages(&self, count: usize) -> Vec<serde_json::Value> {
        until("messages", async || {
            let state = json(&ask(self.page, "GET /sandbox/state", &[], "").await);
            let messages = state["messages"].as_array().unwrap();
            let contents = messages.iter().map(|message| message["content"].clone());
            (messages.len() >= count).then(|| contents.collect())
        })
        .await
    }

    /// Ends the command by a signal; it must succeed and leave no file behind.
    fn end_by(mut self, signal: Signal) {
        self.signal(signal);
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        assert_eq!(fs::read_dir(self.temporary.path()).unwrap().count(), 0);
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
    assert_eq!(
        running.wait_for_messages(2).await[1],
        json!({ "kind": "text", "text": "You said: hello" })
    );
    running.say("news 3").await;
    let news = running.wait_for_messages(4).await[3].clone();
    assert_eq!((&news["kind"], news["articles"].as_array().unwrap().len()), (&json!("news"), 3));
    running.end_by(Signal::TERM);
}

#[tokio::test]
async fn the_page_has_a_way_to_the_console_of_its_own_server_and_back() {
    let running = Running::start(&[]);
    let state = json(&ask(running.page, "GET /sandbox/state", &[], "").await);
    let console = state["console_url"].as_str().unwrap();
    let console = console.strip_prefix("http://").unwrap().trim_end_matches('/').parse().unwrap();
    let session = json(&ask(console, "GET /api/v1/session", &[], "").await);
    assert_eq!(session["sandbox"], format!("http://{}/", running.page));
    assert_eq!(session["who"], "local");
    let page = ask(console, "GET /", &[], "").await;
    assert!(page.status == 200 && page.body.contains("<title>"), "{page:?}");

    let without = Running::start(&["--route-url", "http://127.0.0.1:9/"]);
    let state = json(&ask(without.page, "GET /sandbox/state", &[], "").await);
    assert_eq!(state["console_url"], json!(null));
}

#[test]
fn it_prints_where_everything_is_and_the_lines_that_a_bot_of_ones_own_needs() {
    let (key, secret, token) = ("it's-a-key", "$(s3cret)", "portal-token");
    let options = ["--key", key, "--secret", secret, "--portal-token", token];
    let running = Running::start(&options);
    let printed = &running.printed;
    assert!(printed.contains("\ncallbacks go to: http://127.0.0.1:"), "{printed}");
    assert!(printed.contains("/callback (a small bot)\nportal_token: portal-token\n"), "{printed}");
    let exports =
        printed.lines().filter(|line| line.starts_with("export ")).collect::<Vec<_>>().join("\n");
    let script =
        format!("{exports}\nprintf '%s|%s|%s' \"$RC_APP_KEY\" \"$RC_APP_SECRET\" \"$RC_API_URL\"");
    let read = Command::new("sh").args(["-c", &script]).output().unwrap();
    let expected = format!("{key}|{secret}|http://{}", running.page);
    assert_eq!(String::from_utf8(read.stdout).unwrap(), expected);
    // The lines are run by a shell, as a user does who copies them.
    let show = format!("{exports}\nexec \"$0\" account show demo");
    let mut shell = Command::new("sh");
    shell.args(["-c", &show, env!("CARGO_BIN_EXE_rongcloud-callback")]);
    let shown = shell.current_dir(running.temporary.path()).output().unwrap();
    assert!(shown.status.success(), "{shown:?}");
    running.end_by(Signal::INT);
    for (option, value) in
        [("--key", "two words"), ("--key", ""), ("--secret", ""), ("--portal-token", "")]
    {
        let folder = tempfile::tempdir().unwrap();
        let refused = command(folder.path(), &[option, value]).output().unwrap();
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains(option), "{refused:?}");
    }
}

#[tokio::test]
async fn at_sighup_it_reads_its_rules_again_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bot.toml");
    let write = |text: &str| {
        fs::write(
            &file,
            format!(
                "[[apps]]\nkey = \"k\"\nsecrets = [\"s\"]\napi_url = \"http://127.0.0.1:9\"\n{text}"
            ),
        )
        .unwrap();
    };
    let rule = |reply: &str| format!("[[rules]]\non = \"text\"\nreply = {{ text = \"{reply}\" }}\n");
    write(&rule("first"));
    let path = file.to_str().unwrap();
    let running = Running::start(&["--config", path]);
    assert!(
        running.printed.contains(&format!("/callback (the rules of {path})\n")),
        "{}",
        running.printed
    );
    running.say("hello").await;
    assert_eq!(running.wait_for_messages(2).await[1], json!({ "kind": "text", "text": "first" }));
    write(&rule("second"));
    running.signal(Signal::HUP);
    running.wait_for_error("bot.toml has been read again, rules: 1\n").await;
    running.say("hello").await;
    assert_eq!(running.wait_for_messages(4).await[3], json!({ "kind": "text", "text": "second" }));
    write("[[rules]]\non = \"smell\"\n");
    running.signal(Signal::HUP);
    running.wait_for_error("bot.toml: the rules stay as they were\n").await;
    running.wait_for_error("smell").await;
    running.say("hello").await;
    assert_eq!(running.wait_for_messages(6).await[5], json!({ "kind": "text", "text": "second" }));
    running.end_by(Signal::TERM);
}

#[tokio::test]
async fn without_rules_a_sighup_changes_nothing() {
    let route = Route::start([]).await;
    let (own, other) = (Running::start(&[]), Running::start(&["--route-url", &route.url()]));
    assert!(other.printed.contains(&format!("\ncallbacks go to: {} (another server)\n", route.url())));
    for running in [own, other] {
        running.signal(Signal::HUP);
        running.say("hello").await;
        running.delivery(1, |delivery| delivery["state"] == "accepted").await;
        running.end_by(Signal::TERM);
    }
}

#[tokio::test]
async fn what_became_of_each_message_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bot.toml");
    let nobody = free_address();
    let text = format!(
        "[[apps]]\nkey = \"k\"\nsecrets = [\"s\"]\napi_url = \"http://127.0.0.1:9\"\n\
         [[rules]]\nname = \"orders\"\non = \"text\"\nkeyword = {{ contains = [\"order\"] }}\n\
         forward = {{ url = \"http://{nobody}/\", secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\" }}\n\
         [[rules]]\nname = \"hello\"\non = \"text\"\nevery = \"1h\"\nreply = {{ text = \"hello\" }}\n"
    );
    fs::write(&file, text).unwrap();
    let running = Running::start(&["--config", file.to_str().unwrap()]);
    let handling = async |number, state: &str| {
        let is_in = |delivery: &Value| delivery["handling"]["state"] == state;
        running.delivery(number, is_in).await["handling"].clone()
    };
    let write = async |user: &str, content: Value| {
        let body = json!({ "account": "demo", "user": user, "content": content }).to_string();
        assert_eq!(ask(running.page, "POST /sandbox/messages", &[], body).await.status, 202);
    };
    let say = async |user: &str, text: &str| write(user, json!({ "kind": "text", "text": text })).await;

    say("ann", "hello").await;
    let sent = |delivery: &Value| delivery["handling"]["replies"][0]["state"] == "sent";
    let done = running.delivery(1, sent).await["handling"].clone();
    assert_eq!((&done["state"], &done["attempts"]), (&json!("done"), &json!(1)));
    assert_eq!(done["by"], "rule \"hello\"");
    say("ann", "hello again").await;
    assert_eq!(handling(2, "quiet").await["by"], "rule \"hello\"");
    write("ann", json!({ "kind": "subscribe" })).await;
    handling(3, "not_taken").await;
    say("bo", "order 17").await;
    let retrying = handling(4, "retrying").await;
    assert!(retrying["reason"].as_str().unwrap().contains("rule `orders`"), "{retrying}");
    assert!(retrying["retry_at"].is_i64(), "{retrying}");
    say("bo", "hello").await;
    assert_eq!(handling(5, "waiting").await["behind"], 4);
    running.end_by(Signal::TERM);
}

#[tokio::test]
async fn its_server_logs_only_warnings_unless_it_is_asked_for_more() {
    let silent = Running::start(&[]);
    silent.say("hello").await;
    silent.wait_for_messages(2).await;
    assert_eq!(fs::read_to_string(silent.errors.path()).unwrap(), "");
    let by_option = Running::start(&["--log-level", "info"]);
    by_option.wait_for_error(" ready ").await;
    let with_variable = |_: &Path, arguments: &[&str]| {
        let mut command = command_of(arguments);
        command.env("RUST_LOG", "info");
        command
    };
    let by_variable = Running::start_as(with_variable, &[]);
    by_variable.wait_for_error(" ready ").await;
}

#[tokio::test]
async fn the_page_is_opened_in_a_browser_or_it_is_said_why_not() {
    let (browsers, opened) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let opened = opened.path().join("page");
    let with_path = |folder: &Path| {
        let folder = folder.to_owned();
        move |_: &Path, arguments: &[&str]| {
            let mut command = command_of(arguments);
            command.env("PATH", folder);
            command
        }
    };
    let none = Running::start_as(with_path(browsers.path()), &["--open"]);
    none.wait_for_error("cannot open a browser (xdg-open: ").await;
    none.wait_for_error(&format!("): open http://{}/ yourself\n", none.page)).await;
    assert_eq!(ask(none.page, "GET /", &[], "").await.status, 200);
    none.end_by(Signal::TERM);

    let script = browsers.path().join("xdg-open");
    fs::write(&script, format!("#!/bin/sh\necho \"$1\" > '{}'\n", opened.display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    let running = Running::start_as(with_path(browsers.path()), &["--open"]);
    let page = format!("http://{}/\n", running.page);
    until("the page", async || fs::read_to_string(&opened).ok().filter(|it| *it == page)).await;
    running.end_by(Signal::TERM);
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

fn play(text: &str) -> Output {
    play_with(text, &[])
}

/// Plays a conversation, which must leave no file behind.
fn play_with(text: &str, arguments: &[&str]) -> Output {
    let (folder, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = folder.path().join("conversation.toml");
    fs::write(&file, text).unwrap();
    let all = [&["--play", file.to_str().unwrap()], arguments].concat();
    let output = command(temporary.path(), &all).output().unwrap();
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "{output:?}");
    output
}

#[test]
fn a_play_against_a_server_that_is_not_there_fails_whatever_is_expected() {
    let nobody = format!("http://{}/callback", free_address());
    let step = "[[step]]\nuser = \"u\"\nsays = \"hello\"\n";
    for text in [
        step.to_owned(),
        format!("{step}replies = []"),
        format!("{step}replies = [{{ kind = \"text\" }}]"),
    ] {
        let failed = play_with(&text, &["--route-url", &nobody]);
        assert_eq!(failed.status.code(), Some(1), "{text}\n{failed:?}");
        let why = format!(
            "✗ step 1: u says: “hello”\n    {nobody} did not accept it: connection refused; is the server running?\n\
             failed: it went differently\n"
        );
        assert_eq!(String::from_utf8_lossy(&failed.stdout), why);
    }
    let empty = play("");
    assert_eq!(empty.status.code(), Some(1), "{empty:?}");
    assert!(
        String::from_utf8_lossy(&empty.stderr).contains("the conversation has no step"),
        "{empty:?}"
    );
}

#[test]
fn the_replies_to_a_step_that_does_not_check_them_are_not_taken_for_those_to_the_next_one() {
    let unchecked = "[[step]]\nuser = \"u\"\nsays = \"help\"\n".repeat(3);
    let checked = "[[step]]\nsays = \"hello\"\nreplies = [{ contains = \"hello\" }]\n";
    let played = play(&format!("{unchecked}{checked}"));
    assert!(played.status.success(), "{played:?}");
}

#[test]
fn a_start_that_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.toml");
    let wrong =
        play_with("[[step]]\nuser = \"u\"\nfollows = true", &["--config", missing.to_str().unwrap()]);
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
}

#[test]
fn a_conversation_file_is_played_with_exit_code_0_or_1_and_a_difference() {
    let step = |reply: &str| {
        format!(
            "[[step]]\nuser = \"u\"\nsays = \"hi\"\nreplies = [{{ contains = \"{reply}\" }}]\nwithin = \"20s\""
        )
    };
    let passed = play(&step("You said"));
    assert_eq!(passed.status.code(), Some(0), "{passed:?}");
    assert!(String::from_utf8_lossy(&passed.stdout).ends_with("passed\n"));
    let failed = play(&step("Goodbye"));
    assert_eq!(failed.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&failed.stdout)
            .contains("    expected something that contains: “Goodbye”\n")
    );
    assert_eq!(failed.stderr, b"error: the conversation went differently\n");
    let wrong = play("[[step]]\nsays = \"hi\"");
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

#[tokio::test]
async fn beyond_this_machine_a_name_is_answered_only_if_it_was_given() {
    let beyond = [
        "--listen",
        "0.0.0.0:0",
        "--allow-remote",
        "--allow-host",
        "sandbox.internal",
        "--allow-host",
        "other",
    ];
    let running = Running::start(&beyond);
    for (host, status) in [("sandbox.internal", 200), ("other:8000", 200), ("evil.example", 403)] {
        let request = format!("GET /sandbox/state HTTP/1.1\r\nhost: {host}\r\n\r\n");
        let answer = Connection::open(running.page).await.ask(request).await;
        assert_eq!(answer.status, status, "{host}");
    }
}

#[test]
fn the_example_of_the_test_kit_runs() {
    // Test executables are in `deps`, beside which cargo puts `examples`.
    let deps = std::env::current_exe().unwrap();
    let example = deps.parent().unwrap().with_file_name("examples").join("sandbox");
    assert!(Command::new(example).status().unwrap().success());
}
