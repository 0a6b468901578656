//! The sources of a configuration: defaults, a file, the environment, secrets in files.

use std::{fs, time::Duration};

use bytesize::ByteSize;
use rongcloud_callback::config::{Config, ConfigError, DEFAULTS, LogFormat, Replies};
use secrecy::ExposeSecret;

use super::parse;

fn secrets(config: &Config, app: usize) -> Vec<&str> {
    config.apps[app].secrets.iter().map(ExposeSecret::expose_secret).collect()
}

/// The structs of the configuration take their defaults from the file and refuse unknown keys. So this test also holds that
/// every key of a struct is in the file, and every key of the file in a struct.
#[test]
fn the_defaults_need_three_variables_and_nothing_else() {
    let config = parse("").unwrap();
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:8080");
    assert_eq!(config.server.max_body, ByteSize::kib(64));
    assert_eq!(config.server.answer_timeout, Duration::from_secs(4));
    assert_eq!(config.journal.url.expose(), "sqlite:data/journal.db");
    assert_eq!(config.journal.keep_dead, Duration::from_hours(720));
    assert_eq!(config.log.format, LogFormat::Text);
    assert_eq!(config.apps.len(), 1);
    assert_eq!(config.apps[0].path, "/callback");
    assert_eq!(config.apps[0].key.as_str(), "app-key");
    assert_eq!(config.apps[0].api_urls[0].as_str(), "https://api.example.com/");
    assert_eq!(secrets(&config, 0), ["app-s3cret"]);
}

#[test]
fn the_printed_defaults_are_a_configuration_file_that_changes_nothing() {
    let (defaults, printed) = (parse("").unwrap(), parse(DEFAULTS).unwrap());
    assert_eq!(format!("{printed:?}"), format!("{defaults:?}"));
}

#[test]
fn a_key_of_the_file_replaces_its_default_and_no_other() {
    let config = parse("[dispatch]\nattempts = 3\n[log]\nformat = \"json\"\n").unwrap();
    assert_eq!(config.dispatch.attempts, 3);
    assert_eq!(config.dispatch.concurrency, 256);
    assert_eq!(config.deliver.attempts, 8);
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn apps_of_the_file_replace_the_default_one_so_that_its_variables_are_not_asked_for() {
    let text = r#"
        [server]
        trusted_proxies = ["10.0.0.0/8", "::1/128"]

        [[apps]]
        key = "one"
        secrets = ["${SECRET_1}", "old"]
        api_url = "${API}/base"

        [[apps]]
        path = "/two"
        key = "two"
        secrets = ["$${not a variable}"]
        api_url = "${API}"
    "#;
    let variable = |name: &str| match name {
        "SECRET_1" => Some("new".to_owned()),
        "API" => Some("http://10.0.0.7:8081".to_owned()),
        other => panic!("{other} was asked for"),
    };
    let config = Config::from_toml(text, variable).unwrap();
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.apps.len(), 2);
    assert_eq!((config.apps[0].path.as_str(), config.apps[1].path.as_str()), ("/callback", "/two"));
    assert_eq!(secrets(&config, 0), ["new", "old"]);
    assert_eq!(secrets(&config, 1), ["${not a variable}"]);
    assert_eq!(config.apps[0].api_urls[0].as_str(), "http://10.0.0.7:8081/base");
}

#[test]
fn an_api_may_have_several_addresses() {
    let app =
        "[[apps]]\nkey = 'k'\nsecrets = ['s']\napi_url = ['https://a.example', 'https://b.example/x']\n";
    let config = parse(app).unwrap();
    let urls: Vec<_> = config.apps[0].api_urls.iter().map(url::Url::as_str).collect();
    assert_eq!(urls, ["https://a.example/", "https://b.example/x"]);
    assert_eq!(config.apps[0].replies, Replies::Platform);
    assert!(config.apps[0].portal.is_none());
}

#[test]
fn the_portal_that_the_defaults_show_as_a_comment_is_one() {
    let (_, section) = DEFAULTS.split_once("# [apps.portal]\n").unwrap();
    let (section, _) = section.split_once("\n\n").unwrap();
    let section = section.replace("# ", "");
    let without = |name: &str| {
        let lines: Vec<_> =
            section.lines().filter(|line| !line.starts_with(&format!("{name} ="))).collect();
        let app =
            "[[apps]]\nkey = 'k'\nsecrets = ['s']\napi_url = 'https://a.example'\nreplies = 'portal'\n";
        let text = format!("{app}[apps.portal]\n{}\n", lines.join("\n"));
        let variable = |name: &str| (name == "PORTAL_TOKEN").then(|| "t0ken".to_owned());
        Config::from_toml(&text, variable).unwrap().apps[0].portal.clone().unwrap()
    };
    let fixed = without("token_file");
    assert_eq!((fixed.urls[0].as_str(), fixed.ecode.as_str()), ("https://portal.example.com/", "acme"));
    assert_eq!(fixed.token.unwrap().expose_secret(), "t0ken");
    let in_file = without("token");
    assert_eq!(in_file.token_file.unwrap().to_str(), Some("/run/secrets/portal-token"));
}

#[test]
fn secret_files_are_read_without_their_last_line_end_and_come_after_the_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let (unix, windows) = (folder.path().join("unix"), folder.path().join("windows"));
    fs::write(&unix, "from unix\n").unwrap();
    fs::write(&windows, "from windows\r\n").unwrap();
    let text = format!(
        "[[apps]]\nkey = 'k'\napi_url = 'https://api.example.com'\nsecrets = ['first']\nsecret_files = [{unix:?}, {windows:?}]\n"
    );
    assert_eq!(secrets(&parse(&text).unwrap(), 0), ["first", "from unix", "from windows"]);

    let alone = text.replace("secrets = ['first']\n", "");
    assert_eq!(secrets(&parse(&alone).unwrap(), 0), ["from unix", "from windows"]);
}

#[test]
fn a_file_is_loaded_with_the_environment_of_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("callback.toml");
    // Cargo sets CARGO_MANIFEST_DIR for every test.
    let app = "[[apps]]\nkey = 'k'\nsecrets = ['${CARGO_MANIFEST_DIR}']\napi_url = 'https://api.example.com'\n";
    fs::write(&path, app).unwrap();
    let config = Config::load(Some(&path)).unwrap();
    assert_eq!(secrets(&config, 0), [env!("CARGO_MANIFEST_DIR")]);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing.toml");
    let error = Config::load(Some(&path)).unwrap_err();
    assert!(matches!(error, ConfigError::Read { .. }));
    assert!(error.to_string().contains("missing.toml"), "{error}");
    assert!(format!("{error:?}").contains("missing.toml: No such file"), "{error:?}");
    assert!(error.problems().is_empty());
}

#[test]
fn a_problem_of_a_file_is_reported_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("callback.toml");
    fs::write(
        &path,
        "\n[admin]\nlisten = 'here'\n[[apps]]\nkey='k'\nsecrets=['s']\napi_url='http://a'\n",
    )
    .unwrap();
    let error = Config::load(Some(&path)).unwrap_err().to_string();
    assert!(error.contains("callback.toml:3: admin.listen: "), "{error}");
}

#[test]
fn no_debug_output_shows_a_secret() {
    let config = parse("").unwrap();
    assert_eq!(secrets(&config, 0), ["app-s3cret"]);
    let shown = format!("{config:?}");
    assert!(!shown.contains("s3cret"), "{shown}");
}
