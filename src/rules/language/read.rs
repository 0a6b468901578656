//! Reading one table of `[[rules]]` into a rule, with all of its mistakes at once.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use serde::{Deserialize, de::DeserializeOwned};
use toml::Value;

use super::{
    forward::{Forward, RawForward},
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
const EXAMPLES: [(&str, &str); 13] = [
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
    ("hand_over", "true"),
];

/// A rule as it is written. Tables in it are read by themselves.
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
    keyword: Option<Value>,
    when: Option<Value>,
    #[serde(default, deserialize_with = "duration::deserialize_optional")]
    every: Option<Duration>,
    /// One reply, or a list of them.
    reply: Option<Value>,
    pick: Option<Pick>,
    forward: Option<Value>,
    hand_over: Option<bool>,
}

/// The examples for the keys of a rule, or for the table at one of its keys.
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

    fn is_section(&self) -> bool {
        self.0.is_none()
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
    let keyword = raw.keyword.and_then(|value| reader.table::<RawKeyword>("keyword", "keyword", value));
    let keyword = keyword.map(|raw| raw.read(&reader.inner("keyword"), reader.problems));
    if keyword.is_some() && !kinds.iter().any(|kind| kind.has_words) {
        let what = "has nothing to look at: the kinds in `on` have no words";
        reader.problem("keyword", what, "write on = \"text\", or leave the keyword out");
    }
    // The groups of a keyword with a mistake are not known.
    let captures = (!reader.has_problem("keyword"))
        .then(|| keyword.as_ref().map_or_else(Vec::new, |keyword| keyword.capture_names()));
    let variables = Variables { fields: fields(&kinds), captures };
    if raw.pick.is_some() && raw.reply.is_none() {
        let hint = "write it beside a `reply` that is a list";
        reader.problem("pick", "has nothing to pick from", hint);
    }
    let hand_over = raw.hand_over.unwrap_or(false);
    // A person answers by themselves, so the rule needs no reply of its own.
    let reply =
        raw.reply.or_else(|| (hand_over && raw.forward.is_none()).then(|| Value::Array(Vec::new())));
    let action = reader.action(reply, raw.pick, raw.forward, &variables);
    let when = raw.when.and_then(|value| reader.table::<RawWindow>("when", "when", value));
    let when = when.and_then(|raw| raw.read(&reader.inner("when"), reader.problems));
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
        hand_over,
        line: None,
        fingerprint,
    })
}

/// Reads the service that messages are forwarded to, which stands at `key`.
pub(super) fn forward(value: Value, key: &str, problems: &mut Vec<Problem>) -> Option<Forward> {
    let raw: RawForward = deserialize(value, key, &RuleExamples(Some("forward")), problems)?;
    raw.read(key, problems)
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

    /// Reads the table at `place`, which is the rule's key `name` or inside of it.
    fn table<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        place: &str,
        value: Value,
    ) -> Option<T> {
        deserialize(value, &self.inner(place), &RuleExamples(Some(name)), self.problems)
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
        forward: Option<Value>,
        variables: &Variables<'_>,
    ) -> Option<Action> {
        match (reply, forward) {
            (Some(_), Some(_)) => {
                let hint = "take one of them out: the service's answer can say what to reply";
                self.problem(
                    "forward",
                    "stands beside `reply`: it is not clear which of them answers",
                    hint,
                );
                None
            }
            (Some(reply), None) => Some(Action::Reply {
                replies: self.replies(reply, variables),
                pick: pick.unwrap_or(Pick::All),
            }),
            (None, Some(forward)) => {
                self::forward(forward, &self.inner("forward"), self.problems).map(Action::Forward)
            }
            (None, None) => {
                let hint = "write reply = { text = \"…\" }, or forward = { … }; reply = [] answers with nothing, and \
                            hand_over = true leaves the answer to a person";
                self.problem("reply", "is missing, and `forward` too: the rule does nothing", hint);
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
        for (place, value) in replies {
            if value.as_table().is_some_and(|table| table.len() > 1) {
                let hint =
                    "write a list: reply = [{ text = \"…\" }, { image = { url = \"https://…\" } }]";
                self.problem(&place, "says more than one thing", hint);
            } else if !value.is_table() {
                // A single word would be read as the name of a reply without content.
                let hint = format!("for example {}", RuleExamples(None).example("reply"));
                self.problem(&place, "is not a table of keys", hint);
            } else if let Some(written) = self.table::<WrittenReply>("reply", &place, value) {
                let key = self.inner(&place);
                templates.push(written.compile(variables, &key, self.templates, self.problems));
            }
        }
        templates
    }
}
