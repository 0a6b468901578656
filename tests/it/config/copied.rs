//! Values that were copied out of a file, a mail or a shell together with stray characters.

use std::fs;

use rongcloud_callback::config::Config;

use super::{
    parse,
    problems::{APP, assert_problem, problems},
};

/// A secret with each of the stray characters that a copy may add, and the word of the problem for them.
const STRAYS: &[(&str, &str)] = &[
    ("\"hunter2-hunter2-1\"", "quotation mark"),
    ("'hunter2-hunter2-1'", "quotation mark"),
    ("“hunter2-hunter2-1”", "quotation mark"),
    ("hunter2-hunter2-1\r", "line end"),
    ("hunter2-hunter2-1\n", "line end"),
    ("hunter2-hunter2-1 ", "space"),
    ("\thunter2-hunter2-1", "tab"),
    ("\u{feff}hunter2-hunter2-1", "byte order mark"),
    ("hunter2\r\nhunter2-1", "nobody sees"),
    ("hunter2-\u{200b}hunter2-1", "nobody sees"),
    ("hunter2-hunter2-1\0", "nobody sees"),
];

/// Asserts that a value from a variable is refused, by the names of the key and the variable, and without the value.
fn assert_refused(text: &str, value: &str, key: &str, words: &str) {
    let error =
        Config::from_toml(text, |name| (name == "COPIED").then(|| value.to_owned())).unwrap_err();
    let [problem] = error.problems() else { panic!("{value:?}: {error}") };
    assert_eq!(problem.key, key, "{value:?}");
    assert!(problem.what.contains(words), "{value:?}: {}", problem.what);
    assert!(problem.what.contains("the environment variable COPIED"), "{value:?}: {}", problem.what);
    assert!(!format!("{error:?}").contains("hunter2"), "{value:?}: {error:?}");
}

#[test]
fn a_secret_from_the_environment_with_something_around_it_is_refused() {
    let secret = APP.replace("'hunter2'", "'${COPIED}'");
    let tokens = format!("[admin]\ntokens = ['${{COPIED}}']\n{APP}");
    let portal = format!("{APP}[apps.portal]\nurl = 'http://a'\necode = 'e'\ntoken = '${{COPIED}}'\n");
    for (value, words) in STRAYS {
        assert_refused(&secret, value, "apps[0].secrets[0]", words);
        assert_refused(&tokens, value, "admin.tokens[0]", words);
        // White space around the portal's token is taken off before each call.
        if value.trim() == *value {
            assert_refused(&portal, value, "apps[0].portal.token", words);
        }
    }
}

#[test]
fn so_is_a_key_an_address_or_a_code() {
    let (value, words) = ("\"hunter2\"", "quotation mark");
    assert_refused(&APP.replace("'k'", "'${COPIED}'"), value, "apps[0].key", words);
    assert_refused(&format!("[journal]\nurl = '${{COPIED}}'\n{APP}"), value, "journal.url", words);
    assert_refused(
        &format!("[journal]\nurl = '${{COPIED}}'\n{APP}"),
        "sqlite:j.db\r",
        "journal.url",
        "line end",
    );
    assert_refused(
        &APP.replace("'https://api.example.com'", "'${COPIED}'"),
        value,
        "apps[0].api_url",
        "not a URL",
    );
}

#[test]
fn a_variable_that_is_empty_is_said_to_be_that() {
    assert_refused(
        &APP.replace("'hunter2'", "'${COPIED}'"),
        "",
        "apps[0].secrets[0]",
        "COPIED, which is set but empty",
    );
    assert_refused(
        &APP.replace("'k'", "'${COPIED}'"),
        "",
        "apps[0].key",
        "COPIED, which is set but empty",
    );
}

#[test]
fn a_secret_file_with_something_around_the_secret_is_refused_but_for_its_last_line_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let secret = format!("{APP}secret_files = [{file:?}]\n");
    let token = format!("[admin]\ntoken_files = [{file:?}]\n{APP}");
    let portal = format!("{APP}[apps.portal]\nurl = 'http://a'\necode = 'e'\ntoken_file = {file:?}\n");
    for (stray, words) in STRAYS {
        fs::write(&file, format!("{stray}\r\n")).unwrap();
        let trimmed = stray.ends_with(['\r', '\n']);
        if trimmed {
            assert!(parse(&secret).is_ok() && parse(&token).is_ok(), "{stray:?}");
        } else {
            assert_problem(&secret, "apps[0].secret_files[0]", words);
            assert_problem(&token, "admin.token_files[0]", words);
            assert!(!format!("{:?}", problems(&secret)).contains("hunter2"), "{stray:?}");
        }
        if stray.trim() == *stray {
            assert_problem(&portal, "apps[0].portal.token_file", words);
        } else {
            assert!(parse(&portal).is_ok(), "{stray:?}");
        }
    }
    fs::write(&file, b"hunter2\xc3\xdchunter2-1").unwrap();
    for (text, key) in [(secret, "apps[0].secret_files[0]"), (portal, "apps[0].portal.token_file")] {
        assert_problem(&text, key, "is not UTF-8");
    }
}

#[test]
fn a_trusted_proxy_may_be_a_single_address() {
    let text = |proxies: &str| format!("[server]\ntrusted_proxies = {proxies}\n{APP}");
    let shown = |proxies: &str| {
        let networks = parse(&text(proxies)).unwrap().server.trusted_proxies;
        networks.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(shown("['10.0.0.0/8', '::1']"), ["10.0.0.0/8", "::1/128"]);
    assert_eq!(shown("['127.0.0.1', '::ffff:10.0.0.1']"), ["127.0.0.1/32", "10.0.0.1/32"]);
    assert_problem(
        &text("['10.0.0.1', 'nginx']"),
        "server.trusted_proxies[1]",
        "an address, or a network",
    );
}
