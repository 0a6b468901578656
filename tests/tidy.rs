//! What no compiler checks: who may import whom, headers, sizes, and names that say nothing.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

/// Each room and the rooms that it may use. `bin` sees the public API only, which the compiler checks.
const ROOMS: &[(&str, &[&str])] = &[
    ("ids", &[]),
    ("clock", &[]),
    ("identity_hasher", &[]),
    ("log_limit", &[]),
    ("metrics", &[]),
    ("signature", &["clock"]),
    ("protocol", &["ids", "clock"]),
    ("failpoint", &[]),
    ("journal", &["clock", "failpoint", "identity_hasher", "metrics"]),
    ("client", &["protocol", "signature", "ids", "clock", "metrics", "config"]),
    ("portal", &["client", "protocol", "signature", "ids", "clock", "metrics", "config"]),
    ("handler", &["protocol", "client", "ids", "clock", "config"]),
    ("rules", &["handler", "protocol", "client", "ids", "clock", "config"]),
    (
        "worker",
        &[
            "journal",
            "handler",
            "client",
            "portal",
            "protocol",
            "ids",
            "clock",
            "failpoint",
            "log_limit",
            "metrics",
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
            "log_limit",
            "metrics",
        ],
    ),
    ("config", &["ids", "clock", "journal", "protocol", "signature", "server", "worker", "telemetry"]),
    ("sandbox", &["protocol", "signature", "ids", "clock"]),
    ("telemetry", &["metrics"]),
    (
        "service",
        &[
            "ids",
            "clock",
            "metrics",
            "signature",
            "protocol",
            "journal",
            "client",
            "portal",
            "handler",
            "rules",
            "worker",
            "server",
            "telemetry",
            "config",
        ],
    ),
];

/// What a room must never know.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("protocol", &["tokio", "axum", "hyper", "std::net", "std::fs", "std::thread"]),
    ("signature", &["tokio", "axum", "hyper", "http", "std::net", "std::fs", "std::thread"]),
    ("journal", &["axum", "hyper", "http", "quick_xml"]),
    ("handler", &["axum", "hyper", "rusqlite"]),
    ("worker", &["axum", "hyper", "rusqlite"]),
    ("server", &["rusqlite"]),
    ("config", &["tokio", "axum", "hyper", "rusqlite"]),
    ("service", &["clap", "std::io::stdout"]),
];

/// What only some files may use.
const RESERVED: &[(&str, &[&str])] = &[
    (
        "reqwest",
        &[
            "src/client/transport.rs",
            "src/client/request.rs",
            "src/client/media.rs",
            "src/client/probe.rs",
            "src/portal/request.rs",
            "src/portal/media.rs",
            "src/rules/forward",
            "src/sandbox/push.rs",
        ],
    ),
    ("rusqlite", &["src/journal/sqlite"]),
    ("tokio_postgres", &["src/journal/postgres"]),
];

/// Rooms that are told the time and never ask for it.
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
fn every_room_is_in_the_table() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let tokens = tokens(&lib);
    let mut rooms =
        tokens.windows(2).filter(|pair| pair[0].text == "mod").map(|pair| pair[1].text.as_str());
    let unknown = rooms.find(|room| !ROOMS.iter().any(|(known, _)| known == room));
    assert_eq!(unknown, None, "say in ROOMS whom it may use");
}

/// A promise whose test has gone, or was never written, is none.
#[test]
fn every_test_that_the_security_page_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let code: String =
        rust_files(root).iter().map(|file| fs::read_to_string(root.join(file)).unwrap()).collect();
    let names = page.split('`').skip(1).step_by(2);
    let tests: Vec<_> = names
        .filter(|name| name.matches('_').count() > 2)
        .filter(|name| name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_'))
        .collect();
    assert!(tests.len() > 30, "only {} tests are named", tests.len());
    let gone: Vec<_> = tests.iter().filter(|name| !code.contains(&format!("fn {name}("))).collect();
    assert!(gone.is_empty(), "{gone:#?}");
}

/// The rules themselves: each of these was broken here, and nowhere else.
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
            "line 2: `Config` is no room: name the one it lives in",
        ),
        (
            "src/protocol/a.rs",
            "use std::{fmt, net::IpAddr};",
            "line 2: `protocol` must not know `std::net`",
        ),
        ("src/worker/a.rs", "async fn f() { axum::f() }", "line 2: `worker` must not know `axum`"),
        ("src/server/a.rs", "use reqwest::Url;", "line 2: `reqwest` is for src/client/transport.rs"),
        ("src/signature.rs", "fn f(c: &Clock) { c.now(); }", "line 2: `signature` is told the time"),
        ("src/protocol/a.rs", "fn f() { Instant::now(); }", "line 2: `protocol` is told the time"),
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
    // The crate's own sentence is in the README.
    if !text.starts_with("//! ") && !text.starts_with("#![doc = include_str!(") {
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
    let room = room(path).unwrap_or_default();
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
        if TIMELESS.contains(&room) && [".", "::"].contains(&first) && second == "now" && third == "(" {
            found.push(format!("line {line}: `{room}` is told the time and never asks for it"));
        }
    }
    found
}

