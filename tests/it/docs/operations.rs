//! `docs/operations.md`: every metric has its row, and every log line that is quoted is one of the program's.

use std::{collections::BTreeSet, fs, path::Path};

use super::{
    entries,
    markdown::{plain, read, root},
    table_of,
};

const PAGES: [&str; 2] = ["docs/operations.md", "docs/operations.zh-CN.md"];

#[test]
fn every_metric_has_a_row_and_every_row_a_metric() {
    let source = source("src");
    let literals = source.split("\"rongcloud_callback_").skip(1);
    let ends = literals.filter_map(|rest| rest.split_once('"')).map(|(end, _)| end);
    let metrics: BTreeSet<String> =
        ends.filter(|end| is_metric(end)).map(|end| format!("rongcloud_callback_{end}")).collect();
    assert!(metrics.len() > 10, "only {} metrics were found: {metrics:?}", metrics.len());
    for page in PAGES {
        let rows = entries(&table_of(&read(page), "rongcloud_callback_log_lines_lost_total"));
        let names: Vec<_> =
            rows.iter().filter_map(|row| row.split('{').next()).map(str::to_owned).collect();
        let rows: BTreeSet<String> = names.iter().cloned().collect();
        assert_eq!(rows, metrics, "{page}");
        assert_eq!(rows.len(), names.len(), "{page}: a metric has two rows");
    }
}

/// An operator looks a log line up in the page by its words.
#[test]
fn every_log_line_that_the_page_quotes_is_one_of_the_program_s() {
    let source = joined_lines(&source("src"));
    for page in PAGES.into_iter().chain(["docs/several-machines.md", "docs/several-machines.zh-CN.md"]) {
        let text = read(page);
        let lines = quotes(&text);
        assert!(lines.len() > 1, "{page}: {lines:?}");
        let gone: Vec<_> = lines.iter().filter(|line| !source.contains(line.as_str())).collect();
        assert!(gone.is_empty(), "{page}: {gone:#?}");
    }
}

#[test]
fn a_quoted_line_is_found_across_the_ends_of_lines() {
    assert_eq!(
        quotes("- see \"a line\n  of words\", \"two words\" and `\"b c d e\"`\n"),
        ["a line of words"]
    );
    assert_eq!(joined_lines("\"a \\\n        b\""), "\"a b\"");
}

/// The quoted texts of more than three words in a page, which are lines of the log, without those in code.
fn quotes(text: &str) -> Vec<String> {
    // A quoted text may go on in the next line of its paragraph.
    let text = plain(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let quoted = text.split('"').skip(1).step_by(2);
    quoted.filter(|quote| quote.split(' ').count() > 3).map(str::to_owned).collect()
}

/// A source whose string literals go on where a backslash ends the line.
fn joined_lines(text: &str) -> String {
    let mut parts = text.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |joined, part| joined + part.trim_start())
}

/// Whether a name's end is one that a metric has: words and lines between them.
fn is_metric(end: &str) -> bool {
    end.chars().all(|char| char.is_ascii_lowercase() || char == '_')
}

/// The text of every Rust file below a folder.
fn source(folder: &str) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let path = format!("{folder}/{name}");
        if root().join(&path).is_dir() {
            text.push_str(&source(&path));
        } else if Path::new(&path).extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&read(&path));
        }
    }
    text
}
