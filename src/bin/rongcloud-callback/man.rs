//! `man`: the manual pages.

use std::path::PathBuf;

use clap::{Args, Command};

use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A folder to write a page for every command into, instead of printing the first one.
    folder: Option<PathBuf>,
}

/// Prints the manual page of `command`, or writes those of all its subcommands.
pub(crate) fn run(command: Command, arguments: &Arguments) -> Result<(), Failure> {
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
