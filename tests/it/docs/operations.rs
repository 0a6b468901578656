//! `docs/operations.md`: its metrics, outcomes and log lines are those of the program.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::{
    code, entries,
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

#[test]
fn every_outcome_of_a_callback_has_a_row_with_its_status() {
    let mut expected = reasons();
    assert!(expected.len() > 10, "only {} reasons were found: {expected:?}", expected.len());
    for (label, status) in
        [("accepted", "200"), ("duplicate", "200"), ("probe", "200"), ("not_found", "404")]
    {
        expected.insert(label.to_owned(), status.to_owned());
    }
    for page in PAGES {
        let mut listed = BTreeMap::new();
        for row in table_of(&read(page), "accepted") {
            let statuses: Vec<&str> = row[1].split([',', '、']).map(str::trim).collect();
            for (at, label) in code(&row[0]).into_iter().enumerate() {
                let status = statuses.get(at).unwrap_or(&statuses[0]);
                listed.insert(label, (*status).to_owned());
            }
        }
        assert_eq!(listed, expected, "{page}");
    }
}

/// The label and the status of each reason for a refusal, from the lines of the table that declares them.
fn reasons() -> BTreeMap<String, String> {
    let source = read("src/server/callback/reason.rs");
    let (_, table) = source.split_once("\nreasons! {\n").expect("the table of reasons");
    let (table, _) = table.split_once("\n}\n").expect("the end of the table");
    let lines = table.lines().filter_map(|line| line.split_once(": \"")?.1.strip_suffix(';'));
    let reasons = lines.filter_map(|line| line.split_once("\", "));
    reasons.map(|(label, status)| (label.to_owned(), number(status).to_owned())).collect()
}

/// The number of a status by its name in the crate `http`.
fn number(status: &str) -> &'static str {
    match status {
        "BAD_REQUEST" => "400",
        "UNAUTHORIZED" => "401",
        "REQUEST_TIMEOUT" => "408",
        "PAYLOAD_TOO_LARGE" => "413",
        "UNSUPPORTED_MEDIA_TYPE" => "415",
        "SERVICE_UNAVAILABLE" => "503",
        other => panic!("{other} is new here"),
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
