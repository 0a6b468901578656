//! `${NAME}` in the configuration's strings, replaced by the environment; `$${` stands for `${` itself.

use std::{
    collections::HashMap,
    env::{VarError, var_os},
    path::PathBuf,
};

use toml::{Table, Value};

use super::error::ConfigError;
use crate::{stray, toml_values::Problem};

/// The variable that names the configuration file where no argument does.
const FILE: &str = "RONGCLOUD_CALLBACK_CONFIG";

/// A function that gives the value of a variable.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Result<String, VarError>;

/// Reads a variable of this process's environment.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub(super) fn process_variable(name: &str) -> Result<String, VarError> {
    std::env::var(name)
}

/// The configuration file that this process's environment names.
pub(super) fn file() -> Result<Option<PathBuf>, ConfigError> {
    let Some(path) = var_os(FILE) else { return Ok(None) };
    let what = match path.to_str() {
        Some("") => Some("is set but empty: it names no file"),
        Some(text) => stray::found_in(text),
        None => None,
    };
    match what {
        Some(what) => {
            let problem = Problem::new(FILE, what, format!("{}; or unset it", stray::HINT));
            Err(ConfigError::Invalid { file: None, problems: vec![problem] })
        }
        None => Ok(Some(path.into())),
    }
}

/// The filter of the log in this process's environment (`RUST_LOG`); an empty one counts as none.
#[cfg(feature = "log")]
pub(crate) fn log_filter() -> Option<std::ffi::OsString> {
    var_os("RUST_LOG").filter(|filter| !filter.is_empty())
}

/// Replaces the references in every string of `table`; references that cannot be resolved are problems.
///
/// Returns the variables of values that consist of one reference.
pub(super) fn interpolate(
    table: &mut Table,
    variable: Lookup<'_>,
    problems: &mut Vec<Problem>,
) -> Origins {
    let mut origins = Origins(HashMap::new());
    let mut interpolation = Interpolation { variable, problems, origins: &mut origins };
    for (name, value) in table.iter_mut() {
        interpolation.value(value, name.clone());
    }
    origins
}

/// The environment variables that values of the configuration came from, by the path of the value.
pub(super) struct Origins(HashMap<String, Origin>);

/// The variable that a value came from.
struct Origin {
    variable: String,
    is_empty: bool,
}

impl Origins {
    /// Adds the variable to the problem of a value that came from one, as the variable is what has to be changed.
    pub(super) fn add_to(&self, problem: &mut Problem) {
        if let Some(Origin { variable, is_empty }) = self.0.get(&problem.key) {
            let empty = if *is_empty { ", which is set but empty" } else { "" };
            let origin = format!("the value is that of the environment variable {variable}{empty}");
            problem.what = format!("{} ({origin})", problem.what);
        }
    }
}

struct Interpolation<'a> {
    variable: Lookup<'a>,
    problems: &'a mut Vec<Problem>,
    origins: &'a mut Origins,
}

impl Interpolation<'_> {
    fn value(&mut self, value: &mut Value, path: String) {
        match value {
            Value::String(text) => match resolve(text, self.variable) {
                Ok(resolved) => {
                    if let Some(variable) = only_reference(text) {
                        let origin =
                            Origin { variable: variable.to_owned(), is_empty: resolved.is_empty() };
                        self.origins.0.insert(path, origin);
                    }
                    *text = resolved;
                }
                Err(Unresolved { what, hint }) => self.problems.push(Problem::new(path, what, hint)),
            },
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.value(item, format!("{path}[{index}]"));
                }
            }
            Value::Table(table) => {
                for (name, value) in table.iter_mut() {
                    self.value(value, format!("{path}.{name}"));
                }
            }
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
        }
    }
}

/// Replaces the references in a command-line argument; the error says what to do.
pub(super) fn resolve_argument(text: &str) -> Result<String, String> {
    resolve(text, &process_variable).map_err(|Unresolved { what, hint }| format!("it {what}: {hint}"))
}

/// A reference that cannot be resolved, and what to do.
#[derive(Debug, PartialEq)]
struct Unresolved {
    what: String,
    hint: String,
}

/// The variable, if `text` consists of one reference.
fn only_reference(text: &str) -> Option<&str> {
    text.strip_prefix("${")?.strip_suffix('}').filter(|name| is_name(name))
}

fn resolve(text: &str, variable: Lookup<'_>) -> Result<String, Unresolved> {
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
        let value = variable(name).map_err(|error| unresolved(name, &error))?;
        resolved.push_str(before);
        resolved.push_str(&value);
        rest = &reference[name.len() + 1..];
    }
    resolved.push_str(rest);
    Ok(resolved)
}

fn unresolved(name: &str, error: &VarError) -> Unresolved {
    let what = format!("takes its value from the environment variable {name}, which is");
    match error {
        VarError::NotPresent => Unresolved {
            what: format!("{what} not set"),
            hint: format!("set {name}, or write the value into your configuration file"),
        },
        VarError::NotUnicode(_) => Unresolved {
            what: format!("{what} set, but its bytes are not UTF-8"),
            hint: format!("{}; or it was written in another encoding, such as GBK", stray::HINT),
        },
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
}

#[cfg(test)]
mod tests {
    use std::{env::VarError, ffi::OsStr, os::unix::ffi::OsStrExt as _};

    fn resolve(text: &str) -> Result<String, String> {
        let variable = |name: &str| match name {
            "A" => Ok("alpha".to_owned()),
            "EMPTY" => Ok(String::new()),
            "NESTED" => Ok("${A}".to_owned()),
            "GBK" => Err(VarError::NotUnicode(OsStr::from_bytes(b"\xc3\xdc").to_owned())),
            _ => Err(VarError::NotPresent),
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
    fn a_variable_that_is_not_utf_8_is_not_said_to_be_unset() {
        let what = resolve("a${GBK}").unwrap_err();
        assert!(
            what.contains("environment variable GBK, which is set, but its bytes are not UTF-8"),
            "{what}"
        );
    }

    #[test]
    fn a_reference_without_a_proper_name_is_refused() {
        for text in ["${", "${}", "${A", "${1A}", "${A B}", "${A:-b}"] {
            assert!(resolve(text).unwrap_err().contains("not followed by"), "{text}");
        }
    }
}
