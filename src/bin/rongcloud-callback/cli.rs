//! The commands of the executable with their arguments, as clap reads them.

use std::{ffi::OsString, path::PathBuf};

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use rongcloud_callback::telemetry::LogFilter;

#[cfg(feature = "sandbox")]
use crate::sandbox;
use crate::{
    account, api_options::ApiOptions, check, doctor, follower, init, journal, man, media, menu, rules,
    running::RunningCommand, send,
};

/// The heading of the options that every command has.
const EVERYWHERE: &str = "Every command";

/// The notes below the help of the whole program.
const NOTES: &str = "\
The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.
Commands that end by themselves log only what --log-level asks for.";

/// Receives RongCloud (融云) public-account callbacks: durable before the ack, once, in order.
#[derive(Debug, Parser)]
#[command(version, about, after_long_help = NOTES)]
#[expect(clippy::doc_markdown, reason = "the help is plain text")]
pub(crate) struct Cli {
    /// The configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
    #[arg(long, value_name = "FILE", global = true, help_heading = EVERYWHERE)]
    pub(crate) config: Option<PathBuf>,
    /// The level from which something is logged, or levels of parts, such as rongcloud_callback=debug,warn [default: $RUST_LOG, else log.level of the configuration]
    #[arg(long, value_name = "LEVEL", global = true, help_heading = EVERYWHERE)]
    pub(crate) log_level: Option<LogFilter>,
    #[command(flatten)]
    pub(crate) options: ApiOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
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
    Journal(journal::Arguments),
    /// Plays the platform, with a chat page to try a bot on; needs neither a configuration nor an account.
    #[cfg(feature = "sandbox")]
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
    Man(man::Arguments),
}

/// The command of another process of this program, by its command line; none for commands that end by themselves.
pub(crate) fn running_command(command_line: Vec<OsString>) -> Option<RunningCommand> {
    let Cli { config, command, .. } = Cli::try_parse_from(command_line).ok()?;
    match command {
        Command::Serve => Some(RunningCommand::Serve { config }),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(arguments) => Some(RunningCommand::Sandbox { address: arguments.address() }),
        _ => None,
    }
}
