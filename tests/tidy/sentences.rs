//! Checks that documentation is made of sentences whose subject is a noun.

use std::{fmt::Write, fs, path::Path};

use crate::source::rust_files;

/// Words with which no paragraph of documentation begins: a reader would have to look for the noun behind them.
const NO_SUBJECTS: [&str; 6] = ["Of", "It", "What", "Who", "Those", "Another"];

#[test]
fn every_paragraph_of_documentation_begins_with_a_subject() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut report = String::new();
    for path in rust_files(root) {
        let text = fs::read_to_string(root.join(&path)).unwrap();
        for (line, begins) in beginnings_without_a_subject(&text) {
            writeln!(report, "{path}:{line}: the documentation begins with `{begins}`").unwrap();
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn a_paragraph_without_a_subject_is_seen_and_nothing_else() {
    let text = [
        "//! What it does.",
        "//!",
        "//! Text.",
        "fn f() {}",
        "    /// Fine.",
        "    ///",
        "    /// # Errors",
        "    ///",
        "    /// The same as",
        "    /// It goes on.",
        "// It is no documentation.",
        "const A: &str = \"/// Of\";",
        "/// Italian.",
        "/// Of a sentence that goes on.",
        "//! Another one.",
        "/// ```",
        "/// It::new();",
        "///",
        "/// Of::new();",
        "/// ```",
    ]
    .join("\n");
    assert_eq!(beginnings_without_a_subject(&text), [(1, "What"), (9, "The same"), (15, "Another")]);
}

/// Line and first word of each paragraph that begins without a subject, blocks of code left out.
fn beginnings_without_a_subject(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let (mut previous, mut is_code) = (None, false);
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim_start();
        let marker = ["//!", "///"].into_iter().find(|marker| line.starts_with(marker));
        let words = marker.and_then(|marker| line.strip_prefix(marker)).unwrap_or_default().trim();
        let begins = marker.is_some() && (previous != marker || !is_code && is_blank(text, number - 1));
        if previous != marker {
            is_code = false;
        }
        if words.starts_with("```") {
            is_code = !is_code;
        } else if begins && !is_code {
            let first = NO_SUBJECTS.into_iter().chain(["The same"]);
            found.extend(first.filter(|first| begins_with(words, first)).map(|first| (number, first)));
        }
        previous = marker;
    }
    found
}

/// Whether a line of documentation, counted from 1, has no words.
fn is_blank(text: &str, number: usize) -> bool {
    text.lines().nth(number - 1).is_some_and(|line| matches!(line.trim(), "//!" | "///"))
}

fn begins_with(words: &str, first: &str) -> bool {
    words.strip_prefix(first).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}
