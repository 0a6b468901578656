//! From the values of `[[rules]]` to rules, collecting what is wrong on the way.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use toml::{Table, Value};

use super::{
    Action, Pick, RuleSection,
    forward::RawForward,
    keyword::RawKeyword,
    kinds::{self, Kind},
    reply::WrittenReply,
    template::Variables,
    window::RawWindow,
};
use crate::config::{
    Problem, duration, merge,
    mistakes::{self, Mistake},
};

/// Every key with an example, in the order of the documentation.
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

/// What is wrong with what should be one string or several.
const STRINGS: &str = "is not a text in quotes, or a list of such texts";

fn example(key: &str) -> &'static str {
    EXAMPLES.iter().find(|(known, _)| *known == key).map_or("", |(_, example)| example)
}

/// One string, or a list of them.
#[derive(Debug, Default)]
pub(super) struct Strings(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "is not a text in quotes, or a list of such texts")]
        enum Form {
            One(String),
            Several(Vec<String>),
        }
        Ok(Self(match Form::deserialize(deserializer)? {
            Form::One(one) => vec![one],
            Form::Several(several) => several,
        }))
    }
}

/// Reads all rules; there may be nothing of those with problems.
pub(in crate::config) fn read(rules: Value, problems: &mut Vec<Problem>) -> Vec<Option<RuleSection>> {
    let Value::Array(rules) = rules else {
        let hint = "begin each rule with a line [[rules]] and write its keys below";
        problems.push(Problem::new("rules", "is not a list of sections", hint));
        return Vec::new();
    };
    let rules = rules.into_iter().enumerate();
    rules.map(|(index, rule)| rule_of(rule, &format!("rules[{index}]"), problems)).collect()
}

fn rule_of(rule: Value, path: &str, problems: &mut Vec<Problem>) -> Option<RuleSection> {
    let fingerprint = fingerprint(&rule);
    let Value::Table(mut values) = rule else {
        problems.push(Problem::new(path, "is not a section", "begin each rule with a line [[rules]]"));
        return None;
    };
    let known =
        EXAMPLES.iter().map(|(key, example)| ((*key).to_owned(), Value::from(*example))).collect();
    merge::retain_known(&mut values, &known, path, problems);
    let mut keys = Keys { values, path, problems };
    let kinds = keys.kinds();
    let mistakes = keys.problems.len();
    let keyword =
        keys.take_table("keyword").map(|raw: RawKeyword| raw.check(&keys.key("keyword"), keys.problems));
    // After a mistake in the keyword its groups are not known.
    let captures = (keys.problems.len() == mistakes)
        .then(|| keyword.as_ref().map_or_else(Vec::new, super::Keyword::captures));
    if keyword.is_some() && !kinds.iter().any(|kind| kind.has_words) {
        let what = "has nothing to look at: the kinds in `on` have no words";
        keys.problem("keyword", what, "write on = \"text\", or leave the keyword out");
    }
    let variables = Variables { fields: fields(&kinds), captures };
    let action = keys.action(&variables);
    let when =
        keys.take_table("when").and_then(|raw: RawWindow| raw.check(&keys.key("when"), keys.problems));
    let strings = |strings: Option<Strings>| strings.unwrap_or_default().0;
    Some(RuleSection {
        name: keys.take("name"),
        enabled: keys.take("enabled").unwrap_or(true),
        kinds: kinds.iter().map(|kind| kind.name).collect(),
        apps: strings(keys.take("app")).into_iter().map(Into::into).collect(),
        accounts: strings(keys.take("account")).into_iter().map(Into::into).collect(),
        users: strings(keys.take("user")).into_iter().map(Into::into).collect(),
        keyword,
        when,
        every: keys.every(),
        action: action?,
        line: None,
        fingerprint,
    })
}

