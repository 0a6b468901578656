//! The output of a user's programs: the ten-line bot and the executable, when they start and when they cannot.

use std::{
    ffi::{OsStr, OsString},
    fs,
    io::Read as _,
    net::TcpListener,
    os::unix::ffi::OsStrExt as _,
    process::{Command, Stdio},
};

use rongcloud_callback::CallbackService;
use serde_json::Value;

use super::ends::spoilt_config;
use crate::support::{
    messages::{APP, PATH, text},
    process::Home,
    secrecy, until,
};

/// The lines of a JSON log.
fn lines(log: &[String]) -> Vec<Value> {
    log.iter().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn line<'a>(lines: &'a [Value], message: &str) -> &'a Value {
    lines
        .iter()
        .find(|line| line["message"] == message)
        .unwrap_or_else(|| panic!("{message}: {lines:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ten_line_bot_says_when_it_is_ready_what_it_could_not_send_and_when_it_ends() {
    // Nobody listens at this address.
    let home = Home::of_example("echo", "http://127.0.0.1:9").with("[deliver]\nattempts = 1\n");
    let server = home.start().await;
    let callbacks = server.callbacks;
    server.deliver(&text("user", "1", "hello")).await.assert_ack();
    server.told("given up: now a dead letter").await;
    server.terminate();
    let (status, log) = server.ended();
    assert!(status.success(), "{log:#?}");
    let lines = lines(&log);
    let ready = line(&lines, "ready");
    for (field, expected) in [
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("callbacks", callbacks.to_string()),
        ("app", APP.to_owned()),
        ("callback", format!("http://{callbacks}{PATH}")),
        ("replies_to", "http://127.0.0.1:9/".to_owned()),
        ("journal", "sqlite:data/journal.db".to_owned()),
    ] {
        assert_eq!(ready[field], expected, "{ready}");
    }
    assert_eq!((&ready["handlers"], &ready["rules"]), (&1.into(), &0.into()), "{ready}");
    assert!(ready["admin"].is_string(), "{ready}");
    assert_eq!(lines.last().unwrap()["message"], "stopped", "the end is written, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_apps_have_a_line_each_with_their_paths_and_where_their_replies_go() {
    let home = Home::new().with(
        "[[apps]]\nkey = \"other\"\nsecrets = [\"o\"]\npath = \"/other\"\nreplies = \"portal\"\n\
         api_url = \"http://127.0.0.1:9\"\n[apps.portal]\nurl = [\"http://127.0.0.1:7\", \"http://127.0.0.1:8\"]\n\
         ecode = \"acme\"\ntoken = \"t\"\n\
         [[rules]]\non = \"text\"\nreply = { text = \"one\" }\n[[rules]]\non = \"any\"\nreply = { text = \"two\" }\n",
    );
    let server = home.start().await;
    server.told("\"ready\"").await;
    let callbacks = server.callbacks;
    server.terminate();
    let lines = lines(&server.ended().1);
    let apps: Vec<_> =
        lines.iter().filter(|line| line["message"] == "an app's messages are taken here").collect();
    let shown = apps.iter().map(|line| [&line["app"], &line["callback"], &line["replies_to"]]);
    let shown: Vec<_> = shown.map(|fields| fields.map(|field| field.as_str().unwrap())).collect();
    let [first, second] = [PATH, "/other"].map(|path| format!("http://{callbacks}{path}"));
    assert_eq!(
        shown,
        [
            [APP, &first, "http://127.0.0.1:9/"],
            ["other", &second, "the portal http://127.0.0.1:7/, http://127.0.0.1:8/"],
        ]
    );
    let ready = line(&lines, "ready");
    assert_eq!((&ready["handlers"], &ready["rules"]), (&0.into(), &2.into()), "{ready}");
    assert!(ready.get("callback").is_none() && ready["callbacks"].is_string(), "{ready}");
}

/// Runs a program that cannot start. Returns its output and its exit code.
async fn run_refused(command: &mut Command) -> (Option<i32>, String) {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let ended = async || child.try_wait().unwrap();
    let status = until("a program that ends", ended).await;
    let mut errors = String::new();
    child.stderr.unwrap().read_to_string(&mut errors).unwrap();
    (status.code(), errors)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_cannot_start_says_why_in_a_sentence_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut home = Home::of_example("echo", "http://127.0.0.1:9");
    home.listen_on(taken.local_addr().unwrap());
    let (code, errors) = run_refused(&mut home.server_command()).await;
    assert_eq!(code, Some(1));
    let error = errors.split_once("\nError: ").expect("after the log").1;
    let address = taken.local_addr().unwrap();
    assert_eq!(
        error,
        format!(
            "cannot listen on {address} (`server.listen`): Address already in use (os error 98)\n\
             hint: is another program listening there? change `server.listen` in the configuration\n"
        )
    );

    let home =
        Home::of_example("echo", "http://127.0.0.1:9").with_journal("sqlite:x?mode=rwc".to_owned());
    let (_, errors) = run_refused(&mut home.server_command()).await;
    let words =
        "Error: the journal at `sqlite:x?mode=rwc`: [journal] url = \"sqlite:x?mode=rwc\" has a query";
    assert!(errors.contains(words), "{errors}");

    let (_, errors) = run_refused(
        Home::of_example("echo", "http://127.0.0.1:9").server_command().env("RUST_LOG", "verbose"),
    )
    .await;
    let words = "Error: the environment variable RUST_LOG: `verbose` is not a level";
    assert!(errors.starts_with(words) && errors.contains("\nhint: write a level"), "{errors}");
}

/// A configuration whose journal cannot be opened, in front of which a line is logged at `info`.
fn ends_at_once(program: Home) -> Home {
    program.with_journal("sqlite:.".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_argument_wins_over_the_environment_and_that_over_the_file() {
    for (file, variable, argument, is_said) in [
        ("info", None, None, true),
        ("warn", None, None, false),
        ("warn", Some("info"), None, true),
        ("info", Some("warn"), None, false),
        ("info", Some(""), None, true),
        ("warn", Some(""), None, false),
        ("warn", Some("warn"), Some("info"), true),
        ("info", Some("info"), Some("off"), false),
        ("info", Some("no=filter"), Some("rongcloud_callback=debug,warn"), true),
    ] {
        let homes = [Home::new(), Home::of_example("echo", "http://127.0.0.1:9")].map(ends_at_once);
        // The library's program has no arguments.
        for home in homes.iter().take(if argument.is_some() { 1 } else { 2 }) {
            let mut command = home.server_command();
            let path = home.path().join("callback.toml");
            let written = fs::read_to_string(&path).unwrap();
            fs::write(&path, written.replace("\"trace\"", &format!("\"{file}\""))).unwrap();
            command.env_remove("RUST_LOG").envs(variable.map(|filter| ("RUST_LOG", filter)));
            command.args(argument.iter().flat_map(|level| ["--log-level", level]));
            let (code, errors) = run_refused(&mut command).await;
            assert_eq!(code, Some(1), "{errors}");
            let case = format!("{file} {variable:?} {argument:?}: {errors}");
            assert_eq!(errors.contains("opening the journal"), is_said, "{case}");
            assert!(errors.contains("is a folder"), "{case}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_is_none_is_told_of_with_where_it_stands_by_check_and_by_serve() {
    let none = OsString::new();
    for (command, variable, argument, words) in [
        (
            "serve",
            OsStr::new("loud=wat"),
            None,
            "error: the environment variable RUST_LOG: `loud=wat` is not a filter",
        ),
        (
            "check",
            OsStr::new("loud=wat"),
            None,
            "error: the environment variable RUST_LOG: `loud=wat` is not a filter",
        ),
        (
            "serve",
            OsStr::new("warning"),
            None,
            "error: the environment variable RUST_LOG: `warning` is not a level",
        ),
        ("check", OsStr::from_bytes(b"\xff"), None, "RUST_LOG: its bytes are not UTF-8"),
        (
            "serve",
            &none,
            Some("verbose"),
            "invalid value 'verbose' for '--log-level <LEVEL>': `verbose` is not a level",
        ),
        ("check", &none, Some(""), "'--log-level <LEVEL>': is empty"),
        ("completions", &none, Some("a=b=c"), "'--log-level <LEVEL>': `a=b=c` is not a filter"),
    ] {
        let home = Home::new();
        let mut arguments = vec![command];
        arguments.extend(argument.iter().flat_map(|level| ["--log-level", level]));
        let (code, errors) = run_refused(home.command(&arguments).env("RUST_LOG", variable)).await;
        assert_eq!(code, Some(1), "{errors}");
        assert!(errors.contains(words), "{words}: {errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_ends_by_itself_logs_where_it_is_asked_to() {
    let home = Home::new().with_api("http://127.0.0.1:9");
    let call = ["account", "show", "news"];
    let (_, quiet) = run_refused(home.command(&call).env("RUST_LOG", "trace")).await;
    assert!(quiet.starts_with("error: "), "{quiet}");
    let (_, loud) =
        run_refused(&mut home.command(&[&call[..], &["--log-level", "trace"]].concat())).await;
    assert!(loud.contains("TRACE") || loud.contains("DEBUG"), "{loud}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_that_the_program_has_set_is_left_alone() {
    secrecy::watch();
    let folder = tempfile::tempdir().unwrap();
    // The filter would be an error if it were used.
    let config = spoilt_config(&folder, |config| config.log.level = "no=filter".to_owned());
    CallbackService::new(config).run_until(tokio::task::yield_now()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_when_it_is_told_to_reload_is_a_line_a_mistake() {
    let mut home = Home::new();
    let server = home.start().await;
    home.rewrite(
        "[[rules]]\non = \"text\"\nreply = { text = \"{{ usr }}\" }\n[[rules]]\non = \"txt\"\nreply = { text = \"a\" }\n\
         [[rules]]\non = \"text\"\nkeyword = { regex = '(' }\nreply = { text = \"a\" }\n",
    );
    server.hang_up();
    server.told("the rules stay as they were").await;
    server.terminate();
    let lines = lines(&server.ended().1);
    let told: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    let messages: Vec<_> = told.iter().map(|line| line["message"].as_str().unwrap()).collect();
    for (message, key) in messages.iter().zip(["rules[0].reply", "rules[1].on", "rules[2].keyword"]) {
        assert!(message.contains("callback.toml:") && message.contains(key), "{messages:#?}");
        assert!(message.contains("; hint: ") && !message.contains('\n'), "{messages:#?}");
    }
    assert_eq!(messages.len(), 4, "{messages:#?}");
    assert_eq!(told[3]["mistakes"], 3);
}
