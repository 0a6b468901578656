//! Checks that no compiler makes: imports between modules, circles, headers, sentences, sizes, and names that say nothing.

mod circles;
mod names;
mod pages;
mod sentences;
mod source;

use std::{fmt::Write, fs, path::Path};

use source::{Token, Used, paths, rust_files, tokens};

/// Each module and the modules that it may use. `bin` sees the public API only, which the compiler checks.
const MODULES: &[(&str, &[&str])] = &[
    ("ids", &[]),
    ("clock", &["lock"]),
    ("identity_hasher", &[]),
    ("stray", &[]),
    ("tls", &[]),
    ("lock", &[]),
    ("log_limit", &["lock"]),
    ("metrics", &[]),
    ("origin", &[]),
    ("page", &[]),
    ("toml_values", &[]),
    ("signature", &["clock"]),
    ("protocol", &["ids", "clock"]),
    ("failpoint", &[]),
    ("journal", &["clock", "failpoint", "identity_hasher", "lock", "metrics", "tls"]),
    ("http", &["protocol", "clock", "lock", "metrics", "tls"]),
    ("client", &["http", "protocol", "signature", "ids", "clock"]),
    ("portal", &["http", "protocol", "ids", "clock", "stray"]),
    ("handler", &["protocol", "client", "ids", "clock"]),
    ("desk", &["journal", "protocol", "clock"]),
    ("dialogue", &["client", "desk", "handler", "protocol"]),
    ("rules", &["handler", "protocol", "http", "client", "ids", "clock", "lock", "toml_values"]),
    ("statistics", &["journal", "clock", "lock"]),
    (
        "worker",
        &[
            "journal",
            "desk",
            "handler",
            "client",
            "portal",
            "protocol",
            "ids",
            "clock",
            "failpoint",
            "lock",
            "log_limit",
            "metrics",
            "statistics",
        ],
    ),
    (
        "server",
        &[
            "signature",
            "protocol",
            "journal",
            "ids",
            "clock",
            "failpoint",
            "identity_hasher",
            "lock",
            "log_limit",
            "metrics",
            "statistics",
        ],
    ),
    (
        "console",
        &[
            "journal",
            "desk",
            "protocol",
            "worker",
            "server",
            "http",
            "ids",
            "clock",
            "lock",
            "log_limit",
            "metrics",
            "origin",
            "page",
            "statistics",
        ],
    ),
    (
        "config",
        &[
            "ids",
            "clock",
            "protocol",
            "signature",
            "client",
            "portal",
            "stray",
            "toml_values",
            "rules",
            "journal",
            "desk",
            "server",
            "worker",
            "console",
            "telemetry",
        ],
    ),
    ("sandbox", &["protocol", "signature", "ids", "clock", "origin", "page"]),
    ("telemetry", &["lock", "metrics"]),
    (
        "service",
        &[
            "ids",
            "clock",
            "metrics",
            "signature",
            "protocol",
            "journal",
            "desk",
            "client",
            "portal",
            "dialogue",
            "handler",
            "rules",
            "worker",
            "server",
            "console",
            "telemetry",
            "config",
            "statistics",
        ],
    ),
];

/// The crates and parts of std that a module must not use.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("protocol", &["tokio", "axum", "hyper", "std::net", "std::fs", "std::thread"]),
    ("signature", &["tokio", "axum", "hyper", "http", "std::net", "std::fs", "std::thread"]),
    ("journal", &["axum", "hyper", "http", "quick_xml"]),
    ("handler", &["axum", "hyper", "rusqlite"]),
    ("dialogue", &["axum", "hyper", "rusqlite"]),
    ("worker", &["axum", "hyper", "rusqlite"]),
    ("server", &["rusqlite"]),
    ("console", &["rusqlite"]),
    ("config", &["tokio", "axum", "hyper", "rusqlite"]),
    ("service", &["clap", "std::io::stdout"]),
];

/// The crates that only some files may use.
const RESERVED: &[(&str, &[&str])] = &[
    ("reqwest", &["src/http", "src/sandbox/push.rs"]),
    ("rusqlite", &["src/journal/sqlite"]),
    ("tokio_postgres", &["src/journal/postgres"]),
];

