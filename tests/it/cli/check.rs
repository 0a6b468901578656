//! The command `check`: wrong configurations, and probes of servers that do not answer correctly.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt as _};

use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use super::{executable, outcome};
use crate::support::{messages::PATH, process::Home};

#[test]
fn without_the_three_variables_each_is_named_with_what_to_do() {
    let (code, output, errors) = outcome(executable(&["check"]).output().unwrap());
    assert_eq!((code, output.as_str()), (Some(1), ""));
    insta::assert_snapshot!(errors, @r#"
    error: the configuration has 3 problems:
      apps[0].api_url: takes its value from the environment variable RC_API_URL, which is not set
        hint: set RC_API_URL, or write the value into your configuration file
      apps[0].key: takes its value from the environment variable RC_APP_KEY, which is not set
        hint: set RC_APP_KEY, or write the value into your configuration file
      apps[0].secrets[0]: takes its value from the environment variable RC_APP_SECRET, which is not set
        hint: set RC_APP_SECRET, or write the value into your configuration file
    "#);
}

#[test]
fn a_wrong_file_is_told_of_with_lines_and_hints() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("callback.toml"),
        "[server]\nlisten = \"8080\"\nanswer_timeout = \"6s\"\nspeed = 9\n\n\
         [[apps]]\nkey = \"app\"\nsecrets = [\"${UNSET}\"]\napi_url = \"https://api.example.com\"\n",
    )
    .unwrap();
    let mut command = executable(&["--config", "callback.toml", "check"]);
    let (code, output, errors) = outcome(command.current_dir(folder.path()).output().unwrap());
    assert_eq!((code, output.as_str()), (Some(1), ""));
    insta::assert_snapshot!(errors, @r#"
    error: the configuration has 4 problems:
      callback.toml:2: server.listen: "8080" is not an IP address with its port, such as "0.0.0.0:8080"
        hint: for example listen = "0.0.0.0:8080"
      callback.toml:3: server.answer_timeout: 6s is not shorter than the 5s after which the platform hangs up: it would miss the 503
        hint: write "4s" or less
      callback.toml:4: server.speed: there is no `speed`
        hint: the keys of this section are: answer_timeout, body_timeout, header_timeout, listen, max_body, max_connections, max_in_flight, signature_memory, timestamp_tolerance, trusted_proxies
      callback.toml:8: apps[0].secrets[0]: takes its value from the environment variable UNSET, which is not set
        hint: set UNSET, or write the value into your configuration file
    "#);
}

#[test]
fn a_file_that_is_not_there_is_told_of() {
    let (code, _, errors) = outcome(executable(&["--config", "none.toml", "serve"]).output().unwrap());
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(errors, @r#"
    error: cannot read the configuration file none.toml
    caused by: No such file or directory (os error 2)
    hint: `--config FILE` names the configuration file
    "#);
}

#[test]
fn what_the_server_s_log_could_not_be_filtered_by_is_refused_before_it_starts() {
    let home = Home::new();
    let file = home.configuration();
    let text = fs::read_to_string(&file).unwrap().replace("\"trace\"", "\"rongcloud_callback=loud\"");
    fs::write(&file, text).unwrap();
    for command in ["check", "serve"] {
        let mut command = executable(&["--config", file.to_str().unwrap(), command]);
        let (code, output, errors) = outcome(command.output().unwrap());
        assert_eq!((code, output.as_str()), (Some(1), ""), "{errors}");
        assert!(
            errors.contains("error: log.level: `rongcloud_callback=loud` is not a filter"),
            "{errors}"
        );
    }
}

#[test]
fn a_file_in_another_encoding_is_told_of_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("callback.toml");
    let text = "[journal]\r\nurl = \"memory:\"\r\n# 你好\r\n";
    let utf_16 = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let gbk = text.replace("你好", "").into_bytes().into_iter().chain(*b"# \xc4\xe3\xba\xc3").collect();
    let marked = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
    for (bytes, words) in [
        (
            marked(b"\xff\xfe", utf_16(u16::to_le_bytes)),
            ":1: the configuration file is not UTF-8, but UTF-16\n",
        ),
        (
            marked(b"\xfe\xff", utf_16(u16::to_be_bytes)),
            ":1: the configuration file is not UTF-8, but UTF-16\n",
        ),
        (utf_16(u16::to_le_bytes), ":1: the configuration file is not UTF-8, but UTF-16\n"),
        (
            gbk,
            ":4: the configuration file is not UTF-8, but in another encoding, GBK or Latin-1 perhaps\n",
        ),
    ] {
        fs::write(&file, bytes).unwrap();
        let mut command = executable(&["--config", "callback.toml", "check"]);
        let (code, _, errors) = outcome(command.current_dir(folder.path()).output().unwrap());
        assert_eq!(code, Some(1));
        assert!(errors.contains(words) && errors.contains("hint: save it as UTF-8"), "{errors}");
    }
    fs::write(&file, marked(b"\xef\xbb\xbf", text.as_bytes().to_vec())).unwrap();
    let mut command = executable(&["--config", "callback.toml", "check"]);
    command.envs([("RC_APP_KEY", "k"), ("RC_APP_SECRET", "s"), ("RC_API_URL", "http://127.0.0.1:9")]);
    let (code, _, errors) = outcome(command.current_dir(folder.path()).output().unwrap());
    assert_eq!((code, errors.as_str()), (Some(0), ""));
}

