//! The rules of a configuration, as they were read.

use std::{fmt, sync::Arc, time::Duration};

use toml::Value;
use url::Url;

use super::{
    forward::Forward,
    read,
    rule::{Action, Rule},
    template::Templates,
};
use crate::toml_values::Problem;

/// The limit on establishing a connection to a service, unless the configuration has another.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The rules of a configuration in their order (`[[rules]]`), checked; [`Rules`](crate::rules::Rules) puts them in force.
#[derive(Clone)]
pub struct RuleSet {
    pub(crate) rules: Vec<Arc<Rule>>,
    /// The compiled templates of all rules.
    pub(crate) templates: Arc<Templates>,
    /// The limit on establishing a connection to a service.
    pub(crate) connect_timeout: Duration,
}

impl RuleSet {
    /// Reads the list `[[rules]]`; the set lacks the rules with problems.
    ///
    /// `line` gives the line of the file where a key stands.
    pub(crate) fn read(
        rules: Value,
        line: impl Fn(&str) -> Option<usize>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut templates = Templates::new();
        let mut set = Self::default();
        let Value::Array(rules) = rules else {
            let hint = "begin each rule with a line [[rules]] and write its keys below";
            problems.push(Problem::new("rules", "is not a list of sections", hint));
            return set;
        };
        for (index, rule) in rules.into_iter().enumerate() {
            let key = format!("rules[{index}]");
            let line = line(&key);
            let rule = read::rule(rule, &key, &mut templates, problems);
            set.rules.extend(rule.map(|rule| Arc::new(Rule { line, ..rule })));
        }
        set.templates = Arc::new(templates);
        set
    }

    /// Sets another limit on establishing a connection to a service.
    pub(crate) fn with_connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, ..self }
    }

    /// Number of rules.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The addresses of the services that rules forward messages to.
    pub fn forward_urls(&self) -> impl Iterator<Item = &Url> {
        self.forwards().map(|(_, forward)| &forward.url)
    }

    /// The services that rules forward to, by the keys at which they stand.
    pub(crate) fn forwards(&self) -> impl Iterator<Item = (String, &Forward)> {
        self.rules.iter().filter_map(|rule| match &rule.action {
            Action::Forward(forward) => Some((format!("{}.forward", rule.key), forward)),
            Action::Reply { .. } => None,
        })
    }
}

/// A set without rules.
impl Default for RuleSet {
    fn default() -> Self {
        let templates = Arc::new(Templates::new());
        Self { rules: Vec::new(), templates, connect_timeout: CONNECT_TIMEOUT }
    }
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.rules).finish()
    }
}
