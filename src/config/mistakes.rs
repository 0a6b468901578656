//! What is wrong with a value, all of it at once, in words for whoever wrote it.

use std::{borrow::Cow, collections::HashMap};

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};
use toml::Value;

use super::merge;

/// Most mistakes of one value that are told.
const MOST: usize = 32;

/// One thing that is wrong within a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Where: empty for the value itself, else such as `.days[1]`.
    pub(super) place: String,
    pub(super) what: String,
    /// What to do, where that is known better than by an example.
    pub(super) hint: Option<String>,
}

/// Deserialises `value`, and goes on without what is wrong in it; nothing if it is wrong as a whole.
pub(super) fn deserialize<T: DeserializeOwned>(mut value: Value) -> (Option<T>, Vec<Mistake>) {
    let (mut mistakes, mut left_out) = (Vec::new(), LeftOut::default());
    while mistakes.len() < MOST {
        let error = match serde_path_to_error::deserialize::<_, T>(value.clone()) {
            Ok(read) => return (Some(read), mistakes),
            Err(error) => error,
        };
        let Some(mut path) = segments(error.path()) else { break };
        let message = error.inner().message().trim_end();
        if let Some((name, known)) = unknown_field(message) {
            // Whether the key itself is a part of its path, is up to the format.
            if path.last() != Some(&Step::Key(name.to_owned())) {
                path.push(Step::Key(name.to_owned()));
            }
            let (what, hint) = merge::unknown_key(name, "keys here", &known);
            mistakes.push(Mistake { place: left_out.original(&path), what, hint: Some(hint) });
        } else if let Some(name) = quoted_after("missing field ", message) {
            // What was left out above is missing because of that.
            if !left_out.has(&path, name) {
                let place = left_out.original(&path);
                mistakes.push(Mistake { place, what: format!("`{name}` is missing"), hint: None });
            }
            break;
        } else if left_out.is_above(&path) {
            // It is wrong because of what was left out of it.
            break;
        } else {
            let found = found_at(&value, &path);
            let place = left_out.original(&path);
            mistakes.push(Mistake { place, what: in_words(message, found), hint: None });
        }
        if path.is_empty() || !leave_out(&mut value, &path) {
            break;
        }
        left_out.add(path);
    }
    (None, mistakes)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// The way to where an error is; none if it cannot be told.
fn segments(path: &Path) -> Option<Vec<Step>> {
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(Step::Index(*index)),
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Enum { variant } => Some(Step::Key(variant.clone())),
        Segment::Unknown => None,
    };
    path.iter().map(step).collect()
}

fn found_at<'a>(value: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(*index),
    })
}

/// Takes what is at `path` out of `value`.
fn leave_out(value: &mut Value, path: &[Step]) -> bool {
    let Some((last, above)) = path.split_last() else { return false };
    let parent = above.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(*index),
    });
    match (parent, last) {
        (Some(Value::Table(table)), Step::Key(key)) => table.remove(key).is_some(),
        (Some(Value::Array(array)), Step::Index(index)) if *index < array.len() => {
            array.remove(*index);
            true
        }
        _ => false,
    }
}

/// What has been taken out so far, by which the places of the rest are counted as in the file.
#[derive(Debug, Default)]
struct LeftOut {
    /// How many elements of a list are gone; they were found from its beginning on.
    elements: HashMap<String, usize>,
    paths: Vec<Vec<Step>>,
}

impl LeftOut {
    fn add(&mut self, path: Vec<Step>) {
        if let Some((Step::Index(_), above)) = path.split_last() {
            *self.elements.entry(self.original(above)).or_default() += 1;
        }
        self.paths.push(path);
    }

    fn has(&self, parent: &[Step], name: &str) -> bool {
        let key = Step::Key(name.to_owned());
        self.paths
            .iter()
            .any(|path| path.split_last().is_some_and(|(last, above)| *last == key && above == parent))
    }

    /// Whether something within what `path` leads to was left out.
    fn is_above(&self, path: &[Step]) -> bool {
        self.paths.iter().any(|left_out| left_out.starts_with(path))
    }

    /// The place in the file that `path` leads to.
    fn original(&self, path: &[Step]) -> String {
        let mut place = String::new();
        for step in path {
            match step {
                Step::Key(key) => place.extend([".", key]),
                Step::Index(index) => {
                    let gone = self.elements.get(&place).copied().unwrap_or_default();
                    place.extend(["[", &(index + gone).to_string(), "]"]);
                }
            }
        }
        place
    }
}

/// The phrase of a parser in words, for the value that it met.
pub(super) fn in_words(message: &str, found: Option<&Value>) -> String {
    let is_word = message.contains("variant") && !message.starts_with("unknown");
    if let (true, Some(found)) = (is_word, found) {
        return format!("{} is not a word that can stand here", named(found));
    }
    if let Some((found, wanted)) = met(message) {
        return format!("{} is not {}", shown(found), expected(wanted, found));
    }
    if let Some((name, wanted)) =
        message.strip_prefix("unknown variant ").and_then(|rest| rest.split_once(", expected "))
    {
        let names = wanted.strip_prefix("one of ").unwrap_or(wanted);
        return format!("{} is none of the words that can stand here: {names}", name.replace('`', "\""));
    }
    let Some(found) = found.map(named) else { return message.to_owned() };
    match message {
        "invalid socket address syntax" => format!("{found} is not {ADDRESS}"),
        message if message.contains("URL") => {
            format!("{found} is not a URL, such as \"https://api.example.com\"")
        }
        message => message.to_owned(),
    }
}

