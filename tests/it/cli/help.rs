//! The printed help. The unit tests of the command line check that every command and argument has a sentence, and every
//! command an example.

use super::{executable, outcome};

fn help(arguments: &[&str]) -> String {
    let (code, help, errors) = outcome(executable(arguments).arg("--help").output().unwrap());
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    help
}

#[test]
fn the_program_explains_itself() {
    insta::assert_snapshot!(help(&[]), @r#"
    Webhook receiver for RongCloud (融云) public accounts (公众号): durable before the acknowledgement, once, in order; with rules, an API client and a sandbox

    Usage: rongcloud-callback [OPTIONS] <COMMAND>

    Commands:
      init         Writes the files that a bot begins with: a configuration, an environment, a conversation to play
      serve        Answers the platform's callbacks and works on what they bring, until SIGTERM
      check        Says what is wrong with a configuration, or with the way to a running server
      doctor       Looks for whatever keeps messages from arriving and replies from going out: configuration, journal, clock, API, routeUrl
      rules        Tries out the rules of a configuration
      journal      Looks at what was accepted, and revives or discards it
      sandbox      Plays the platform, with a chat page to try a bot on; needs neither a configuration nor an account
      account      Creates, changes and looks at public accounts, and says where their messages go
      menu         Changes the menus of public accounts
      follower     Makes users follow a public account, or no longer
      send         Sends a message to users, or to all followers of a public account
      media        Uploads pictures, recordings and articles
      completions  Prints a script that completes the arguments in a shell
      man          Prints the manual page, or writes one for each command
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Every command:
          --config <FILE>
              The configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]

          --log-level <LEVEL>
              The level from which something is logged, or levels of parts, such as rongcloud_callback=debug,warn [default: $RUST_LOG, else log.level of the configuration]

    Calls of the platform:
          --app <KEY>
              Makes the call for the app with this App Key; not needed where the configuration has one app only

          --json
              Prints JSON, for scripts

          --dry-run
              Prints the request, with its secrets masked, instead of sending it

    The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.
    Commands that end by themselves log only what --log-level asks for.
    "#);
}

#[test]
fn a_command_explains_itself() {
    insta::assert_snapshot!(help(&["menu", "add"]), @r#"
    Adds an entry to an account's menu

    Usage: rongcloud-callback menu add [OPTIONS] <ACCOUNT> <NAME>

    Arguments:
      <ACCOUNT>  The public account's id (mcid)
      <NAME>     The text of the entry, at most 10 characters

    Options:
          --url <URL>     The page that the entry opens, which makes it one of type 1; without a page it does nothing, which is type 0
          --type <TYPE>   The document's type of the entry, which --url decides: 1 opens a page, 0 does nothing
          --below <MENU>  The entry of level 1 below which it is on level 2; without one it is on level 1 itself
      -h, --help          Print help

    Every command:
          --config <FILE>      The configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
          --log-level <LEVEL>  The level from which something is logged, or levels of parts, such as rongcloud_callback=debug,warn [default: $RUST_LOG, else log.level of the configuration]

    Calls of the platform:
          --app <KEY>  Makes the call for the app with this App Key; not needed where the configuration has one app only
          --json       Prints JSON, for scripts
          --dry-run    Prints the request, with its secrets masked, instead of sending it

    Examples:
      rongcloud-callback menu add news Help
      rongcloud-callback menu add news FAQ --url https://example.com/faq --below MENU
    "#);
}

#[test]
fn what_the_built_in_configuration_is_stands_in_one_place() {
    for arguments in
        [&["serve"][..], &["send"], &["journal"], &["journal", "list"], &["account", "show"]]
    {
        assert!(!help(arguments).contains("RC_API_URL"), "{arguments:?}");
    }
}

#[test]
fn options_of_calls_are_refused_where_there_is_no_call() {
    for arguments in [
        &["--dry-run", "serve"][..],
        &["serve", "--dry-run"],
        &["--json", "journal", "revive", "1"],
        &["sandbox", "--app", "x"],
        &["rules", "--json", "test", "hello"],
    ] {
        let (code, _, errors) = outcome(executable(arguments).output().unwrap());
        assert_eq!(code, Some(1), "{arguments:?}");
        assert!(errors.starts_with("error: the option --"), "{arguments:?}: {errors}");
    }
    let (_, _, errors) = outcome(executable(&["--json", "journal", "revive", "1"]).output().unwrap());
    insta::assert_snapshot!(errors, @r#"
    error: the option --json is not for `journal revive`

    Usage: rongcloud-callback [OPTIONS] <COMMAND>

    For more information, try '--help'.
    "#);
}
