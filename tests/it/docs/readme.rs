//! `README.md`: it is short, its ten lines are an example's, and its rules have the same conversation.

use std::{fs, process::Command};

use super::block;

const PAGE: &str = include_str!("../../../README.md");
const CHINESE: &str = include_str!("../../../README.zh-CN.md");
/// A newcomer reads it to the end.
const MOST_LINES: usize = 200;

#[test]
fn the_page_is_short() {
    for page in [PAGE, CHINESE] {
        assert!(page.lines().count() <= MOST_LINES, "{} lines", page.lines().count());
    }
}

#[test]
fn the_ten_lines_are_those_of_the_example() {
    let example = include_str!("../../../examples/echo.rs");
    assert_eq!(example.split_once("\n\n").unwrap().1, format!("{}\n", block(PAGE, "use rongcloud")));
}

#[test]
fn the_rules_do_what_the_page_says() {
    let folder = tempfile::tempdir().unwrap();
    let conversation = "[[step]]\nuser = 'ann'\nfollows = true\nreplies = [{ exact = 'Welcome, ann!' }]\n\
                        [[step]]\nsays = 'hello'\nreplies = [{ exact = 'You said: hello' }]\n";
    for (name, text) in [("bot.toml", block(PAGE, "# bot.toml")), ("conversation.toml", conversation)] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let variables = block(PAGE, "export RC_APP_KEY").lines().next().unwrap();
    let variables = variables.split(' ').filter_map(|word| word.split_once('='));
    let mut command = Command::new(env!("CARGO_BIN_EXE_rongcloud-callback"));
    command.env_clear().envs(variables).current_dir(folder.path());
    command.args(["--config", "bot.toml", "sandbox", "--play", "conversation.toml"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}
