//! The whole command line: the commands with their examples, and options that stand before a command's name or behind it.

use std::ffi::OsString;

use clap::{
    Arg, ArgAction, ArgMatches, Command, CommandFactory as _, FromArgMatches as _, error::ErrorKind,
    parser::ValueSource, value_parser,
};
use rongcloud_callback::ids::AppKey;

use crate::cli::Cli;

/// The commands that call the platform.
const API_COMMANDS: [&str; 5] = ["account", "menu", "follower", "send", "media"];

/// The options of the commands that call the platform, by id and name. Another command may have an option of its own with
/// the same id and type, whose value such an option then gives; a command that has none refuses it.
const API_OPTIONS: [(&str, &str, ArgAction); 3] = [
    ("app", "app", ArgAction::Set),
    ("json", "json", ArgAction::SetTrue),
    ("dry_run", "dry-run", ArgAction::SetTrue),
];

/// The examples of each command, without the name of the program.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("init", &["init my-bot"]),
    ("serve", &["--config callback.toml serve"]),
    ("check", &["--config callback.toml check", "check --url https://bot.example.com/callback"]),
    ("doctor", &["--config callback.toml doctor --account news"]),
    (
        "rules test",
        &[
            "--config bot.toml rules test 'where is order 17?'",
            "--config bot.toml rules test hello --at 2026-11-21T09:30[Asia/Shanghai]",
        ],
    ),
    ("journal stats", &["journal stats", "journal stats --server http://127.0.0.1:9090"]),
    (
        "journal list",
        &["journal list --state dead --limit 20", "journal list --user user1 --since 2h --follow"],
    ),
    ("journal show", &["journal show 17"]),
    ("journal revive", &["journal revive 17 18", "journal revive --all-dead"]),
    ("journal discard", &["journal discard 17"]),
    (
        "journal conversations",
        &["journal conversations --waiting", "journal conversations --dialogue order --json"],
    ),
    ("journal hand-over", &["journal hand-over news user1"]),
    ("journal answer", &["journal answer news user1 'Your order is on its way'"]),
    ("journal hand-back", &["journal hand-back news user1"]),
    ("journal copy", &["journal copy sqlite:data/journal.db sqlite:data/copy.db"]),
    #[cfg(feature = "sandbox")]
    (
        "sandbox",
        &[
            "sandbox",
            "sandbox --route-url http://127.0.0.1:8080/callback",
            "--config bot.toml sandbox --play conversation.toml",
        ],
    ),
    (
        "account create",
        &[
            "account create news --name News --introduction 'What is new' --portrait-url https://example.com/news.png --route-url https://bot.example.com/callback",
        ],
    ),
    (
        "account update",
        &[
            "account update news --name News --introduction 'What is new' --portrait-url https://example.com/news.png",
        ],
    ),
    ("account show", &["account show news"]),
    ("account set-route", &["account set-route news https://bot.example.com/callback"]),
    ("account route", &["account route on news"]),
    (
        "menu add",
        &["menu add news Help", "menu add news FAQ --url https://example.com/faq --below MENU"],
    ),
    ("menu delete", &["menu delete news MENU"]),
    ("menu reorder", &["menu reorder FIRST-MENU SECOND-MENU"]),
    ("follower add", &["follower add news user1 user2", "follower add news --users-file users.txt"]),
    ("follower remove", &["follower remove news user1"]),
    (
        "send",
        &[
            "send news --to user1,user2 --text 'Hello'",
            "send news --users-file users.txt --title 'Open day' --picture https://example.com/day.jpg --url https://example.com/day",
            "send news --all --text 'Hello, everyone' --dry-run",
            "send --json-file message.json",
        ],
    ),
    ("media upload", &["media upload image logo.png"]),
    ("media upload-news", &["media upload-news articles.json"]),
    ("completions", &["completions bash > /etc/bash_completion.d/rongcloud-callback"]),
    ("man", &["man /usr/local/share/man/man1"]),
];

/// The whole command line.
pub(crate) fn command() -> Command {
    with_examples(Cli::command(), "").mut_subcommands(|command| {
        if API_COMMANDS.contains(&command.get_name()) { command } else { hide_api_options(command) }
    })
}

/// The whole command line as a shell completes it: the options of the API commands stand behind these commands only.
pub(crate) fn command_for_completions() -> Command {
    let root = with_examples(Cli::command(), "");
    let options: Vec<_> =
        API_OPTIONS.iter().filter_map(|(id, ..)| argument(&root, id).cloned()).collect();
    let root = root.mut_args(|option| {
        let is_api_option = options.iter().any(|other| other.get_id() == option.get_id());
        if is_api_option { option.global(false) } else { option }
    });
    root.mut_subcommands(|command| {
        if API_COMMANDS.contains(&command.get_name()) { command.args(&options) } else { command }
    })
}

