//! Reading a table into a type, with the mistakes in all of its keys at once.

use serde::de::DeserializeOwned;
use toml::Value;

use super::{examples::Examples, mistake::Mistake, problem::Problem};

/// Reads the table `value`, which stands at `key`, and reports a mistake in each of its keys.
///
/// After a mistake in a key, the rest is read with the example's value for it, or without the key; `None` if nothing can
/// be read.
pub(crate) fn deserialize<T: DeserializeOwned>(
    mut value: Value,
    key: &str,
    examples: &impl Examples,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let mut repaired: Vec<String> = Vec::new();
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(value.clone()) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let Mistake { name, problem } = Mistake::new(&error, &value, key, examples);
        let (Some(name), Value::Table(table)) = (name, &mut value) else {
            // After an earlier mistake, the table as a whole is wrong because of what was removed from it.
            problems.extend(repaired.is_empty().then_some(problem));
            return None;
        };
        // A key that was removed is missing because of that.
        if repaired.contains(&name) {
            return None;
        }
        problems.push(problem);
        match examples.substitute(&name) {
            Some(value) => _ = table.insert(name.clone(), value.clone()),
            None => _ = table.remove(&name),
        }
        repaired.push(name);
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use bytesize::ByteSize;
    use serde::Deserialize;
    use toml::Table;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Many {
        days: Vec<u32>,
        #[serde(default)]
        ports: Vec<u32>,
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
    fn a_mistake_in_each_key_is_told_at_its_place_in_the_file() {
        let text = "days = [1, 'x', 2, 'y']\nports = [-3]\nsize = '64 apples'\non = 'yes'\nlisten = '80'\nname = 5\nnmae = 1\n";
        let mut problems = problems_of(text);
        problems.sort();
        assert_eq!(
            problems,
            [
                "many.days[1]: \"x\" is not a whole number, without quotes",
                "many.listen: \"80\" is not an IP address with its port, such as \"0.0.0.0:8080\"",
                "many.name: the number 5 is not a text in quotes",
                "many.nmae: there is no `nmae`",
                "many.on: \"yes\" is not true or false, without quotes",
                "many.ports[0]: the number -3 is not a whole number from 0 on",
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
