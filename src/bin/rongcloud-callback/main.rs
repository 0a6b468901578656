//! The executable: a callback server from a configuration file, and the operator's commands beside it.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an executable's data and errors go there"
)]

mod check;
mod demonstration;
mod failure;
mod journal;
mod sandbox;
mod serve;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use rongcloud_callback::Config;

use crate::failure::Failure;

/// Receives RongCloud (融云) public-account callbacks: durable before the ack, once, in order.
#[derive(Debug, Parser)]
#[command(version, about)]
#[expect(clippy::doc_markdown, reason = "the help is plain text")]
struct Cli {
    /// Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
    ///
    /// The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answers the platform's callbacks and works on what they bring, until SIGTERM.
    Serve,
    /// Says what is wrong with a configuration, or with the way to a running server.
    Check(check::Arguments),
    /// Looks at what was accepted, and revives or discards it.
    #[command(subcommand)]
    Journal(journal::Command),
    /// Plays the platform, with a chat page to try a bot on; needs neither a configuration nor an account.
    Sandbox(sandbox::Arguments),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = tokio::runtime::Runtime::new()
        .map_err(Failure::ours)
        .and_then(|runtime| runtime.block_on(run(cli)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprint!("{failure}");
            failure.code()
        }
    }
}

async fn run(Cli { config, command }: Cli) -> Result<(), Failure> {
    let load = || Config::load(config.as_deref());
    match command {
        Command::Serve => serve::run(load()?).await,
        Command::Check(arguments) => check::run(&load()?, arguments).await,
        Command::Journal(command) => journal::run(&load()?, command).await,
        Command::Sandbox(arguments) => sandbox::run(arguments).await,
    }
}
