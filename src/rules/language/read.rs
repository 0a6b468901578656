//! Reading one table of `[[rules]]` into a rule, with all of its mistakes at once.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use serde::Deserialize;
use toml::Value;

use super::{
    forward::RawForward,
    keyword::RawKeyword,
    kind::{self, Kind},
    reply::{ReplyTemplate, WrittenReply},
    rule::{Action, Pick, Rule},
    template::{Templates, Variables},
    window::RawWindow,
};
use crate::{
    ids::{AccountId, AppKey, UserId},
    toml_values::{Examples, OneOrMany, Problem, deserialize, duration},
};

/// An example of every key, in the order of the documentation.
const EXAMPLES: [(&str, &str); 12] = [
    ("name", "\"help\""),
    ("enabled", "false"),
    ("on", "\"text\", or [\"text\", \"subscribe\"]"),
    ("app", "\"uwd1c0sxdlx2\""),
    ("account", "\"mcid1\", or [\"mcid1\", \"mcid2\"]"),
    ("user", "\"user1\""),
    ("keyword", "{ is = [\"help\"] }, or { contains = [\"price\"] }, or { regex = '订单(?<no>\\d+)' }"),
    (
        "when",
        "{ days = [\"mon\", \"fri\"], from = \"09:00\", until = \"18:00\", zone = \"Asia/Shanghai\" }",
    ),
    ("every", "\"1h\""),
    (
        "reply",
        "{ text = \"Hello\" }, or { image = { url = \"https://…\" } }, or { voice = { media_id = \"…\" } }, or \
         { news = [{ title = \"…\", url = \"https://…\", picurl = \"https://…\" }] }, or a list of these",
    ),
    ("pick", "\"all\", or \"random\""),
    ("forward", "{ url = \"https://orders.internal/wechat\", secret = \"${FORWARD_SECRET}\" }"),
];

/// A rule as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    name: Option<String>,
    enabled: Option<bool>,
    on: Option<OneOrMany<String>>,
    #[serde(default)]
    app: OneOrMany<AppKey>,
    #[serde(default)]
    account: OneOrMany<AccountId>,
    #[serde(default)]
    user: OneOrMany<UserId>,
    keyword: Option<RawKeyword>,
    when: Option<RawWindow>,
    #[serde(default, deserialize_with = "duration::deserialize_optional")]
    every: Option<Duration>,
    /// One reply, or a list; each is read by itself.
    reply: Option<Value>,
    pick: Option<Pick>,
    forward: Option<RawForward>,
}

