//! `completions` and `man`: what shells and manual readers know of the commands, made from them.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A folder to write a page for every command into, instead of printing the first one.
    folder: Option<PathBuf>,
}

/// Prints a script that completes the arguments of `command`.
pub(crate) fn completions(shell: Shell, mut command: Command) {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    print!("{}", String::from_utf8_lossy(&script));
}

/// Prints the manual page of `command`, or writes those of all its subcommands.
pub(crate) fn man(command: Command, arguments: &Arguments) -> Result<(), Failure> {
    let Some(folder) = &arguments.folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page).map_err(Failure::ours)?;
        print!("{}", String::from_utf8_lossy(&page));
        return Ok(());
    };
    clap_mangen::generate_to(command, folder).map_err(|error| {
        Failure::yours(error)
            .at(format!("cannot write into {}", folder.display()))
            .hint("name a folder that exists and that you may write to")
    })
}