/// What the templates of a rule for these kinds can read.
fn fields(kinds: &[&'static Kind]) -> Vec<&'static str> {
    let mut fields = kinds::ALWAYS.to_vec();
    for field in kinds.iter().flat_map(|kind| kind.fields) {
        if !fields.contains(field) {
            fields.push(field);
        }
    }
    fields
}

/// Tells rules apart, also when others come and go before them.
fn fingerprint(rule: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    rule.to_string().hash(&mut hasher);
    hasher.finish()
}

/// The keys of one rule; each is taken by itself, so that one mistake does not hide the others.
struct Keys<'a> {
    values: Table,
    path: &'a str,
    problems: &'a mut Vec<Problem>,
}

impl Keys<'_> {
    fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    fn problem(&mut self, key: &str, what: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem::new(self.key(key), what, hint));
    }

    fn take<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        let value = self.values.remove(key)?;
        self.value(value, key, key)
    }

    /// The same for a key whose value has keys of its own.
    fn take_table<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        let value = self.values.remove(key)?;
        self.table(value, key, key)
    }

    fn table<T: DeserializeOwned>(&mut self, value: Value, place: &str, key: &str) -> Option<T> {
        if value.is_table() {
            return self.value(value, place, key);
        }
        self.problem(place, "is not a table of keys", format!("for example {key} = {}", example(key)));
        None
    }

    /// Deserialises the value at `place`, which is `key` or a part of it.
    fn value<T: DeserializeOwned>(&mut self, value: Value, place: &str, key: &str) -> Option<T> {
        let (read, mistakes) = mistakes::deserialize(value);
        for Mistake { place: inner, what, hint } in mistakes {
            // The words quote the value, which may be a secret.
            let what = if inner.starts_with(".secret") { STRINGS.to_owned() } else { what };
            let hint = hint.unwrap_or_else(|| format!("for example {key} = {}", example(key)));
            self.problem(&format!("{place}{inner}"), what, hint);
        }
        read
    }

    fn kinds(&mut self) -> Vec<&'static Kind> {
        if !self.values.contains_key("on") {
            self.problem(
                "on",
                "is missing: it is not clear what the rule is for",
                "write on = \"text\", or on = \"any\"",
            );
        }
        let names: Strings = self.take("on").unwrap_or_default();
        let mut kinds = Vec::new();
        for name in names.0 {
            match kinds::named(&name) {
                Some(named) => kinds.extend(named),
                None => self.problem(
                    "on",
                    format!("there is no kind of message `{name}`"),
                    format!("the kinds are: {}", kinds::names()),
                ),
            }
        }
        // After a mistake: as if it were for all, so that nothing else looks wrong because of it.
        if kinds.is_empty() { kinds::KINDS.iter().collect() } else { kinds }
    }

    fn every(&mut self) -> Option<Duration> {
        #[derive(Deserialize)]
        #[serde(transparent)]
        struct Every(#[serde(deserialize_with = "duration::deserialize")] Duration);
        let every = self.take("every").map(|Every(every)| every)?;
        if every.is_zero() {
            self.problem(
                "every",
                "is no time at all",
                "write \"1h\", or leave it out to answer every time",
            );
        }
        Some(every)
    }

    fn action(&mut self, variables: &Variables<'_>) -> Option<Action> {
        let (reply, forward) = (self.values.remove("reply"), self.values.remove("forward"));
        let pick = self.take("pick");
        if pick.is_some() && reply.is_none() {
            self.problem("pick", "has nothing to pick from", "write it beside a `reply` that is a list");
        }
        match (reply, forward) {
            (Some(reply), None) => Some(Action::Reply {
                replies: self.replies(reply, variables),
                pick: pick.unwrap_or(Pick::All),
            }),
            (None, Some(forward)) => {
                let raw: RawForward = self.table(forward, "forward", "forward")?;
                raw.check(&self.key("forward"), self.problems).map(Action::Forward)
            }
            (Some(_), Some(_)) => {
                let hint = "take one of them out: the service's answer can say what to reply";
                self.problem(
                    "forward",
                    "stands beside `reply`: it is not clear which of them answers",
                    hint,
                );
                None
            }
            (None, None) => {
                let hint = "write reply = { text = \"…\" }, or forward = { … }; reply = [] answers with nothing";
                self.problem("reply", "is missing, and `forward` too: the rule does nothing", hint);
                None
            }
        }
    }

    fn replies(&mut self, reply: Value, variables: &Variables<'_>) -> Vec<super::ReplyTemplate> {
        let replies = match reply {
            Value::Array(replies) => replies
                .into_iter()
                .enumerate()
                .map(|(index, one)| (format!("reply[{index}]"), one))
                .collect(),
            one => vec![("reply".to_owned(), one)],
        };
        let mut checked = Vec::new();
        for (place, value) in replies {
            if value.as_table().is_some_and(|table| table.len() > 1) {
                let hint =
                    "write a list: reply = [{ text = \"…\" }, { image = { url = \"https://…\" } }]";
                self.problem(&place, "says more than one thing", hint);
            } else if let Some(written) = self.table::<WrittenReply>(value, &place, "reply") {
                checked.push(written.check(variables, &self.key(&place), self.problems));
            }
        }
        checked
    }
}
