//! The files that `init` writes, which work unchanged.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use super::{executable, outcome};

/// The executable in `folder`, with the variables of its `.env`.
fn command_in(folder: &Path, arguments: &[&str]) -> Command {
    let environment = fs::read_to_string(folder.join(".env")).unwrap();
    let lines = environment.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut command = executable(arguments);
    command.current_dir(folder).envs(lines.map(|line| line.split_once('=').unwrap()));
    command
}

#[test]
fn what_is_written_is_checked_and_its_conversation_is_played() {
    let folder = tempfile::tempdir().unwrap();
    let bot = folder.path().join("bot");
    let (code, printed, errors) =
        outcome(executable(&["init", bot.to_str().unwrap()]).output().unwrap());
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    for step in ["sandbox --play conversation.toml", "doctor", "serve", ". ./.env"] {
        assert!(printed.contains(step), "{printed}");
    }
    let mode = fs::metadata(bot.join(".env")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "the file with the secret is for its owner");

    let config = ["--config", "callback.toml"];
    let (code, printed, _) =
        outcome(command_in(&bot, &[&config[..], &["check"]].concat()).output().unwrap());
    assert!(code == Some(0) && printed.contains("rules: 4"), "{printed}");
    let play = [&config[..], &["sandbox", "--play", "conversation.toml"]].concat();
    let (code, printed, errors) = outcome(command_in(&bot, &play).output().unwrap());
    assert_eq!(code, Some(0), "{printed}{errors}");
}

#[test]
fn nothing_is_written_over_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("conversation.toml"), "mine").unwrap();
    let mut command = executable(&["init"]);
    let (code, printed, errors) = outcome(command.current_dir(folder.path()).output().unwrap());
    assert_eq!((code, printed.as_str()), (Some(1), ""));
    assert!(errors.contains("conversation.toml is there already: nothing was written"), "{errors}");
    assert!(errors.contains("hint: name another folder"), "{errors}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(folder.path().join("conversation.toml")).unwrap(), "mine");
}
