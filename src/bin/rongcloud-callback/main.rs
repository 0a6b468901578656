//! The executable: a callback server from a configuration file, and the operator's commands beside it.

// The first module, as all others use its macros.
#[macro_use]
mod output;

mod account;
mod address;
mod api;
mod api_options;
mod articles;
mod check;
mod cli;
mod command_line;
mod completions;
mod copy;
mod doctor;
mod document;
mod failure;
mod follower;
mod init;
mod input;
mod journal;
mod log;
mod man;
mod media;
mod menu;
mod message_arguments;
mod message_file;
mod prepared_message;
mod progress;
mod rules;
mod running;
#[cfg(feature = "sandbox")]
mod sandbox;
mod send;
mod serve;
mod terminal;
mod user_list;

use std::process::ExitCode;

use mimalloc::MiMalloc;
use rongcloud_callback::{
    Config,
    config::{LogFormat, LogSection},
    telemetry,
};

use crate::{
    cli::{Cli, Command},
    failure::Failure,
};

/// The allocator: a request allocates more at a time than glibc keeps ready for each thread.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = match command_line::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => {
            // clap's own exit code for a wrong command line is 2, which here stands for a failure of the program.
            let code = ExitCode::from(u8::from(error.use_stderr()));
            _ = error.print();
            return code;
        }
    };
    let result = tokio::runtime::Runtime::new().map_err(Failure::ours).and_then(|runtime| {
        let result = runtime.block_on(run(cli));
        // A store or a file that does not answer may block one of the runtime's threads for any time.
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
        // `serve` starts its log once it has read the format from the configuration.
        let section = LogSection { format: LogFormat::Text, level: "info".to_owned() };
        telemetry::start(&section.options(), level)?;
    }
    let load = || Config::load(config.as_deref());
    match command {
        Command::Init(arguments) => init::run(arguments),
        Command::Doctor(arguments) => doctor::run(load(), arguments, level).await,
        Command::Serve => serve::run(config, level).await,
        Command::Check(arguments) => {
            match arguments.look_beside(config.as_deref(), cli::running_command)? {
                Some(sandbox) => check::try_out_sandbox(&sandbox).await,
                None => check::run(&load()?, arguments, level).await,
            }
        }
        Command::Rules(command) => rules::run(&load()?, &command),
        Command::Journal(command) => journal::run(load, command).await,
        #[cfg(feature = "sandbox")]
        Command::Sandbox(arguments) => sandbox::run(arguments, config.as_deref()).await,
        Command::Account(command) => account::run(&load()?, &options, command).await,
        Command::Menu(command) => menu::run(&load()?, &options, command).await,
        Command::Follower(command) => follower::run(&load()?, &options, command).await,
        Command::Send(arguments) => send::run(&load()?, &options, *arguments).await,
        Command::Media(arguments) => media::run(&load()?, &options, arguments).await,
        Command::Completions { shell } => {
            completions::run(shell, command_line::command_for_completions());
            Ok(())
        }
        Command::Man(arguments) => man::run(command_line::command(), &arguments),
    }
}
