//! `--help`, as it is printed.

use super::{executable, outcome};

pub(super) fn help(arguments: &[&str]) -> String {
    let (code, help, errors) = outcome(executable(arguments).arg("--help").output().unwrap());
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    help
}

#[test]
#[expect(clippy::too_many_lines, reason = "snapshots")]
fn every_command_explains_itself() {
    insta::assert_snapshot!(help(&[]), @r#"
    Receives RongCloud (融云) public-account callbacks: durable before the ack, once, in order; with the client that answers

    Usage: rongcloud-callback [OPTIONS] <COMMAND>

    Commands:
      serve        Answers the platform's callbacks and works on what they bring, until SIGTERM
      check        Says what is wrong with a configuration, or with the way to a running server
      rules        Tries out the rules of a configuration
      journal      Looks at what was accepted, and revives or discards it
      sandbox      Plays the platform, with a chat page to try a bot on; needs neither a configuration nor an account
      account      Creates, changes and looks at public accounts, and says where their messages go
      menu         Changes the menus of public accounts
      follower     Makes users follow a public account, or no longer
      send         Sends a message to users, or to all followers of a public account
      media        Uploads pictures, recordings and articles
      completions  Prints a script that completes the arguments in a shell
      man          Prints the manual page
      help         Print this message or the help of the given subcommand(s)

    Options:
          --config <FILE>
              Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
              
              The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.

          --log-level <LEVEL>
              What is logged: a level such as debug, or levels of parts [default: $RUST_LOG, else log.level of the configuration]
              
              Parts are named as in "rongcloud_callback=debug,warn". Commands that end by themselves log only if they are asked to.

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version
    "#);
    insta::assert_snapshot!(help(&["sandbox"]), @r#"
    Plays the platform, with a chat page to try a bot on; needs neither a configuration nor an account

    Usage: rongcloud-callback sandbox [OPTIONS]

    Options:
          --config <FILE>
              Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
              
              The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.

          --listen <ADDRESS>
              Address of the page and of the platform's API; by default 127.0.0.1:8000, or any free port with --play

          --log-level <LEVEL>
              What is logged: a level such as debug, or levels of parts [default: $RUST_LOG, else log.level of the configuration]
              
              Parts are named as in "rongcloud_callback=debug,warn". Commands that end by themselves log only if they are asked to.

          --route-url <URL>
              Another server to try out, in any language; without it our own runs beside the page, with the rules of `--config`, or with a small bot

          --key <KEY>
              The App Key
              
              [default: sandbox]

          --secret <SECRET>
              The App Secret; by default a random one, which is printed

          --journal <URL>
              Journal of our own server, such as sqlite:PATH; by default in a temporary folder

          --allow-remote
              Lets others than this machine in: anyone who reaches it can read and write everything

          --play <FILE>
              Plays a conversation file and ends: exit code 0, or 1 with the differences

      -h, --help
              Print help (see a summary with '-h')
    "#);
    insta::assert_snapshot!(help(&["serve"]), @r#"
    Answers the platform's callbacks and works on what they bring, until SIGTERM

    Usage: rongcloud-callback serve [OPTIONS]

    Options:
          --config <FILE>
              Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
              
              The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.

          --log-level <LEVEL>
              What is logged: a level such as debug, or levels of parts [default: $RUST_LOG, else log.level of the configuration]
              
              Parts are named as in "rongcloud_callback=debug,warn". Commands that end by themselves log only if they are asked to.

      -h, --help
              Print help (see a summary with '-h')
    "#);
    insta::assert_snapshot!(help(&["check"]), @r#"
    Says what is wrong with a configuration, or with the way to a running server

    Usage: rongcloud-callback check [OPTIONS]

    Options:
          --config <FILE>
              Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
              
              The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.

          --url [<URL>]
              Sends a signed probe to a running server, which answers it without handing it to a handler. Without a value: to every app's path at the configured address. Without --config as well, the configuration is that of the server that runs in the same container, or alone on this machine

          --app <KEY>
              The App Key whose secret signs the probe; not needed where there is one app, or the path tells

          --log-level <LEVEL>
              What is logged: a level such as debug, or levels of parts [default: $RUST_LOG, else log.level of the configuration]
              
              Parts are named as in "rongcloud_callback=debug,warn". Commands that end by themselves log only if they are asked to.

      -h, --help
              Print help (see a summary with '-h')
    "#);
}
