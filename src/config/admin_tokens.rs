//! The tokens of `[admin]`: a text in quotes opens the metrics, a table says who has the token and what it opens.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use toml::{Table, Value};

use super::{admin_section::AdminSection, checker::Checker, secret_files, unquoted};
use crate::{
    server::admin::{AdminToken, Right, Rights},
    toml_values::{OneOrMany, Problem, deserialize, unknown_key},
};

/// Examples of the keys of `[[admin.tokens]]`, which has no defaults.
const EXAMPLES: &str = "
name = 'alice'
token = '${ALICE_TOKEN}'
token_file = '/run/secrets/alice'
may = ['read', 'bodies', 'answer']
";
const MIN_TOKEN: usize = 16;
const MAX_NAME: usize = 50;
/// The names of those who act without a token: programs on this machine, and the executable's commands.
const TAKEN_NAMES: [&str; 2] = ["local", "command line"];

/// A table of `[[admin.tokens]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenTable {
    name: String,
    #[serde(default, deserialize_with = "unquoted::secret")]
    token: Option<SecretString>,
    #[serde(default)]
    token_file: Option<PathBuf>,
    may: OneOrMany<String>,
}

/// Reads and checks the tokens of the section, first those of `tokens`, then those of `token_files`.
pub(super) fn read(admin: &mut AdminSection, problems: &mut Vec<Problem>) {
    let written = std::mem::take(&mut admin.written_tokens);
    for (index, value) in written.into_iter().enumerate() {
        let path = format!("admin.tokens[{index}]");
        let token = match value {
            Value::String(token) => Some(read_text(token, &path, problems)),
            Value::Table(table) => read_table(table, &path, &admin.tokens, problems),
            _ => {
                let hint = "write a text in quotes, or a table with name, token and may";
                problems.push(Problem::new(path, "is neither a token in quotes nor a table", hint));
                None
            }
        };
        admin.tokens.extend(token);
    }
    for (index, file) in admin.token_files.iter().enumerate() {
        let path = format!("admin.token_files[{index}]");
        admin.tokens.extend(read_file(file, &path, problems).map(AdminToken::for_metrics));
    }
}

/// Reads and checks the token in a file.
fn read_file(file: &Path, path: &str, problems: &mut Vec<Problem>) -> Option<SecretString> {
    let read = secret_files::read(file);
    let read = read.map_err(|(what, hint)| problems.push(Problem::new(path, what, hint)));
    read.ok().inspect(|token| check(token, path, problems))
}

/// Reads a token for the metrics.
fn read_text(token: String, path: &str, problems: &mut Vec<Problem>) -> AdminToken {
    let token = SecretString::from(token);
    check(&token, path, problems);
    AdminToken::for_metrics(token)
}

/// Reads a token with its name and rights; `others` are the tokens before it.
fn read_table(
    table: Table,
    path: &str,
    others: &[AdminToken],
    problems: &mut Vec<Problem>,
) -> Option<AdminToken> {
    let examples: Table = EXAMPLES.parse().unwrap_or_default();
    let table: TokenTable = deserialize(Value::Table(table), path, &examples, problems)?;
    check_name(&table.name, others, &mut Checker { path, problems });
    let secret = read_secret(&table, path, problems)?;
    if let Some(other) =
        others.iter().find(|other| other.secret.expose_secret() == secret.expose_secret())
    {
        let other = other.name.as_deref().unwrap_or("the metrics");
        problems.push(Problem::new(
            format!("{path}.token"),
            format!("is the same as the token of {other}: who it is could not be told"),
            "make another one with `openssl rand -hex 16`",
        ));
    }
    let rights = read_rights(&table.may.0, path, problems);
    Some(AdminToken { name: Some(table.name), secret, rights })
}

fn check_name(name: &str, others: &[AdminToken], check: &mut Checker<'_>) {
    check.require(
        !name.is_empty()
            && name.trim() == name
            && name.chars().count() <= MAX_NAME
            && !name.contains(char::is_control),
        "name",
        &format!(
            "is empty, longer than {MAX_NAME} characters, or has white space around it or control characters in it: \
             nobody could read it in the audit list"
        ),
        "write the name of the person or the program that has the token, such as name = \"alice\"",
    );
    check.require(
        !TAKEN_NAMES.contains(&name),
        "name",
        &format!("is \"{name}\", which is written into the audit list where no token was used"),
        "write the name of the person or the program that has the token, such as name = \"alice\"",
    );
    check.require(
        others.iter().all(|other| other.name.as_deref() != Some(name)),
        "name",
        &format!(
            "is \"{name}\", the same as that of a token before it: who did something could not be told"
        ),
        "write a name of its own, such as \"alice-laptop\"",
    );
}

/// The secret of a table, from the one of its two keys that there must be.
fn read_secret(table: &TokenTable, path: &str, problems: &mut Vec<Problem>) -> Option<SecretString> {
    match (&table.token, &table.token_file) {
        (Some(token), None) => {
            check(token, &format!("{path}.token"), problems);
            Some(token.clone())
        }
        (None, Some(file)) => read_file(file, &format!("{path}.token_file"), problems),
        _ => {
            problems.push(Problem::new(
                format!("{path}.token"),
                "it is not clear which: there must be one of `token` and `token_file`, and not both",
                "write token = \"${ALICE_TOKEN}\", or token_file = \"/run/secrets/alice\"",
            ));
            None
        }
    }
}

fn read_rights(names: &[String], path: &str, problems: &mut Vec<Problem>) -> Rights {
    if names.is_empty() {
        problems.push(Problem::new(
            format!("{path}.may"),
            "is empty: the token would open nothing",
            "write may = [\"read\"], or take the token off the list",
        ));
    }
    let known = Right::ALL.map(Right::as_str);
    let read = |(index, name): (usize, &String)| {
        let right = Right::from_name(name);
        if right.is_none() {
            let (what, hint) = unknown_key(name, "rights", &known);
            problems.push(Problem::new(format!("{path}.may[{index}]"), what, hint));
        }
        right
    };
    names.iter().enumerate().filter_map(read).collect()
}

/// Requires a token that cannot be guessed, and that can be sent.
fn check(token: &SecretString, key: &str, problems: &mut Vec<Problem>) {
    // The section is all of the key but its last part, which a checker puts behind it.
    let (path, key) = key.rsplit_once('.').unwrap_or(("", key));
    let mut check = Checker { path, problems };
    let token = token.expose_secret();
    check.no_stray(token, key);
    check.require(
        token.len() >= MIN_TOKEN && token.bytes().all(|byte| byte.is_ascii_graphic()),
        key,
        &format!(
            "is shorter than {MIN_TOKEN} characters and could be guessed, or something in it is not \
             printable ASCII and could not be sent"
        ),
        "make one with `openssl rand -hex 16`",
    );
}
