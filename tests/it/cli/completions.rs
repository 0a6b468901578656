//! The commands `completions` and `man`, which need no configuration.

use super::{executable, outcome};

fn output_of(arguments: &[&str]) -> String {
    let (code, output, errors) = outcome(executable(arguments).output().unwrap());
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    output
}

#[test]
fn a_shell_completes_every_subcommand() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = output_of(&["completions", shell]);
        for word in ["rongcloud-callback", "upload-news", "set-route", "dry-run"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn a_shell_completes_no_option_where_it_is_refused() {
    let script = output_of(&["completions", "bash"]);
    let options = |command: &str| {
        let begin = script.find(&format!("callback__subcmd__{command})")).unwrap();
        script[begin..].lines().find(|line| line.contains("opts=")).unwrap().to_owned()
    };
    assert!(!options("serve").contains("--dry-run"), "{}", options("serve"));
    assert!(options("send").contains("--dry-run"), "{}", options("send"));
}

#[test]
fn there_is_a_page_for_every_subcommand() {
    assert!(output_of(&["man"]).contains(".TH rongcloud-callback 1"));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(output_of(&["man", folder.path().to_str().unwrap()]), "");
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
