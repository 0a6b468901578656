//! `init`: the files that a bot begins with.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::failure::Failure;

/// The name, content and mode of each file.
const FILES: [(&str, &str, u32); 3] = [
    ("callback.toml", include_str!("callback.toml"), 0o644),
    (".env", include_str!("env"), 0o600),
    ("conversation.toml", include_str!("conversation.toml"), 0o644),
];

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Folder to write to; it is made if it is not there.
    #[arg(default_value = ".")]
    folder: PathBuf,
}

/// Writes the files, or none of them if one is there already.
pub(crate) fn run(Arguments { folder }: Arguments) -> Result<(), Failure> {
    let present: Vec<_> =
        FILES.iter().map(|(name, ..)| folder.join(name)).filter(|path| path.exists()).collect();
    if !present.is_empty() {
        let names: Vec<_> = present.iter().map(|path| path.display().to_string()).collect();
        let what = anyhow::anyhow!("{} is there already: nothing was written", names.join(", "));
        return Err(Failure::yours(what).hint("name another folder: rongcloud-callback init FOLDER"));
    }
    DirBuilder::new().recursive(true).create(&folder).map_err(|error| write_error(&folder, error))?;
    for (name, content, mode) in FILES {
        let path = folder.join(name);
        write(&path, content, mode).map_err(|error| write_error(&path, error))?;
        println!("wrote {}", path.display());
    }
    print!("{}", next_steps(&folder));
    Ok(())
}

fn write(path: &Path, content: &str, mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(content.as_bytes())
}

/// The failure where a file cannot be written.
fn write_error(path: &Path, error: io::Error) -> Failure {
    Failure::yours(error)
        .at(format!("cannot write {}", path.display()))
        .hint("name a folder that you may write to: rongcloud-callback init FOLDER")
}

/// The text that says what to do next.
fn next_steps(folder: &Path) -> String {
    let go = match folder.to_str() {
        Some(".") => String::new(),
        _ => format!("   cd {}\n", folder.display()),
    };
    format!(
        "\nNext:\n\
         1. Load the environment, as it is for now, and play the conversation; no account is needed:\n\
         {go}   set -a; . ./.env; set +a\n\
         \x20  rongcloud-callback --config callback.toml sandbox --play conversation.toml\n\
         2. Chat with the bot in a browser:\n\
         \x20  rongcloud-callback --config callback.toml sandbox\n\
         3. Write the app's key, secret and API address into .env, load it again, and see whether all is well:\n\
         \x20  rongcloud-callback --config callback.toml doctor\n\
         4. Serve it, and set the account's routeUrl to its address outside:\n\
         \x20  rongcloud-callback --config callback.toml serve\n"
    )
}
