//! The server as the first process of a container, and the image's health check beside it.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{
    http::Connection,
    messages::{APP, SECRET},
    process::{Home, free_address},
    skip, until,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rongcloud-callback");
const NAMESPACE: [&str; 4] = ["--fork", "--pid", "--mount-proc", "--kill-child"];

/// The first process in a PID namespace of its own.
struct FirstProcess {
    /// The process outside that waits for the first process.
    parent: Child,
    /// The process id of the first process, as seen from outside.
    id: u32,
}

impl FirstProcess {
    /// Starts the process. `None` where this user may make no namespaces.
    async fn start(arguments: &[&str], folder: &Path, environment: &[(&str, &str)]) -> Option<Self> {
        let may = Command::new("unshare").args(NAMESPACE).arg("true").stderr(Stdio::null()).status();
        if !may.is_ok_and(|status| status.success()) {
            skip("PID namespaces take root and util-linux");
            return None;
        }
        let mut command = Command::new("unshare");
        command.args(NAMESPACE).arg(PROGRAM).args(arguments).current_dir(folder);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.envs(environment.iter().copied());
        let parent = command.stderr(Stdio::null()).spawn().unwrap();
        let children = format!("/proc/{0}/task/{0}/children", parent.id());
        let child = async || fs::read_to_string(&children).ok()?.trim().parse().ok();
        let first = Self { id: until("the first process", child).await, parent };
        until("a handler for SIGTERM", async || first.catches(Signal::TERM).then_some(())).await;
        Some(first)
    }

    fn catches(&self, signal: Signal) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id)).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(caught.trim(), 16).unwrap() & (1 << (signal.as_raw() - 1)) != 0
    }

    /// Runs a command of the executable beside the server, as an engine runs a health check.
    fn run_beside(
        &self,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> (Option<i32>, String, String) {
        let mut command = Command::new("nsenter");
        command.args(["--pid", "--mount", "--target", &self.id.to_string(), PROGRAM]).args(arguments);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        let output = command.envs(environment.iter().copied()).current_dir("/").output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// Stops the process, and waits for its end.
    fn terminate(mut self) -> ExitStatus {
        let id = Pid::from_raw(i32::try_from(self.id).unwrap()).unwrap();
        kill_process(id, Signal::TERM).unwrap();
        self.parent.wait().unwrap()
    }
}

impl Drop for FirstProcess {
    fn drop(&mut self) {
        let _ = self.parent.kill();
        let _ = self.parent.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_the_first_process_of_a_container() {
    let home = Home::new();
    let file = home.configuration();
    let Some(first) =
        FirstProcess::start(&["--config", file.to_str().unwrap(), "serve"], home.path(), &[]).await
    else {
        return;
    };
    until("a server that listens", async || Connection::try_open(home.callbacks()).await.ok().map(drop))
        .await;
    assert_eq!(first.terminate().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it_while_its_database_does_not_answer() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let home = Home::new().with_journal(format!("postgres://u:p@{address}/j?sslmode=disable"));
    let file = home.configuration();
    let Some(first) =
        FirstProcess::start(&["--config", file.to_str().unwrap(), "serve"], home.path(), &[]).await
    else {
        return;
    };
    let accepted = tokio::task::spawn_blocking(move || silent.accept().unwrap());
    let _connection = accepted.await.unwrap();
    assert_eq!(first.terminate().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it_while_its_secret_is_on_a_volume_that_does_not_answer() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("secret");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let app =
        format!("[[apps]]\nkey = \"k\"\napi_url = \"http://127.0.0.1:9\"\nsecret_files = [{pipe:?}]\n");
    fs::write(folder.path().join("callback.toml"), app).unwrap();
    let started = FirstProcess::start(&["--config", "callback.toml", "serve"], folder.path(), &[]).await;
    let Some(first) = started else { return };
    assert_eq!(first.terminate().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_check_of_a_container_with_a_sandbox_asks_for_its_page() {
    let (folder, listen) = (tempfile::tempdir().unwrap(), free_address());
    // These are variables that a file gives to every container of a bot.
    let environment =
        [("RC_APP_KEY", APP), ("RC_APP_SECRET", SECRET), ("RC_API_URL", "http://127.0.0.1:9")];
    let address = listen.to_string();
    let arguments = ["sandbox", "--listen", &address];
    let Some(first) = FirstProcess::start(&arguments, folder.path(), &environment).await else { return };
    until("a page", async || Connection::try_open(listen).await.ok().map(drop)).await;
    for environment in [&environment[..], &[]] {
        let (code, output, errors) = first.run_beside(&["check", "--url"], environment);
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{output}");
        let words = format!("the sandbox with the process id 1 answers at http://{listen}/\n");
        assert_eq!(output, words);
    }
    assert_eq!(first.terminate().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_check_finds_the_server_however_it_was_configured() {
    let environment =
        [("RC_APP_KEY", APP), ("RC_APP_SECRET", SECRET), ("RC_API_URL", "http://127.0.0.1:9")];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("callback.toml");
    let file = file.to_str().unwrap();
    let [named, elsewhere] = [file, "/nowhere.toml"].map(|file| ("RONGCLOUD_CALLBACK_CONFIG", file));
    for (arguments, variable) in [
        (&["--config", file, "serve"][..], None),
        (&["serve", "--config=callback.toml"], None),
        (&["serve"], Some(named)),
        (&["--config", "callback.toml", "serve"], Some(elsewhere)),
    ] {
        let listen = free_address();
        let config = format!(
            "[server]\nlisten = \"{listen}\"\n[admin]\nlisten = \"127.0.0.1:0\"\n[[apps]]\npath = \"/own/path\"\n\
             key = \"${{RC_APP_KEY}}\"\nsecrets = [\"${{RC_APP_SECRET}}\"]\napi_url = \"${{RC_API_URL}}\"\n"
        );
        fs::write(file, config).unwrap();
        let environment: Vec<_> = environment.into_iter().chain(variable).collect();
        let Some(first) = FirstProcess::start(arguments, folder.path(), &environment).await else {
            return;
        };
        until("a server that listens", async || Connection::try_open(listen).await.ok().map(drop)).await;

        let (code, output, errors) = first.run_beside(&["check", "--url"], &environment);
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{arguments:?}: {output}");
        assert!(output.contains("process id 1") && output.contains("/own/path"), "{output}");

        let wrong = ["--config", "/nowhere.toml", "check", "--url"];
        let (code, _, errors) = first.run_beside(&wrong, &environment);
        assert_eq!(code, Some(1), "what the command names itself is meant: {errors}");
        assert_eq!(first.terminate().code(), Some(0));
    }
}
