//! `[[rules]]`: handed to [`rules`](crate::rules), which knows their language.

use toml::Value;

use super::file::UserFile;
use crate::toml_values::Problem;
#[cfg(feature = "rules")]
use crate::{config::sections::ClientSection, rules::RuleSet};

/// Reads the rules, which forward with the time limit on connections that `[client]` has.
#[cfg(feature = "rules")]
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

/// Refuses rules in a program that was built without them: messages would go unanswered.
#[cfg(not(feature = "rules"))]
pub(super) fn refuse(rules: Option<&Value>, file: &UserFile<'_>, problems: &mut Vec<Problem>) {
    if rules.is_some() {
        let hint = "build it with the feature `rules` of the crate, or remove the sections [[rules]]";
        let problem = Problem::new("rules", "this program was built without rules", hint);
        problems.push(Problem { line: file.line("rules[0]"), ..problem });
    }
}