/// Modules that are given the time and never read a clock.
const TIMELESS: &[&str] = &["protocol", "signature"];

const NAMES_THAT_SAY_NOTHING: &[&str] =
    &["utils", "util", "common", "types", "helpers", "prelude", "misc"];

const MOST_LINES: usize = 500;

#[test]
fn every_file_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut report = String::new();
    let mut files = 0;
    for path in rust_files(root) {
        let text = fs::read_to_string(root.join(&path)).unwrap();
        for complaint in complaints(&path, &text) {
            writeln!(report, "{path}: {complaint}").unwrap();
        }
        files += 1;
    }
    assert!(files > 20, "only {files} files were found in {}", root.display());
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn every_module_is_in_the_table() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let tokens = tokens(&lib);
    let declared = tokens.windows(3).filter(|found| found[0].text == "mod" && found[2].text == ";");
    let mut modules = declared.map(|found| found[1].text.as_str());
    let unknown = modules.find(|module| row(MODULES, module).is_none());
    assert_eq!(unknown, None, "say in MODULES which modules it may use");
}

/// The checks see each of these mistakes, and only them.
#[test]
fn what_is_untidy_is_seen() {
    let header = "//! A sentence.\n";
    for (path, text, complaint) in [
        (
            "src/journal/a.rs",
            "use crate::{clock, protocol::Inbound};",
            "line 2: `journal` may not use `protocol`",
        ),
        ("src/journal/a.rs", "fn f() { crate::client::f(); }", "line 2: `journal` may not use `client`"),
        ("src/journal/a.rs", "use super::super::server;", "line 2: `journal` may not use `server`"),
        ("src/journal/mod.rs", "use super::server;", "line 2: `journal` may not use `server`"),
        ("src/journal/mod.rs", "mod tests { use super::super::server; }", "may not use `server`"),
        ("src/ids.rs", "use super::server;", "line 2: `ids` may not use `server`"),
        (
            "src/server/a.rs",
            "use crate::Config;",
            "line 2: `Config` is no module: name the one it lives in",
        ),
        (
            "src/protocol/a.rs",
            "use std::{fmt, net::IpAddr};",
            "line 2: `protocol` must not know `std::net`",
        ),
        ("src/worker/a.rs", "async fn f() { axum::f() }", "line 2: `worker` must not know `axum`"),
        ("src/server/a.rs", "use reqwest::Url;", "line 2: `reqwest` is for src/http"),
        ("src/signature.rs", "fn f(c: &Clock) { c.now(); }", "line 2: `signature` is given the time"),
        ("src/protocol/a.rs", "fn f() { Instant::now(); }", "line 2: `protocol` is given the time"),
        ("src/server/a.rs", "mod helpers;", "line 2: `helpers` says nothing"),
        ("tests/it/common.rs", "", "`common` says nothing"),
        ("src/server/a.rs", concat!("// TO", "DO: later"), "line 2: something is left to do"),
        (
            "src/server/a.rs",
            concat!("fn f() { unimple", "mented!() }"),
            "line 2: something is left to do",
        ),
        ("tests/it/a.rs", "#[ignore = \"slow\"]", "line 2: `ignore`"),
        ("tests/it/a.rs", "#[should_panic]", "line 2: `should_panic`"),
    ] {
        let seen = complaints(path, &format!("{header}{text}"));
        assert!(matches!(&seen[..], [one] if one.contains(complaint)), "{path}: {text}: {seen:?}");
    }
    assert_eq!(complaints("src/a.rs", "use std::fmt;"), ["does not begin with a `//!` sentence"]);
    assert_eq!(complaints("src/a.rs", &header.repeat(501)), ["has 501 lines, more than 500"]);
}

