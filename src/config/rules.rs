//! `[[rules]]`: handed to [`rules`](crate::rules), which knows their language.

use toml::Value;

use super::{file::UserFile, sections::ClientSection};
use crate::{rules::RuleSet, toml_values::Problem};

/// Reads the rules, which forward with the time limit on connections that `[client]` has.
pub(super) fn read(
    rules: Option<Value>,
    client: Option<&ClientSection>,
    file: &UserFile<'_>,
    problems: &mut Vec<Problem>,
) -> RuleSet {
    let Some(rules) = rules else { return RuleSet::default() };
    let rules = RuleSet::read(rules, |key| file.line(key), problems);
    match client {
        Some(client) => rules.with_connect_timeout(client.connect_timeout),
        None => rules,
    }
}