/// A value as a sentence names it.
fn named(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{text}\""),
        Value::Integer(_) | Value::Float(_) => format!("the number {value}"),
        Value::Array(_) => "a list".to_owned(),
        Value::Table(_) => "a table".to_owned(),
        Value::Boolean(_) | Value::Datetime(_) => value.to_string(),
    }
}

const ADDRESS: &str = "an IP address with its port, such as \"0.0.0.0:8080\"";

/// What serde found, and what it expected.
fn met(message: &str) -> Option<(&str, &str)> {
    let rest =
        message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?;
    rest.rsplit_once(", expected ")
}

fn shown(found: &str) -> Cow<'_, str> {
    if let Some(text) = found.strip_prefix("string ") {
        return text.into();
    }
    for kind in ["integer ", "floating point "] {
        if let Some(number) = found.strip_prefix(kind) {
            return format!("the number {}", number.trim_matches('`')).into();
        }
    }
    match found {
        "map" => "a table".into(),
        "sequence" => "a list".into(),
        _ => found.replace('`', "").into(),
    }
}

fn expected<'a>(wanted: &'a str, found: &str) -> Cow<'a, str> {
    match wanted {
        "usize" | "u64" | "u32" if found.contains('-') => "a whole number from 0 on".into(),
        "usize" | "u64" if found.starts_with("integer") => "a number of a sensible size".into(),
        "u32" if found.starts_with("integer") => format!("at most {}", u32::MAX).into(),
        "usize" | "u64" | "u32" => "a whole number, without quotes".into(),
        "a boolean" => "true or false, without quotes".into(),
        "a string" => "a text in quotes".into(),
        "a sequence" => "a list, such as [\"…\"]".into(),
        "socket address" => ADDRESS.into(),
        "parsable string" => "a size with its unit, such as \"64KiB\"".into(),
        "a map" => "a table of keys".into(),
        wanted if wanted.starts_with("struct ") || wanted.contains(" enum") => "a table of keys".into(),
        wanted => wanted.into(),
    }
}

fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    let name = quoted_after("unknown field ", message)?;
    let (_, known) = message.split_once(", expected ")?;
    // Every second piece stands between quotes.
    Some((name, known.split('`').skip(1).step_by(2).collect()))
}

fn quoted_after<'a>(beginning: &str, message: &'a str) -> Option<&'a str> {
    let (name, _) = message.strip_prefix(beginning)?.strip_prefix('`')?.split_once('`')?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use bytesize::ByteSize;
    use serde::Deserialize;
    use url::Url;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Many {
        days: Vec<u32>,
        #[serde(default)]
        listen: Option<SocketAddr>,
        #[serde(default)]
        size: Option<ByteSize>,
        #[serde(default)]
        url: Option<Url>,
        #[serde(default)]
        on: bool,
        #[serde(default)]
        name: String,
    }

    fn told(text: &str) -> Vec<String> {
        let (_, mistakes) = deserialize::<Many>(Value::Table(text.parse().unwrap()));
        mistakes.into_iter().map(|Mistake { place, what, .. }| format!("{place}: {what}")).collect()
    }

    #[test]
    fn all_mistakes_are_told_each_at_its_place_in_the_file() {
        let text = "days = [1, 'x', 2, -3]\nsize = '64 apples'\non = 'yes'\nurl = 'orders'\nlisten = '80'\nname = 5\nnmae = 1\n";
        let mut told = told(text);
        told.sort();
        assert_eq!(
            told,
            [
                ".days[1]: \"x\" is not a whole number, without quotes",
                ".days[3]: the number -3 is not a whole number from 0 on",
                ".listen: \"80\" is not an IP address with its port, such as \"0.0.0.0:8080\"",
                ".name: the number 5 is not a text in quotes",
                ".nmae: there is no `nmae`",
                ".on: \"yes\" is not true or false, without quotes",
                ".size: \"64 apples\" is not a size with its unit, such as \"64KiB\"",
                ".url: \"orders\" is not a URL, such as \"https://api.example.com\"",
            ]
        );
    }

    #[test]
    fn what_is_missing_is_told_once_and_not_because_of_another_mistake() {
        assert_eq!(told("on = true"), [": `days` is missing"]);
        assert_eq!(told("days = 'x'"), [".days: \"x\" is not a list, such as [\"…\"]"]);
    }

    #[test]
    fn a_value_that_is_wrong_as_a_whole_is_nothing() {
        let (read, mistakes) = deserialize::<u32>(Value::from("x"));
        assert_eq!(read, None);
        assert_eq!(mistakes.len(), 1);
        assert_eq!(mistakes[0].place, "");
    }
}