/// Reads the command line.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut command = command();
    let matches = command.clone().try_get_matches_from(arguments)?;
    if let Some((option, path)) = misplaced_option(&command, &matches) {
        let why = format!("the option --{option} is not for `{path}`");
        return Err(command.error(ErrorKind::UnknownArgument, why));
    }
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Adds its examples to the help of a command and of those below it.
fn with_examples(command: Command, path: &str) -> Command {
    let example = EXAMPLES.iter().find(|(of, _)| *of == path);
    let command = match example {
        Some((_, [one])) => command.after_help(format!("Example:\n  rongcloud-callback {one}")),
        Some((_, several)) => {
            let lines = several.iter().map(|line| format!("\n  rongcloud-callback {line}"));
            command.after_help(format!("Examples:{}", lines.collect::<String>()))
        }
        None => command,
    };
    command.mut_subcommands(|command| {
        let path = format!("{path} {}", command.get_name());
        with_examples(command, path.trim_start())
    })
}

/// Hides the API options that a command and those below it do not have of their own.
fn hide_api_options(command: Command) -> Command {
    API_OPTIONS.iter().fold(command, |command, (id, name, action)| {
        if has_option(&command, id) {
            return command;
        }
        let hidden = Arg::new(*id).long(*name).action(action.clone()).hide(true).global(true);
        command.arg(if *id == "app" { hidden.value_parser(value_parser!(AppKey)) } else { hidden })
    })
}

/// Whether the command has an option of its own with this id.
fn has_option(command: &Command, id: &str) -> bool {
    argument(command, id).is_some_and(|argument| !argument.is_hide_set())
}

/// The argument of a command with this id.
fn argument<'a>(command: &'a Command, id: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|argument| argument.get_id() == id)
}

/// The API option that was given to a command which has none of that name, and that command.
fn misplaced_option(root: &Command, matches: &ArgMatches) -> Option<(&'static str, String)> {
    let (mut command, mut below, mut path) = (root, matches, Vec::new());
    while let Some((name, matches)) = below.subcommand() {
        path.push(name);
        command = command.find_subcommand(name)?;
        below = matches;
    }
    if API_COMMANDS.contains(path.first()?) {
        return None;
    }
    let is_given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let found = API_OPTIONS.iter().find(|(id, ..)| is_given(id) && !has_option(command, id));
    found.map(|(_, name, _)| (*name, path.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each command of the tree, built, with its path.
    fn commands() -> Vec<(String, Command)> {
        fn collect(path: &str, command: &Command, all: &mut Vec<(String, Command)>) {
            for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
                let path = format!("{path} {}", below.get_name());
                collect(&path, below, all);
                all.push((path.trim_start().to_owned(), below.clone()));
            }
        }
        let mut root = command();
        root.build();
        let mut all = Vec::new();
        collect("", &root, &mut all);
        assert!(all.len() > 20, "{}", all.len());
        all.push((String::new(), root));
        all
    }

    /// The examples below a command's help, as they are typed.
    fn examples(command: &Command) -> Vec<String> {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        help.lines().filter_map(|line| line.strip_prefix("  ")).map(str::to_owned).collect()
    }

    /// The words of a line, as a shell takes them, up to where its output goes.
    fn words(line: &str) -> Vec<OsString> {
        let line = line.split(" > ").next().unwrap();
        let mut words = Vec::new();
        for (number, part) in line.split('\'').enumerate() {
            if number % 2 == 1 {
                words.push(part.into());
            } else {
                words.extend(part.split_whitespace().map(OsString::from));
            }
        }
        words
    }

    fn is_sentence(text: &str) -> bool {
        text.starts_with(char::is_uppercase) && text.split_whitespace().count() > 1
    }

    #[test]
    fn every_command_and_every_argument_has_a_sentence() {
        for (path, command) in commands() {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(is_sentence(&about), "{path}: {about:?}");
            for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
                let id = argument.get_id();
                if ["help", "version"].contains(&id.as_str()) {
                    continue;
                }
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(is_sentence(&help), "{path}, {id}: {help:?}");
            }
        }
    }

    #[test]
    fn every_command_that_can_be_run_has_examples_which_do() {
        for (path, command) in commands() {
            let examples = examples(&command);
            assert_eq!(examples.is_empty(), command.has_subcommands(), "{path}: {examples:?}");
            for example in &examples {
                let words = words(example);
                let matches = super::command().try_get_matches_from(words);
                let matches = matches.unwrap_or_else(|error| panic!("{example}: {error}"));
                let (mut below, mut run) = (&matches, Vec::new());
                while let Some((name, matches)) = below.subcommand() {
                    run.push(name);
                    below = matches;
                }
                assert_eq!(run.join(" "), path, "{example}");
                assert!(parse(self::words(example)).is_ok(), "{example}");
            }
        }
    }

    /// A value that stands before a command's name is read as that of the command's own option.
    #[test]
    fn options_of_the_same_id_have_the_same_type() {
        let commands = commands();
        let types = |id: &str| {
            let with = |command: &Command| Some(argument(command, id)?.get_value_parser().type_id());
            commands.iter().filter_map(|(path, command)| Some((path.clone(), with(command)?))).collect()
        };
        for id in ["app", "json"] {
            let types: Vec<(String, _)> = types(id);
            let visible = types.iter().filter(|(path, _)| !path.is_empty());
            let (_, root) = types.last().unwrap();
            for (path, kind) in visible {
                assert_eq!(kind, root, "{path}: --{id}");
            }
        }
    }

    #[test]
    fn every_example_belongs_to_a_command() {
        let commands = commands();
        for (path, _) in EXAMPLES {
            assert!(commands.iter().any(|(known, _)| known == path), "{path}");
        }
    }
}
