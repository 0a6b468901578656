//! The executable as an operator meets it: help, errors, exit codes, and what the commands print.

mod account;
mod body;
mod broadcast;
mod calls;
mod check;
mod completions;
mod copy;
mod doctor;
mod follower;
mod help;
mod init;
mod journal;
mod journal_list;
mod journal_server;
mod journal_server_refusals;
mod journal_show;
mod media;
mod menu;
mod output;
mod portal;
mod proxies;
mod rules;
mod send;
mod starts;

use std::process::{Command, Output};

use crate::support::secrecy;

/// The executable with no configuration and an empty environment.
fn executable(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rongcloud-callback"));
    command.env_clear().args(arguments);
    command
}

/// Exit code, standard output and standard error.
fn outcome(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (printed, errors) = (text(output.stdout), text(output.stderr));
    // The output may contain a message that was asked for; errors contain none.
    assert_eq!(secrecy::leak(&errors), None, "{errors}");
    assert_eq!(secrecy::signature(&printed), None, "{printed}");
    (output.status.code(), printed, errors)
}