/// What is wrong with using one path in one file.
fn import_complaint(file: &str, used: &Used) -> Option<String> {
    for (name, files) in RESERVED {
        if used.names.first().is_some_and(|first| first == name)
            && file.starts_with("src/")
            && !files.iter().any(|allowed| file.starts_with(allowed))
        {
            return Some(format!("`{name}` is for {} only", files.join(", ")));
        }
    }
    let room = room(file)?;
    let external = used.names.join("::");
    let unfit = row(FORBIDDEN, room).unwrap_or_default().iter().find(|name| {
        external.strip_prefix(*name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    });
    if let Some(unfit) = unfit {
        return Some(format!("`{room}` must not know `{unfit}`"));
    }
    let target = used.target(file)?;
    if target == room || row(ROOMS, room)?.contains(&target) {
        None
    } else if row(ROOMS, target).is_none() {
        Some(format!("`{target}` is no room: name the one it lives in"))
    } else {
        Some(format!("`{room}` may not use `{target}`"))
    }
}

fn row(table: &[(&str, &'static [&'static str])], room: &str) -> Option<&'static [&'static str]> {
    table.iter().find(|(name, _)| *name == room).map(|(_, row)| *row)
}

/// The room that a file is in; none for the crate's root, the executable and the tests.
fn room(file: &str) -> Option<&str> {
    let inside = file.strip_prefix("src/")?;
    let first = inside.split('/').next()?.trim_end_matches(".rs");
    (!["lib", "bin"].contains(&first)).then_some(first)
}

/// A path that code uses, such as `crate::ids::AppKey`.
struct Used {
    names: Vec<String>,
    line: usize,
    /// How many inline modules it stands in.
    depth: usize,
}

impl Used {
    /// The child of the crate's root that the path leads to, if it leads there.
    fn target(&self, file: &str) -> Option<&str> {
        if self.names[0] == "crate" {
            return self.names.get(1).map(String::as_str);
        }
        let supers = self.names.iter().take_while(|name| *name == "super").count();
        let folders = file.matches('/').count() - 1;
        let file_depth = if file.ends_with("/mod.rs") { folders } else { folders + 1 };
        let target = self.names.get(supers).filter(|_| supers == file_depth + self.depth)?;
        (target != "*").then_some(target)
    }
}

/// All paths in the code, `use` trees unfolded.
fn paths(tokens: &[Token]) -> Vec<Used> {
    let mut found = Vec::new();
    let mut braces = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "{" => braces.push(at >= 2 && tokens[at - 2].text == "mod"),
            "}" => _ = braces.pop(),
            _ if token.is_name() => {
                let depth = braces.iter().filter(|is_module| **is_module).count();
                at = unfold(tokens, at, &[], &mut |names| {
                    found.push(Used { names, line: token.line, depth });
                });
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Reads the path that begins at `at`, under `prefix`; returns where it ends.
fn unfold(
    tokens: &[Token],
    mut at: usize,
    prefix: &[String],
    emit: &mut dyn FnMut(Vec<String>),
) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token: &Token| token.text.as_str());
    let mut names = prefix.to_vec();
    loop {
        if text(at) == "{" && !names.is_empty() {
            at += 1;
            while !["}", ""].contains(&text(at)) {
                at = match text(at) {
                    "," => at + 1,
                    "as" => at + 2,
                    _ => unfold(tokens, at, &names, emit).max(at + 1),
                };
            }
            return at + 1;
        }
        names.push(text(at).to_owned());
        at += 1;
        let goes_on =
            tokens.get(at + 1).is_some_and(|next| next.is_name() || ["{", "*"].contains(&&*next.text));
        if text(at) != "::" || !goes_on {
            emit(names);
            return at;
        }
        at += 1;
    }
}

struct Token {
    text: String,
    line: usize,
}

impl Token {
    fn is_name(&self) -> bool {
        self.text.starts_with(|first: char| first.is_alphabetic() || first == '_')
    }
}

/// Names, `::` and single characters; comments, strings and white space are left out.
fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let is_name = |char: char| char.is_alphanumeric() || char == '_';
        let raw =
            rest.trim_start_matches(['b', 'c']).strip_prefix('r').map(|raw| raw.trim_start_matches('#'));
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(body) = raw.filter(|raw| raw.starts_with('"')) {
            let hashes = "#".repeat(rest[..rest.len() - body.len()].matches('#').count());
            let end =
                body[1..].find(&format!("\"{hashes}")).map_or(body.len(), |end| end + 2 + hashes.len());
            rest.len() - body.len() + end
        } else if first == '"' {
            quoted(rest, '"')
        } else if first == '\'' && (rest[1..].starts_with('\\') || rest.chars().nth(2) == Some('\'')) {
            quoted(rest, '\'')
        } else {
            let length = match first {
                first if is_name(first) => rest.find(|char| !is_name(char)).unwrap_or(rest.len()),
                ':' if rest.starts_with("::") => 2,
                first => first.len_utf8(),
            };
            if !first.is_whitespace() {
                found.push(Token { text: rest[..length].to_owned(), line });
            }
            length
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found
}

/// Length of a literal in quotes that may be escaped.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            char if char == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The repository's own Rust files, relative to it.
fn rust_files(root: &Path) -> Vec<String> {
    let mut folders: Vec<PathBuf> =
        ["src", "tests", "benches", "examples", "fuzz/src", "fuzz/fuzz_targets"]
            .map(|folder| root.join(folder))
            .into();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.map(|entry| entry.expect("an entry of a folder").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let relative = entry.strip_prefix(root).expect("a path inside the repository");
                files.push(relative.to_string_lossy().into_owned());
            }
        }
    }
    files.sort();
    files
}
