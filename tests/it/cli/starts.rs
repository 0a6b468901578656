//! The agreement of `check` and `serve`: `serve` starts what `check` accepts, and both refuse in the same words.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::Path,
    process::{Child, Command, ExitStatus},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{executable, outcome};
use crate::support::{
    process::{Home, free_address},
    until,
};

const FORWARD: &str = "[[rules]]\non = \"text\"\n\
    forward = { url = \"https://a.example\", secret = \"0123456789abcdef0123456789abcdef\" }";

/// A configuration with two free ports, unless its sections name others.
fn configuration(written: &str) -> String {
    let (server, admin) = (free_address(), free_address());
    let section = |name: &str, lines: String| {
        let is_written = written.contains(&format!("[{name}]"));
        if is_written { String::new() } else { format!("[{name}]\n{lines}\n") }
    };
    let app = "key = \"k\"\nsecrets = [\"s\"]\napi_url = \"http://127.0.0.1:9\"".to_owned();
    let sections = [
        section("server", format!("listen = \"{server}\"")),
        section("admin", format!("listen = \"{admin}\"")),
        section("journal", "url = \"memory:\"".to_owned()),
        section("[apps]", app),
    ];
    format!("{}{written}\n", sections.concat())
}

/// A folder with files at which a journal cannot be opened for different reasons.
fn make_folder() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    fs::create_dir(folder.join("folder")).unwrap();
    fs::write(folder.join("text.db"), "no database").unwrap();
    fs::write(folder.join("empty.db"), "").unwrap();
    symlink("loop.db", folder.join("loop.db")).unwrap();
    symlink("folder/behind-a-link.db", folder.join("link.db")).unwrap();
    let foreign = rusqlite::Connection::open(folder.join("foreign.db")).unwrap();
    foreign.execute_batch("create table customer (name text)").unwrap();
    let newer = rusqlite::Connection::open(folder.join("newer.db")).unwrap();
    newer.execute_batch("pragma user_version = 99").unwrap();
    fs::write(folder.join("bad.pem"), "no certificate").unwrap();
    home
}

/// A child process that is killed when it is dropped.
struct Killed(Child);

impl Killed {
    fn status(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap()
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the server: `None` if it becomes ready, after which it is stopped, or else its errors.
async fn serve(command: &mut Command) -> Option<String> {
    let log = tempfile::NamedTempFile::new().unwrap();
    let stderr = File::options().append(true).open(log.path()).unwrap();
    let mut child = Killed(command.stderr(stderr).spawn().unwrap());
    let said = || fs::read_to_string(log.path()).unwrap();
    let is_ready = until("a server that is ready or ends", async || match child.status() {
        Some(_) => Some(false),
        None => said().contains(" ready ").then_some(true),
    });
    if is_ready.await {
        kill_process(Pid::from_child(&child.0), Signal::TERM).unwrap();
        assert_eq!(child.0.wait().unwrap().code(), Some(0), "{}", said());
        return None;
    }
    assert_eq!(child.0.wait().unwrap().code(), Some(1), "{}", said());
    Some(said())
}

/// Asserts that `check` and `serve` agree about a configuration; returns whether they accept it.
async fn is_accepted(folder: &Path, written: &str, environment: &[(&str, &str)]) -> bool {
    fs::write(folder.join("callback.toml"), configuration(written)).unwrap();
    let command = |name| {
        let mut command = executable(&["--config", "callback.toml", name]);
        command.current_dir(folder).envs(environment.iter().copied());
        command
    };
    let before = listing(folder);
    let (code, output, errors) = outcome(command("check").output().unwrap());
    assert_eq!(listing(folder), before, "`check` makes nothing: {written}");
    if let Some(said) = serve(&mut command("serve")).await {
        assert_eq!(code, Some(1), "`check` passes {written} and `serve` says {said}");
        assert_eq!(output, "", "{errors}");
        assert!(said.ends_with(&errors), "`check` says {errors}, `serve` says {said}");
        return false;
    }
    assert_eq!((code, errors.as_str()), (Some(0), ""), "`serve` starts: {written}");
    assert!(output.starts_with("the configuration is fine\n"), "{output}");
    true
}

/// The names of all files in a folder.
fn listing(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn what_check_passes_serve_starts() {
    let folder = make_folder();
    let port = free_address().port();
    for written in [
        "",
        "[log]\nlevel = \"rongcloud_callback=debug,info\"",
        "[journal]\nurl = \"sqlite:new/deep/journal.db\"",
        "[journal]\nurl = \"sqlite:new/deep/journal.db\"",
        "[journal]\nurl = \"sqlite://a b#%20&=.db\"",
        "[journal]\nurl = \"sqlite:a b#%20&=.db\"",
        "[journal]\nurl = \"sqlite:empty.db\"",
        "[journal]\nurl = \"sqlite:link.db\"",
        &format!("[server]\nlisten = \"127.0.0.1:{port}\"\n[admin]\nlisten = \"127.0.0.2:{port}\""),
        "[[apps]]\nkey = \"k\"\nsecrets = [\"s\"]\npath = \"/:a//b\"\napi_url = \"https://a.example\"",
        FORWARD,
    ] {
        assert!(is_accepted(folder.path(), written, &[]).await, "{written}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_check_refuses_serve_refuses_in_the_same_words() {
    let folder = make_folder();
    let port = free_address().port();
    for written in [
        "[log]\nlevel = \"loud=wat\"",
        "[log]\nlevel = \"verbose\"",
        "[log]\nlevel = \"\"",
        "[server]\nlisten = \"192.0.2.1:8080\"",
        "[admin]\nlisten = \"192.0.2.1:9090\"\ntokens = [\"0123456789abcdef\"]",
        &format!(
            "[server]\nlisten = \"[::ffff:127.0.0.1]:{port}\"\n[admin]\nlisten = \"127.0.0.1:{port}\""
        ),
    ] {
        assert!(!is_accepted(folder.path(), written, &[]).await, "{written}");
    }
    for journal in [
        "sqlite:x?mode=rwc",
        "sqlite:file:x.db",
        "sqlite::memory:",
        "sqlite:~/journal.db",
        "sqlite:folder",
        "sqlite:folder/",
        "sqlite:text.db",
        "sqlite:text.db/journal.db",
        "sqlite:text.db/deep/journal.db",
        "sqlite:loop.db",
        "sqlite:foreign.db",
        "sqlite:newer.db",
        "postgres:///journal",
        "postgres://u:p@127.0.0.1:port/j",
        "postgres://u:p@127.0.0.1/j?sslmode=prefer",
        "postgres://u:p@127.0.0.1/j?sslrootcert=nowhere.pem",
        "postgres://u:p@127.0.0.1/j?sslrootcert=bad.pem",
        "postgres://u:p@127.0.0.1/j?no_such_parameter=1",
    ] {
        let written = format!("[journal]\nurl = \"{journal}\"");
        assert!(!is_accepted(folder.path(), &written, &[]).await, "{journal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_cannot_be_read_are_found_by_both_or_by_none() {
    let folder = make_folder();
    for (written, file) in [("", "bad.pem"), ("", "nowhere.pem"), (FORWARD, "nowhere.pem")] {
        is_accepted(folder.path(), written, &[("SSL_CERT_FILE", file)]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_fine_while_its_server_runs() {
    let home = Home::new();
    let _server = home.start().await;
    let (code, output, errors) = outcome(home.command(&["check"]).output().unwrap());
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{output}");
}
