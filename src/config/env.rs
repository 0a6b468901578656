//! `${NAME}` in the configuration's strings, replaced by the environment; `$${` stands for `${` itself.

use toml::{Table, Value};

use super::Problem;

/// A variable of this process's environment; `None` if unset or not Unicode.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub(super) fn process_variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Replaces the references in every string of `table`; those that cannot be resolved are problems.
pub(super) fn interpolate(
    table: &mut Table,
    variable: &dyn Fn(&str) -> Option<String>,
    problems: &mut Vec<Problem>,
) {
    for (name, value) in table.iter_mut() {
        interpolate_value(value, name.clone(), variable, problems);
    }
}

fn interpolate_value(
    value: &mut Value,
    path: String,
    variable: &dyn Fn(&str) -> Option<String>,
    problems: &mut Vec<Problem>,
) {
    match value {
        Value::String(text) => match resolve(text, variable) {
            Ok(resolved) => *text = resolved,
            Err(Unresolved { what, hint }) => problems.push(Problem::new(path, what, hint)),
        },
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                interpolate_value(item, format!("{path}[{index}]"), variable, problems);
            }
        }
        Value::Table(table) => {
            for (name, value) in table.iter_mut() {
                interpolate_value(value, format!("{path}.{name}"), variable, problems);
            }
        }
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
}

/// Replaces the references in an argument; the error says what to do.
pub(super) fn resolve_argument(text: &str) -> Result<String, String> {
    resolve(text, &process_variable).map_err(|Unresolved { what, hint }| format!("it {what}: {hint}"))
}

#[derive(Debug, PartialEq)]
struct Unresolved {
    what: String,
    hint: String,
}

fn resolve(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, Unresolved> {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, reference) = (&rest[..at], &rest[at + 2..]);
        if let Some(before) = before.strip_suffix('$') {
            resolved.push_str(before);
            resolved.push_str("${");
            rest = reference;
            continue;
        }
        let name = reference.split_once('}').map(|(name, _)| name).filter(|name| is_name(name));
        let name = name.ok_or_else(|| Unresolved {
            what: "has a `${` that is not followed by a variable's name and `}`".to_owned(),
            hint: "write ${NAME}, or $${ for the characters themselves".to_owned(),
        })?;
        let value = variable(name).ok_or_else(|| Unresolved {
            what: format!("takes its value from the environment variable {name}, which is not set"),
            hint: format!("set {name}, or write the value into your configuration file"),
        })?;
        resolved.push_str(before);
        resolved.push_str(&value);
        rest = &reference[name.len() + 1..];
    }
    resolved.push_str(rest);
    Ok(resolved)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
}

#[cfg(test)]
mod tests {
    fn resolve(text: &str) -> Result<String, String> {
        let variable = |name: &str| match name {
            "A" => Some("alpha".to_owned()),
            "EMPTY" => Some(String::new()),
            "NESTED" => Some("${A}".to_owned()),
            _ => None,
        };
        super::resolve(text, &variable).map_err(|unresolved| unresolved.what)
    }

    #[test]
    fn references_are_replaced_wherever_they_stand() {
        for (text, expected) in [
            ("${A}", "alpha"),
            ("<${A}|${A}>", "<alpha|alpha>"),
            ("${EMPTY}", ""),
            ("$A {A} $", "$A {A} $"),
            ("价${A}格", "价alpha格"),
        ] {
            assert_eq!(resolve(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_doubled_dollar_sign_keeps_the_characters_themselves() {
        assert_eq!(resolve("$${A}").as_deref(), Ok("${A}"));
        assert_eq!(resolve("$${A}${A}").as_deref(), Ok("${A}alpha"));
    }

    #[test]
    fn what_a_variable_holds_is_not_looked_through_again() {
        assert_eq!(resolve("${NESTED}").as_deref(), Ok("${A}"));
    }

    #[test]
    fn an_unset_variable_is_named() {
        assert!(resolve("a${B}").unwrap_err().contains("environment variable B, which is not set"));
    }

    #[test]
    fn a_reference_without_a_proper_name_is_refused() {
        for text in ["${", "${}", "${A", "${1A}", "${A B}", "${A:-b}"] {
            assert!(resolve(text).unwrap_err().contains("not followed by"), "{text}");
        }
    }
}
