//! `completions`: the script by which a shell completes the arguments.

use clap::Command;
use clap_complete::Shell;

/// Prints a script that completes the arguments of `command`.
pub(crate) fn run(shell: Shell, mut command: Command) {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    print!("{}", String::from_utf8_lossy(&script));
}