#[test]
fn a_variable_that_is_not_utf_8_or_empty_is_told_of_as_what_it_is() {
    let check = |name: &str, value: &[u8]| {
        let mut command = executable(&["check"]);
        command.envs([
            ("RC_APP_KEY", "k"),
            ("RC_APP_SECRET", "s"),
            ("RC_API_URL", "http://127.0.0.1:9"),
        ]);
        let (code, _, errors) = outcome(command.env(name, OsStr::from_bytes(value)).output().unwrap());
        assert_eq!(code, Some(1), "{errors}");
        errors
    };
    let errors = check("RC_APP_SECRET", b"s3cret\xff");
    assert!(errors.contains("RC_APP_SECRET, which is set, but its bytes are not UTF-8"), "{errors}");
    assert!(!errors.contains("s3cret"), "{errors}");
    let errors = check("RC_APP_SECRET", b"");
    assert!(errors.contains("apps[0].secrets[0]: is empty"), "{errors}");
    assert!(errors.contains("RC_APP_SECRET, which is set but empty"), "{errors}");
    let errors = check("RONGCLOUD_CALLBACK_CONFIG", b"");
    assert!(errors.contains("RONGCLOUD_CALLBACK_CONFIG: is set but empty"), "{errors}");
    let errors = check("RONGCLOUD_CALLBACK_CONFIG", b"'callback.toml'");
    assert!(errors.contains("RONGCLOUD_CALLBACK_CONFIG: has a quotation mark around it"), "{errors}");
}

#[test]
fn a_configuration_that_is_fine_is_summed_up_without_its_secrets() {
    let mut home = Home::new();
    home.listen_on(([127, 0, 0, 1], 8080).into());
    let (code, output, errors) = outcome(home.command(&["check"]).output().unwrap());
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    insta::assert_snapshot!(output, @r#"
    the configuration is fine
    callbacks: 127.0.0.1:8080   operators: 127.0.0.1:0   journal: sqlite:data/journal.db
    console: at a port that the log will name, for everybody on this machine, who may do everything there
    app test-app: routeUrl path /callback, 1 secret(s), API http://127.0.0.1:9/
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_is_answered_and_handed_to_nobody() {
    let home = Home::new();
    let server = home.start().await;
    for arguments in
        [&["check", "--url"][..], &["check", "--url", &format!("http://{}{PATH}", server.callbacks)]]
    {
        let (code, output, errors) = outcome(home.command(arguments).output().unwrap());
        assert_eq!((code, errors.as_str()), (Some(0), ""));
        assert!(output.contains("its journal is ready"), "{output}");
    }
    assert!(home.records().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_fails_says_what_to_look_at() {
    let probe = async |home: &Home, url: &str| {
        let (code, output, errors) = outcome(home.command(&["check", "--url", url]).output().unwrap());
        assert_eq!((code, output.as_str()), (Some(1), ""));
        errors
    };
    let home = Home::new();
    let nobody = probe(&home, "http://127.0.0.1:9/callback").await;
    insta::assert_snapshot!(nobody, @r#"
    error: app test-app: the probe of http://127.0.0.1:9/callback failed
    caused by: no answer from http://127.0.0.1:9/callback: Connection refused (os error 111)
    hint: is the server running, and does the address lead to it? look at the proxy, DNS and firewall
    "#);

    let other = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_string("Welcome to nginx!"))
        .mount(&other)
        .await;
    let errors = probe(&home, &other.uri()).await;
    assert!(
        errors.contains("answered HTTP 200, but not as rongcloud-callback does: Welcome to nginx!")
            && errors.contains("hint: something else answers"),
        "{errors}"
    );

    let stranger = Home::new().with_secret("another-secret");
    let server = stranger.start().await;
    let url = format!("http://{}{PATH}", server.callbacks);
    let errors = probe(&home, &url).await;
    let refused = format!("caused by: {url} refused the probe's signature (HTTP 401): {{");
    assert!(errors.contains(&refused) && errors.contains("hint: the secrets differ"), "{errors}");
    assert!(!errors.contains("platform"), "the platform has no part in this: {errors}");
    let errors = probe(&stranger, &url.replace(PATH, "/elsewhere")).await;
    assert!(
        errors.contains("HTTP 404") && errors.contains("hint: the path is not the server's"),
        "{errors}"
    );
}
