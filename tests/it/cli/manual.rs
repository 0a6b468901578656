//! `completions` and `man` need no configuration.

use super::{executable, help::help, outcome};

fn printed(arguments: &[&str]) -> String {
    let (code, output, errors) = outcome(executable(arguments).output().unwrap());
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    output
}

#[test]
fn a_shell_completes_every_subcommand() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        for word in ["rongcloud-callback", "upload-news", "set-route", "dry-run"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn there_is_a_page_for_every_subcommand() {
    assert!(printed(&["man"]).contains(".TH rongcloud-callback 1"));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(printed(&["man", folder.path().to_str().unwrap()]), "");
    for page in ["rongcloud-callback.1", "rongcloud-callback-media-upload-news.1"] {
        assert!(folder.path().join(page).exists(), "{page}");
    }
    let (code, _, errors) = outcome(executable(&["man", "/nowhere"]).output().unwrap());
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(errors, @r#"
    error: cannot write into /nowhere
    caused by: No such file or directory (os error 2)
    hint: name a folder that exists and that you may write to
    "#);
}

#[test]
fn they_explain_themselves() {
    insta::assert_snapshot!(help(&["completions"]), @r#"
    Prints a script that completes the arguments in a shell

    Usage: rongcloud-callback completions [OPTIONS] <SHELL>

    Arguments:
      <SHELL>
              The shell
              
              [possible values: bash, elvish, fish, powershell, zsh]

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
    insta::assert_snapshot!(help(&["man"]), @r#"
    Prints the manual page

    Usage: rongcloud-callback man [OPTIONS] [FOLDER]

    Arguments:
      [FOLDER]
              A folder to write a page for every subcommand into, instead of printing the first one

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
}