/// The examples for the key of a rule, or for one key whatever is wrong inside it.
struct RuleExamples(Option<&'static str>);

impl Examples for RuleExamples {
    fn example(&self, name: &str) -> String {
        let name = self.0.unwrap_or(name);
        let example =
            EXAMPLES.iter().find(|(known, _)| *known == name).map_or("", |(_, example)| example);
        format!("{name} = {example}")
    }

    fn substitute(&self, _name: &str) -> Option<&Value> {
        None
    }
}

/// Reads the rule that stands at `key`; `None` if it has no action.
pub(super) fn rule(
    value: Value,
    key: &str,
    templates: &mut Templates,
    problems: &mut Vec<Problem>,
) -> Option<Rule> {
    if !value.is_table() {
        problems.push(Problem::new(key, "is not a section", "begin each rule with a line [[rules]]"));
        return None;
    }
    let fingerprint = fingerprint(&value);
    let raw: RawRule = deserialize(value, key, &RuleExamples(None), problems)?;
    let mut reader = RuleReader { key, templates, problems };
    let kinds = reader.kinds(raw.on);
    let keyword = raw.keyword.map(|keyword| keyword.read(&reader.inner("keyword"), reader.problems));
    if keyword.is_some() && !kinds.iter().any(|kind| kind.has_words) {
        let what = "has nothing to look at: the kinds in `on` have no words";
        reader.problem("keyword", what, "write on = \"text\", or leave the keyword out");
    }
    // The groups of a keyword with a mistake are not known.
    let captures = (!reader.has_problem("keyword"))
        .then(|| keyword.as_ref().map_or_else(Vec::new, |keyword| keyword.capture_names()));
    let variables = Variables { fields: fields(&kinds), captures };
    let action = reader.action(raw.reply, raw.pick, raw.forward, &variables);
    let when = raw.when.and_then(|when| when.read(&reader.inner("when"), reader.problems));
    if raw.every.is_some_and(|every| every.is_zero()) {
        let hint = "write \"1h\", or leave it out to answer every time";
        reader.problem("every", "is no time at all", hint);
    }
    let label = raw.name.as_ref().map_or_else(|| key.to_owned(), |name| format!("rule {name:?}"));
    Some(Rule {
        key: key.to_owned(),
        name: raw.name.unwrap_or_else(|| key.to_owned()),
        label: label.into(),
        enabled: raw.enabled.unwrap_or(true),
        kinds: kinds.iter().map(|kind| kind.name).collect(),
        apps: raw.app.0,
        accounts: raw.account.0,
        users: raw.user.0,
        keyword,
        when,
        every: raw.every,
        action: action?,
        line: None,
        fingerprint,
    })
}

/// The fields that the templates of a rule for these kinds can read.
fn fields(kinds: &[&'static Kind]) -> Vec<&'static str> {
    let mut fields = kind::COMMON_FIELDS.to_vec();
    for field in kinds.iter().flat_map(|kind| kind.fields) {
        if !fields.contains(field) {
            fields.push(field);
        }
    }
    fields
}

/// A hash of the rule's text.
fn fingerprint(rule: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    rule.to_string().hash(&mut hasher);
    hasher.finish()
}

/// The reading of one rule's values, which reports every mistake and goes on.
struct RuleReader<'a> {
    /// The rule's key, such as `rules[3]`.
    key: &'a str,
    templates: &'a mut Templates,
    problems: &'a mut Vec<Problem>,
}

impl RuleReader<'_> {
    /// The full key of a key of the rule.
    fn inner(&self, name: &str) -> String {
        format!("{}.{name}", self.key)
    }

    fn problem(&mut self, name: &str, what: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem::new(self.inner(name), what, hint));
    }

    /// Whether something at or inside a key of the rule is wrong, so that it may be missing because of that.
    fn has_problem(&self, name: &str) -> bool {
        let key = self.inner(name);
        self.problems.iter().any(|problem| problem.key.starts_with(&key))
    }

    fn kinds(&mut self, on: Option<OneOrMany<String>>) -> Vec<&'static Kind> {
        if on.is_none() && !self.has_problem("on") {
            self.problem(
                "on",
                "is missing: it is not clear what the rule is for",
                "write on = \"text\", or on = \"any\"",
            );
        }
        let mut kinds = Vec::new();
        for name in on.unwrap_or_default().0 {
            match kind::kinds_named(&name) {
                Some(named) => kinds.extend(named),
                None => self.problem(
                    "on",
                    format!("there is no kind of message `{name}`"),
                    format!("the kinds are: {}", kind::list_names()),
                ),
            }
        }
        // After a mistake the rule is read as if it were for all kinds, so that nothing else looks wrong because of it.
        if kinds.is_empty() { kind::KINDS.iter().collect() } else { kinds }
    }

    fn action(
        &mut self,
        reply: Option<Value>,
        pick: Option<Pick>,
        forward: Option<RawForward>,
        variables: &Variables<'_>,
    ) -> Option<Action> {
        if pick.is_some() && reply.is_none() {
            self.problem("pick", "has nothing to pick from", "write it beside a `reply` that is a list");
        }
        let has_forward = forward.is_some() || self.has_problem("forward");
        match (reply, forward) {
            (Some(_), _) if has_forward => {
                let hint = "take one of them out: the service's answer can say what to reply";
                self.problem(
                    "forward",
                    "stands beside `reply`: it is not clear which of them answers",
                    hint,
                );
                None
            }
            (Some(reply), _) => Some(Action::Reply {
                replies: self.replies(reply, variables),
                pick: pick.unwrap_or(Pick::All),
            }),
            (None, Some(forward)) => {
                forward.read(&self.inner("forward"), self.problems).map(Action::Forward)
            }
            (None, None) => {
                if !has_forward {
                    let hint = "write reply = { text = \"…\" }, or forward = { … }; reply = [] answers with nothing";
                    self.problem("reply", "is missing, and `forward` too: the rule does nothing", hint);
                }
                None
            }
        }
    }

    fn replies(&mut self, reply: Value, variables: &Variables<'_>) -> Vec<ReplyTemplate> {
        let replies = match reply {
            Value::Array(replies) => replies
                .into_iter()
                .enumerate()
                .map(|(index, one)| (format!("reply[{index}]"), one))
                .collect(),
            one => vec![("reply".to_owned(), one)],
        };
        let mut templates = Vec::new();
        for (name, value) in replies {
            let examples = RuleExamples(Some("reply"));
            match value.as_table().map(toml::Table::len) {
                None => {
                    let hint = format!("for example {}", examples.example("reply"));
                    self.problem(&name, "is not a table of keys", hint);
                }
                Some(2..) => {
                    let hint =
                        "write a list: reply = [{ text = \"…\" }, { image = { url = \"https://…\" } }]";
                    self.problem(&name, "says more than one thing", hint);
                }
                Some(_) => {
                    let key = self.inner(&name);
                    let written: Option<WrittenReply> =
                        deserialize(value, &key, &examples, self.problems);
                    templates.extend(
                        written.map(|written| {
                            written.compile(variables, &key, self.templates, self.problems)
                        }),
                    );
                }
            }
        }
        templates
    }
}
