//! Each mistake in a section, and the words of its problem.

use rongcloud_callback::config::{Config, Problem};

use super::parse;

/// An app without mistakes.
pub(super) const APP: &str =
    "[[apps]]\nkey = 'k'\nsecrets = ['hunter2']\napi_url = 'https://api.example.com'\n";

pub(super) fn problems(text: &str) -> Vec<Problem> {
    parse(text).expect_err("a configuration with problems").problems().to_vec()
}

/// Asserts that `text` has exactly one problem, with this key and these words.
pub(super) fn assert_problem(text: &str, key: &str, words: &str) {
    let problems = problems(text);
    let [problem] = &problems[..] else { panic!("{text}: {problems:#?}") };
    assert_eq!(problem.key, key, "{text}");
    assert!(problem.what.contains(words), "{text}: {}", problem.what);
    assert!(!problem.hint.is_empty(), "{text}");
}

#[test]
fn everything_that_is_wrong_is_reported_at_once() {
    let text = "
[server]
listen = \"localhost\"
answer_timeout = \"5s\"
max_bodies = 3

[deliver]
attempts = 0
backoff = 5

[surprise]

[[apps]]
path = \"callback\"
key = \"${UNSET}\"
secret_files = [\"/nowhere/secret\"]
";
    insta::assert_snapshot!(parse(text).unwrap_err(), @r#"
    the configuration has 11 problems:
      configuration:3: server.listen: "localhost" is not an IP address with its port, such as "0.0.0.0:8080"
        hint: for example listen = "0.0.0.0:8080"
      configuration:4: server.answer_timeout: 5s is not shorter than the 5s after which the platform hangs up: it would miss the 503
        hint: write "4s" or less
      configuration:5: server.max_bodies: there is no `max_bodies`
        hint: did you mean `max_body`? the keys of this section are: answer_timeout, body_timeout, header_timeout, listen, max_body, max_connections, max_in_flight, signature_memory, timestamp_tolerance, trusted_proxies
      configuration:8: deliver.attempts: is 0, so everything would be a dead letter before it was tried
        hint: write 1 or more, or leave the key out
      configuration:9: deliver.backoff: the number 5 is not a time with its unit, such as "250ms", "5s", "24h" or "30d"
        hint: for example backoff = "5s"
      configuration:11: surprise: there is no `surprise`
        hint: the sections are: admin, apps, client, deliver, desk, dialogue, dispatch, journal, log, rules, server, shutdown
      configuration:13: apps[0].api_url: is missing
        hint: write api_url = "${RC_API_URL}", or the value itself
      configuration:13: apps[0].secrets: no secret, in `secrets` or `secret_files`: no callback could be verified, no call signed
        hint: write secrets = ["${RC_APP_SECRET}"], or secret_files = ["/run/secrets/rongcloud"]
      configuration:14: apps[0].path: is not the path of a URL
        hint: begin it with '/' and use printable ASCII without ? # { } *: path = "/callback"
      configuration:15: apps[0].key: takes its value from the environment variable UNSET, which is not set
        hint: set UNSET, or write the value into your configuration file
      configuration:16: apps[0].secret_files[0]: cannot read /nowhere/secret: No such file or directory (os error 2)
        hint: name a file that this process may read; a relative path starts in its working folder
    "#);
}

#[test]
fn a_remote_admin_listener_needs_a_token_and_a_loopback_one_does_not() {
    for listen in ["0.0.0.0:9090", "[::]:9090", "192.0.2.1:9090", "[::ffff:192.0.2.1]:9090"] {
        let admin = format!("[admin]\nlisten = '{listen}'\n");
        assert_problem(&format!("{admin}{APP}"), "admin.listen", "can be reached from other machines");
        assert!(parse(&format!("{admin}tokens = ['0123456789abcdef']\n{APP}")).is_ok(), "{listen}");
    }
    for listen in ["127.0.0.1:9090", "127.9.9.9:9090", "[::1]:9090", "[::ffff:127.0.0.1]:9090"] {
        assert!(parse(&format!("[admin]\nlisten = '{listen}'\n{APP}")).is_ok(), "{listen}");
    }
}

#[test]
fn a_token_that_could_be_guessed_or_not_be_sent_is_refused_and_not_shown() {
    for token in ["", "hunter2", "0123456789abcde", "hunter2 hunter2 hunter2", "hunter2-hunter2-é"] {
        let text = format!("[admin]\ntokens = ['0123456789abcdef', '{token}']\n{APP}");
        assert_problem(&text, "admin.tokens[1]", "could be guessed");
        assert!(!format!("{:?}", problems(&text)).contains("hunter2"), "{token}");
    }
    assert_problem(
        &format!("[admin]\ntokens = 'hunter2'\n{APP}"),
        "admin.tokens",
        "is not a list of tokens",
    );
    let file = "token_files = ['/nowhere/token']";
    assert_problem(
        &format!("[admin]\n{file}\n{APP}"),
        "admin.token_files[0]",
        "cannot read /nowhere/token",
    );
}

#[test]
fn without_its_variables_the_default_app_says_which_it_needs() {
    let error = Config::from_toml("", |_| None).unwrap_err();
    insta::assert_snapshot!(error, @r#"
    the configuration has 3 problems:
      apps[0].api_url: takes its value from the environment variable RC_API_URL, which is not set
        hint: set RC_API_URL, or write the value into your configuration file
      apps[0].key: takes its value from the environment variable RC_APP_KEY, which is not set
        hint: set RC_APP_KEY, or write the value into your configuration file
      apps[0].secrets[0]: takes its value from the environment variable RC_APP_SECRET, which is not set
        hint: set RC_APP_SECRET, or write the value into your configuration file
    "#);
}

#[test]
fn a_file_that_is_not_toml_is_answered_with_the_place_and_not_with_its_text() {
    let error = parse("[[apps]]\nkey = 'k'\nsecrets = ['hunter2]\n").unwrap_err();
    insta::assert_snapshot!(error, @"configuration:3:21: not TOML: unclosed array, expected `]`");
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[test]
fn relations_are_reported_with_their_consequence() {
    for (text, key, words) in [
        ("[server]\nmax_body = '512B'", "server.max_body", "ordinary messages would be refused"),
        ("[server]\nmax_body = '17MiB'", "server.max_body", "could fill the memory"),
        ("[server]\nanswer_timeout = '5s'", "server.answer_timeout", "the platform hangs up"),
        ("[server]\nanswer_timeout = '0s'", "server.answer_timeout", "answered 503"),
        ("[server]\nheader_timeout = '0s'", "server.header_timeout", "closed at once"),
        ("[server]\nbody_timeout = '0s'", "server.body_timeout", "too late"),
        ("[server]\ntimestamp_tolerance = '0s'", "server.timestamp_tolerance", "stale"),
        ("[server]\nmax_connections = 0", "server.max_connections", "nobody could connect"),
        ("[server]\nmax_in_flight = 0", "server.max_in_flight", "answered 503"),
        ("[server]\nsignature_memory = 0", "server.signature_memory", "with another body"),
        ("[admin]\nlisten = '127.0.0.1:8080'", "admin.listen", "could not be opened"),
        ("[journal]\nurl = 'mysql://u:p@h/d'", "journal.url", "no journal"),
        ("[journal]\nurl = 'sqlite:'", "journal.url", "no journal"),
        ("[journal]\nkeep = '9m'", "journal.keep", "accepted a second time"),
        ("[journal]\nkeep_dead = '0s'", "journal.keep_dead", "before anyone could revive them"),
        ("[journal]\nmax_pending = 0", "journal.max_pending", "answered 503"),
        ("[journal]\nrecent_keys = 0", "journal.recent_keys", "looked up on the disk"),
        ("[dispatch]\nconcurrency = 0", "dispatch.concurrency", "nothing would ever be worked on"),
        ("[dispatch]\nattempts = 0", "dispatch.attempts", "a dead letter before it was tried"),
        ("[deliver]\ntimeout = '0s'", "deliver.timeout", "every attempt would fail"),
        ("[deliver]\nbackoff = '0s'", "deliver.backoff", "used up at once"),
        ("[deliver]\nbackoff = '2h'", "deliver.backoff", "longer than max_backoff"),
        ("[deliver.rate]\nper_second = 0", "deliver.rate.per_second", "no reply would ever be sent"),
        ("[deliver.rate]\nper_second = 100001", "deliver.rate.per_second", "bound nothing"),
        (
            "[deliver.rate]\nper_second = 'ten'",
            "deliver.rate.per_second",
            "\"ten\" is not a whole number",
        ),
        ("[deliver.rate]\nburst = 5", "deliver.rate.burst", "there is no `burst`"),
        ("[deliver]\nrate = 5", "deliver.rate", "is not a section"),
        ("[client]\nconnect_timeout = '11s'", "client.connect_timeout", "bounds the whole call"),
        ("[client]\nconnect_timeout = '0s'", "client.connect_timeout", "no call could begin"),
    ] {
        assert_problem(text, key, words);
    }
}

#[test]
fn every_address_of_a_list_can_be_reached_within_an_attempt() {
    let app = |urls: &str, portals: &str| {
        format!(
            "[[apps]]\nkey = 'k'\nsecrets = ['s']\napi_url = {urls}\n\
             [apps.portal]\nurl = {portals}\necode = 'e'\ntoken = 't'\n"
        )
    };
    let (one, two) = ("'http://a'", "['http://a', 'http://b']");
    let three = "['http://a', 'http://b', 'http://c']";
    for (settings, urls, portals, words) in [
        ("", three, one, "10s for each of the 3 addresses in apps[0].api_url"),
        ("", three, one, "deliver.timeout (30s)"),
        ("", one, three, "10s for each of the 3 addresses in apps[0].portal.url"),
        ("[client]\ntimeout = '15s'\n", two, one, "deliver.timeout (30s)"),
        ("[dispatch]\ntimeout = '20s'\n", two, one, "dispatch.timeout (20s)"),
        ("[deliver]\ntimeout = '10s'\n", one, two, "the last of them would never be reached"),
    ] {
        assert_problem(&format!("{settings}{}", app(urls, portals)), "client.timeout", words);
    }
    for (settings, urls, portals) in [
        ("", two, two),
        ("[dispatch]\ntimeout = '2s'\n[deliver]\ntimeout = '2s'\n", one, one),
        ("[deliver]\ntimeout = '31s'\n[dispatch]\ntimeout = '31s'\n", three, three),
    ] {
        parse(&format!("{settings}{}", app(urls, portals))).unwrap();
    }
}

#[test]
fn what_a_message_is_remembered_for_has_a_lower_bound_of_its_own() {
    let text = "[server]\ntimestamp_tolerance = '10s'\n[journal]\nkeep = '59s'";
    assert_problem(text, "journal.keep", "forgotten");
}

#[test]
fn listeners_on_different_addresses_or_free_ports_may_share_a_number() {
    for (server, admin) in [("127.0.0.1:80", "127.0.0.2:80"), ("127.0.0.1:0", "127.0.0.1:0")] {
        parse(&format!("[server]\nlisten = '{server}'\n[admin]\nlisten = '{admin}'")).unwrap();
    }
}

#[test]
fn an_app_is_checked_on_its_own() {
    for (line, key, words) in [
        ("path = 'callback'", "apps[0].path", "not the path of a URL"),
        ("path = '/a?b'", "apps[0].path", "not the path of a URL"),
        ("path = '/{all}'", "apps[0].path", "not the path of a URL"),
        ("key = ''", "apps[0].key", "not an App Key"),
        ("key = 'a b'", "apps[0].key", "not an App Key"),
        (r#"key = "a\u001fb""#, "apps[0].key", "not an App Key"),
        ("secrets = []", "apps[0].secrets", "no callback could be verified"),
        ("secrets = ['s', '']", "apps[0].secrets[1]", "anyone could sign"),
        ("secrets = 'hunter2'", "apps[0].secrets", "is not a list of strings"),
        ("secrets = [20202020]", "apps[0].secrets[0]", "is not a list of strings"),
        ("api_url = 'ftp://api.example.com'", "apps[0].api_url", "not the base address"),
        ("api_url = 'https://u:hunter2@api.example.com'", "apps[0].api_url", "not the base address"),
        ("api_url = 'https://api.example.com?a=b'", "apps[0].api_url", "not the base address"),
        ("api_url = 'api.example.com'", "apps[0].api_url", "is not a URL"),
        ("api_url = '//u:hunter2@api.example.com'", "apps[0].api_url", "is not a URL"),
        ("api_url = []", "apps[0].api_url", "has no address"),
        ("api_url = ['https://a', 'https://b?c']", "apps[0].api_url", "not the base address"),
        ("api_url = ['https://a', 'hunter2']", "apps[0].api_url", "is not a URL, or a list"),
        (
            "replies = 'letters'",
            "apps[0].replies",
            "\"letters\" is none of the words that can stand here: `platform` or `portal`",
        ),
        ("replies = 'portal'", "apps[0].portal", "no reply could be sent"),
        ("portal = 'hunter2'", "apps[0].portal", "is not a section"),
    ] {
        let name = line.split_once(" =").unwrap().0;
        let mut app: Vec<_> =
            APP.lines().filter(|other| !other.starts_with(&format!("{name} ="))).collect();
        app.push(line);
        assert_problem(&app.join("\n"), key, words);
        assert!(!format!("{:?}", parse(&app.join("\n"))).contains("hunter2"), "{line}");
        assert!(!format!("{:?}", parse(&app.join("\n"))).contains("20202020"), "{line}");
    }
}

#[test]
fn a_portal_is_checked_on_its_own() {
    let portal = ["url = 'http://a'", "ecode = 'acme'", "token = 'hunter2'"];
    for (line, key, words) in [
        ("url = 'a'", "url", "is not a URL"),
        ("url = []", "url", "has no address"),
        ("url = 'http://a?b'", "url", "not the base address"),
        ("ecode = ''", "ecode", "the portal's addresses need it"),
        ("token = ' '", "token", "would refuse every call"),
        ("token = 20202020", "token", "is not a string"),
        ("token_file = 'f'", "token", "not both"),
        ("speed = 1", "speed", "there is no `speed`"),
    ] {
        let name = line.split_once(" =").unwrap().0;
        let others = portal.iter().filter(|other| !other.starts_with(&format!("{name} =")));
        let lines: Vec<_> = others.copied().chain([line]).collect();
        let text = format!("{APP}replies = 'portal'\n[apps.portal]\n{}\n", lines.join("\n"));
        assert_problem(&text, &format!("apps[0].portal.{key}"), words);
        let shown = format!("{:?}", parse(&text));
        assert!(!shown.contains("hunter2") && !shown.contains("20202020"), "{line}");
    }
    for name in ["url", "ecode", "token"] {
        let lines: Vec<_> = portal.into_iter().filter(|line| !line.starts_with(name)).collect();
        let text = format!("{APP}[apps.portal]\n{}\n", lines.join("\n"));
        let words = if name == "token" { "it is not clear which" } else { "is missing" };
        assert_problem(&text, &format!("apps[0].portal.{name}"), words);
    }
}

#[test]
fn apps_are_checked_against_each_other() {
    assert_problem("apps = []", "apps", "answered 404");
    assert_problem(&format!("{APP}{APP}path = '/two'"), "apps[1].key", "the same as that of apps[0]");
    let other = APP.replace("'k'", "'other'");
    assert_problem(&format!("{APP}{other}"), "apps[1].path", "the same as that of apps[0]");
}

#[test]
fn what_an_app_lacks_is_shown_as_a_line_to_write() {
    let problems = problems("\n[[apps]]\nkey = 'k'\nsecrets = ['s']\n");
    assert_eq!(problems.len(), 1);
    assert_eq!((problems[0].key.as_str(), problems[0].line), ("apps[0].api_url", Some(2)));
    assert!(problems[0].hint.contains("api_url = \"${RC_API_URL}\""), "{}", problems[0].hint);
}

#[test]
fn an_unknown_key_is_answered_with_the_known_ones() {
    let problems = problems(&format!("[log]\nlevel = 'info'\ncolour = true\n{APP}secret = 's'\n"));
    assert_eq!((problems[0].key.as_str(), problems[0].line), ("log.colour", Some(3)));
    assert_eq!(problems[0].hint, "the keys of this section are: format, level");
    assert_eq!((problems[1].key.as_str(), problems[1].line), ("apps[0].secret", Some(8)));
    assert!(problems[1].hint.contains("secret_files, secrets"), "{}", problems[1].hint);
}

#[test]
fn a_value_of_the_wrong_type_is_answered_with_what_would_be_right() {
    for (text, key, words) in [
        (
            "[server]\nbody_timeout = 3",
            "server.body_timeout",
            "the number 3 is not a time with its unit",
        ),
        (
            "[server]\nbody_timeout = '3 parsecs'",
            "server.body_timeout",
            "\"3 parsecs\" is not a time with its unit",
        ),
        ("[server]\nmax_connections = -1", "server.max_connections", "-1"),
        (
            "[server]\ntrusted_proxies = ['10.0.0.0/64']",
            "server.trusted_proxies[0]",
            "\"10.0.0.0/64\" is not an address, or a network",
        ),
        (
            "[log]\nformat = 'xml'",
            "log.format",
            "\"xml\" is none of the words that can stand here: `text` or `json`",
        ),
        ("server = 1", "server", "is not a section"),
        ("apps = 1", "apps", "is not a list of sections"),
        ("apps = [1]", "apps[0]", "is not a section"),
    ] {
        assert_problem(text, key, words);
    }
}

#[test]
fn a_secret_file_that_is_missing_or_empty_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "\n").unwrap();
    assert_problem(&format!("{APP}secret_files = [{empty:?}]"), "apps[0].secret_files[0]", "is empty");
    assert_problem(
        &format!("{APP}secret_files = ['/nowhere']"),
        "apps[0].secret_files[0]",
        "cannot read",
    );
}