#[test]
fn what_is_tidy_is_left_alone() {
    for (path, text) in [
        (
            "src/journal/a.rs",
            "use super::{Entry, memory}; use crate::{clock::UnixMillis, journal::Lease};",
        ),
        ("src/journal/mod.rs", "mod tests { use super::*; }"),
        (
            "src/journal/a.rs",
            "// crate::protocol\nconst A: &str = \"use crate::protocol\"; const Q: char = '\"';",
        ),
        ("src/journal/a.rs", "const A: &str = r#\"a \" use crate::protocol\"#; fn f<'a>(a: &'a str) {}"),
        ("src/journal/sqlite/read.rs", "use rusqlite::Connection;"),
        ("src/bin/rongcloud-callback/main.rs", "use crate::args; use clap::Parser;"),
        (
            "src/worker/a.rs",
            "use crate::{clock::Clock, metrics as names, protocol::{self as wire, Inbound}};",
        ),
        ("src/lib.rs", "pub use config::Config;"),
    ] {
        let seen = complaints(path, &format!("//! A sentence.\n{text}"));
        assert!(seen.is_empty(), "{path}: {text}: {seen:?}");
    }
}

/// Everything that is wrong with one file; `path` is relative to the repository.
fn complaints(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !text.starts_with("//! ") {
        found.push("does not begin with a `//!` sentence".to_owned());
    }
    let lines = text.lines().count();
    if lines > MOST_LINES {
        found.push(format!("has {lines} lines, more than {MOST_LINES}"));
    }
    for name in
        path.trim_end_matches(".rs").split('/').filter(|name| NAMES_THAT_SAY_NOTHING.contains(name))
    {
        found.push(format!("`{name}` says nothing about what is in it"));
    }
    for (number, line) in text.lines().enumerate() {
        let left = [
            concat!("TO", "DO"),
            concat!("FIX", "ME"),
            concat!("todo", "!"),
            concat!("unimplemented", "!"),
        ];
        if left.iter().any(|mark| line.contains(mark)) {
            found.push(format!("line {}: something is left to do", number + 1));
        }
    }
    let tokens = tokens(text);
    found.extend(token_complaints(path, &tokens));
    for used in paths(&tokens) {
        found.extend(
            import_complaint(path, &used).map(|complaint| format!("line {}: {complaint}", used.line)),
        );
    }
    found.dedup();
    found
}

fn token_complaints(path: &str, tokens: &[Token]) -> Vec<String> {
    let module = module(path).unwrap_or_default();
    let mut found = Vec::new();
    for window in tokens.windows(3) {
        let [first, second, third] = [&*window[0].text, &*window[1].text, &*window[2].text];
        let line = window[0].line;
        if first == "mod" && NAMES_THAT_SAY_NOTHING.contains(&second) {
            found.push(format!("line {line}: `{second}` says nothing about what is in it"));
        }
        if first == "#" && second == "[" && ["ignore", "should_panic"].contains(&third) {
            found.push(format!("line {line}: `{third}`: a test runs always and says what it expects"));
        }
        if TIMELESS.contains(&module) && [".", "::"].contains(&first) && second == "now" && third == "("
        {
            found.push(format!("line {line}: `{module}` is given the time and never reads a clock"));
        }
    }
    found
}

/// The complaint about a path that a file uses, if there is one.
fn import_complaint(file: &str, used: &Used) -> Option<String> {
    for (name, files) in RESERVED {
        if used.names.first().is_some_and(|first| first == name)
            && file.starts_with("src/")
            && !files.iter().any(|allowed| file.starts_with(allowed))
        {
            return Some(format!("`{name}` is for {} only", files.join(", ")));
        }
    }
    let module = module(file)?;
    let external = used.names.join("::");
    let unfit = row(FORBIDDEN, module).unwrap_or_default().iter().find(|name| {
        external.strip_prefix(*name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    });
    if let Some(unfit) = unfit {
        return Some(format!("`{module}` must not know `{unfit}`"));
    }
    let target = used.target(file)?;
    if target == module || row(MODULES, module)?.contains(&target) {
        None
    } else if row(MODULES, target).is_none() {
        Some(format!("`{target}` is no module: name the one it lives in"))
    } else {
        Some(format!("`{module}` may not use `{target}`"))
    }
}

fn row(table: &[(&str, &'static [&'static str])], module: &str) -> Option<&'static [&'static str]> {
    table.iter().find(|(name, _)| *name == module).map(|(_, row)| *row)
}

/// The module that a file is in; `None` for the crate's root, the executable and the tests.
fn module(file: &str) -> Option<&str> {
    let inside = file.strip_prefix("src/")?;
    let first = inside.split('/').next()?.trim_end_matches(".rs");
    (!["lib", "bin"].contains(&first)).then_some(first)
}
