//! The executable: a callback server from a configuration file, and the operator's commands beside it.

// First of all, for its macros.
#[macro_use]
mod output;

mod account;
mod address;
mod articles;
mod browser;
mod calls;
mod check;
mod command_line;
mod content;
mod copy;
mod demonstration;
mod doctor;
mod document;
mod failure;
mod follower;
mod init;
mod journal;
mod log;
mod manual;
mod media;
mod menu;
mod own_server;
mod progress;
mod rules;
mod running;
mod sandbox;
mod send;
mod serve;
mod terminal;
mod users;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use mimalloc::MiMalloc;
use rongcloud_callback::{
    Config,
    config::{LogFormat, LogSection},
    telemetry::{self, LogFilter},
};

use crate::failure::Failure;

/// Each request allocates more at a time than glibc keeps at hand for a thread.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The heading of the options that every command has.
const EVERYWHERE: &str = "Every command";

/// Said once, below the help of the whole program.
const NOTES: &str = "\
The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.
Commands that end by themselves log only what --log-level asks for.";

/// Receives RongCloud (融云) public-account callbacks: durable before the ack, once, in order.
#[derive(Debug, Parser)]
#[command(version, about, after_long_help = NOTES)]
#[expect(clippy::doc_markdown, reason = "the help is plain text")]
struct Cli {
    /// The configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
    #[arg(long, value_name = "FILE", global = true, help_heading = EVERYWHERE)]
    config: Option<PathBuf>,
    /// The level from which something is logged, or levels of parts, such as rongcloud_callback=debug,warn [default: $RUST_LOG, else log.level of the configuration]
    #[arg(long, value_name = "LEVEL", global = true, help_heading = EVERYWHERE)]
    log_level: Option<LogFilter>,
    #[command(flatten)]
    options: calls::Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes the files that a bot begins with: a configuration, an environment, a conversation to play.
    Init(init::Arguments),
    /// Answers the platform's callbacks and works on what they bring, until SIGTERM.
    Serve,
    /// Says what is wrong with a configuration, or with the way to a running server.
    Check(check::Arguments),
    /// Looks for whatever keeps messages from arriving and replies from going out: configuration, journal, clock, API, routeUrl.
    Doctor(doctor::Arguments),
    /// Tries out the rules of a configuration.
    #[command(subcommand)]
    Rules(rules::Command),
    /// Looks at what was accepted, and revives or discards it.
    #[command(subcommand)]
    Journal(journal::Command),
    /// Plays the platform, with a chat page to try a bot on; needs neither a configuration nor an account.
    Sandbox(sandbox::Arguments),
    /// Creates, changes and looks at public accounts, and says where their messages go.
    #[command(subcommand)]
    Account(account::Command),
    /// Changes the menus of public accounts.
    #[command(subcommand)]
    Menu(menu::Command),
    /// Makes users follow a public account, or no longer.
    #[command(subcommand)]
    Follower(follower::Command),
    /// Sends a message to users, or to all followers of a public account.
    Send(Box<send::Arguments>),
    /// Uploads pictures, recordings and articles.
    Media(media::Arguments),
    /// Prints a script that completes the arguments in a shell.
    Completions {
        /// The shell that takes it.
        shell: Shell,
    },
    /// Prints the manual page, or writes one for each command.
    Man(manual::Arguments),
}

fn main() -> ExitCode {
    let cli = match command_line::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => {
            // clap's own exit code for what it cannot make sense of is 2, which here is our failure.
            let code = ExitCode::from(u8::from(error.use_stderr()));
            _ = error.print();
            return code;
        }
    };
    let result = tokio::runtime::Runtime::new().map_err(Failure::ours).and_then(|runtime| {
        let result = runtime.block_on(run(cli));
        // A store or a file that does not answer may hold one of its threads for as long as it likes.
        runtime.shutdown_background();
        result.and_then(|()| output::check())
    });
    let code = match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            log::print(&failure.to_string());
            failure.code()
        }
    };
    log::finish();
    code
}

async fn run(Cli { config, log_level, options, command }: Cli) -> Result<(), Failure> {
    let level = log_level.as_ref();
    if level.is_some() && !matches!(command, Command::Serve) {
        // `serve` begins once it knows the format.
        let section = LogSection { format: LogFormat::Text, level: "info".to_owned() };
        telemetry::start(&section.options(), level)?;
    }
    let load = || Config::load(config.as_deref());
    match command {
        Command::Init(arguments) => init::run(arguments),
        Command::Doctor(arguments) => doctor::run(load(), arguments, level).await,
        Command::Serve => serve::run(config, level).await,
        Command::Check(arguments) => match arguments.look_beside(config.as_deref())? {
            Some(sandbox) => check::try_out_sandbox(&sandbox).await,
            None => check::run(&load()?, arguments, level).await,
        },
        Command::Rules(command) => rules::run(&load()?, &command),
        Command::Journal(command) => journal::run(&load()?, command).await,
        Command::Sandbox(arguments) => sandbox::run(arguments, config.as_deref()).await,
        Command::Account(command) => account::run(&load()?, &options, command).await,
        Command::Menu(command) => menu::run(&load()?, &options, command).await,
        Command::Follower(command) => follower::run(&load()?, &options, command).await,
        Command::Send(arguments) => send::run(&load()?, &options, *arguments).await,
        Command::Media(arguments) => media::run(&load()?, &options, arguments).await,
        Command::Completions { shell } => {
            manual::completions(shell, command_line::completed());
            Ok(())
        }
        Command::Man(arguments) => manual::man(command_line::command(), &arguments),
    }
}
