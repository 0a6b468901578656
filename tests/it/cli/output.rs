//! Standard output: a reader that goes away early, and a full disk.

use std::{
    fs::File,
    io::{Write as _, pipe},
    process::{Command, Output, Stdio},
};

use super::{executable, outcome};
use crate::support::process::Home;

/// The outcome of a command whose reader has gone before the first byte.
fn run_unread(mut command: Command) -> Output {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_goes_away_early_is_no_error() {
    let home = Home::new();
    let _server = home.start().await;
    for command in [
        home.command(&["journal", "list"]),
        home.command(&["journal", "list", "--json"]),
        home.command(&["journal", "stats"]),
        executable(&["completions", "bash"]),
        executable(&["man"]),
        executable(&["--help"]),
    ] {
        let shown = format!("{command:?}");
        let (code, _, errors) = outcome(run_unread(command));
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{shown}");
    }
}

#[test]
fn a_disk_that_is_full_is_our_failure() {
    // Some systems have no `/dev/full`.
    let Ok(mut full) = File::options().write(true).open("/dev/full") else { return };
    if full.write_all(b"x").is_ok() {
        return;
    }
    let (code, _, errors) = outcome(
        executable(&["completions", "bash"])
            .stdout(full)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap(),
    );
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.starts_with("error: cannot write to standard output: "), "{errors}");
}
