//! The pages for users: what their tables list is what there is, and what they print works.

mod api;
mod architecture;
mod configuration;
mod dialogues;
mod handlers;
mod languages;
mod links;
mod markdown;
mod operations;
mod readme;
mod rules;
mod sandbox;

use std::process::Command;

/// A table of a page: its rows, without the heading, by cells.
type Table = Vec<Vec<String>>;

/// The tables of a page, in order.
fn tables(page: &str) -> Vec<Table> {
    let is_row = |line: &&str| line.starts_with('|');
    let lines: Vec<&str> = page.lines().collect();
    let tables = lines.chunk_by(|one, other| is_row(one) == is_row(other));
    tables
        .filter(|table| is_row(&table[0]))
        .map(|table| table[2..].iter().map(|row| cells(row)).collect())
        .collect()
}

/// The cells of a row; a bar that is written `\|` belongs to a cell.
fn cells(row: &str) -> Vec<String> {
    let inner = row.trim_matches('|').replace("\\|", "\u{0}");
    inner.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

/// The pieces of a text that are printed as code.
fn code(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

/// The table that has a row for `entry`, which is printed as code in its first cell.
fn table_of(page: &str, entry: &str) -> Table {
    let mut tables = tables(page).into_iter();
    let found =
        tables.find(|table| table.iter().any(|row| code(&row[0]).iter().any(|name| name == entry)));
    found.unwrap_or_else(|| panic!("no table has `{entry}`"))
}

/// The code in the first column of a table.
fn entries(table: &Table) -> Vec<String> {
    table.iter().flat_map(|row| code(&row[0])).collect()
}

/// The block of a page whose first line is `first`.
fn block<'p>(page: &'p str, first: &str) -> &'p str {
    let blocks = page.split("\n```").skip(1).step_by(2);
    let mut texts = blocks.filter_map(|block| block.split_once('\n').map(|(_, text)| text));
    texts.find(|text| text.starts_with(first)).unwrap_or_else(|| panic!("no block begins with {first}"))
}

/// The output of a command with `--help`.
fn help(command: &str) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_rongcloud-callback"));
    let output = program.args(command.split(' ')).arg("--help").env_clear().output().unwrap();
    assert!(output.status.success(), "there is no `{command}`");
    String::from_utf8(output.stdout).unwrap()
}

/// The long options that a command's help names.
fn options(help: &str) -> Vec<String> {
    let lines = help.lines().map(str::trim_start);
    let options = lines.filter_map(|line| line.strip_prefix("-h, ").or(Some(line)));
    let options = options.filter(|line| line.starts_with("--"));
    options.map(|line| line.split([' ', '=']).next().unwrap_or_default().to_owned()).collect()
}
