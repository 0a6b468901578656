//! The command `sandbox` as a child process: the sandbox, its page, and the demo bot.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::http::Connection;

/// A running sandbox; it is killed when it is dropped.
pub(super) struct Executable {
    child: Child,
    /// The output, which is kept open because the process may write more than the test reads.
    _output: BufReader<ChildStdout>,
    /// The folder of the journal, which the killed process does not remove itself.
    _folder: tempfile::TempDir,
    /// The address of the page, without a slash at the end.
    pub(super) url: String,
}

impl Executable {
    /// Starts the command on a free port, and waits until it has printed the address of the page.
    pub(super) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts the command like [`start`](Self::start), with further arguments.
    pub(super) fn start_with(arguments: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", arguments)
    }

    /// Kills the process and starts another one in its place.
    pub(super) fn restart(self) -> Self {
        let address = self.url.trim_start_matches("http://").to_owned();
        drop(self);
        Self::start_at(&address, &[])
    }

    fn start_at(address: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_rongcloud-callback"))
            .env("TMPDIR", folder.path())
            .args(["sandbox", "--listen", address])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let url = output.by_ref().lines().map_while(Result::ok).find_map(|line| {
            let url = line.split_whitespace().find(|word| word.starts_with("http://"))?;
            Some(url.trim_end_matches('/').to_owned())
        });
        Self { child, url: url.expect("it says where its page is"), _output: output, _folder: folder }
    }

    /// Makes a call of the JSON interface, below `/sandbox/`.
    pub(super) async fn post(&self, path: &str, body: &Value) {
        self.request(&format!("/sandbox/{path}"), "application/json", &body.to_string()).await;
    }

    /// Lets `user` write a message of any kind to the account `demo`.
    pub(super) async fn write(&self, user: &str, content: Value) {
        self.post("messages", &json!({ "account": "demo", "user": user, "content": content })).await;
    }

    /// Lets `user` write a text to the account `demo`.
    pub(super) async fn say(&self, user: &str, text: &str) {
        self.write(user, json!({ "kind": "text", "text": text })).await;
    }

    /// Makes a call of the JSON interface that may be refused; returns the status and the body.
    pub(super) async fn try_post(&self, path: &str, body: &Value) -> (u16, String) {
        self.try_request(&format!("/sandbox/{path}"), "application/json", &body.to_string()).await
    }

    /// Makes a POST to `path`, as the server under test or a script would.
    pub(super) async fn request(&self, path: &str, kind: &str, body: &str) -> String {
        let (status, answer) = self.try_request(path, kind, body).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    async fn try_request(&self, path: &str, kind: &str, body: &str) -> (u16, String) {
        let host = self.url.trim_start_matches("http://");
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut connection = Connection::open(host.parse().unwrap()).await;
        let answer = connection.ask(format!("{head}{body}")).await;
        (answer.status, answer.body)
    }
}

impl Drop for Executable {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
