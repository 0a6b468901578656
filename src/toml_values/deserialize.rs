//! Reading a value into a type, with all of its mistakes at once.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{
    path::{self, Removed, Step},
    problem::Problem,
    unknown_key::unknown_key,
    wording,
};

/// Most problems of one value that are reported.
const MAX_PROBLEMS: usize = 32;

/// The keys of a section as they look when they are right.
pub(crate) trait Examples {
    /// The line of a file in which the key `name` is right.
    fn example(&self, name: &str) -> String;

    /// A value that takes the place of a wrong or missing one, so that the rest of the section is checked too.
    fn substitute(&self, name: &str) -> Option<&Value>;
}

impl Examples for Table {
    fn example(&self, name: &str) -> String {
        self.get(name).map_or_else(String::new, |value| format!("{name} = {value}"))
    }

    fn substitute(&self, name: &str) -> Option<&Value> {
        self.get(name)
    }
}

/// Reads `value`, which stands at `key`, and reports every mistake in it.
///
/// Where something is wrong, the rest is read with the example's value, or without any; `None` if nothing can be read.
pub(crate) fn deserialize<T: DeserializeOwned>(
    value: Value,
    key: &str,
    examples: &impl Examples,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let mut reading = Reading { value, key, examples, removed: Removed::default() };
    for _ in 0..MAX_PROBLEMS {
        let error = match serde_path_to_error::deserialize::<_, T>(reading.value.clone()) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let path = path::steps(error.path())?;
        let (problem, goes_on) = reading.mistake(path, error.inner().message().trim_end());
        problems.extend(problem);
        if !goes_on {
            return None;
        }
    }
    None
}

/// A value that is read again after each mistake, without the mistake.
struct Reading<'a, E> {
    value: Value,
    key: &'a str,
    examples: &'a E,
    removed: Removed,
}

impl<E: Examples> Reading<'_, E> {
    /// The problem that a parser's message at `path` means, and whether the rest can be read without it.
    fn mistake(&mut self, mut path: Vec<Step>, message: &str) -> (Option<Problem>, bool) {
        if let Some((name, known)) = wording::unknown_field(message) {
            // Whether the parser counts the key itself to its path depends on the format.
            if path.last() != Some(&Step::Key(name.to_owned())) {
                path.push(Step::Key(name.to_owned()));
            }
            let (what, hint) = match path.len() {
                1 => {
                    let mut known = known;
                    known.sort_unstable();
                    unknown_key(name, "keys of this section", &known)
                }
                _ => unknown_key(name, "keys here", &known),
            };
            return (Some(self.problem(&path, what, hint)), self.remove(path));
        }
        if let Some(name) = wording::missing_field(message) {
            return self.missing(&path, name);
        }
        if self.removed.has_inside(&path) {
            // The value is wrong because of what was removed from it.
            return (None, false);
        }
        let what = wording::in_words(message, path::value_at(&self.value, &path));
        let problem = self.problem(&path, what, self.hint(&path));
        let goes_on = match path.first() {
            Some(Step::Key(name)) => self.substitute(name) || self.remove(path),
            _ => false,
        };
        (Some(problem), goes_on)
    }

    fn missing(&mut self, path: &[Step], name: &str) -> (Option<Problem>, bool) {
        // A key that was removed above is missing because of that.
        if self.removed.has_key(path, name) {
            return (None, false);
        }
        if !path.is_empty() {
            let problem = self.problem(path, format!("`{name}` is missing"), self.hint(path));
            return (Some(problem), false);
        }
        let hint = format!("write {}, or the value itself", self.examples.example(name));
        let problem = self.problem(&[Step::Key(name.to_owned())], "is missing".to_owned(), hint);
        (Some(problem), self.substitute(name))
    }

    fn problem(&self, path: &[Step], what: String, hint: String) -> Problem {
        Problem::new(format!("{}{}", self.key, self.removed.place(path)), what, hint)
    }

    /// The example of the section's key that `path` begins with.
    fn hint(&self, path: &[Step]) -> String {
        let name = match path.first() {
            Some(Step::Key(name)) => name.as_str(),
            _ => "",
        };
        format!("for example {}", self.examples.example(name))
    }

    /// Puts the example's value in the place of the key `name`.
    fn substitute(&mut self, name: &str) -> bool {
        let (Some(value), Value::Table(table)) = (self.examples.substitute(name), &mut self.value)
        else {
            return false;
        };
        table.insert(name.to_owned(), value.clone());
        true
    }

    fn remove(&mut self, path: Vec<Step>) -> bool {
        let is_removed = path::remove(&mut self.value, &path);
        self.removed.add(path);
        is_removed
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use bytesize::ByteSize;
    use serde::Deserialize;

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
        on: bool,
        #[serde(default)]
        name: String,
    }

    fn problems(text: &str, examples: &Table) -> (Option<Many>, Vec<String>) {
        let mut problems = Vec::new();
        let read = deserialize(Value::Table(text.parse().unwrap()), "many", examples, &mut problems);
        (read, problems.into_iter().map(|Problem { key, what, .. }| format!("{key}: {what}")).collect())
    }

    fn problems_of(text: &str) -> Vec<String> {
        problems(text, &Table::new()).1
    }

    #[test]
    fn all_mistakes_are_told_each_at_its_place_in_the_file() {
        let text = "days = [1, 'x', 2, -3]\nsize = '64 apples'\non = 'yes'\nlisten = '80'\nname = 5\nnmae = 1\n";
        let mut problems = problems_of(text);
        problems.sort();
        assert_eq!(
            problems,
            [
                "many.days[1]: \"x\" is not a whole number, without quotes",
                "many.days[3]: the number -3 is not a whole number from 0 on",
                "many.listen: \"80\" is not an IP address with its port, such as \"0.0.0.0:8080\"",
                "many.name: the number 5 is not a text in quotes",
                "many.nmae: there is no `nmae`",
                "many.on: \"yes\" is not true or false, without quotes",
                "many.size: \"64 apples\" is not a size with its unit, such as \"64KiB\"",
            ]
        );
    }

    #[test]
    fn what_is_missing_is_told_once_and_not_because_of_another_mistake() {
        assert_eq!(problems_of("on = true"), ["many.days: is missing"]);
        assert_eq!(problems_of("days = 'x'"), ["many.days: \"x\" is not a list, such as [\"…\"]"]);
    }

    #[test]
    fn an_example_takes_the_place_of_what_is_wrong_or_missing() {
        let examples: Table = "days = [7]\non = true".parse().unwrap();
        for text in ["on = true", "days = 'x'", "days = [1]\non = 1"] {
            let (read, problems) = problems(text, &examples);
            assert!(read.is_some_and(|read| read.on == text.contains("on")), "{text}");
            assert_eq!(problems.len(), 1, "{text}");
        }
    }

    #[test]
    fn a_value_that_is_wrong_as_a_whole_is_nothing() {
        let mut problems = Vec::new();
        let read = deserialize::<u32>(Value::from("x"), "key", &Table::new(), &mut problems);
        assert_eq!((read, problems.len()), (None, 1));
        assert_eq!(problems[0].key, "key");
    }
}
